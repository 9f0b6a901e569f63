"""The gate alone: the calls that a permit allows, and the rules."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24_mcp.access import AccessRules, Caller, Gate, calling, digest_of_call
from b24_mcp.errors import B24Error
from b24_mcp.rest import Portal, PortalOptions, WireCall, parse_webhook, plan_batch
from tests.fake_portal import WEBHOOK, FakePortal

RULES = AccessRules()
DELETE = "crm.deal.delete"


def guarded(app: Any, gate: Gate) -> Portal:
    return Portal(parse_webhook(WEBHOOK), PortalOptions(plan="none", deadline=5), guard=gate, app=app)


def deleting(portal: dict[str, Any]) -> FakePortal:
    """A portal whose methods record what arrives."""
    return FakePortal(methods={DELETE: lambda params: portal.setdefault(str(params["id"]), True), **READING})


READING: dict[str, Any] = {
    "crm.deal.list": lambda params: [{"ID": "17"}],
    "server.time": lambda params: "2026-01-01",
}


async def test_a_permit_allows_its_own_call_and_no_other() -> None:
    gone: dict[str, Any] = {}
    gate = Gate("acme", RULES)
    portal = guarded(deleting(gone), gate)
    permit = gate.permit(gate.judge([WireCall(DELETE, "v2", {"id": 5})]))
    others: list[tuple[str, dict[str, Any], object]] = [
        (DELETE, {"id": 6}, permit),
        (DELETE, {"id": "5"}, permit),
        (DELETE, {"id": 5, "more": 1}, permit),
        ("crm.lead.delete", {"id": 5}, permit),
        (DELETE, {"id": 5}, None),
        (DELETE, {"id": 5}, Gate("other", RULES).permit(gate.judge([WireCall(DELETE, "v2", {"id": 5})]))),
        (DELETE, {"id": 5}, Gate("acme", RULES, name="second").permit(gate.judge([WireCall(DELETE, "v2", {"id": 5})]))),
        (DELETE, {"id": 5}, "yes"),
    ]
    for method, params, given_permit in others:
        with pytest.raises(B24Error) as caught:
            await portal.call(method, params, permit=given_permit)
        assert caught.value.fault.code == "B24MCP_APPROVAL"
    assert gone == {}
    await portal.call(DELETE, {"id": 5}, permit=permit)
    assert gone == {"5": True}


async def test_a_permit_is_valid_for_all_requests_of_a_batch() -> None:
    gone: dict[str, Any] = {}
    commands: dict[str, Any] = {"first": {"method": "crm.deal.list"}}
    commands |= {f"t{number}": {"method": "server.time"} for number in range(60)}
    commands["by_reference"] = {"method": DELETE, "params": {"id": "$result[first][0][ID]"}}
    commands["plain"] = {"method": DELETE, "params": {"id": 5}}
    commands["alone"] = {"method": DELETE, "params": {"id": 6, "x": None}}
    gate = Gate("acme", RULES)
    permit = gate.permit(gate.judge(plan_batch(commands).commands))
    answer = await guarded(deleting(gone), gate).batch(commands, permit=permit)
    assert answer.error is None
    assert sorted(gone) == ["17", "5", "6"]


async def test_a_batch_with_one_command_without_a_permit_is_not_sent() -> None:
    app = deleting({})
    commands = {f"t{number}": {"method": "server.time"} for number in range(60)}
    with pytest.raises(B24Error) as caught:
        await guarded(app, Gate("acme", RULES)).batch(commands | {"x": {"method": DELETE, "params": {"id": 1}}})
    assert caught.value.fault.code == "B24MCP_APPROVAL"
    assert app.requests == []


def test_a_permit_excuses_a_batch_from_a_second_judgement_only_where_the_first_allowed_it() -> None:
    commands = {f"c{number}": {"method": "crm.deal.update", "params": {"id": number}} for number in range(5)}
    batch = plan_batch(commands).commands
    strict = Gate("acme", AccessRules(approval_writes=3))
    with pytest.raises(B24Error) as caught:
        strict.review(batch, strict.permit(strict.judge(batch), approved=False))
    assert caught.value.fault.code == "B24MCP_APPROVAL"


def test_no_approval_permits_a_call_that_is_refused() -> None:
    gate = Gate("acme", AccessRules(deny=("crm.deal.delete",)))
    with pytest.raises(B24Error) as caught:
        gate.permit(gate.judge([WireCall("profile", "v2", {}), WireCall(DELETE, "v2", {"id": 5})]))
    assert caught.value.fault.code == "B24MCP_POLICY"


async def test_arguments_changed_while_a_call_waits_are_not_sent() -> None:
    gone: dict[str, Any] = {}
    params = {"id": 5}

    class Meanwhile(Gate):
        def admit(self, acts: Any, permit: object | None) -> Any:
            passage = super().admit(acts, permit)
            params["id"] = 6
            return passage

    gate = Meanwhile("acme", AccessRules(level="full"))
    await guarded(deleting(gone), gate).call(DELETE, params)
    assert gone == {"5": True}


async def test_a_method_is_judged_in_the_generation_it_is_called_in() -> None:
    gate = Gate("acme", AccessRules(level="read"))
    assert gate.judge([WireCall("tasks.task.list", "v2", {})]).rulings[0].effect == "read"
    assert gate.judge([WireCall("crm.deal.list", "v3", {})]).rulings[0].effect == "destructive", "there is none in v3"
    assert gate.judge([WireCall("Tasks.Task.List", "v2", {})]).rulings[0].effect == "destructive", "not as documented"


def test_a_caller_can_only_have_less_than_the_settings_allow() -> None:
    gate = Gate("acme", AccessRules(level="write"))
    act = WireCall("crm.deal.add", "v2", {})
    with calling(Caller("ann", level="read")):
        assert gate.judge([act]).rulings[0].need == "refused"
    with calling(Caller("ann", level="full")):
        assert gate.judge([WireCall(DELETE, "v2", {})]).rulings[0].need == "approval"
    assert gate.judge([act]).rulings[0].need == "nothing"


@pytest.mark.parametrize("glob", ["crm deal", "crm.[a-z]*", "crm/deal", "*;*", ""])
def test_a_glob_with_characters_that_names_cannot_have_is_refused(glob: str) -> None:
    with pytest.raises(ValueError, match="B24_DENY"):
        AccessRules(deny=(glob,))


_NAMES = st.from_regex(r"[a-z]{1,4}(\.[a-zA-Z0-9_]{1,4}){0,3}", fullmatch=True)
_RULES = st.builds(
    AccessRules,
    level=st.sampled_from(["read", "write", "full"]),
    allow=st.lists(st.sampled_from(["crm.*", "*", "a*", "?.b"]), max_size=2).map(tuple),
    deny=st.lists(st.sampled_from(["*.delete", "CRM.*", "*"]), max_size=2).map(tuple),
    approval=st.sampled_from(["ask", "off"]),
    approval_writes=st.integers(0, 3),
)


@given(st.lists(_NAMES | st.sampled_from(["crm.deal.add", DELETE, "crm.deal.get"]), max_size=6), _RULES)
def test_a_narrower_rule_never_lets_more_through(names: list[str], rules: AccessRules) -> None:
    acts = [WireCall(name, "v2", {}) for name in names]
    rank = {"nothing": 0, "approval": 1, "refused": 2}
    wide = Gate("acme", rules).judge(acts).rulings
    narrow = Gate("acme", rules.narrowed_to("read")).judge(acts).rulings
    for ruling, narrowed in zip(wide, narrow, strict=True):
        assert ruling.need == "approval" or rank[narrowed.need] >= rank[ruling.need]
        assert narrowed.need == "refused" or narrowed.effect == "read"


@given(st.lists(st.tuples(_NAMES, st.dictionaries(_NAMES, st.integers(0, 3), max_size=3)), min_size=1, max_size=3))
def test_only_the_very_same_call_is_recognised_again(calls: list[tuple[str, dict[str, int]]]) -> None:
    acts = [WireCall(name, "v2", params, str(number)) for number, (name, params) in enumerate(calls)]
    own = digest_of_call("ann", "acme", acts, False)
    assert own == digest_of_call("ann", "acme", [WireCall(a.method, a.version, a.params, a.name) for a in acts], False)
    first = acts[0]
    changed = [
        WireCall(first.method + "x", first.version, first.params, first.name),
        WireCall(first.method, "v3", first.params, first.name),
        WireCall(first.method, first.version, {"other": 1, "than": 2, "it": 3, "was": 4}, first.name),
    ]
    others = [digest_of_call("ann", "acme", [one, *acts[1:]], False) for one in changed]
    others += [digest_of_call("bob", "acme", acts, False), digest_of_call("ann", "other", acts, False)]
    others += [digest_of_call("ann", "acme", acts, True), digest_of_call("ann", "acme", [*acts, first], False)]
    assert own not in others
