"""Batches in REST 3.0 and of both generations: wire format, references, outcomes after a failure."""

from __future__ import annotations

from typing import Any

import pytest

from b24_mcp.errors import B24Error
from b24_mcp.rest import BatchAnswer, Failed, NotRun, Portal, Succeeded
from tests.fake_portal import FakePortal, Reply, open_portal
from tests.rest.v3 import v3_portal

Commands = dict[str, dict[str, Any]]


def v3(method: str, **params: Any) -> dict[str, Any]:
    return {"method": method, "params": params, "version": "v3"}


def v2(method: str, **params: Any) -> dict[str, Any]:
    return {"method": method, "params": params, "version": "v2"}


def add(title: str, **fields: Any) -> dict[str, Any]:
    return v3("tasks.task.add", fields={"title": title, "creatorId": 1, "responsibleId": 1, **fields})


def get(task: Any) -> dict[str, Any]:
    return v3("tasks.task.get", id=task, select=["id", "title"])


def listed(*conditions: Any) -> dict[str, Any]:
    return v3("tasks.task.list", filter=list(conditions), select=["id", "title"])


def results(answer: BatchAnswer) -> dict[str, Any]:
    assert all(isinstance(outcome, Succeeded) for outcome in answer.outcomes.values()), answer.outcomes
    return {name: o.answer.result for name, o in answer.outcomes.items() if isinstance(o, Succeeded)}


def states(answer: BatchAnswer) -> dict[str, str]:
    """`ok`, `not run`, or whether a failed command was executed."""
    return {
        name: "ok"
        if isinstance(outcome, Succeeded)
        else "not run"
        if isinstance(outcome, NotRun)
        else outcome.error.fault.executed
        for name, outcome in answer.outcomes.items()
    }


async def count(portal: Portal, title: str) -> int:
    answer = await portal.call("tasks.task.list", {"filter": {"TITLE": title}, "select": ["ID"]})
    assert answer.total is not None
    return answer.total


async def test_commands_that_read_are_one_list_of_calls_under_their_names() -> None:
    async with v3_portal() as (portal, recorder):
        answer = await portal.batch({"first": get(5), "second": listed(["id", 6])})
    (request,) = recorder.sent
    assert request.path == "api/batch"
    assert request.body == [
        {"method": "tasks.task.get", "as": "first", "query": {"id": 5, "select": ["id", "title"]}},
        {"method": "tasks.task.list", "as": "second", "query": {"filter": [["id", 6]], "select": ["id", "title"]}},
    ]
    found = results(answer)
    assert (found["first"]["item"]["id"], found["second"]["items"][0]["id"]) == (5, 6)
    assert answer.requests == 1


@pytest.mark.parametrize("name", ["with space-less.dots", "1", "имя", "a-b", "as"])
async def test_any_name_of_a_command_can_be_referred_to(name: str) -> None:
    name = name.replace(" ", "_")
    async with v3_portal() as (portal, recorder):
        answer = await portal.batch({name: get(5), "next": get(f"$result[{name}][id]")})
    assert answer.requests == 1
    assert results(answer)["next"]["item"]["id"] == 5
    aliases = [item["as"] for item in recorder.sent[0].body]
    assert len(set(aliases)) == 2
    assert not any("." in alias or alias.isdecimal() for alias in aliases)


@pytest.mark.parametrize(
    ("first", "reference"),
    [
        (get(5), "$result[a][id]"),
        (get(5), "$result[a][item][id]"),
        (get(5), {"$ref": "a.id"}),
        (listed(["id", "in", [5, 6]]), "$result[a][0][id]"),
        (listed(["id", "in", [5, 6]]), "$result[a][items][0][id]"),
        (listed(["id", "in", [5, 6]]), {"$ref": "a.0.id"}),
    ],
)
async def test_a_reference_is_translated_whichever_way_it_is_written(first: dict[str, Any], reference: Any) -> None:
    async with v3_portal() as (portal, recorder):
        answer = await portal.batch({"a": first, "b": get(reference)})
    assert answer.requests == 1
    path = "a.0.id" if first["method"].endswith("list") else "a.id"
    assert recorder.sent[0].body[1]["query"]["id"] == {"$ref": path}
    assert results(answer)["b"]["item"]["id"] == 5


async def test_a_list_of_values_is_collected_from_rows() -> None:
    async with v3_portal() as (portal, recorder):
        chain = {"a": listed(["id", "in", [5, 6]]), "b": listed(["id", "in", {"$refArray": "a.id"}])}
        answer = await portal.batch(chain)
    assert recorder.sent[0].body[1]["query"]["filter"] == [["id", "in", {"$refArray": "a.id"}]]
    assert [row["id"] for row in results(answer)["b"]["items"]] == [5, 6]


