"""What answers leave out, and that they count it: empty values, echoes of a request, equal outcomes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from b24_mcp.app.answers.echoes import without_echo
from b24_mcp.app.answers.leaner import lean_result
from b24_mcp.rest import plan_call
from tests.loopback import LoopbackPortal
from tests.server.conftest import CallTool

EMPTY: tuple[Any, ...] = (None, "", [], {})
TASK = {"TITLE": "Call back", "RESPONSIBLE_ID": 2, "DEADLINE": "2030-12-02T10:00:00+03:00", "ALLOW_TIME_TRACKING": "Y"}


def size(answer: object) -> int:
    return len(json.dumps(answer, ensure_ascii=False))


@pytest.mark.parametrize("tool", ["read_method", "read_batch"])
async def test_empty_values_of_a_record_are_left_out_and_counted(call_tool: CallTool, tool: str) -> None:
    call = {"method": "crm.deal.get", "params": {"id": 2}}
    whole = (await call_tool("read_method", **call, empty=True))["result"]
    answer = await call_tool("read_method", **call)
    if tool == "read_batch":
        answer = (await call_tool("read_batch", commands={"deal": call}))["results"]["deal"]
    assert answer["result"] == {key: value for key, value in whole.items() if value not in EMPTY}
    assert answer["empty"] == len(whole) - len(answer["result"]) > 5
    assert answer["result"]["TAX_VALUE"] == "0.00", "zero is a value"


async def test_a_field_that_select_names_is_shown_though_it_is_empty(call_tool: CallTool) -> None:
    select = ["ID", "TITLE", "COMMENTS", "UTM_SOURCE", "UTM_TERM", "STAGE_ID", "SOURCE_ID"]
    for params in ({"select": select}, {"SELECT": dict(enumerate(select))}):
        answer = await call_tool("read_method", method="crm.deal.list", params=params, validate=False, limit=3)
        assert set(answer["result"]["columns"]) == set(select)
        assert "empty" not in answer
    answer = await call_tool("read_method", method="crm.deal.list", params={"select": ["*"]}, limit=3)
    assert "UTM_SOURCE" not in answer["result"]["columns"]
    assert answer["empty"] > 5


async def test_a_column_stays_when_one_row_has_a_value(call_tool: CallTool) -> None:
    rows = {"method": "crm.deal.list", "params": {}}
    whole = (await call_tool("read_method", **rows, empty=True, limit=40))["result"]
    lean = (await call_tool("read_method", **rows, limit=40))["result"]
    full = [dict(zip(whole["columns"], row, strict=True)) for row in whole["rows"]]
    assert lean["columns"] == [name for name in whole["columns"] if any(row[name] not in EMPTY for row in full)]


async def test_records_of_a_large_batch_stay_one_table(call_tool: CallTool) -> None:
    commands = {f"d{n}": {"method": "crm.deal.get", "params": {"id": n}} for n in range(1, 14)}
    answer = await call_tool("read_batch", commands=commands)
    (table,) = answer["tables"]
    assert answer["empty"] > 5
    assert all(any(cell not in EMPTY for cell in column) for column in zip(*table["rows"], strict=True))
    assert len(table["rows"]) == 13


@pytest.mark.parametrize(
    ("method", "result"),
    [
        ("tasks.task.list", {"tasks": []}),
        ("crm.duplicate.findbycomm", {"LEAD": [], "CONTACT": [], "COMPANY": [3]}),
        ("crm.deal.list", []),
        ("crm.deal.fields", {name: {"type": "string"} for name in "abcdefgh"}),
        ("im.counters.get", {str(number): None for number in range(10)}),
        ("scope", ["crm", ""]),
    ],
)
def test_what_is_no_record_stays_as_it_is(method: str, result: object) -> None:
    assert lean_result(plan_call(method), result).result is result


JSON: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 2), st.sampled_from(["", "0", "N", "x"]), st.just([])
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text("abcdefgh", min_size=1, max_size=3), JSON, max_size=20), st.booleans())
def test_nothing_but_empty_values_is_lost_and_all_of_them_are_counted(record: dict[str, Any], is_list: bool) -> None:
    lean = lean_result(plan_call("crm.deal.get"), [record] if is_list else record)
    shown = lean.result[0] if is_list else lean.result  # type: ignore[index]
    assert isinstance(shown, dict)
    assert len(shown) + lean.empty == len(record)
    assert all(record[key] in EMPTY for key in record.keys() - shown.keys())
    assert {key: record[key] for key in shown} == shown


@pytest.mark.parametrize("tool", ["call_method", "batch_call"])
async def test_the_echo_of_a_write_is_its_id_and_what_differs(
    call_tool: CallTool, portal: LoopbackPortal, tool: str
) -> None:
    call = {"method": "tasks.task.add", "params": {"fields": TASK}}
    if tool == "call_method":
        answer = await call_tool(tool, **call)
    else:
        answer = (await call_tool(tool, commands={"a": call}))["results"]["a"]
    task = answer["result"]["task"]
    whole = await call_tool("read_method", method="tasks.task.get", params={"taskId": task["id"]}, empty=True)
    assert whole["result"]["task"]["title"] == TASK["TITLE"]
    assert {"title", "responsibleId", "deadline", "responsible", "action", "description"}.isdisjoint(task)
    assert {"id", "status", "createdBy"} <= task.keys()
    assert answer["left_out"] > 30
    assert size(answer) < 700 < 1_800 < size(whole)


def test_what_was_stored_differently_than_sent_is_shown() -> None:
    record = {"id": 7, "title": "x", "opportunity": 0, "stageId": "NEW", "isManual": "N"} | dict.fromkeys("abcdefghij")
    shown, left_out = without_echo({"fields": {"TITLE": "x", "opportunity": "five", "isManual": "Y"}}, {"item": record})
    assert shown == {"item": {"id": 7, "opportunity": 0, "stageId": "NEW", "isManual": "N"}}
    assert left_out == 11


@pytest.mark.parametrize(
    "result", [True, 11, {"id": 1}, {"pdfUrl": "https://x", **{str(n): None for n in range(20)}}, [1] * 20]
)
def test_a_result_that_repeats_nothing_is_shown_whole(result: object) -> None:
    assert without_echo({"fields": {"TITLE": "x"}}, result) == (result, 0)


async def test_many_equal_outcomes_of_a_small_batch_are_written_once(call_tool: CallTool) -> None:
    def update(number: int) -> dict[str, Any]:
        return {"method": "crm.deal.update", "params": {"id": number, "fields": {"COMMENTS": "x"}}}

    commands = {f"u{number}": update(number) for number in range(1, 9)} | {"me": {"method": "profile"}}
    answer = await call_tool("batch_call", commands=commands)
    assert answer["equal"] == [{"count": 8, "commands": [f"u{n}" for n in range(1, 9)], "ok": True, "result": True}]
    assert [*answer["results"]] == ["me"]
    few = await call_tool("batch_call", commands={name: commands[name] for name in ("u1", "u2", "u3")})
    assert [*few["results"]] == ["u1", "u2", "u3"]


async def test_the_sandbox_is_named_in_one_word_and_explained_once(call_tool: CallTool) -> None:
    assert (await call_tool("read_method", method="profile"))["portal"] == "sandbox"
    assert "B24_WEBHOOK_URL" in (await call_tool("portal_info"))["note"]


async def test_later_rows_of_a_preview_show_the_beginning_of_long_cells(
    call_tool: CallTool, portal: LoopbackPortal
) -> None:
    answer = await call_tool(
        "list_records", method="tasks.task.list", params={"select": ["ID", "RESPONSIBLE_ID"]}, limit=20
    )
    place = answer["columns"].index("responsible")
    first, *others = [row[place] for row in answer["rows"]]
    assert first.endswith("}")
    assert {len(cell) for cell in others} == {61}
    assert "long texts cut" in answer["more"]
