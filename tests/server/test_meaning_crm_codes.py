"""Calls of the CRM with codes that are not there, flags in another form, and names that belong to another record."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from tests.loopback import LoopbackPortal
from tests.server.conftest import CallTool

FIELD = {"FIELD_NAME": "COLOR_CODE", "USER_TYPE_ID": "string"}
LIST = {"FIELD_NAME": "COLOR_LIST", "USER_TYPE_ID": "enumeration"}
COMMENT = {"ENTITY_ID": 1, "COMMENT": "x"}
ROW = {"ownerId": 1, "productName": "x", "price": 1, "quantity": 1}
CONFIG = {"fieldName": "UF_CRM_COLOR", "userTypeId": "string"}
PHONE = {"typeId": "PHONE", "valueType": "WORK", "value": "+70005559901"}
STATUS = {"STATUS_ID": "NEW_ONE", "NAME": "x"}


@pytest.fixture
def era() -> Literal["auto"]:
    return "auto"


def of_config(**fields: object) -> dict[str, Any]:
    return {"moduleId": "crm", "field": {"entityId": "CRM_DEAL", **CONFIG, **fields}}


@pytest.mark.parametrize(
    ("method", "params", "said"),
    [
        # Directories
        ("crm.status.list", {"filter": {"ENTITY_ID": "STATUSES"}}, "STATUS is meant"),
        ("crm.status.list", {"filter": {"@ENTITY_ID": ["SOURCE", "DEAL_STAGES"]}}, "DEAL_STAGE is meant"),
        ("crm.status.list", {"filter": {"ENTITY_ID": "DEAL_STAGE_99"}}, "there are DEAL_STAGE, DEAL_STAGE_1"),
        ("crm.status.entity.items", {"entityId": "LEAD_STATUS"}, "STATUS is meant"),
        ("crm.status.entity.items", {"entityId": "source"}, "written SOURCE"),
        ("crm.status.entity.items", {"entityId": "DEAL_STAGE_0"}, "DEAL_STAGE is meant"),
        ("crm.status.entity.items", {"entityId": "UNHEARD"}, "there are STATUS, DEAL_STAGE"),
        ("crm.status.add", {"fields": {**STATUS, "ENTITY_ID": "INDUSTRIES"}}, "INDUSTRY is meant"),
        (
            "crm.deal.userfield.add",
            {"fields": {**FIELD, "USER_TYPE_ID": "crm_status", "SETTINGS": {"ENTITY_TYPE": "SOURCES"}}},
            "SOURCE is meant",
        ),
        # What a list does not return
        ("crm.deal.list", {"select": ["ID", "CONTACT_IDS"]}, "crm.deal.contact.items.get"),
        ("crm.quote.list", {"select": ["CONTACT_IDS"]}, "crm.quote.contact.items.get"),
        # Custom fields
        ("crm.deal.userfield.add", {"fields": {**FIELD, "MULTIPLE": True}}, 'MULTIPLE must be "Y"'),
        ("crm.company.userfield.add", {"fields": {**FIELD, "MANDATORY": "yes"}}, 'MANDATORY must be "Y"'),
        ("userfieldconfig.add", of_config(multiple=True), 'multiple must be "Y"'),
        ("crm.lead.userfield.add", {"fields": {**LIST, "LIST": ["red", "blue"]}}, 'objects: [{"VALUE": …}]'),
        ("crm.lead.userfield.add", {"fields": {**LIST, "LIST": [{"NAME": "red"}]}}, "it is called VALUE"),
        ("crm.lead.userfield.add", {"fields": {**LIST, "LIST": [{"VALUE": "red", "DEF": True}]}}, 'DEF must be "Y"'),
        ("userfieldconfig.add", of_config(userTypeId="enumeration", enum=["red"]), 'objects: [{"value": …}]'),
        ("crm.contact.userfield.add", {"fields": {**FIELD, "USER_TYPE_ID": "select"}}, "enumeration is meant"),
        ("crm.quote.userfield.add", {"fields": {**FIELD, "USER_TYPE_ID": "text"}}, "string is meant"),
        ("userfieldconfig.add", of_config(userTypeId="checkbox"), "boolean is meant"),
        ("userfieldconfig.add", of_config(entityId="DEAL"), "CRM_DEAL is meant"),
        ("userfieldconfig.add", of_config(entityId=2), "CRM_DEAL is meant"),
        ("userfieldconfig.add", of_config(fieldName="COLOR"), "allowed are UF_CRM_<CODE>"),
        ("userfieldconfig.list", {"moduleId": "crm", "filter": {"userTypeId": "list"}}, "enumeration is meant"),
        ("userfieldconfig.list", {"moduleId": "crm", "filter": {"entityId": "companies"}}, "CRM_COMPANY is meant"),
        # Types of records
        ("crm.timeline.comment.add", {"fields": {**COMMENT, "ENTITY_TYPE": "crm_deal"}}, "deal is meant"),
        ("crm.timeline.comment.add", {"fields": {**COMMENT, "ENTITY_TYPE": 1036}}, "dynamic_1036 is meant"),
        ("crm.timeline.comment.list", {"filter": {"ENTITY_ID": 1, "ENTITY_TYPE": 2}}, "deal is meant"),
        ("crm.item.productrow.list", {"filter": {"=ownerType": "deal", "=ownerId": 1}}, "D is meant"),
        ("crm.item.productrow.list", {"filter": {"=ownerType": 177, "=ownerId": 1}}, "Tb1 is meant"),
        ("crm.item.productrow.add", {"fields": {**ROW, "ownerType": 31}}, "SI is meant"),
        ("crm.item.productrow.set", {"ownerType": "LEAD", "ownerId": 1, "productRows": []}, "L is meant"),
        ("crm.timeline.comment.add", {"fields": {**COMMENT, "ENTITY_TYPE": "T80"}}, "dynamic_128 is meant"),
        ("crm.item.productrow.list", {"filter": {"=ownerType": "DYNAMIC_177", "=ownerId": 1}}, "Tb1 is meant"),
        ("crm.item.add", {"entityTypeId": "deal", "fields": {"title": "x"}}, "2 is meant; there are 1 (lead)"),
        ("crm.category.list", {"entityTypeId": "SMART_INVOICE"}, "31 is meant"),
        ("crm.requisite.list", {"filter": {"ENTITY_TYPE_ID": "company"}}, "4 is meant; allowed are 3 (contact)"),
        ("crm.duplicate.findbycomm", {"type": "PHONE", "values": ["1"], "entity_type": 3}, "CONTACT is meant"),
        # Names of another record
        ("crm.item.add", {"entityTypeId": 3, "fields": {"name": "x", "phone": "1"}}, 'in fm: [{"typeId": "PHONE"'),
        ("crm.item.update", {"entityTypeId": 4, "id": 1, "fields": {"EMAIL": "a@example.com"}}, "in fm:"),
        ("crm.item.add", {"entityTypeId": 2, "fields": {"title": "x", "fm": [PHONE]}}, "their contact"),
        ("crm.item.add", {"entityTypeId": 3, "fields": {"name": "x", "fm": "+70005559901"}}, '[{"typeId": "PHONE"'),
        ("crm.item.list", {"entityTypeId": 3, "filter": {"phone": "1"}}, "crm.contact.list"),
        ("crm.deal.list", {"filter": {"PHONE": "1"}}, "filter by CONTACT_ID"),
        ("crm.item.add", {"entityTypeId": 31, "fields": {"title": "x", "dealId": 1}}, "parentId2 is meant"),
        ("crm.item.add", {"entityTypeId": 31, "fields": {"title": "x", "DEAL_ID": 1}}, "parentId2 is meant"),
        ("crm.item.list", {"entityTypeId": 31, "filter": {"dealId": 1}}, "parentId2 is meant"),
        ("crm.company.add", {"fields": {"TITLE": "x", "RQ_INN": "7707"}}, "crm.requisite.add"),
        ("crm.company.list", {"filter": {"RQ_INN": "7707"}}, "crm.requisite.list"),
        ("crm.item.add", {"entityTypeId": 4, "fields": {"title": "x", "rqInn": "7707"}}, "crm.requisite.add"),
        # Several records where one is taken
        ("crm.deal.add", {"fields": {"TITLE": "x", "CONTACT_ID": [1, 2]}}, "CONTACT_IDS takes several"),
        (
            "crm.item.add",
            {"entityTypeId": 2, "fields": {"title": "x", "contactId": [1, 2]}},
            "contactIds takes several",
        ),
        ("crm.quote.add", {"fields": {"TITLE": "x", "CONTACT_ID": [1, 2]}}, "CONTACT_IDS takes several"),
        ("crm.deal.contact.add", {"id": 1, "fields": {"CONTACT_ID": [1, 2]}}, "must be a single value"),
    ],
)
async def test_a_code_or_a_name_that_cannot_be_meant_is_refused_with_the_right_one(
    call_tool: CallTool, portal: LoopbackPortal, method: str, params: dict[str, Any], said: str
) -> None:
    error = (await call_tool("call_method", method=method, params=params))["error"]
    assert error["code"] == "B24MCP_PARAMS"
    assert error["executed"] == "no"
    assert set(portal.methods) <= {"batch", "crm.status.list", "crm.type.list"}
    assert said in error["message"]


@pytest.mark.parametrize(
    ("method", "params", "said"),
    [
        ("crm.lead.list", {"select": ["ID", "CONTACT_IDS"]}, "crm.lead.contact.items.get"),
        ("crm.contact.list", {"select": ["ID", "COMPANY_IDS"]}, "crm.contact.company.items.get"),
        ("crm.timeline.comment.list", {"filter": {"ENTITY_ID": 1, "ENTITY_TYPE": "DEAL"}}, "written deal"),
        ("crm.item.productrow.list", {"filter": {"=ownerType": "d", "=ownerId": 1}}, "written D"),
    ],
)
async def test_what_a_portal_may_take_is_sent_with_a_warning(
    call_tool: CallTool, method: str, params: dict[str, Any], said: str
) -> None:
    answer = await call_tool("call_method", method=method, params=params)
    assert answer["ok"] is True
    assert said in "; ".join(answer["warnings"])


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("crm.status.list", {"filter": {"ENTITY_ID": "DEAL_STAGE_1"}}),
        ("crm.status.list", {"filter": {"ENTITY_ID": ["SOURCE", "source"], "%NAME": "x"}}),
        ("crm.status.list", {"filter": {"%ENTITY_ID": "STAGE"}}),
        ("crm.status.entity.items", {"entityId": "HONORIFIC"}),
        ("crm.item.list", {"entityTypeId": 2, "select": ["id", "contactIds"], "filter": {"@contactIds": [1]}}),
        ("crm.deal.userfield.add", {"fields": {**FIELD, "MULTIPLE": "Y", "MANDATORY": False}}),
        ("crm.lead.userfield.add", {"fields": {**LIST, "LIST": [{"VALUE": "red", "DEF": "Y"}, {"VALUE": "blue"}]}}),
        ("userfieldconfig.add", of_config(multiple="Y")),
        ("userfieldconfig.list", {"moduleId": "crm", "filter": {"entityId": "CRM_SMART_INVOICE"}}),
        ("crm.timeline.comment.list", {"filter": {"ENTITY_ID": 1, "ENTITY_TYPE": "dynamic_177"}}),
        ("crm.item.productrow.list", {"filter": {"=ownerType": "Tb1", "=ownerId": 1}}),
        ("crm.item.productrow.add", {"fields": {**ROW, "ownerType": "D"}}),
        ("crm.item.add", {"entityTypeId": 31, "fields": {"title": "x", "parentId2": 1}}),
        ("crm.item.add", {"entityTypeId": 3, "fields": {"name": "x", "fm": [PHONE]}}),
        ("crm.contact.list", {"filter": {"PHONE": "+70005552001"}, "select": ["ID", "PHONE"]}),
    ],
)
async def test_documented_codes_are_sent_without_a_warning(
    call_tool: CallTool, method: str, params: dict[str, Any]
) -> None:
    answer = await call_tool("call_method", method=method, params=params)
    assert answer["ok"] is True
    assert answer["warnings"] == []
