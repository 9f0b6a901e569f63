"""Calls of the CRM with a word, a sign or another form in place of the value that the portal takes."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from tests.loopback import LoopbackPortal
from tests.server.conftest import CallTool

ADDRESS = {"ENTITY_TYPE_ID": 8, "ENTITY_ID": 1, "CITY": "Berlin"}
STATUS = {"ENTITY_ID": "DEAL_STAGE_1", "STATUS_ID": "QA", "NAME": "QA"}


@pytest.fixture
def era() -> Literal["auto"]:
    return "auto"


@pytest.mark.parametrize(
    ("method", "params", "said"),
    [
        ("crm.lead.list", {"filter": {"STATUS_SEMANTIC_ID": "process"}}, "P is meant; allowed are P (process)"),
        ("crm.deal.list", {"filter": {"@STAGE_SEMANTIC_ID": ["P", "lost"]}}, "F is meant"),
        ("crm.item.list", {"entityTypeId": 2, "filter": {"stageSemanticId": "won"}}, "S is meant"),
        ("crm.status.add", {"fields": {**STATUS, "SEMANTICS": "success"}}, "S is meant"),
        ("crm.activity.list", {"filter": {"OWNER_TYPE_ID": "deal", "OWNER_ID": 1}}, "2 is meant"),
        ("crm.activity.list", {"filter": {"STATUS": "planned"}}, "1 is meant; allowed are 0, 1 (pending)"),
        ("crm.activity.list", {"filter": {"!DIRECTION": "Incoming"}}, "1 is meant"),
        ("crm.activity.todo.add", {"ownerTypeId": "smart_invoice", "ownerId": 1, "deadline": "2026-12-31"}, "31 is"),
        ("crm.activity.todo.add", {"ownerTypeId": "unheard", "ownerId": 1, "deadline": "2026-12-31"}, "2 (deal)"),
        (
            "crm.requisite.add",
            {"fields": {"ENTITY_TYPE_ID": "company", "ENTITY_ID": 1, "PRESET_ID": 1, "NAME": "x"}},
            "4 is",
        ),
        ("crm.address.add", {"fields": {**ADDRESS, "TYPE_ID": "legal"}}, "6 is meant"),
        ("crm.item.add", {"entityTypeId": 31, "fields": {"title": "i", "parentId2": "D_1"}}, "must be the ID"),
        ("crm.item.list", {"entityTypeId": 31, "filter": {"parentId2": "D_1"}}, "must be the ID"),
    ],
)
async def test_a_word_in_place_of_a_value_is_refused_with_the_value(
    call_tool: CallTool, portal: LoopbackPortal, method: str, params: dict[str, Any], said: str
) -> None:
    error = (await call_tool("call_method", method=method, params=params))["error"]
    assert error["executed"] == "no"
    assert method not in portal.methods
    assert said in error["message"]


@pytest.mark.parametrize(
    ("method", "params", "said"),
    [
        ("crm.deal.list", {"filter": {"TITLE": "*abc*"}}, '{"%TITLE": "abc"}'),
        ("crm.deal.list", {"filter": {"%TITLE": "abc*"}}, '{"%TITLE": "abc"}'),
        ("crm.company.list", {"filter": {"TITLE": ["*abc*"]}}, '{"%TITLE": "abc"}'),
        ("crm.item.list", {"entityTypeId": 2, "filter": {"title": "*abc"}}, '{"%title": "abc"}'),
        ("crm.deal.list", {"filter": {"STAGE_SEMANTIC_ID": "s"}}, "written S"),
        ("crm.status.add", {"fields": {**STATUS, "COLOR": "red"}}, "hex color like #39A8EF"),
        ("crm.status.add", {"fields": {**STATUS, "COLOR": "39A8EF"}}, "hex color like #39A8EF"),
    ],
)
async def test_a_value_that_may_be_meant_otherwise_is_sent_with_a_warning(
    call_tool: CallTool, portal: LoopbackPortal, method: str, params: dict[str, Any], said: str
) -> None:
    answer = await call_tool("call_method", method=method, params=params)
    assert answer["ok"] is True
    assert said in "; ".join(answer["warnings"])


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("crm.lead.list", {"filter": {"STATUS_SEMANTIC_ID": ["P", "S"]}}),
        ("crm.activity.list", {"filter": {"OWNER_TYPE_ID": 177, "TYPE_ID": [1, "2"], "!STATUS": 1}}),
        ("crm.activity.list", {"filter": {"OWNER_TYPE_ID": "36"}}),
        ("crm.deal.list", {"filter": {"TITLE": "5*5", "=%TITLE": "%abc%"}}),
        ("crm.status.add", {"fields": {**STATUS, "COLOR": "#39A8EF"}}),
        ("crm.status.add", {"fields": {**STATUS, "STATUS_ID": "QB", "COLOR": "#fff", "SEMANTICS": "F"}}),
        ("crm.item.add", {"entityTypeId": 31, "fields": {"title": "i", "parentId2": 1}}),
    ],
)
async def test_documented_values_are_sent_without_a_warning(
    call_tool: CallTool, portal: LoopbackPortal, method: str, params: dict[str, Any]
) -> None:
    answer = await call_tool("call_method", method=method, params=params)
    assert answer["ok"] is True
    assert answer["warnings"] == []
