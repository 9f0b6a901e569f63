"""A call changes the intended record, in whatever form its parameters are written."""

from __future__ import annotations

from typing import Any

import pytest

from tests.loopback import LoopbackPortal
from tests.server.conftest import Answer, CallTool
from tests.server.outcomes import outcomes


async def contact(call_tool: CallTool, id_: int) -> dict[str, Any]:
    answer = await call_tool("call_method", method="crm.contact.get", params={"id": id_})
    found: dict[str, Any] = answer["result"]
    return found


def update(id_: Any) -> dict[str, Any]:
    return {"method": "crm.contact.update", "params": {"id": id_, "fields": {"COMMENTS": "overwritten"}}}


# --- References --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("halt", [False, True])
async def test_a_write_whose_reference_leads_to_nothing_is_not_sent_and_names_existing_keys(
    call_tool: CallTool, portal: LoopbackPortal, halt: bool
) -> None:
    commands = {"c": {"method": "crm.contact.get", "params": {"id": 2}}, "u": update("$result[c][id]")}
    answer = await call_tool("batch_call", commands=commands, halt=halt)
    assert answer["ok"] is False
    reason = answer["results"]["u"]["not_run"]
    assert reason.startswith("$result[c][id] leads to nothing: there is no [id]. Its keys are ID, ")
    assert reason.endswith("; [ID] is probably meant")
    assert portal.methods == ["batch"]
    assert (await contact(call_tool, 1)).get("COMMENTS") != "overwritten"


WRONG = [
    {"method": "crm.deal.get", "params": {"id": 1_000_000}},
    {"method": "crm.contact.list", "params": {"filter": {"ID": 2}, "select": ["ID"]}},
    {"method": "crm.contact.list", "params": {"filter": {"ID": 1_000_000}}},
    {"method": "crm.contact.fields"},
    {"method": "crm.contact.update", "params": {"id": 2, "fields": {"POST": "x"}}},
    {"method": "crm.contact.get", "params": {"id": 2}},
]


@pytest.mark.parametrize("first", WRONG)
@pytest.mark.parametrize("path", ["", "[ID]", "[0]", "[0][NAME]", "[NAME]", "[BIRTHDATE]", "[PHOTO]", "[x][y]"])
async def test_no_wrong_reference_makes_a_write_change_the_first_record(
    call_tool: CallTool, portal: LoopbackPortal, first: dict[str, Any], path: str
) -> None:
    commands = {"ok": {"method": "profile"}, "f": first, "u": update(f"$result[f]{path}")}
    commands["after"] = {
        "method": "crm.timeline.comment.add",
        "params": {"fields": {"ENTITY_ID": 1, "ENTITY_TYPE": "contact", "COMMENT": "$result[u]"}},
    }
    if (first["method"], path) == ("crm.contact.get", "[ID]"):
        commands["f"] = {"method": "crm.contact.get", "params": {"id": 1_000_000}}
    answer = await call_tool("batch_call", commands=commands)
    assert "not_run" in answer["results"]["u"]
    assert answer["results"]["after"]["not_run"] == "it refers to u, which was not run"
    assert (await contact(call_tool, 1)).get("COMMENTS") != "overwritten"


