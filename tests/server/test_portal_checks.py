"""Names, values and stages in calls are compared with what the portal has, as an MCP client meets it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.loopback import LoopbackPortal
from tests.server.conftest import CallTool


class Colleague:
    """Someone else who works in the portal at the same time."""

    def __init__(self, portal: LoopbackPortal, http: httpx.AsyncClient) -> None:
        self._portal = portal
        self._http = http

    async def calls(self, method: str, **params: Any) -> Any:
        answer = await self._http.post(f"{self._portal.address}{method}", json=params)
        self._portal.calls.pop()
        return answer.json()["result"]


@pytest.fixture
async def colleague(portal: LoopbackPortal) -> AsyncIterator[Colleague]:
    async with httpx.AsyncClient(trust_env=False) as http:
        yield Colleague(portal, http)


COLOUR = {
    "FIELD_NAME": "COLOUR",
    "USER_TYPE_ID": "enumeration",
    "EDIT_FORM_LABEL": "Colour",
    "LIST": [{"VALUE": "Red"}, {"VALUE": "Blue"}, {"VALUE": "Blue"}],
}


def only_asked(portal: LoopbackPortal) -> bool:
    """Whether nothing but questions of the program itself arrived."""
    return set(portal.methods) <= {"batch"}


@pytest.mark.parametrize(
    ("method", "params", "said"),
    [
        # Names
        ("crm.deal.list", {"filter": {"STAGE": "WON"}}, "STAGE_ID"),
        ("crm.deal.list", {"filter": {">=OPORTUNITY": 5}}, "filter.>=OPORTUNITY"),
        (
            "crm.deal.list",
            {"filter": {"UF_CRM_NONE": 5}},
            "the portal would ignore the condition and return everything",
        ),
        ("crm.deal.list", {"filter": {"CONTACT_IDS": [5]}}, "crm.item.list takes it as contactIds"),
        ("crm.deal.list", {"select": ["ID", "TITEL"]}, "select.TITEL"),
        ("crm.deal.list", {"order": {"DATE_CREATED": "ASC"}}, "DATE_CREATE"),
        ("crm.deal.update", {"id": 1, "fields": {"AMOUNT": 500}}, "it is called OPPORTUNITY"),
        ("crm.deal.add", {"fields": {"TITLE": "x", "uf_crm_none": 5}}, "fields.uf_crm_none is no field of deals"),
        ("tasks.task.update", {"taskId": 1, "fields": {"titel": "new"}}, "TITLE"),
        ("crm.item.add", {"entityTypeId": 31, "fields": {"title": "x", "ufCrmNone": 1}}, "ufCrmNone is no field"),
        ("crm.item.list", {"entityTypeId": 2, "filter": {"stage": "WON"}}, "stageId"),
        ("crm.item.list", {"entityTypeId": 2, "filter": {"ufCrmNone": 1}}, "the portal would refuse the call"),
        ("lists.element.get", {"IBLOCK_TYPE_ID": "lists", "IBLOCK_ID": 1, "FILTER": {"PROPERTY_999": 1}}, "PROPERTY_1"),
        # Fields of another kind of records
        ("crm.item.add", {"entityTypeId": 2, "fields": {"name": "x"}}, "title is meant"),
        (
            "crm.item.update",
            {"entityTypeId": 3, "id": 1, "fields": {"stageId": "NEW"}},
            "stageId is no field of contacts",
        ),
        ("crm.item.list", {"entityTypeId": 4, "filter": {">closedate": "2026-01-01"}}, "closedate is no field"),
        # Values
        ("crm.deal.update", {"id": 1, "fields": {"SOURCE_ID": "WEBB"}}, "WEB is meant; there are CALL ("),
        ("crm.deal.add", {"fields": {"TITLE": "x", "CURRENCY_ID": "EURO"}}, "EUR is meant"),
        ("crm.deal.add", {"fields": {"TITLE": "x", "CATEGORY_ID": 77}}, "0 (Продажи), 1 (Сервис и ремонт)"),
        ("crm.deal.list", {"filter": {"@SOURCE_ID": ["WEB", "FAX"]}}, 'filter.@SOURCE_ID.1 is "FAX"'),
        ("crm.deal.list", {"filter": {"CLOSED": False}}, 'filter.CLOSED must be "N"'),
        ("crm.deal.list", {"filter": {">OPPORTUNITY": "five"}}, "must be a number"),
        ("crm.deal.list", {"filter": {">DATE_CREATE": "Friday"}}, "2026-12-31T18:00:00+03:00"),
        ("crm.deal.list", {"filter": {"COMPANY_ID": "Ромашка"}}, "must be a number, the id"),
        ("tasks.task.add", {"fields": {"TITLE": "t", "RESPONSIBLE_ID": 1, "DEADLINE": "Friday"}}, "with a zone like"),
        ("tasks.task.add", {"fields": {"TITLE": "t", "RESPONSIBLE_ID": "Ivan"}}, "fields.RESPONSIBLE_ID must be"),
        ("tasks.task.add", {"fields": {"TITLE": "t", "RESPONSIBLE_ID": 1, "TASK_CONTROL": True}}, 'must be "Y"'),
        # Stages
        ("crm.deal.update", {"id": 4, "fields": {"STAGE_ID": "C1:NEXTT"}}, "no such stage in the pipeline 1"),
        ("crm.deal.update", {"id": 4, "fields": {"STAGE_ID": "NEW"}}, "C1:NEW is meant; its stages are C1:NEW ("),
        ("crm.item.update", {"entityTypeId": 2, "id": 4, "fields": {"stageId": "NEW"}}, "C1:NEW is meant"),
        ("crm.deal.add", {"fields": {"TITLE": "x", "STAGE_ID": "C1:NEW"}}, "add CATEGORY_ID 1, or use one of NEW ("),
        ("crm.deal.add", {"fields": {"TITLE": "x", "CATEGORY_ID": 1, "STAGE_ID": "NEW"}}, "CATEGORY_ID is 1"),
        ("crm.lead.update", {"id": 1, "fields": {"STATUS_ID": "NEWW"}}, "NEW is meant"),
        # What the portal fills in
        ("crm.deal.update", {"id": 1, "fields": {"DATE_CREATE": "2026-01-01"}}, "fields would change nothing"),
        ("crm.deal.update", {"id": 1, "fields": {"CATEGORY_ID": 1}}, "is set only while a record is added"),
        # Custom fields of smart processes
        (
            "userfieldconfig.add",
            {"moduleId": "crm", "field": {"entityId": "CRM_1030", "fieldName": "UF_X", "userTypeId": "string"}},
            "names no smart process of this portal",
        ),
    ],
)
async def test_what_the_portal_does_not_have_is_refused_with_what_is_meant(
    call_tool: CallTool, portal: LoopbackPortal, method: str, params: dict[str, Any], said: str
) -> None:
    answer = await call_tool("call_method", method=method, params=params)
    assert answer["error"]["code"] == "B24MCP_PARAMS"
    assert answer["error"]["executed"] == "no"
    assert said in answer["error"]["message"]
    assert only_asked(portal)


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("crm.deal.list", {"filter": {"@STAGE_ID": ["NEW", "C1:NEW"], "!SOURCE_ID": "WEB", "%TITLE": "x"}}),
        ("crm.deal.list", {"filter": {"STAGE_ID": "", "SOURCE_ID": None}, "select": ["*", "UF_*"]}),
        ("crm.deal.list", {"filter": {">=DATE_CREATE": "2026-01-01"}, "order": {"DATE_CREATE": "DESC"}}),
        ("crm.item.list", {"entityTypeId": 2, "filter": {"STAGE_ID": "WON"}, "select": ["id", "ufCrm*"]}),
        ("crm.item.list", {"entityTypeId": 2, "filter": {"0": {"logic": "OR", "0": {"stageId": "WON"}}}}),
        ("tasks.task.list", {"filter": {"STATUS": -1, "REAL_STATUS": 3}, "select": ["ID", "subStatus", "TAGS"]}),
        ("tasks.task.list", {"filter": {"::SUBFILTER-PARAMS": {"FAVORITE": "Y"}}, "order": {"DEADLINE": "asc"}}),
        ("user.get", {"FILTER": {"NAME_SEARCH": "Ива", "UF_DEPARTMENT": 1, "PERSONAL_PAGER": "7"}}),
        ("user.get", {"ID": [1, 2]}),
        ("crm.deal.update", {"id": 4, "fields": {"STAGE_ID": "C1:PREPARATION"}}),
        ("crm.deal.update", {"id": 5000, "fields": {"COMMENTS": "none"}}),
        ("crm.item.update", {"entityTypeId": 2, "id": 4, "fields": {"categoryId": 0, "stageId": "NEW"}}),
        ("crm.deal.add", {"fields": {"TITLE": "x", "CATEGORY_ID": 1, "STAGE_ID": "C1:NEW"}}),
    ],
)
async def test_what_is_right_passes_without_a_warning(
    call_tool: CallTool, portal: LoopbackPortal, method: str, params: dict[str, Any]
) -> None:
    answer = await call_tool("call_method", method=method, params=params)
    assert answer.get("warnings", []) == []
    assert portal.methods[-1] == method


async def test_a_stage_of_an_unknown_record_is_compared_with_all_stages(
    call_tool: CallTool, portal: LoopbackPortal
) -> None:
    answer = await call_tool(
        "call_method", method="crm.deal.update", params={"id": 777777, "fields": {"STAGE_ID": "NEW"}}
    )
    assert portal.methods[-1] == "crm.deal.update"
    assert answer["error"]["code"] != "B24MCP_PARAMS"


async def test_a_cold_check_sends_one_request_and_a_warm_one_none(call_tool: CallTool, portal: LoopbackPortal) -> None:
    filter = {"STAGE_ID": "NEW", "SOURCE_ID": "WEB", "CURRENCY_ID": "RUB"}
    await call_tool("call_method", method="crm.deal.list", params={"filter": filter})
    assert portal.methods == ["batch", "crm.deal.list"]
    await call_tool("call_method", method="crm.deal.list", params={"filter": filter})
    assert portal.methods == ["batch", "crm.deal.list", "crm.deal.list"]


async def test_what_the_documentation_settles_needs_no_request(call_tool: CallTool, portal: LoopbackPortal) -> None:
    await call_tool("call_method", method="crm.deal.add", params={"fields": {"TITLE": "x", "OPPORTUNITY": 5}})
    await call_tool("call_method", method="crm.deal.list", params={"filter": {">ID": 0}})
    assert portal.methods == ["crm.deal.add", "crm.deal.list"]


async def test_the_pipelines_of_all_records_of_a_batch_are_read_with_one_request(
    call_tool: CallTool, portal: LoopbackPortal
) -> None:
    await call_tool("call_method", method="crm.deal.list", params={"filter": {"STAGE_ID": "NEW"}})
    portal.calls.clear()
    moved = {
        f"d{number}": {"method": "crm.deal.update", "params": {"id": number, "fields": {"STAGE_ID": stage}}}
        for number, stage in ((1, "PREPARATION"), (4, "C1:EXECUTING"), (8, "C1:WON"))
    }
    answer = await call_tool("batch_call", commands=moved)
    assert answer["ok"] is True
    assert portal.methods == ["batch", "batch"]


async def test_a_label_that_one_value_has_is_sent_as_its_id(call_tool: CallTool, portal: LoopbackPortal) -> None:
    fields = {"SOURCE_ID": "веб-сайт", "STAGE_ID": "Новая заявка"}
    answer = await call_tool("call_method", method="crm.deal.update", params={"id": 4, "fields": fields})
    assert answer["warnings"] == [
        'fields.SOURCE_ID was "веб-сайт"; it was sent as WEB, whose label that is',
        'fields.STAGE_ID was "Новая заявка"; it was sent as C1:NEW, whose label that is',
    ]
    read = await call_tool("call_method", method="crm.deal.get", params={"id": 4})
    assert (read["result"]["SOURCE_ID"], read["result"]["STAGE_ID"]) == ("WEB", "C1:NEW")


async def test_a_filter_with_a_label_is_shown_as_it_was_sent(call_tool: CallTool, portal: LoopbackPortal) -> None:
    params = {"filter": {"@SOURCE_ID": ["Веб-сайт", "CALL"]}}
    for tool in ("read_method", "list_records"):
        answer = await call_tool(tool, method="crm.deal.list", params=params)
        assert answer["warnings"][-1] == 'filter is sent as {"@SOURCE_ID":["WEB","CALL"]}'


async def test_options_of_custom_fields_are_checked(
    call_tool: CallTool, portal: LoopbackPortal, colleague: Colleague
) -> None:
    await colleague.calls("crm.deal.userfield.add", fields=COLOUR)
    described = await colleague.calls("crm.deal.fields")
    red, blue, other_blue = [item["ID"] for item in described["UF_CRM_COLOUR"]["items"]]
    for value, said in (("Green", f"there are {red} (Red)"), ("Blue", f"{blue}, {other_blue}"), ([red], "not a list")):
        fields = {"UF_CRM_COLOUR": value}
        refused = await call_tool("call_method", method="crm.deal.update", params={"id": 1, "fields": fields})
        assert said in refused["error"]["message"]
    changed = {"id": 1, "fields": {"UF_CRM_COLOUR": "red"}}
    assert (await call_tool("call_method", method="crm.deal.update", params=changed))["ok"] is True
    assert (await colleague.calls("crm.deal.get", id=1))["UF_CRM_COLOUR"] == red


async def test_a_field_that_is_new_is_found_by_a_second_look(
    call_tool: CallTool, portal: LoopbackPortal, colleague: Colleague
) -> None:
    listed = {"filter": {"UF_CRM_COLOUR": "Red"}}
    refused = await call_tool("call_method", method="crm.deal.list", params=listed)
    assert refused["error"]["code"] == "B24MCP_PARAMS"
    await colleague.calls("crm.deal.userfield.add", fields=COLOUR)
    answer = await call_tool("call_method", method="crm.deal.list", params=listed)
    assert answer["ok"] is True


async def test_an_entry_of_a_directory_that_is_new_is_found_by_a_second_look(
    call_tool: CallTool, portal: LoopbackPortal, colleague: Colleague
) -> None:
    changed = {"id": 1, "fields": {"SOURCE_ID": "FAX"}}
    refused = await call_tool("call_method", method="crm.deal.update", params=changed)
    assert refused["error"]["code"] == "B24MCP_PARAMS"
    await colleague.calls("crm.status.add", fields={"ENTITY_ID": "SOURCE", "STATUS_ID": "FAX", "NAME": "Fax"})
    answer = await call_tool("call_method", method="crm.deal.update", params=changed)
    assert answer["ok"] is True


async def test_a_directory_that_is_new_is_found_by_a_second_look(call_tool: CallTool, colleague: Colleague) -> None:
    listed = {"filter": {"ENTITY_ID": "DEAL_STAGE_3"}}
    refused = await call_tool("call_method", method="crm.status.list", params=listed)
    assert refused["error"]["code"] == "B24MCP_PARAMS"
    await colleague.calls("crm.category.add", entityTypeId=2, fields={"name": "Rent"})
    answer = await call_tool("call_method", method="crm.status.list", params=listed)
    assert answer["ok"] is True


async def test_custom_fields_of_a_smart_process_are_named_by_its_id(
    call_tool: CallTool, portal: LoopbackPortal, colleague: Colleague
) -> None:
    made = await colleague.calls("crm.type.add", fields={"title": "Repairs", "entityTypeId": 1030})
    number = made["type"]["id"]
    for owner, name, said in (
        ("CRM_1030", "UF_CRM_X", f"must be CRM_{number}: 1030 is the entityTypeId of 'Repairs'"),
        (f"CRM_{number}", "UF_CRM_X", f"field.fieldName must begin with UF_CRM_{number}_"),
    ):
        field = {"entityId": owner, "fieldName": name, "userTypeId": "string"}
        params = {"moduleId": "crm", "field": field}
        refused = await call_tool("call_method", method="userfieldconfig.add", params=params)
        assert said in refused["error"]["message"]
        assert only_asked(portal)


async def test_fields_and_stages_of_a_smart_process_are_its_own(
    call_tool: CallTool, portal: LoopbackPortal, colleague: Colleague
) -> None:
    kind = {"title": "Repairs", "entityTypeId": 1030, "isStagesEnabled": "Y", "isCategoriesEnabled": "Y"}
    await colleague.calls("crm.type.add", fields=kind)
    second = (await colleague.calls("crm.category.add", entityTypeId=1030, fields={"name": "Second"}))["category"]["id"]
    item = (await colleague.calls("crm.item.add", entityTypeId=1030, fields={"title": "x"}))["item"]
    process = {"entityTypeId": 1030, "id": item["id"]}
    other = f"DT1030_{second}:NEW"
    for fields, said in (
        ({"opportunity": 5}, "is documented, but the smart process 1030 has no such field"),
        ({"stageId": other}, f"{item['stageId']} is meant"),
        ({"stageId": "NEWW"}, "there are DT1030_"),
    ):
        refused = await call_tool("call_method", method="crm.item.update", params={**process, "fields": fields})
        assert said in refused["error"]["message"]
    assert only_asked(portal)
    moved = {**process, "fields": {"categoryId": second, "stageId": other}}
    assert (await call_tool("call_method", method="crm.item.update", params=moved))["ok"] is True


async def test_three_kinds_of_records_in_a_batch_need_one_request(call_tool: CallTool, portal: LoopbackPortal) -> None:
    filters = {"crm.lead.list": {"STATUS_ID": "NEW"}, "crm.deal.list": {"STAGE_ID": "NEW"}}
    filters["crm.contact.list"] = {"SOURCE_ID": "WEB"}
    commands = {
        f"c{place}": {"method": name, "params": {"filter": filters[name]}} for place, name in enumerate(filters)
    }
    answer = await call_tool("batch_call", commands=commands)
    assert answer["ok"] is True
    assert portal.methods == ["batch", "batch"]


async def test_a_command_of_a_batch_is_refused_by_its_name(call_tool: CallTool, portal: LoopbackPortal) -> None:
    commands = {
        "good": {"method": "crm.deal.list", "params": {"filter": {"STAGE_ID": "NEW"}}},
        "bad": {"method": "crm.deal.list", "params": {"filter": {"STAGE_ID": "NEWW"}}},
    }
    answer = await call_tool("batch_call", commands=commands)
    assert "Command 'bad'" in answer["error"]["message"]
    assert "NEW is meant" in answer["error"]["message"]
    assert answer["error"]["executed"] == "no"


async def test_a_reference_may_stand_for_an_id_or_a_value(call_tool: CallTool, portal: LoopbackPortal) -> None:
    commands = {
        "one": {"method": "crm.deal.get", "params": {"id": 4}},
        "new": {
            "method": "crm.deal.add",
            "params": {
                "fields": {
                    "TITLE": "x",
                    "CATEGORY_ID": "$result[one][CATEGORY_ID]",
                    "STAGE_ID": "$result[one][STAGE_ID]",
                }
            },
        },
        "moved": {
            "method": "crm.deal.update",
            "params": {"id": "$result[new]", "fields": {"STAGE_ID": "C1:EXECUTING"}},
        },
    }
    answer = await call_tool("batch_call", commands=commands)
    assert answer["ok"] is True


async def test_lists_are_checked_alike(call_tool: CallTool, portal: LoopbackPortal) -> None:
    answer = await call_tool("list_records", method="crm.lead.list", params={"filter": {"STATUS_ID": "NEWW"}})
    assert "NEW is meant" in answer["error"]["message"]
    assert "validate" not in answer["error"]["hint"]
    assert only_asked(portal)


async def test_a_dry_run_is_checked_alike(call_tool: CallTool, portal: LoopbackPortal) -> None:
    wrong = {"id": 4, "fields": {"STAGE_ID": "NEW"}}
    answer = await call_tool("call_method", method="crm.deal.update", params=wrong, dry_run=True)
    assert "C1:NEW is meant" in answer["error"]["message"]
    labelled = {"id": 4, "fields": {"SOURCE_ID": "Веб-сайт"}}
    shown = await call_tool("call_method", method="crm.deal.update", params=labelled, dry_run=True)
    assert "it was sent as WEB" in str(shown["warnings"])
    assert only_asked(portal)


async def test_validate_false_sends_names_and_values_unchanged(call_tool: CallTool, portal: LoopbackPortal) -> None:
    params = {"filter": {"STAGE": "Новая"}}
    answer = await call_tool("call_method", method="crm.deal.list", params=params, validate=False)
    assert answer["ok"] is True
    assert portal.methods == ["crm.deal.list"]


async def test_a_name_that_only_this_portal_has_raises_no_warning(call_tool: CallTool, portal: LoopbackPortal) -> None:
    params = {"fields": {"TITLE": "x", "WEBFORM_ID": 5}}
    answer = await call_tool("call_method", method="crm.lead.add", params=params)
    assert not any("is not a documented" in one for one in answer.get("warnings", []))


async def test_a_value_that_the_portal_fills_in_is_warned_about(call_tool: CallTool, portal: LoopbackPortal) -> None:
    params = {"fields": {"TITLE": "x", "SOURCE_ID": "WEB", "DATE_CREATE": "2026-01-01"}}
    answer = await call_tool("call_method", method="crm.deal.add", params=params)
    assert answer["warnings"] == ["fields.DATE_CREATE is filled in by the portal; the value is ignored"]


async def test_a_stage_beside_another_pipeline_in_a_filter_is_warned_about(
    call_tool: CallTool, portal: LoopbackPortal
) -> None:
    params = {"filter": {"CATEGORY_ID": 1, "STAGE_ID": "NEW"}}
    answer = await call_tool("call_method", method="crm.deal.list", params=params)
    assert answer["result"] == []
    assert "nothing fits both" in answer["warnings"][0]


async def test_a_portal_that_describes_nothing_refuses_nothing_and_the_answer_says_so(
    call_tool: CallTool, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_DENY", "crm.deal.fields,crm.status.list")
    answer = await call_tool("call_method", method="crm.deal.list", params={"filter": {"UF_CRM_A": "WON"}})
    assert answer["ok"] is True
    why, sent = answer["warnings"]
    assert why.startswith("filter was not checked: the portal did not say which fields deals have (B24MCP_POLICY")
    assert sent == 'filter is sent as {"UF_CRM_A":"WON"}'


async def test_a_call_that_the_rules_refuse_asks_the_portal_nothing(
    call_tool: CallTool, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_ACCESS", "read")
    answer = await call_tool("call_method", method="crm.deal.update", params={"id": 4, "fields": {"STAGE_ID": "NEW"}})
    assert answer["error"]["kind"] == "policy"
    assert portal.calls == []
