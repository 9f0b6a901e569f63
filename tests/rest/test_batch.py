"""Batches: every command has an outcome, in as few requests as possible, in whatever form the portal answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from b24_mcp.errors import B24Error
from b24_mcp.rest import BatchAnswer, Failed, Format, NotRun, Succeeded
from tests.fake_portal import FakePortal, Page, PortalError, Reply, noting, open_portal


def _refuse(_: Any) -> Any:
    raise PortalError("", "Not found")


METHODS: Mapping[str, Any] = {
    "echo": lambda params: params,
    "one": lambda _: 1,
    "fail": _refuse,
    "crm.deal.list": lambda params: Page([{"ID": "1"}], total=120, next=50),
}


def results(answer: BatchAnswer) -> dict[str, Any]:
    """The outcome of each command: its result, the code of its error, or the reason why it was not run."""
    shown: dict[str, Any] = {}
    for name, outcome in answer.outcomes.items():
        match outcome:
            case Succeeded():
                shown[name] = outcome.answer.result
            case Failed():
                shown[name] = ("failed", outcome.error.fault.code)
            case NotRun():
                shown[name] = ("not run", outcome.reason)
    return shown


async def run(
    fake: FakePortal, commands: dict[str, Any], *, halt: bool = False, format: Format = "json"
) -> BatchAnswer:
    async with open_portal(fake) as portal:
        return await portal.batch(commands, halt=halt, format=format)


def _batch(body: dict[str, Any]) -> Reply:
    return Reply({"result": body})


async def test_a_batch_is_one_request_with_the_commands_in_their_order() -> None:
    fake = FakePortal(methods=METHODS)
    answer = await run(fake, {"z": {"method": "one"}, "a": {"method": "echo", "params": {"x": [1, 2]}}})
    assert results(answer) == {"z": 1, "a": {"x": ["1", "2"]}}
    assert list(answer.outcomes) == ["z", "a"]
    assert answer.requests == 1
    assert [request.method for request in fake.requests] == ["batch"]
    assert list(fake.requests[0].json["cmd"]) == ["z", "a"]
    assert fake.requests[0].json["halt"] in (0, False)


async def test_halt_is_sent_in_a_form_that_php_reads_as_true() -> None:
    fake = FakePortal(methods=METHODS)
    await run(fake, {"a": {"method": "one"}}, halt=True)
    assert fake.requests[0].json["halt"] in (1, True)


async def test_a_list_method_in_a_batch_keeps_total_next_and_time() -> None:
    answer = await run(FakePortal(methods=METHODS), {"a": {"method": "crm.deal.list"}})
    outcome = answer.outcomes["a"]
    assert isinstance(outcome, Succeeded)
    assert (outcome.answer.result, outcome.answer.total, outcome.answer.next) == ([{"ID": "1"}], 120, 50)
    assert outcome.answer.method == "crm.deal.list"
    assert outcome.answer.time is not None
    assert outcome.answer.time.operating == 0.28


FORMS: dict[str, tuple[list[str], Any, dict[str, Any]]] = {
    "objects": (
        ["a", "b"],
        {
            "result": {"a": 1},
            "result_error": {"b": {"error": "X", "error_description": "no"}},
            "result_total": {"a": 9},
        },
        {"a": 1, "b": ("failed", "X")},
    ),
    "lists": (
        ["0", "1"],
        {"result": [1, 2], "result_error": [], "result_total": [], "result_next": []},
        {"0": 1, "1": 2},
    ),
    "result a list, errors an object": (
        ["0", "1"],
        {"result": [1], "result_error": {"1": {"error": "X", "error_description": "no"}}},
        {"0": 1, "1": ("failed", "X")},
    ),
    "result an object, errors a list": (
        ["0", "1"],
        {"result": {"1": 5}, "result_error": [{"error": "X", "error_description": "no"}]},
        {"0": ("failed", "X"), "1": 5},
    ),
    "all failed": (
        ["a"],
        {"result": [], "result_error": {"a": {"error": "", "error_description": "Not found"}}},
        {"a": ("failed", "")},
    ),
    "scope missing, with empty text": (
        ["a"],
        {"result": [], "result_error": {"a": {"error": "insufficient_scope", "error_description": ""}}},
        {"a": ("failed", "insufficient_scope")},
    ),
    "false, null and empty results": (
        ["a", "b", "c", "d"],
        {"result": {"a": False, "b": None, "c": [], "d": 0}, "result_error": []},
        {"a": False, "b": None, "c": [], "d": 0},
    ),
    "maps missing": (["a"], {"result": {"a": 1}}, {"a": 1}),
}


@pytest.mark.parametrize(("names", "body", "expected"), FORMS.values(), ids=FORMS.keys())
async def test_result_maps_are_read_in_every_form(names: list[str], body: Any, expected: Any) -> None:
    answer = await run(FakePortal([_batch(body)]), {name: {"method": "one"} for name in names})
    assert results(answer) == expected
    assert answer.error is None


@pytest.mark.parametrize("body", [[], {"result": []}, {"result": {"b": 1}, "result_error": []}])
async def test_a_command_the_answer_does_not_mention_may_have_run(body: Any) -> None:
    answer = await run(FakePortal([_batch(body)]), {"a": {"method": "one"}})
    outcome = answer.outcomes["a"]
    assert isinstance(outcome, Failed)
    assert outcome.error.fault.executed == "unknown"


@pytest.mark.parametrize("body", [5, "text", True, {"result": 5}, {"result": {}, "result_error": "no"}])
async def test_an_answer_that_is_not_of_a_batch_leaves_every_command_unknown(body: Any) -> None:
    answer = await run(FakePortal([Reply({"result": body})]), {"a": {"method": "one"}, "b": {"method": "one"}})
    assert answer.error is not None
    for outcome in answer.outcomes.values():
        assert isinstance(outcome, Failed)
        assert outcome.error.fault.executed == "unknown"


async def test_halt_stops_after_the_first_failure_and_says_so() -> None:
    fake = FakePortal(methods=METHODS)
    answer = await run(fake, {"a": {"method": "one"}, "b": {"method": "fail"}, "c": {"method": "one"}}, halt=True)
    assert results(answer) == {"a": 1, "b": ("failed", ""), "c": ("not run", "halted after b")}


async def test_without_halt_the_rest_runs() -> None:
    fake = FakePortal(methods=METHODS)
    answer = await run(fake, {"a": {"method": "fail"}, "b": {"method": "one"}})
    assert results(answer) == {"a": ("failed", ""), "b": 1}


async def test_halt_applies_to_later_requests() -> None:
    fake = FakePortal(methods=METHODS)
    commands = {f"c{index}": {"method": "fail" if index == 10 else "one"} for index in range(120)}
    answer = await run(fake, commands, halt=True)
    assert len(fake.requests) == answer.requests == 1
    assert [name for name, outcome in answer.outcomes.items() if isinstance(outcome, Succeeded)] == [
        f"c{index}" for index in range(10)
    ]
    assert sum(isinstance(outcome, NotRun) for outcome in answer.outcomes.values()) == 109


async def test_120_commands_are_three_requests() -> None:
    fake = FakePortal(methods=METHODS)
    commands = {f"c{index}": {"method": "echo", "params": {"n": index}} for index in range(120)}
    answer = await run(fake, commands)
    assert [len(request.json["cmd"]) for request in fake.requests] == [50, 50, 20]
    assert answer.requests == 3
    assert results(answer) == {f"c{index}": {"n": str(index)} for index in range(120)}


def _split(first: dict[str, Any], last: dict[str, Any]) -> dict[str, Any]:
    """Two commands with a whole request between them."""
    return {"first": first, **{f"c{index}": {"method": "one"} for index in range(49)}, "last": last}


@pytest.mark.parametrize(
    ("value", "reference", "arrives"),
    [
        (11, "$result[first]", "11"),
        ({"item": {"id": 17}}, "$result[first][item][id]", "17"),
        ([{"ID": "5"}], "$result[first][0][ID]", "5"),
        ("A & B #1 50%", "about $result[first] now", "about A & B #1 50% now"),
        (True, "$result[first]", True),
        (0, "$result[first]", "0"),
    ],
)
async def test_a_reference_across_requests_has_the_value(value: Any, reference: str, arrives: Any) -> None:
    seen: list[Any] = []
    fake = FakePortal(methods={**METHODS, "give": lambda _: value, "take": noting(seen, 1)})
    answer = await run(fake, _split({"method": "give"}, {"method": "take", "params": {"v": reference}}))
    assert seen == [{"v": arrives}]
    assert answer.requests == 2
    assert results(answer)["last"] == 1


@pytest.mark.parametrize(("method", "requests"), [("crm.contact.get", 3), ("crm.contact.add", 120)])
async def test_a_chain_of_reads_shares_requests_and_a_chain_of_writes_waits_for_each_value(
    method: str, requests: int
) -> None:
    fake = FakePortal(methods={method: lambda params: int(params["n"]) + 1})
    commands: dict[str, Any] = {"c0": {"method": method, "params": {"n": 0}}}
    for index in range(1, 120):
        commands[f"c{index}"] = {"method": method, "params": {"n": f"$result[c{index - 1}]"}}
    answer = await run(fake, commands)
    assert results(answer) == {f"c{index}": index + 1 for index in range(120)}
    assert answer.requests == requests


@pytest.mark.parametrize("reference", ["$result[first]", "about $result[first][ID] here", "$next[first]"])
async def test_a_command_that_refers_to_a_failed_one_of_an_earlier_request_is_not_run(reference: str) -> None:
    ran: list[Any] = []
    fake = FakePortal(methods={**METHODS, "take": lambda params: ran.append(params)})
    answer = await run(fake, _split({"method": "fail"}, {"method": "take", "params": {"v": reference}}))
    outcome = answer.outcomes["last"]
    assert isinstance(outcome, NotRun)
    assert "first" in outcome.reason
    assert ran == []


async def test_a_command_that_refers_to_one_that_was_not_run_is_not_run() -> None:
    fake = FakePortal(methods=METHODS)
    commands = _split({"method": "fail"}, {"method": "echo", "params": {"v": "$result[first][ID]"}})
    answer = await run(fake, {**commands, "after": {"method": "echo", "params": {"v": "$result[last]"}}})
    outcome = answer.outcomes["after"]
    assert isinstance(outcome, NotRun)
    assert "last" in outcome.reason
    assert len(fake.requests) == 1


async def test_a_boolean_that_xml_wrote_as_text_is_not_used_as_an_id() -> None:
    seen: list[Any] = []
    fake = FakePortal(methods={"crm.contact.update": noting(seen, True)})
    commands: dict[str, Any] = {
        "a": {"method": "crm.contact.update", "params": {"id": 5}},
        "b": {"method": "crm.contact.update", "params": {"id": "$result[a]"}},
    }
    answer = await run(fake, commands, format="xml")
    assert seen == [{"id": "5"}]
    assert answer.outcomes["b"] == NotRun("$result[a] is true, where an id (id) is expected")


@pytest.mark.parametrize("value", [None, "", " ", [], {}, [5], {"ID": 5}, True, False, "5 apples"])
async def test_a_value_that_is_not_an_id_never_replaces_one(value: Any) -> None:
    seen: list[Any] = []
    fake = FakePortal(methods={"give": lambda _: {"X": value}, "crm.contact.delete": noting(seen, True)})
    command = {"method": "crm.contact.delete", "params": {"id": "$result[first][X]"}}
    for commands in ({"first": {"method": "give"}, "last": command}, _split({"method": "give"}, command)):
        answer = await run(fake, commands)
        assert isinstance(answer.outcomes["last"], NotRun)
    assert seen == []


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("crm.contact.company.items.set", {"id": 5, "items": "$result[first]"}),
        ("crm.contact.update", {"id": 5, "fields": {"UF_CRM_LIST": "$result[first]"}}),
        ("task.item.add", ["$result[first]"]),
    ],
)
async def test_a_list_is_accepted_where_a_list_is_documented(method: str, params: Any) -> None:
    seen: list[Any] = []
    fake = FakePortal(methods={"give": lambda _: [{"COMPANY_ID": 3}], method: noting(seen, True)})
    answer = await run(fake, {"first": {"method": "give"}, "last": {"method": method, "params": params}})
    assert isinstance(answer.outcomes["last"], Succeeded)
    assert len(seen) == 1


async def test_a_path_that_leads_to_nothing_across_a_split_is_not_run() -> None:
    fake = FakePortal(methods=METHODS)
    answer = await run(fake, _split({"method": "one"}, {"method": "echo", "params": {"v": "$result[first][ID]"}}))
    assert isinstance(answer.outcomes["last"], NotRun)


async def test_the_result_of_a_read_is_left_out_if_it_refers_to_a_failed_command() -> None:
    """The portal runs the command with something else in the place of the value, and answers with another record."""
    fake = FakePortal(methods={**METHODS, "crm.contact.get": lambda _: {"ID": "1"}})
    commands = {"a": {"method": "fail"}, "b": {"method": "crm.contact.get", "params": {"id": "$result[a][ID]"}}}
    answer = await run(fake, commands)
    outcome = answer.outcomes["b"]
    assert isinstance(outcome, Failed)
    assert (outcome.error.fault.code, outcome.error.fault.executed) == ("B24MCP_NO_VALUE", "yes")
    assert "a, which failed" in outcome.error.fault.message


@pytest.mark.parametrize("reference", ["$time[a][duration]", "$time[a][date_start]"])
@pytest.mark.parametrize("method", ["echo", "crm.contact.get"])
async def test_a_reference_to_the_time_of_a_command_has_a_value(method: str, reference: str) -> None:
    fake = FakePortal(methods={**METHODS, "crm.contact.get": METHODS["echo"]})
    answer = await run(fake, {"a": {"method": "one"}, "b": {"method": method, "params": {"v": reference}}})
    assert results(answer)["b"]["v"] in ("0.3", 0.3, "2026-03-01T10:00:00+03:00")


@pytest.mark.parametrize("value", [None, False, True, 1e22, [], {}, [None], {"a": {"b": []}}])
async def test_a_value_that_a_query_cannot_express_is_sent_as_a_single_call_at_its_place(value: Any) -> None:
    seen: list[Any] = []
    fake = FakePortal(methods={**METHODS, "take": noting(seen, 5)})
    answer = await run(
        fake,
        {
            "a": {"method": "echo", "params": {"n": 7}},
            "b": {"method": "take", "params": {"v": value, "from": "$result[a][n]", "n": 3}},
            "c": {"method": "echo", "params": {"v": "$result[b]"}},
        },
    )
    assert [request.method for request in fake.requests] == ["batch", "take", "batch"]
    assert seen == [{"v": value, "from": "7", "n": 3}]
    assert results(answer) == {"a": {"n": "7"}, "b": 5, "c": {"v": "5"}}
    assert answer.requests == 3


async def test_halt_applies_to_a_command_sent_as_a_single_call() -> None:
    fake = FakePortal(methods=METHODS)
    answer = await run(fake, {"a": {"method": "fail", "params": {"v": None}}, "b": {"method": "one"}}, halt=True)
    assert results(answer) == {"a": ("failed", ""), "b": ("not run", "halted after a")}
    assert len(fake.requests) == 1


@pytest.mark.parametrize("format", ["json", "xml"])
@pytest.mark.parametrize(
    "names",
    [["0", "1", "2"], ["5", "7", "9"], ["сделка", "контакт", "中"], ["a.b", "a-b", "a:b"], ["item", "x", "Item"]],
)
async def test_every_name_a_command_may_have_comes_back(names: list[str], format: Format) -> None:
    fake = FakePortal(methods=METHODS)
    commands: dict[str, Any] = {name: {"method": "echo", "params": {"n": index}} for index, name in enumerate(names)}
    commands[names[2]] = {"method": "echo", "params": {"n": f"$result[{names[0]}][n]"}}
    answer = await run(fake, commands, format=format)
    assert results(answer) == {names[0]: {"n": "0"}, names[1]: {"n": "1"}, names[2]: {"n": "0"}}


@pytest.mark.parametrize("name", ["item", "1", "result", "xml"])
async def test_the_only_command_of_an_xml_batch_comes_back_under_its_name(name: str) -> None:
    fake = FakePortal(methods=METHODS)
    answer = await run(fake, {name: {"method": "one"}}, format="xml")
    assert results(answer) == {name: "1"}


async def test_labels_for_names_that_cannot_be_written_never_collide() -> None:
    fake = FakePortal(methods=METHODS)
    names = ["command_1", "я", "command_1_", "ю", "command_3", "command_0"]
    answer = await run(fake, {name: {"method": "echo", "params": {"n": name}} for name in names})
    assert results(answer) == {name: {"n": name} for name in names}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("$result[c1]", "$result[first]"),
        ("$result[c1]", "see $result[first] here"),
        ({"deep": ["x $next[c1] y"]}, "$result[first]"),
        # Only together with the text around it does the value look like a reference.
        ("result[c1]", "$$result[first]"),
        ("ult[c1]", "$res$result[first]"),
    ],
)
async def test_a_value_from_the_portal_is_never_read_as_a_reference(value: Any, text: str) -> None:
    seen: list[Any] = []
    fake = FakePortal(methods={**METHODS, "give": lambda _: value, "crm.deal.add": noting(seen, 1)})
    await run(fake, _split({"method": "give"}, {"method": "crm.deal.add", "params": {"fields": text}}))
    expected = value if text == "$result[first]" else text.replace("$result[first]", value)
    assert seen == [{"fields": expected}]


async def test_a_value_from_the_portal_that_is_nested_too_deep_for_php_is_not_cut() -> None:
    value: Any = "deep"
    for _ in range(66):
        value = {"a": value}
    seen: list[Any] = []
    fake = FakePortal(methods={**METHODS, "give": lambda _: value, "take": lambda params: seen.append(params)})
    await run(fake, _split({"method": "give"}, {"method": "take", "params": {"v": "$result[first]"}}))
    assert seen in ([], [{"v": value}])


async def test_a_request_that_fails_as_a_whole_stops_the_rest_and_is_not_repeated() -> None:
    lost = Reply("<html>504</html>", 504, "text/html")
    done = {"result": {f"c{index}": 1 for index in range(50)}, "result_error": []}
    fake = FakePortal([_batch(done), lost])
    answer = await run(fake, {f"c{index}": {"method": "one"} for index in range(120)})
    assert len(fake.requests) == answer.requests == 2
    outcomes = list(answer.outcomes.values())
    assert all(isinstance(outcome, Succeeded) for outcome in outcomes[:50])
    for outcome in outcomes[50:100]:
        assert isinstance(outcome, Failed)
        assert outcome.error.fault.executed == "unknown"
    assert all(isinstance(outcome, NotRun) for outcome in outcomes[100:])
    assert answer.error is not None
    assert answer.error.fault.status == 504


async def test_the_commands_of_a_request_that_was_not_executed_are_not_run() -> None:
    fake = FakePortal([Reply({"error": "QUERY_LIMIT_EXCEEDED", "error_description": "Too many requests"}, 503)])
    answer = await run(fake, {"a": {"method": "one"}, "b": {"method": "one"}})
    assert all(isinstance(outcome, NotRun) for outcome in answer.outcomes.values())
    assert isinstance(answer.error, B24Error)
    assert answer.error.fault.retryable
    assert len(fake.requests) == 1


async def test_a_batch_in_xml_ends_in_the_same_form() -> None:
    fake = FakePortal(methods={**METHODS, "crm.lead.list": lambda _: []})
    commands = {
        "a": {"method": "crm.deal.list"},
        "b": {"method": "fail"},
        "c": {"method": "echo", "params": {"t": "<&> $result[a][0][ID] "}},
        "d": {"method": "crm.lead.list"},
    }
    answer = await run(fake, commands, format="xml")
    assert fake.requests[0].method == "batch.xml"
    assert results(answer) == {"a": [{"ID": "1"}], "b": ("failed", ""), "c": {"t": "<&> 1 "}, "d": []}
    first = answer.outcomes["a"]
    assert isinstance(first, Succeeded)
    assert (first.answer.total, first.answer.next) == (120, 50)
    assert answer.warnings
