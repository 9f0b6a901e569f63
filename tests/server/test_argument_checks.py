"""Arguments that are checked before anything is sent, as an MCP client meets the refusals and the warnings."""

from __future__ import annotations

from typing import Any

import pytest

from tests.loopback import LoopbackPortal
from tests.server.conftest import CallTool

UNKNOWN = "filter.NO_SUCH_FIELD is not a documented field"


@pytest.mark.parametrize(
    ("method", "params", "said"),
    [
        ("crm.deal.add", {"fields": {"TITEL": "y", "OPORTUNITY": 5}}, "TITLE"),
        ("crm.deal.update", {"id": 1, "fields": {"OPPORTUNITY": "five"}}, "must be a number"),
        ("crm.lead.add", {"fields": {"title": "x"}}, "is written TITLE"),
        ("crm.lead.add", {"fields": {"TITLE": "x", "PHONE": "+49 30 1"}}, "VALUE_TYPE"),
        ("crm.deal.list", {"filter": {"ID": {">": 5}}}, '{">ID": …}'),
        ("crm.deal.list", {"page": 2}, '"start": 0, 50, 100'),
        ("user.search", {"FILTER": "Ivan"}, "must be an object"),
        ("tasks.task.list", {"filter": {"%TITLE": "x"}}, "match parts of the text by themselves"),
        ("disk.folder.get", {"ID": 1}, "is written id"),
        (
            "crm.timeline.comment.add",
            {"fields": {"ENTITY_ID": 1, "ENTITY_TYPE": "deal", "COMMENT": "c", "FILES": {"fileData": "/a/offer.pdf"}}},
            "base64 of the content",
        ),
    ],
)
async def test_a_mistake_is_refused_with_the_right_form_and_nothing_is_sent(
    call_tool: CallTool, portal: LoopbackPortal, method: str, params: dict[str, Any], said: str
) -> None:
    answer = await call_tool("call_method", method=method, params=params)
    assert answer["error"]["code"] == "B24MCP_PARAMS"
    assert said in answer["error"]["message"]
    assert portal.methods == []


async def test_a_refusal_also_names_what_is_only_unusual(call_tool: CallTool, portal: LoopbackPortal) -> None:
    fields = {"NO_SUCH_FIELD": 500, "STAGE": "WON"}
    answer = await call_tool("call_method", method="crm.deal.update", params={"id": 1, "fields": fields})
    assert "it is called STAGE_ID" in answer["error"]["message"]
    assert "Also: fields.NO_SUCH_FIELD is not a documented field here" in answer["error"]["message"]
    assert portal.methods == []


async def test_json_text_is_read_as_an_object_and_the_answer_says_so(
    call_tool: CallTool, portal: LoopbackPortal
) -> None:
    written = await call_tool("call_method", method="crm.deal.add", params={"fields": '{"TITLE": "from text"}'})
    assert written["warnings"] == ["fields was JSON text; it was sent as an object"]
    read = await call_tool("call_method", method="crm.deal.get", params={"id": written["result"]})
    assert read["result"]["TITLE"] == "from text"
    listed = await call_tool("read_method", method="crm.deal.list", params={"filter": '{"ID": 0}'})
    assert listed["result"] == []


async def test_text_that_is_no_json_is_refused(call_tool: CallTool, portal: LoopbackPortal) -> None:
    answer = await call_tool("call_method", method="crm.deal.add", params={"fields": '{"TITLE": '})
    assert "fields must be an object; this text is no valid JSON" in answer["error"]["message"]
    assert portal.methods == []


@pytest.mark.parametrize("dry_run", [False, True])
async def test_a_dry_run_shows_the_warnings_of_the_call(
    call_tool: CallTool, portal: LoopbackPortal, dry_run: bool
) -> None:
    fields = {"ENTITY_ID": 1, "ENTITY_TYPE": "deal", "COMMENT": "x", "NO_SUCH_FIELD": 1}
    params = {"fields": fields}
    answer = await call_tool("call_method", method="crm.timeline.comment.add", params=params, dry_run=dry_run)
    (warning,) = answer["warnings"]
    assert warning.startswith("fields.NO_SUCH_FIELD is not a documented field here")


@pytest.mark.parametrize("dry_run", [False, True])
async def test_commands_of_a_batch_are_checked_alike(
    call_tool: CallTool, portal: LoopbackPortal, dry_run: bool
) -> None:
    fields = '{"ENTITY_ID": 1, "ENTITY_TYPE": "deal", "COMMENT": "x", "NO_SUCH_FIELD": 1}'
    unusual = {"method": "crm.timeline.comment.add", "params": {"fields": fields}}
    answer = await call_tool("batch_call", commands={"a": unusual}, dry_run=dry_run)
    said = str(answer["warnings"])
    assert "fields was JSON text" in said
    assert "fields.NO_SUCH_FIELD is not a documented field here" in said
    wrong = {"method": "crm.deal.add", "params": {"fields": {"TITEL": "x"}}}
    refused = await call_tool("batch_call", commands={"a": wrong}, dry_run=dry_run)
    assert "Command 'a'" in refused["error"]["message"]
    assert "it is called TITLE" in refused["error"]["message"]


async def test_a_reference_may_stand_where_a_number_is_required(call_tool: CallTool, portal: LoopbackPortal) -> None:
    commands = {
        "new": {"method": "crm.contact.add", "params": {"fields": {"NAME": "Ann"}}},
        "deal": {"method": "crm.deal.add", "params": {"fields": {"TITLE": "x", "PROBABILITY": "$result[new]"}}},
    }
    answer = await call_tool("batch_call", commands=commands)
    assert answer["ok"] is True


async def test_lists_are_checked_alike(call_tool: CallTool, portal: LoopbackPortal) -> None:
    refused = await call_tool("list_records", method="tasks.task.list", params={"filter": {"TITEL": "x"}})
    assert "it is called TITLE" in refused["error"]["message"]
    assert portal.methods == []
    warned = await call_tool("list_records", method="crm.status.list", params={"filter": {"NO_SUCH_FIELD": 1}})
    assert any(warning.startswith(UNKNOWN) for warning in warned["warnings"])


async def test_users_are_read_by_fields_beside_the_filter(call_tool: CallTool, portal: LoopbackPortal) -> None:
    answer = await call_tool("read_method", method="user.get", params={"ID": [1, 2]})
    assert answer["ok"] is True
    assert answer["warnings"] == []


async def test_the_name_of_an_event_is_checked_before_it_is_bound(call_tool: CallTool, portal: LoopbackPortal) -> None:
    bound = {"event": "onCrmDealCreate", "handler": "https://example.com/"}
    error = (await call_tool("call_method", method="event.bind", params=bound))["error"]
    assert (error["kind"], error["executed"]) == ("validation", "no")
    assert "onCrmDealAdd" in error["message"]
    interface = {"event": "CallCard::BeforeClose", "handler": "https://example.com/"}
    error = (await call_tool("call_method", method="event.bind", params=interface))["error"]
    assert "JavaScript" in error["message"]
    assert "event.bind" not in portal.methods
