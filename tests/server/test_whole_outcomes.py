"""An answer that is too long keeps the outcome of every write, and rows of the largest list."""

from __future__ import annotations

import json
from typing import Any

import pytest
from anyio.to_thread import run_sync
from hypothesis import given
from hypothesis import strategies as st

from b24_mcp.app.answers.budget import cut_to
from b24_mcp.app.answers.truncation import truncate
from b24_mcp.rest import to_json
from tests.server.conftest import Answer, CallTool
from tests.server.outcomes import outcomes

BUDGET = 20_000


@pytest.fixture(autouse=True)
def full_access(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without full access, large batches of writes wait for an approval."""
    monkeypatch.setenv("B24_ACCESS", "full")


def written(answer: Answer) -> str:
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":"))


async def test_three_hundred_updates_show_three_hundred_outcomes(call_tool: CallTool) -> None:
    commands = {
        f"u{n}": {"method": "crm.deal.update", "params": {"id": n, "fields": {"COMMENTS": f"note {n}"}}}
        for n in range(1, 301)
    }
    commands["u77"] = {"method": "crm.deal.update", "params": {"id": 999_999, "fields": {"COMMENTS": "x"}}}
    answer = await call_tool("batch_call", commands=commands)
    shown = outcomes(answer)
    assert set(shown) == set(commands)
    assert all(shown[name]["result"] is True for name in commands if name != "u77")
    assert shown["u77"]["error"]["executed"] == "no"
    assert len(written(answer)) < 4_000


async def test_the_ids_of_three_hundred_new_records_are_shown(call_tool: CallTool) -> None:
    commands = {f"a{n}": {"method": "crm.lead.add", "params": {"fields": {"TITLE": f"L{n}"}}} for n in range(300)}
    answer = await call_tool("batch_call", commands=commands)
    ids = {entry["result"] for entry in outcomes(answer).values()}
    assert len(ids) == 300
    assert answer["tables"][0]["columns"] == ["command", "result"]
    assert len(written(answer)) < BUDGET


async def test_a_long_answer_of_a_write_is_shortened_to_the_id_of_the_record(
    call_tool: CallTool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_BUDGET", "2000")
    commands = {
        f"t{n}": {"method": "tasks.task.add", "params": {"fields": {"TITLE": f"T{n}", "RESPONSIBLE_ID": 1}}}
        for n in range(40)
    }
    answer = await call_tool("batch_call", commands=commands)
    assert len(written(answer)) <= 2_000
    assert len({str(entry["id"]) for entry in outcomes(answer).values()}) == 40
    assert "id" in answer["cut"]["more"]


async def test_like_records_read_by_a_batch_become_a_table(call_tool: CallTool) -> None:
    commands = {f"c{n}": {"method": "crm.status.get", "params": {"id": n}} for n in range(2, 20)}
    answer = await call_tool("batch_call", commands=commands)
    shown = outcomes(answer)
    assert set(shown) == set(commands)
    assert {"command", "ID", "STATUS_ID", "NAME"} <= set(answer["tables"][0]["columns"])


async def test_the_outcome_of_a_write_stays_when_reads_do_not_fit(call_tool: CallTool) -> None:
    commands: dict[str, Any] = {f"r{n}": {"method": "crm.contact.list", "params": {"select": ["*"]}} for n in range(30)}
    commands["w"] = {"method": "crm.deal.update", "params": {"id": 1, "fields": {"COMMENTS": "y"}}}
    answer = await call_tool("batch_call", commands=commands)
    assert answer["results"]["w"] == {"ok": True, "result": True}
    assert len(written(answer)) <= BUDGET


async def test_the_times_of_a_small_batch_are_shown_and_those_of_a_large_one_are_not(call_tool: CallTool) -> None:
    few = await call_tool("batch_call", commands={f"c{n}": {"method": "server.time"} for n in range(3)})
    assert all("time" in entry for entry in few["results"].values())
    many = await call_tool("batch_call", commands={f"c{n}": {"method": "server.time"} for n in range(20)})
    assert '"time":{' not in written(many)


async def test_a_warning_about_many_commands_appears_once(call_tool: CallTool) -> None:
    commands = {f"l{n}": {"method": "crm.deal.list", "params": {"select": ["ID"], "surplus": n}} for n in range(1, 31)}
    answer = await call_tool("batch_call", commands=commands)
    about = [warning for warning in answer["warnings"] if "surplus" in warning]
    assert len(about) == 1
    assert "29 more commands" in about[0]


async def test_messages_of_a_chat_are_cut_by_rows_and_the_hint_names_parameters_of_the_method(
    call_tool: CallTool,
) -> None:
    chat = (await call_tool("call_method", method="im.chat.add", params={"USERS": [2]}))["result"]
    for n in range(20):
        await call_tool(
            "call_method",
            method="im.message.add",
            params={"DIALOG_ID": f"chat{chat}", "MESSAGE": f"{n} " + "m" * 1_500},
        )
    answer = await call_tool(
        "call_method", method="im.dialog.messages.get", params={"DIALOG_ID": f"chat{chat}", "LIMIT": 20}
    )
    assert answer["cut"]["list"] == "messages"
    assert 0 < answer["cut"]["shown"] < answer["cut"]["of"]
    assert "LAST_ID" in answer["cut"]["more"]
    assert "select" not in answer["cut"]["more"]
    assert answer["result"]["users"]


async def test_a_long_text_is_shortened_and_other_fields_and_later_rows_are_shown(call_tool: CallTool) -> None:
    comment = "начало " + "x" * 200_000
    await call_tool("call_method", method="crm.deal.update", params={"id": 3, "fields": {"COMMENTS": comment}})
    one = await call_tool("call_method", method="crm.deal.get", params={"id": 3})
    assert one["result"]["COMMENTS"].startswith("начало xxx")
    assert len(one["result"]["COMMENTS"]) > 5_000
    assert one["cut"]["texts"]["COMMENTS"][1] == len(comment)
    assert "substr" in one["cut"]["more"]
    assert one["result"]["TITLE"]
    many = await call_tool(
        "call_method",
        method="crm.deal.list",
        params={"filter": {"<=ID": 20}, "select": ["ID", "TITLE", "COMMENTS"], "order": {"ID": "ASC"}},
    )
    assert [row[0] for row in many["result"]["rows"]] == [str(n) for n in range(1, 21)]
    assert many["cut"]["texts"]["2.COMMENTS"][1] == len(comment)


@pytest.mark.parametrize("method", ["crm.deal.list", "disk.folder.getchildren", "im.recent.list", "department.get"])
async def test_the_hint_names_only_parameters_of_the_method(call_tool: CallTool, method: str) -> None:
    form = {"ok": True, "method": method, "version": "v2", "result": [{"TEXT": "y" * 900} for _ in range(50)]}
    described = await call_tool("describe_method", method=method)
    more = (await run_sync(cut_to, form, BUDGET))["cut"]["more"]
    known = {parameter["name"] for parameter in described["params"]}
    for name in ("select", "filter", "LAST_ID", "OFFSET", "LIMIT", "start"):
        assert (f" {name}" not in more) or name in known


def test_ids_of_several_thousand_writes_are_written_as_ranges() -> None:
    form: dict[str, Any] = {
        "ok": True,
        "summary": {"commands": 4_000},
        "results": {f"a{n}": {"ok": True, "result": 10_000 + n} for n in range(4_000)},
    }
    answer = cut_to(form, BUDGET, writes=form["results"].keys())
    assert answer["tables"][0]["rows"] == [["a0..a3999", "10000..13999"]]
    assert len(to_json(answer)) < BUDGET


LEAF = st.one_of(st.none(), st.booleans(), st.integers(0, 10**6), st.text(max_size=30))
ERROR = st.fixed_dictionaries(
    {
        "code": st.sampled_from(["A", "B"]),
        "message": st.text(max_size=400),
        "kind": st.just("portal"),
        "executed": st.sampled_from(["no", "yes", "unknown"]),
        "hint": st.text(max_size=400),
    }
)
ENTRY = st.one_of(
    st.fixed_dictionaries({"ok": st.just(True), "result": LEAF, "time": st.just({"duration": 0.1})}),
    st.fixed_dictionaries(
        {"ok": st.just(True), "result": st.fixed_dictionaries({"ID": st.integers(1, 99), "T": st.text(max_size=2_000)})}
    ),
    st.fixed_dictionaries({"ok": st.just(False), "error": ERROR}),
    st.fixed_dictionaries({"ok": st.just(False), "not_run": st.just("an earlier command failed")}),
)


@given(
    results=st.dictionaries(st.from_regex(r"[a-c][0-9]{1,3}", fullmatch=True), ENTRY, min_size=1, max_size=60),
    budget=st.integers(1_500, 8_000),
)
def test_the_outcome_of_a_write_is_never_cut(results: dict[str, Any], budget: int) -> None:
    form = {"ok": True, "summary": {"commands": len(results)}, "results": results}
    answer = cut_to(form, budget, writes=results.keys())
    shown = _expanded(answer)
    for name, entry in results.items():
        assert shown[name]["ok"] is entry["ok"]
        match entry:
            case {"error": error}:
                assert shown[name]["error"]["executed"] == error["executed"]
                assert shown[name]["error"]["code"] == error["code"]
            case {"result": dict(record)} if "result" not in shown[name] and "ID" not in shown[name]:
                assert shown[name]["id"] == record["ID"]
            case {"result": result} if not isinstance(result, dict):
                assert shown[name]["result"] == result


def _expanded(answer: Answer) -> dict[str, Any]:
    """Return the outcomes of an answer, with ranges such as `a1..a9` expanded."""

    def names(text: str) -> list[str]:
        first, dots, last = text.partition("..")
        if not dots:
            return [text]
        stem = first.rstrip("0123456789")
        width = len(first) - len(stem)
        while width > 1 and first[len(first) - width] == "0":  # a leading zero belongs to the stem
            stem, width = stem + "0", width - 1
        return [f"{stem}{n}" for n in range(int(first[len(stem) :]), int(last[len(stem) :]) + 1)]

    found: dict[str, Any] = dict(answer["results"])
    for group in answer.get("equal", []):
        listed = [name for text in group["commands"] for name in names(text)]
        assert group["count"] == len(listed)
        found |= dict.fromkeys(listed, group)
    for table in answer.get("tables", []):
        for name, *cells in table["rows"]:
            listed = names(name)
            for place, one in enumerate(listed):
                values = cells
                if len(listed) > 1:
                    first = cells[0].partition("..")[0]
                    values = [int(first) + place]
                found[one] = {"ok": True} | dict(zip(table["columns"][1:], values, strict=True))
    return found


@given(
    st.recursive(
        LEAF, lambda inner: st.lists(inner, max_size=30) | st.dictionaries(st.text(max_size=9), inner), max_leaves=60
    ),
    st.integers(200, 2_000),
)
def test_a_shortened_value_fits_and_omissions_are_reported(value: Any, room: int) -> None:
    shown, omissions = truncate(value, room)
    assert len(to_json(shown)) <= room
    assert (shown == value) is not bool(omissions)
