"""An answer stays within its size. It is cut between rows and reports what was left out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24_mcp.app.answers.budget import cut_to
from b24_mcp.app.answers.forms import as_table
from b24_mcp.rest import to_json
from tests.server.conftest import CallTool

BUDGET = 20_000
LEAF = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=400))
VALUE = st.recursive(LEAF, lambda inner: st.lists(inner, max_size=40) | st.dictionaries(st.text(max_size=20), inner))


async def test_a_long_list_is_cut_between_rows_with_a_hint_on_reading_the_rest(call_tool: CallTool) -> None:
    answer = await call_tool("call_method", method="crm.contact.list", params={"select": ["*", "PHONE", "EMAIL"]})
    assert len(json.dumps(answer, ensure_ascii=False, separators=(",", ":"))) <= BUDGET
    assert answer["cut"]["of"] == 50
    rows = answer["result"]["rows"] if answer.get("table") else answer["result"]
    assert 0 < answer["cut"]["shown"] == len(rows) < 50
    assert "select" in answer["cut"]["more"]
    assert list(answer).index("cut") < list(answer).index("result")


async def test_a_long_object_is_cut_between_entries_and_missing_entries_are_named(call_tool: CallTool) -> None:
    answer = await call_tool("call_method", method="crm.deal.fields")
    whole = len(answer["result"])
    if "cut" in answer:
        assert answer["cut"]["shown"] == whole
        assert answer["cut"]["left_out"]


async def test_large_results_of_a_batch_share_its_size(call_tool: CallTool) -> None:
    large = {"method": "crm.contact.list", "params": {"select": ["*", "PHONE", "EMAIL"]}}
    answer = await call_tool("batch_call", commands={"a": large, "small": {"method": "server.time"}, "b": large})
    assert "cut" not in answer["results"]["small"]
    assert answer["results"]["a"]["cut"]["shown"] > 0
    assert answer["results"]["b"]["cut"]["shown"] > 0


async def test_a_batch_of_many_records_shows_some_results_whole_and_the_state_of_all(call_tool: CallTool) -> None:
    commands = {f"c{n}": {"method": "crm.contact.get", "params": {"id": n}} for n in range(1, 100)}
    commands["c50"] = {"method": "crm.contact.get", "params": {"id": 999_999}}
    answer = await call_tool("batch_call", commands=commands)
    assert list(answer["results"]) == list(commands)
    assert answer["results"]["c50"]["error"]["hint"]
    shown = [entry for entry in answer["results"].values() if "result" in entry]
    left_out = [entry for entry in answer["results"].values() if "characters_left_out" in entry]
    assert len(shown) > 5
    assert len(shown) + len(left_out) == 98
    assert answer["cut"]["of"] == 99


async def test_a_setting_changes_the_size(call_tool: CallTool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("B24_BUDGET", "2000")
    answer = await call_tool("call_method", method="crm.deal.list")
    assert len(json.dumps(answer, ensure_ascii=False, separators=(",", ":"))) <= 2_000


@given(result=VALUE, budget=st.integers(1_000, 6_000))
def test_an_answer_with_any_result_stays_within_its_budget(result: Any, budget: int) -> None:
    form = {"ok": True, "method": "x", "version": "v2"} | as_table(result) | {"warnings": []}
    text = to_json(cut_to(form, budget))
    whole = len(json.dumps(form, ensure_ascii=False, separators=(",", ":")))
    assert len(text) <= max(budget, 1_000)
    assert ("cut" in json.loads(text)) is (whole > budget)


@given(
    results=st.dictionaries(st.text(min_size=1, max_size=30), VALUE, min_size=1, max_size=60),
    budget=st.integers(2_000, 8_000),
)
def test_the_answer_of_any_batch_stays_within_its_budget(results: dict[str, Any], budget: int) -> None:
    form = {
        "ok": True,
        "summary": {"commands": len(results)},
        "results": {name: {"ok": True} | as_table(value) for name, value in results.items()},
    }
    assert len(to_json(cut_to(form, budget))) <= budget


@given(st.lists(st.dictionaries(st.sampled_from("abcdef"), LEAF, min_size=1), min_size=1, max_size=30))
def test_a_table_has_the_same_content_as_its_rows(rows: list[dict[str, Any]]) -> None:
    form: Any = as_table(rows)
    if "table" in form:
        table = form["result"]
        assert [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]] == rows
        written = json.dumps(form, ensure_ascii=False, separators=(",", ":"))
        assert len(written) < len(json.dumps({"result": rows}, ensure_ascii=False, separators=(",", ":")))
    else:
        assert form == {"result": rows}
