"""What is judged is what runs: every known way round the gate, compared with the sandbox's log of executed methods."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from b24_mcp.access import AccessRules, Gate
from b24_mcp.catalog import known_methods
from b24_mcp.errors import B24Error
from b24_mcp.rest import MethodCall, Portal, PortalOptions, parse_webhook
from b24_sandbox import Sandbox


class WatchedGate:
    """The gate, and every call it allowed."""

    def __init__(self, rules: AccessRules) -> None:
        self.gate = Gate("sandbox", rules)
        self.admitted: list[MethodCall] = []

    def review(self, calls: Sequence[MethodCall], permit: object | None) -> None:
        self.gate.review(calls, permit)

    def admit(self, calls: Sequence[MethodCall], permit: object | None) -> Any:
        hook = self.gate.admit(calls, permit)
        self.admitted += calls
        return hook


class Watched:
    """A sandbox whose log of executions is compared with what the gate admitted."""

    def __init__(self, sandbox: Sandbox, runner: asyncio.Runner) -> None:
        self.sandbox, self.runner = sandbox, runner
        self.refusals: list[str] = []

    @property
    def log(self) -> Any:
        return self.sandbox.portal.executions

    def run(self, rules: AccessRules, *, method: str = "", params: Any = None, commands: Any = None) -> WatchedGate:
        """Make a call or a batch, which may be refused."""
        guard = WatchedGate(rules)
        self.log.entries.clear()

        async def send() -> None:
            webhook = parse_webhook(self.sandbox.webhook_url("https://sandbox.invalid"))
            portal = Portal(webhook, PortalOptions(plan="none"), guard=guard, app=self.sandbox)
            try:
                if commands is None:
                    await portal.call(method, params)
                else:
                    await portal.batch(commands)
            except B24Error as exc:
                self.refusals.append(exc.fault.kind)
            finally:
                await portal.aclose()

        self.runner.run(send())
        return guard

    @property
    def ran(self) -> list[str]:
        """The methods that ran, of both generations, without the batches around them."""
        return [entry.method for entry in self.log.entries if entry.method.lower() != "batch"]


@pytest.fixture(scope="module")
def watched() -> Iterator[Watched]:
    sandbox = Sandbox(empty=True, control=True)
    with asyncio.Runner() as runner:
        yield Watched(sandbox, runner)
    sandbox.close()


READ, FULL = AccessRules(level="read"), AccessRules(level="full")

NAMES = [
    "crm.deal.add.json",
    "crm.deal.add.xml",
    "crm.deal.list.json",
    "crm.deal.list?method=crm.deal.add",
    "crm.deal.list#crm.deal.add",
    "crm.deal.list&cmd[x]=crm.deal.add",
    "crm.deal.list/../crm.deal.add",
    "../1/code/crm.deal.add",
    "crm.deal.list/crm.deal.add",
    "crm.deal.list\\crm.deal.add",
    "crm%2Edeal%2Eadd",
    "crm.deal.add%20",
    "%63rm.deal.add",
    " crm.deal.add",
    "crm.deal.add ",
    "crm.deal.add\n",
    "crm.deal\t.add",
    "crm.deal.add\0",
    "crm.deal.add\u200b",
    "crm.deal.\u00adadd",
    "сrm.deal.add",  # the first letter is Cyrillic
    "crm.dеal.add",  # so is this e
    "crm.deal.ａdd",  # a full-width letter
    "crm．deal．add",
    "crm.deal.adD",
    "CRM.DEAL.ADD",
    "crm..deal.add",
    ".crm.deal.add",
    "crm.deal.add.",
    "batch",
    "BATCH",
    "Batch",
    "batch.json",
    "batch?cmd[x]=crm.deal.add",
    "@crm.deal.add",
    "http://127.0.0.1/rest/crm.deal.add",
    "crm.deal.list crm.deal.add",
    "crm.deal.list;crm.deal.add",
    "crm.deal.list|crm.deal.add",
    "",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_disguised_name_runs_nothing_that_writes(watched: Watched, name: str) -> None:
    params = {"fields": {"TITLE": "smuggled"}, "cmd": {"x": "crm.deal.add?fields[TITLE]=smuggled"}}
    watched.run(READ, method=name, params=params)
    watched.run(READ, commands={"a": {"method": name, "params": params}})
    assert watched.ran == []
    watched.run(AccessRules(deny=("crm.deal.*", "batch")), method=name, params=params)
    assert watched.ran == []
    watched.run(AccessRules(deny=("crm.deal.*", "batch")), commands={"a": {"method": name, "params": params}})
    assert watched.ran == []


PIECES = [
    "crm.deal.add",
    "x&cmd[y]=crm.deal.add?fields[TITLE]=x",
    "x]=1&cmd[y",
    "x?crm.deal.add",
    "x#",
    "x[y]",
    "][",
    "a=b&c=d",
    "%26cmd%5By%5D=crm.deal.add",
    "x\0y",
    "cmd",
    "halt",
    "method",
    "METHOD",
    "query",
    "as",
    "parallel",
    "start",
    "auth_connector",
]


@pytest.mark.parametrize("piece", PIECES)
def test_a_command_inside_a_name_a_key_or_a_value_is_not_executed(watched: Watched, piece: str) -> None:
    lists = "crm.deal.list"
    in_filter: list[Any] = [{piece: 1}, piece, {"ID": piece}]
    for params in ({piece: 1}, {"select": [piece]}, *({"filter": one} for one in in_filter)):
        watched.run(READ, method=lists, params=params)
        assert set(watched.ran) <= {lists}
        watched.run(READ, commands={"a": {"method": lists, "params": params}, "b": {"method": "profile"}})
        assert set(watched.ran) <= {lists, "profile"}
    watched.run(READ, commands={piece: {"method": "profile"}})
    assert set(watched.ran) <= {"profile"}


WHO_CALLS = ["auth", "access_token", "aplogin", "ap", "token", "sessid", "state"]


@pytest.mark.parametrize("name", WHO_CALLS)
def test_a_parameter_that_would_change_the_caller_is_refused(watched: Watched, name: str) -> None:
    guard = watched.run(FULL, method="profile", params={name: "4"})
    assert guard.admitted == []
    guard = watched.run(FULL, commands={"a": {"method": "profile", "params": {name: "4"}}})
    assert guard.admitted == []
    v3 = {"method": "tasks.task.get", "params": {"id": 1, name: "4"}, "version": "v3"}
    assert watched.run(FULL, commands={"a": v3, "b": v3}).admitted == []
    assert watched.ran == []


POPPING = ["event.offline.get", "im.v2.Event.get", "imbot.v2.Event.get", "IM.V2.EVENT.GET", "Event.Offline.Get"]


@pytest.mark.parametrize("name", POPPING)
def test_a_method_that_deletes_what_it_returns_does_not_count_as_reading(watched: Watched, name: str) -> None:
    assert watched.run(READ, method=name).admitted == []
    assert watched.run(AccessRules(), method=name).admitted == [], "it needs approval"


def test_methods_that_do_more_than_their_verb_says_are_known() -> None:
    catalogue = known_methods()
    for name in ("disk.file.getExternalLink", "disk.storage.getForApp", "im.disk.folder.get", "entity.rights"):
        assert catalogue.effect(name) != "read"
    for name in ("lists.element.update", "crm.deal.productrows.set", "im.chat.leave", "catalog.price.modify"):
        assert catalogue.effect(name) == "destructive"


def test_a_letter_that_only_looks_like_one_of_a_documented_name_is_refused(watched: Watched) -> None:
    name = "tas\N{KELVIN SIGN}s.task.list"
    assert watched.run(FULL, method=name).admitted == []
    assert watched.run(FULL, commands={"a": {"method": name}}).admitted == []


def test_a_command_in_an_unknown_generation_is_refused(watched: Watched) -> None:
    commands = {"a": {"method": "crm.deal.list", "version": "V3"}}
    assert watched.run(FULL, commands=commands).admitted == []
    assert watched.refusals[-1] == "validation"


def test_a_name_in_another_letter_case_is_judged_and_sent_as_documented(watched: Watched) -> None:
    guard = watched.run(READ, commands={"a": {"method": "PROFILE"}, "b": {"method": "Server.Time"}})
    assert [act.method for act in guard.admitted] == ["profile", "server.time"]
    assert watched.ran == ["profile", "server.time"]


# --- Random calls ------------------------------------------------------------------------------------------------

_KNOWN = st.sampled_from(
    ["crm.deal.list", "crm.deal.add", "crm.deal.get", "profile", "tasks.task.list", "tasks.task.add", "user.current"]
)
_ODD = st.text(st.sampled_from("crmdeal.list?#&=[]$/%25\\ \t\n\0\u200bсе.ADbatchxjson{}\"'"), max_size=12)
_METHODS = st.one_of(
    _KNOWN,
    st.builds(lambda name, odd, before: odd + name if before else name + odd, _KNOWN, _ODD, st.booleans()),
    _KNOWN.map(str.swapcase),
    _ODD,
)
_TEXTS = st.one_of(_ODD, st.sampled_from(PIECES), st.sampled_from(["$result[a]", "$result[a][0]", "a $total[b] c"]))
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**6) | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=6,
)
_PARAMS = st.dictionaries(_TEXTS | st.sampled_from(["fields", "id", "filter"]), _VALUES, max_size=4)
_COMMANDS = st.dictionaries(
    _TEXTS | st.sampled_from(["a", "b", "0", "1"]),
    st.fixed_dictionaries(
        {
            "method": _METHODS,
            "params": _PARAMS | st.lists(_VALUES, max_size=3),
            "version": st.sampled_from(["v2", "v2", "v3"]),
        }
    ),
    min_size=1,
    max_size=5,
)
_FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def check(watched: Watched, guard: WatchedGate, rules: AccessRules) -> None:
    unjudged = Counter(map(str.lower, watched.ran)) - Counter(act.method.lower() for act in guard.admitted)
    assert not unjudged, "something ran that nobody judged"
    assert "internal" not in watched.refusals
    if rules.level == "read":
        assert all(known_methods().effect(method) == "read" for method in watched.ran)


@given(commands=_COMMANDS, rules=st.sampled_from([READ, FULL]))
@_FUZZ
def test_no_batch_runs_a_method_that_was_not_judged(watched: Watched, commands: Any, rules: AccessRules) -> None:
    check(watched, watched.run(rules, commands=commands), rules)


@given(method=_METHODS, params=_PARAMS, rules=st.sampled_from([READ, FULL]))
@_FUZZ
def test_no_call_runs_a_method_that_was_not_judged(
    watched: Watched, method: str, params: Any, rules: AccessRules
) -> None:
    guard = watched.run(rules, method=method, params=params)
    check(watched, guard, rules)
    assert len(watched.ran) <= 1