async def test_a_delete_with_a_wrong_reference_deletes_nothing(
    call_tool: CallTool, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_ACCESS", "full")
    monkeypatch.setenv("B24_APPROVAL", "off")
    commands = {
        "c": {"method": "crm.contact.list", "params": {"filter": {"ID": [2, 3]}, "select": ["ID"]}},
        "d": {"method": "crm.contact.delete", "params": {"id": "$result[c]"}},
    }
    answer = await call_tool("batch_call", commands=commands)
    assert answer["results"]["d"]["not_run"] == "$result[c] is a list, where an id (id) is expected"
    for id_ in (1, 2, 3):
        assert (await contact(call_tool, id_))["ID"] == str(id_)


@pytest.mark.parametrize("path", ["[ID]", "[STAGE_ID]"])
async def test_a_read_whose_reference_has_no_value_does_not_show_another_record(
    call_tool: CallTool, portal: LoopbackPortal, path: str
) -> None:
    commands = {
        "f": {"method": "crm.deal.get", "params": {"id": 1_000_000}},
        "c": {"method": "crm.contact.get", "params": {"id": f"$result[f]{path}"}},
        "d": {"method": "crm.company.get", "params": {"id": "$result[c][COMPANY_ID]"}},
    }
    answer = await call_tool("batch_call", commands=commands)
    assert portal.methods == ["batch"]
    assert [one["ok"] for one in answer["results"].values()] == [False] * 3
    assert answer["results"]["c"]["error"]["code"] == answer["results"]["d"]["error"]["code"] == "B24MCP_NO_VALUE"


async def test_a_chain_of_writes_costs_a_request_for_each_link_and_no_more(
    call_tool: CallTool, portal: LoopbackPortal
) -> None:
    contacts = {f"c{n}": {"method": "crm.contact.add", "params": {"fields": {"NAME": f"n{n}"}}} for n in range(20)}
    deals = {
        f"d{n}": {
            "method": "crm.deal.add",
            "params": {"fields": {"TITLE": f"of $result[c{n}] only", "CONTACT_ID": f"$result[c{n}]"}},
        }
        for n in range(20)
    }
    read = {"last": {"method": "crm.deal.get", "params": {"id": "$result[d19]"}}}
    answer = await call_tool("batch_call", commands=contacts | deals | read, halt=True)
    assert answer["ok"] is True
    assert answer["summary"]["requests"] == 2
    deal = outcomes(answer)["last"]["result"]
    assert deal["CONTACT_ID"] == str(outcomes(answer)["c19"]["result"])
    assert deal["TITLE"] == f"of {deal['CONTACT_ID']} only"


# --- Positional methods ------------------------------------------------------------------------------------------


async def one_item(call_tool: CallTool, task: int) -> int:
    answer = await call_tool("call_method", method="task.checklistitem.add", params=[task, {"TITLE": "Item"}])
    item: int = answer["result"]
    return item


@pytest.mark.parametrize("tool", ["call_method", "batch_call"])
async def test_named_values_of_a_positional_method_are_put_into_its_order(
    call_tool: CallTool, portal: LoopbackPortal, tool: str
) -> None:
    item = await one_item(call_tool, 5)
    call = {"method": "task.checklistitem.complete", "params": {"ITEMID": item, "TASKID": 5}}
    if tool == "call_method":
        assert (await call_tool(tool, **call))["result"] is True
    else:
        assert (await call_tool(tool, commands={"a": call}))["results"]["a"]["result"] is True
    listed = await call_tool("read_method", method="task.checklistitem.get", params={"itemId": item, "taskId": 5})
    assert listed["result"]["IS_COMPLETE"] == "Y"


async def test_fields_before_the_task_make_the_right_call(call_tool: CallTool, portal: LoopbackPortal) -> None:
    call = {"method": "task.commentitem.add", "params": {"FIELDS": {"POST_MESSAGE": "t"}, "TASKID": 5}}
    assert (await call_tool("call_method", **call, dry_run=True))["params"] == [5, {"POST_MESSAGE": "t"}]
    assert (await call_tool("call_method", **call))["ok"] is True


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"ITEMID": 2, "TASK": 5}, "TASK is not a parameter"),
        ({"ITEMID": 2}, "TASKID is required but missing"),
        ([{"TASKID": 5}, 2], "TASKID (place 1) must be a whole number"),
        ([5], "ITEMID (place 2) is required but missing"),
    ],
)
async def test_wrong_values_of_a_positional_method_are_refused_and_the_error_shows_its_order(
    call_tool: CallTool, portal: LoopbackPortal, params: Any, said: str
) -> None:
    call = {"method": "task.checklistitem.complete", "params": params}
    alone = (await call_tool("call_method", **call))["error"]
    together = (await call_tool("batch_call", commands={"a": call}))["error"]
    for error in (alone, together):
        assert said in error["message"]
        assert "[TASKID*, ITEMID*]" in error["message"]
    assert portal.calls == []


async def test_a_positional_method_takes_a_reference_at_its_place(call_tool: CallTool, portal: LoopbackPortal) -> None:
    commands = {
        "item": {"method": "task.checklistitem.add", "params": {"FIELDS": {"TITLE": "x"}, "TASKID": 5}},
        "wrong": {"method": "task.checklistitem.complete", "params": {"ITEMID": "$result[item][ID]", "TASKID": 5}},
        "done": {"method": "task.checklistitem.complete", "params": {"ITEMID": "$result[item]", "TASKID": 5}},
    }
    results = (await call_tool("batch_call", commands=commands))["results"]
    assert "not_run" in results["wrong"]
    assert results["done"]["result"] is True