async def test_a_reference_that_rest_3_cannot_express_waits_for_its_value_and_the_next_request() -> None:
    async with v3_portal() as (portal, recorder):
        chain = {"task": get(5), "more": get(6), "text": add("About $result[task][id] only"), "again": get(7)}
        answer = await portal.batch(chain, halt=True)
        assert answer.requests == 2
        assert results(answer)["text"]["item"]["title"] == "About 5 only"
    assert [len(request.body) for request in recorder.sent] == [2, 2]


@pytest.mark.parametrize(
    "reference",
    ["$total[a]", "$next[a]", "$error[a][error]", "$time[a][duration]", "$result[b][id]", "$result[later][id]"],
)
async def test_a_reference_to_a_value_that_rest_3_never_returns_is_refused_before_sending(reference: str) -> None:
    async with v3_portal() as (portal, recorder):
        with pytest.raises(B24Error) as caught:
            await portal.batch({"a": add("Never"), "b": get(reference), "later": get(5)})
    assert (caught.value.fault.code, caught.value.fault.executed) == ("B24MCP_REFERENCE", "no")
    assert recorder.sent == []


@pytest.mark.parametrize("value", [{"$ref": "a"}, {"$ref": 5}, {"$ref": "a.id", "x": 1}, {"$refArray": "a..id"}])
async def test_an_object_that_the_portal_would_read_as_a_reference_is_refused(value: Any) -> None:
    async with v3_portal() as (portal, recorder):
        with pytest.raises(B24Error) as caught:
            await portal.batch({"a": get(5), "b": listed(["title", value])})
    assert caught.value.fault.code == "B24MCP_REFERENCE"
    assert recorder.sent == []


async def test_a_write_is_a_single_call_so_that_its_answer_is_never_lost() -> None:
    async with v3_portal() as (portal, recorder):
        answer = await portal.batch({"a": add("One"), "b": get(999_999), "c": add("Two"), "d": get("$result[a][id]")})
        assert await count(portal, "One") == 1
        assert await count(portal, "Two") == 1
    assert states(answer) == {"a": "ok", "b": "no", "c": "ok", "d": "ok"}
    assert [(request.path, request.key is not None) for request in recorder.sent[:4]] == [
        ("api/tasks.task.add", True),
        ("api/tasks.task.get", False),
        ("api/tasks.task.add", True),
        ("api/tasks.task.get", False),
    ]


@pytest.mark.parametrize("halt", [False, True])
async def test_of_many_reads_the_refused_one_is_found_and_the_others_answer(halt: bool) -> None:
    commands = {f"c{number}": get(999_999 if number == 5 else number + 1) for number in range(12)}
    async with v3_portal() as (portal, recorder):
        answer = await portal.batch(commands, halt=halt)
    failed = [name for name, state in states(answer).items() if state == "no"]
    assert failed == ["c5"]
    after = ["not run" if halt else "ok"] * 6
    assert list(states(answer).values()) == ["ok"] * 5 + ["no"] + after
    assert len(recorder.sent) <= 9


async def test_with_halt_writes_go_together_and_a_failure_says_what_is_known() -> None:
    commands = {"a": add("Known"), "b": get(999_999), "c": add("Unknown")}
    async with v3_portal(deadline=60) as (portal, recorder):
        answer = await portal.batch(commands, halt=True)
        assert recorder.paths == ["api/batch"]
        assert (await count(portal, "Known"), await count(portal, "Unknown")) == (1, 0)
    assert states(answer) == {"a": "unknown", "b": "unknown", "c": "not run"}
    assert answer.error is not None
    assert answer.error.fault.kind == "not_found"


async def test_a_write_whose_reference_leads_to_nothing_is_not_sent() -> None:
    commands = {"a": add("Done"), "b": add("Broken", parentId="$result[a][iD]"), "c": add("After")}
    async with v3_portal(deadline=60) as (portal, recorder):
        answer = await portal.batch(commands, halt=True)
        assert recorder.paths == ["api/tasks.task.add"]
        assert [await count(portal, title) for title in ("Done", "Broken", "After")] == [1, 0, 0]
    assert states(answer) == {"a": "ok", "b": "not run", "c": "not run"}
    refused = answer.outcomes["b"]
    assert isinstance(refused, NotRun)
    assert "[id] is probably meant" in refused.reason


async def test_a_refusal_that_quotes_a_reference_identifies_its_command() -> None:
    commands = {"a": add("Done"), "b": get(5), "c": get({"$ref": "b.nosuch"}), "d": get(6)}
    async with v3_portal(deadline=60) as (portal, recorder):
        answer = await portal.batch(commands, halt=True)
        assert recorder.paths == ["api/batch"]
        assert await count(portal, "Done") == 1
    assert states(answer) == {"a": "yes", "b": "yes", "c": "no", "d": "not run"}
    lost = answer.outcomes["a"]
    assert isinstance(lost, Failed)
    assert lost.error.fault.code == "B24MCP_RESULT_LOST"


async def test_an_unknown_method_stops_a_batch_before_anything_ran() -> None:
    commands = {"a": add("Never"), "b": v3("tasks.task.nosuch"), "c": add("Neither")}
    async with v3_portal() as (portal, _):
        answer = await portal.batch(commands, halt=True)
        assert await count(portal, "Never") == 0
    assert set(states(answer).values()) == {"not run"}


