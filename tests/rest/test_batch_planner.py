"""Random batches against a portal that behaves as PHP does: the outcome is that of running the commands one by one.

The model below runs each command alone, in order, with the values of its references written in, and knows nothing of
requests. No write may reach the portal with anything else than the model wrote.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from b24_mcp.rest import Failed, NotRun, Outcome, Succeeded
from tests.fake_portal import FakePortal, PortalError, listed, open_portal

WRITE, READ = "crm.contact.update", "crm.contact.get"
RECORD = {"ID": "19", "NAME": "Ann", "NONE": None, "EMPTY": "", "OFF": False, "TAGS": ["a", "b"]}
RESULTS: list[Any] = [17, "18", RECORD, True, False, None, "", [], {}, [3], [{"ID": "20"}], "about 21"]
PATHS = ["", "[ID]", "[id]", "[NAME]", "[NONE]", "[EMPTY]", "[OFF]", "[TAGS]", "[TAGS][1]", "[0]", "[0][ID]"]
MISSING = object()

Commands = dict[str, dict[str, Any]]


@st.composite
def plans(draw: st.DrawFn) -> Commands:
    """Up to 130 commands. Some fail, some cannot be written as a query string, many refer to earlier ones."""
    size = draw(st.integers(1, 25) | st.sampled_from([50, 51, 100, 130]))
    failing = draw(st.sampled_from([0, 20, 5]))
    alone = draw(st.sampled_from([0, 30, 7]))
    seeds = draw(st.lists(st.integers(0, 2**40 - 1), min_size=size, max_size=size))
    commands: Commands = {}
    for index, seed in enumerate(seeds):
        fields: dict[str, Any] = {"tag": f"c{index}", "result": seed % len(RESULTS)}
        params: dict[str, Any] = {"id": 5, "fields": fields}
        if failing and seed % failing == 1:
            fields["fail"] = 1
        if alone and seed % alone == 3:
            fields["nothing"] = None
        if index and seed & 1 << 20:
            earlier = f"c{(seed >> 8) % min(index, 6) + max(0, index - 6)}"
            reference = f"$result[{earlier}]{PATHS[(seed >> 24) % len(PATHS)]}"
            if seed & 1 << 21:
                params["id"] = reference
            else:
                fields["COMMENTS"] = f"of {reference} here" if seed & 1 << 22 else reference
        commands[f"c{index}"] = {"method": READ if seed & 1 << 23 else WRITE, "params": params}
    return commands


@dataclass
class Model:
    """The commands run one by one. `ran` are the parameters of those that write, `results` what succeeded."""

    commands: Commands
    halt: bool
    ran: list[Any] = field(default_factory=list)
    results: dict[str, Any] = field(default_factory=dict)
    halted: bool = False

    def run(self) -> Model:
        for name, command in self.commands.items():
            params = command["params"]
            fields = dict(params["fields"])
            id_ = self.value(params["id"])
            comment = self.value(fields.get("COMMENTS"))
            fits = is_id(id_) and (comment is None) == ("COMMENTS" not in fields) and is_comment(comment, command)
            if not self.halted and fits:
                if comment is not None:
                    fields["COMMENTS"] = comment
                if command["method"] == WRITE:
                    self.ran.append(as_php({"id": id_, "fields": fields}))
                if "fail" not in fields:
                    self.results[name] = RESULTS[fields["result"]]
                    continue
            self.halted = self.halted or self.halt
        return self

    def value(self, text: Any) -> Any:
        if not isinstance(text, str) or "$" not in text:
            return text
        token = next(word for word in text.split(" ") if "$" in word)
        name, *path = token.removeprefix("$result[").removesuffix("]").split("][")
        place = self.results.get(name, MISSING)
        for part in path:
            if isinstance(place, dict) and part in place:
                place = place[part]
            elif isinstance(place, list) and part == "0" and place:
                place = place[0]
            elif isinstance(place, list) and part == "1" and len(place) > 1:
                place = place[1]
            else:
                place = MISSING
        if token == text or place is MISSING:
            return place
        return MISSING if place is None or isinstance(place, bool | list | dict) else text.replace(token, str(place))


def is_id(value: Any) -> bool:
    """Whether a value is the id of a contact, written as it may be."""
    return (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, str) and value.isdecimal())


def is_comment(value: Any, command: dict[str, Any]) -> bool:
    """Whether a value may stand in a documented field of one text."""
    if value is MISSING or value in ([], {}):
        return False
    return command["method"] == READ or not isinstance(value, list | dict)


def as_php(value: Any) -> Any:
    """A value with every number as text, as a query string has it; the same for what came as JSON."""
    if isinstance(value, Mapping):
        return {name: as_php(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [as_php(inner) for inner in value]
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


@given(plans(), st.booleans())
@settings(max_examples=150, deadline=None)
async def test_a_batch_does_what_its_commands_do_one_by_one(commands: Commands, halt: bool) -> None:
    written: list[Any] = []
    seen: list[str] = []

    def run(params: Any) -> Any:
        seen.append(params["fields"]["tag"])
        if "fail" in params["fields"]:
            raise PortalError("ERROR_ARGUMENT", "as planned")
        return RESULTS[int(params["fields"]["result"])]

    def write(params: Any) -> Any:
        written.append(as_php(params))
        return run(params)

    fake = FakePortal(methods={READ: run, WRITE: write})
    async with open_portal(fake) as portal:
        answer = await portal.batch(commands, halt=halt)
    expected = Model(commands, halt).run()

    # What was written is what the model writes, in its order; no reference ever reached a write.
    assert written == [listed(one) for one in expected.ran]
    assert list(answer.outcomes) == list(commands)
    assert len(seen) == len(set(seen)), "something ran twice"
    assert answer.error is None
    assert answer.requests == len(fake.requests)
    assert all(len(request.json["cmd"]) <= 50 for request in fake.requests if request.method == "batch")
    for name, outcome in answer.outcomes.items():
        check(name, outcome, expected, seen, halt)


def check(name: str, outcome: Outcome, expected: Model, seen: list[str], halt: bool) -> None:
    """One outcome is what the model says; after a halt, what only read beside it may have been answered already."""
    match outcome:
        case Succeeded(answer=answered):
            if name in expected.results:
                assert answered.result == listed(expected.results[name])
            else:
                assert halt
                assert expected.commands[name]["method"] == READ
        case Failed(error=error):
            assert name not in expected.results
            assert error.fault.code in ("ERROR_ARGUMENT", "B24MCP_NO_VALUE")
            assert error.fault.code != "B24MCP_NO_VALUE" or expected.commands[name]["method"] == READ
        case NotRun(reason=reason):
            assert name not in expected.results
            assert name not in seen
            assert reason


@given(st.lists(st.sampled_from([WRITE, READ]), min_size=1, max_size=130))
async def test_commands_that_do_not_depend_on_each_other_go_fifty_a_request(methods: list[str]) -> None:
    fake = FakePortal(methods={READ: lambda _: {"ID": "5"}, WRITE: lambda _: True})
    commands = {f"c{index}": {"method": method, "params": {"id": 5}} for index, method in enumerate(methods)}
    async with open_portal(fake) as portal:
        answer = await portal.batch(commands)
    assert len(fake.requests) == answer.requests == -(-len(methods) // 50)