async def test_a_list_of_a_positional_method_is_read_whatever_the_order_of_names(
    call_tool: CallTool, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_APPROVAL", "off")
    for number in range(55):
        fields = {"SECONDS": 60, "COMMENT_TEXT": f"t{number}"}
        await call_tool("call_method", method="task.elapseditem.add", params=[5, fields])
    of_task = await call_tool(
        "list_records", method="task.elapseditem.getlist", params={"ORDER": {"ID": "asc"}, "TASKID": 5}
    )
    of_all = await call_tool(
        "list_records", method="task.elapseditem.getlist", params={"FILTER": {"TASK_ID": 5}}, save_as="all_tasks"
    )
    assert of_task["count"] == of_all["count"] >= 55


# --- Names in brackets -------------------------------------------------------------------------------------------


async def test_a_filter_in_brackets_filters_a_whole_list(call_tool: CallTool, portal: LoopbackPortal) -> None:
    params = {"entityTypeId": 2, "filter[>=CREATED_TIME]": "2099-01-01"}
    answer = await call_tool("list_records", method="crm.stagehistory.list", params=params)
    assert (answer["count"], answer["complete"]) == (0, True)
    assert '{"filter": {">=CREATED_TIME": "2099-01-01"}}' in answer["warnings"][0]


async def test_fields_in_brackets_are_written(call_tool: CallTool, portal: LoopbackPortal) -> None:
    params = {"id": 5, "fields[TITLE]": "Of a form", "fields": {"OPENED": "N"}}
    answer = await call_tool("call_method", method="crm.deal.update", params=params)
    assert '{"fields": {"TITLE": "Of a form"}}' in answer["warnings"][0]
    deal = (await call_tool("read_method", method="crm.deal.get", params={"id": 5}))["result"]
    assert (deal["TITLE"], deal["OPENED"]) == ("Of a form", "N")


async def test_in_a_batch_and_a_dry_run_brackets_are_nested_too(call_tool: CallTool, portal: LoopbackPortal) -> None:
    commands = {"l": {"method": "crm.deal.list", "params": {"filter[ID]": 5, "select[]": ["ID"]}}}
    dry = await call_tool("batch_call", commands=commands, dry_run=True)
    assert dry["requests"][0]["body"]["cmd"] == {"l": "crm.deal.list?filter[ID]=5&select[0]=ID"}
    assert dry["warnings"][0].startswith("l: filter[ID] is read as")
    assert (await call_tool("batch_call", commands=commands))["results"]["l"]["result"] == [{"ID": "5"}]


async def test_values_in_brackets_are_checked_like_others(call_tool: CallTool, portal: LoopbackPortal) -> None:
    wrong: list[Any] = [{"id": 5, "field[TITLE]": "x"}, {"id": 5, "fields[TITLE]": "x", "fields": {"TITLE": "y"}}]
    said = ["field is not a parameter of this method; it is called fields", "different values for TITLE"]
    for params, words in zip(wrong, said, strict=True):
        error = (await call_tool("call_method", method="crm.deal.update", params=params))["error"]
        assert (error["code"], words in error["message"]) == ("B24MCP_PARAMS", True)
    assert portal.calls == []


# --- Lists, filters, booleans ------------------------------------------------------------------------------------


def refusals(answer: Answer) -> tuple[str, str]:
    return answer["error"]["code"], answer["error"]["message"]


@pytest.mark.parametrize(
    ("method", "params", "names"),
    [
        ("crm.deal.update", [5, {"TITLE": "x"}], '"id": …, "fields": …'),
        ("crm.deal.list", [{"ID": "DESC"}], '"select": …'),
        ("crm.deal.list", ["null"], '"filter": …'),
    ],
)
async def test_a_list_for_a_method_with_named_parameters_is_refused(
    call_tool: CallTool, portal: LoopbackPortal, method: str, params: Any, names: str
) -> None:
    call = {"method": method, "params": params}
    for answer in (await call_tool("call_method", **call), await call_tool("batch_call", commands={"a": call})):
        code, message = refusals(answer)
        assert code == "B24MCP_PARAMS"
        assert "takes named parameters, not a list" in message
        assert names in message
    assert portal.calls == []


async def test_a_filter_as_php_writes_a_list_of_maps_passes(call_tool: CallTool, portal: LoopbackPortal) -> None:
    filter_ = [{"logic": "OR", "0": {"id": 1}, "1": {"id": 2}}]
    params = {"entityTypeId": 2, "filter": filter_, "select": ["id"]}
    answer = await call_tool("read_method", method="crm.item.list", params=params)
    assert answer["result"]["items"] == [{"id": 1}, {"id": 2}]


@pytest.mark.parametrize("value", [False, True, None, []])
async def test_a_value_that_a_batch_would_change_is_sent_as_a_single_call(
    call_tool: CallTool, portal: LoopbackPortal, value: Any
) -> None:
    odd = {"method": "crm.deal.list", "params": {"filter": {"ID": 5, "UF_CRM_X": value}, "select": ["ID"]}}
    plain = {"method": "crm.deal.list", "params": {"filter": {"ID": 5}, "select": ["ID"]}}
    commands = {"a": plain, "b": odd, "c": plain}
    dry = await call_tool("batch_call", commands=commands, validate=False, dry_run=True)
    assert [request["method"] for request in dry["requests"]] == ["batch", "crm.deal.list", "batch"]
    assert dry["requests"][1]["body"] == odd["params"]