async def test_an_unknown_method_among_reads_keeps_none_of_the_others_from_answering() -> None:
    commands = {"a": get(5), "b": v3("tasks.task.nosuch"), "c": get(6), "d": v2("profile"), "e": get(7)}
    async with v3_portal() as (portal, _):
        answer = await portal.batch(commands)
    assert states(answer) == {"a": "ok", "b": "no", "c": "ok", "d": "ok", "e": "ok"}


async def test_reads_beside_one_of_an_unknown_name_answer_too() -> None:
    refused = {"code": "BITRIX_REST_V3_EXCEPTION_METHODNOTFOUNDEXCEPTION", "message": "Method not found"}
    replies = [Reply({"error": refused}, 404), Reply({"result": {"item": {"id": 5}}}), Reply({"error": refused}, 404)]
    async with open_portal(FakePortal(replies)) as portal:
        answer = await portal.batch({"a": get(5), "b": v3("tasks.task.access.get", id=1)})
    assert states(answer) == {"a": "ok", "b": "no"}


@pytest.mark.parametrize("halt", [False, True])
async def test_a_lost_answer_is_never_followed_by_the_same_write(halt: bool) -> None:
    commands = {"a": add("Once"), "b": get(5), "c": add("Twice")}
    async with v3_portal(deadline=60) as (portal, recorder):
        recorder.sandbox.faults.fail("batch" if halt else "tasks.task.add", "cut_after")
        answer = await portal.batch(commands, halt=halt)
        assert await count(portal, "Once") == 1
    assert states(answer)["a"] == "unknown"
    written = [r for r in recorder.sent if "Once" in str(r.body)]
    assert len([r for r in written if r.path.startswith("api/")]) == 1


async def test_an_answer_of_another_length_is_not_read_as_the_results() -> None:
    async with open_portal(FakePortal([Reply({"result": [{"item": {"id": 1}}]})])) as portal:
        answer = await portal.batch({"a": get(1), "b": get(2)})
    assert answer.error is not None
    assert answer.error.fault.code == "B24MCP_BAD_ANSWER"
    assert all(not isinstance(outcome, Succeeded) for outcome in answer.outcomes.values())


# --- Both generations --------------------------------------------------------------------------------------------


async def test_a_batch_of_both_generations_is_split_in_order_and_references_hold_across_it() -> None:
    commands = {
        "deal": v2("crm.deal.list", select=["ID"], order={"ID": "ASC"}),
        "task": add("For deal $result[deal][0][ID] of $total[deal]"),
        "old": v2("tasks.task.get", taskId="$result[task][id]", select=["ID", "TITLE"]),
        "again": get("$result[old][task][id]"),
        "more": listed(["id", {"$ref": "again.id"}]),
    }
    async with v3_portal() as (portal, recorder):
        answer = await portal.batch(commands, halt=True)
    assert recorder.paths == ["batch", "api/tasks.task.add", "batch", "api/batch"]
    found = results(answer)
    title = f"For deal {found['deal'][0]['ID']} of 400"
    assert found["task"]["item"]["title"] == found["old"]["task"]["title"] == title
    assert found["more"]["items"] == [found["again"]["item"]]


async def test_a_value_that_looks_like_a_reference_is_data() -> None:
    commands = {
        "old": v2("tasks.task.list", select=["TITLE"]),
        "new": listed(["title", "$result[old][tasks][0]"]),
        "other": get(5),
    }
    reference = {"$ref": "x.y"}
    replies = [{"result": {"old": {"tasks": [reference]}}}, {"items": []}, {"item": {"id": 5}}]
    app = FakePortal([Reply({"result": reply}) for reply in replies])
    async with open_portal(app) as portal:
        answer = await portal.batch(commands)
    assert app.requests[1].path.endswith("/tasks.task.list"), "in a batch the portal would have followed it"
    assert isinstance(answer.outcomes["new"], Succeeded)


async def test_after_fifty_commands_comes_another_request() -> None:
    commands = {f"c{number}": get(number % 40 + 1) for number in range(120)}
    async with v3_portal() as (portal, recorder):
        answer = await portal.batch(commands)
    assert [len(request.body) for request in recorder.sent] == [50, 50, 20]
    assert [found["item"]["id"] for found in results(answer).values()] == [number % 40 + 1 for number in range(120)]


@pytest.mark.parametrize("command", [v3("tasks.task.get") | {"params": [1]}, get(5)])
async def test_a_call_that_rest_3_cannot_express_is_refused_before_anything_is_sent(command: dict[str, Any]) -> None:
    format: Any = "xml" if isinstance(command["params"], dict) else "json"
    async with v3_portal() as (portal, recorder):
        with pytest.raises(B24Error) as caught:
            await portal.batch({"a": v2("profile"), "b": command}, format=format)
    assert caught.value.fault.code == "B24MCP_VERSION"
    assert recorder.sent == []
