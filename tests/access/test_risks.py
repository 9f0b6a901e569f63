"""The risks of a call, in whatever form its arguments are written."""

from __future__ import annotations

import json
from typing import Any, cast
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24_mcp.access import AccessRules, Gate
from b24_mcp.access.arguments import Arguments, folded, may_equal
from b24_mcp.catalog import RISK_KINDS, Version, known_methods
from b24_mcp.config.settings import RISK_KINDS as IN_SETTINGS
from b24_mcp.errors import B24Error
from b24_mcp.rest import Portal, PortalOptions, WireCall, parse_webhook, written_as_query
from tests.access.calls import ORDINARY, RISKY, Call, read_calls
from tests.fake_portal import WEBHOOK, FakePortal

DISGUISED = read_calls("disguised_calls.jsonl")
GATE = Gate("acme", AccessRules())


def need(method: str, params: Any) -> str:
    return GATE.judge([WireCall(method, "v2", params)]).rulings[0].need


def sources() -> list[tuple[str, str, str]]:
    """Methods with a conditional risk only, one of its parameters, and a value that carries the risk."""
    found = []
    for name in known_methods().names:
        risks = known_methods().risks(name, "v2")
        if risks and all(risk.when for risk in risks) and known_methods().effect(name, "v2") == "write":
            conditions = [condition for risk in risks for condition in risk.when]
            found += [(name, one.name, one.values[0] if one.values else "x") for one in conditions]
    return found


CONDITIONAL = sources()


def test_settings_and_catalogue_know_the_same_kinds() -> None:
    assert IN_SETTINGS == RISK_KINDS


@pytest.mark.parametrize("call", [*RISKY, *DISGUISED], ids=repr)
def test_a_risky_call_needs_approval_in_every_form(call: Call) -> None:
    assert need(call.method, call.params) == "approval"


@pytest.mark.parametrize("call", ORDINARY, ids=repr)
def test_an_ordinary_write_needs_no_approval(call: Call) -> None:
    assert need(call.method, call.params) == "nothing"


def test_every_method_that_always_carries_a_risk_needs_approval_and_says_why() -> None:
    always = [
        (name, version, risk)
        for name in known_methods().names
        for version in known_methods().versions(name)
        for risk in known_methods().risks(name, version)
        if not risk.when
    ]
    assert len(always) > 50
    for name, version, risk in always:
        ruling = GATE.judge([WireCall(name, cast("Version", version), {})]).rulings[0]
        assert ruling.need == "approval", name
        assert risk.why in ruling.why or "more reasons" in ruling.why


# --- Disguises ----------------------------------------------------------------------------------------------------

_CASES = st.sampled_from([str.upper, str.lower, str.capitalize, str.swapcase])
_AROUND = st.sampled_from(["", " ", "_", "-", "\t", "~", "\u200b"])


@st.composite
def _names(draw: st.DrawFn, name: str) -> str:
    """A name as a portal might accept it."""
    written = draw(_CASES)(name)
    if draw(st.booleans()):
        written = draw(st.sampled_from(["ar", "AR", "Ar", "ar_"])) + written
    if draw(st.booleans()):
        written = written.replace("_", draw(st.sampled_from(["", "-", ".", " "])))
    return draw(_AROUND) + written + draw(_AROUND)


@st.composite
def _values(draw: st.DrawFn, value: str) -> Any:
    """A value that PHP, or a later replacement, may read as this one."""
    forms: list[Any] = [
        value,
        f" {value}",
        [value],
        {"VALUE": value},
        "$result[a][b]",
        {"$ref": "a.b"},
        f"$next[{value}]",
    ]
    forms += [value.lower(), value.upper()]
    if value.isdecimal():
        number = int(value)
        forms += [
            number,
            float(number),
            number + 0.4,
            f"{value}.0",
            f"+{value}",
            f"0{value}",
            f"{value} pieces",
            hex(number),
        ]
        forms += [f"{number * 10}e-1", str(2**64 + number)]
    if value in ("Y", "1"):
        forms += [True, "true", "on", 1]
    if value in ("N", "0"):
        forms += [False, None, "", 0]
    return draw(st.sampled_from(forms))


_HARMLESS = st.dictionaries(
    st.sampled_from(["TITLE", "select", "0", "x y", "a[b]"]), st.none() | st.integers() | st.just("text"), max_size=3
)


@st.composite
def _disguised(draw: st.DrawFn) -> tuple[str, Any]:
    """A method, and arguments that hold its risky parameter at any depth, in any form."""
    method, name, value = draw(st.sampled_from(CONDITIONAL))
    key, held = draw(_names(name)), draw(_values(value))
    shape = draw(st.sampled_from(["plain", "brackets", "pair", "named pair", "json text"]))
    params: Any = {key: held}
    if shape == "brackets":
        params = {f"fields[{key}]": held}
    elif shape == "pair":
        params = {"fields": [[key, held]]}
    elif shape == "named pair":
        params = {"fields": [{draw(st.sampled_from(["name", "NAME", "key", "field"])): key, "value": held}]}
    elif shape == "json text":
        params = {"fields": json.dumps({key: held})}
    for outer in draw(st.lists(st.sampled_from(["fields", "FIELDS", "arFields", "0", "data"]), max_size=4)):
        beside = {name: value for name, value in draw(_HARMLESS).items() if name != outer}
        params = {**beside, outer: params}
        if draw(st.booleans()):
            params = {"list": [5, params]}
    if draw(st.booleans()):
        params = [1, params]
    return method, params


@given(_disguised())
def test_no_disguise_of_a_risky_parameter_avoids_approval(case: tuple[str, Any]) -> None:
    method, params = case
    assert need(method, params) == "approval"


def _as_query(params: Any, prefix: str = "") -> list[str]:
    """The arguments as a query string, escaped as little as a portal accepts."""
    if isinstance(params, dict | list):
        items = params.items() if isinstance(params, dict) else enumerate(params)
        pairs = [
            _as_query(value, f"{prefix}[{quote(str(name))}]" if prefix else quote(str(name))) for name, value in items
        ]
        return [pair for inner in pairs for pair in inner]
    if params is None or isinstance(params, bool):
        params = "1" if params else "0"
    return [f"{prefix}={quote(str(params))}"]


@given(_disguised())
def test_no_disguise_in_the_query_string_of_a_command_avoids_approval(case: tuple[str, Any]) -> None:
    method, params = case
    assert need(method, "&".join(_as_query(params))) == "approval"


@pytest.mark.parametrize(
    "query",
    [
        "fields[TYPE_ID]=4",
        "fields%5BTYPE_ID%5D=4",
        "fields%5Btype%5Fid%5D=%204",
        "fields[TYPE_ID]=2&fields[TYPE_ID]=4",
        "x=1;fields[TYPE_ID]=4",
        "+fields[TYPE_ID]=+4",
        "fields[TYPE_ID%00x]=2",
        "fields[TYPE_ID][]=2",
        "fields[TYPE_ID]=$result[a][b]",
        "fields=$result[a]",
        "fields[$result[a]]=4",
        "TYPE_ID=4",
    ],
)
def test_a_query_string_is_read_as_php_reads_it(query: str) -> None:
    assert need("crm.activity.add", query) == "approval"


@pytest.mark.parametrize(
    "query", ["fields[TYPE_ID]=2&fields[SUBJECT]=4", "fields%5BTYPE_ID%5D=2", "", "fields[TYPE_ID]=14"]
)
def test_a_query_string_of_an_ordinary_call_needs_no_approval(query: str) -> None:
    assert need("crm.activity.add", query) == "nothing"


@given(
    st.integers(-50, 50).filter(lambda number: number != -4), st.sampled_from(["{}", " {}", "{}.0", "{}abc", "{}e0"])
)
def test_another_number_is_not_read_as_the_risky_one(number: int, form: str) -> None:
    assert may_equal(form.format(number), "4") is (number == 4)
    assert may_equal(number, "4") is (number == 4)


_NAMES_IN_USE = st.sampled_from(["TYPE_ID", "fields", "SUBJECT", "name", "0", "1", "EMAIL", "ACTIVE", "x.y", "a b"])
_PARAMS = st.recursive(
    st.booleans()
    | st.integers(0, 5)
    | st.sampled_from(["4", "2", "EMAIL", "TYPE_ID", '{"TYPE_ID": 4}', "", "x;TYPE_ID=4"]),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3) | st.dictionaries(_NAMES_IN_USE, inner, min_size=1, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(_NAMES_IN_USE, _PARAMS, max_size=4), st.sampled_from(["crm.activity.add", "user.update"]))
def test_a_command_that_needed_no_approval_is_not_refused_in_the_finished_request(params: Any, method: str) -> None:
    query = written_as_query(params)
    if query is not None and need(method, params) == "nothing":
        assert need(method, query) == "nothing"


def test_arguments_by_position_count_under_their_names() -> None:
    found = Arguments.find([7, {"TITLE": "x"}], {"taskid", "userid"}, ["taskid", "fields", "userid"])
    assert found.has("taskid")
    assert not found.has("userid")
    assert Arguments.find({"a": 7, "b": {}, "c": 9}, {"userid"}, ["taskid", "fields", "userid"]).may_be("userid", ["9"])


def test_deep_and_wide_arguments_are_searched_without_recursion_and_each_part_once() -> None:
    nested: Any = ["EMAIL", "x"]
    for _ in range(5_000):
        nested = ["a", nested]
    assert Arguments.find({"fields": nested}, {"email"}).has("email")
    assert Arguments.find({"fields": "[" * 200_000}, {"email"}).any_name, "too deep to be read, so anything"


@given(st.text(), st.text(max_size=5))
def test_any_text_can_be_compared(text: str, wanted: str) -> None:
    assert may_equal(text, text)
    assert isinstance(may_equal(text, wanted), bool)
    assert folded(folded(text)) == folded(text)


# --- The finished request -----------------------------------------------------------------------------------------


async def test_a_value_that_is_risky_only_in_the_finished_request_is_refused() -> None:
    app = FakePortal(methods={"profile": lambda params: {"ID": "4"}, "crm.activity.add": lambda params: 1})
    portal = Portal(parse_webhook(WEBHOOK), PortalOptions(plan="none", deadline=5), guard=GATE, app=app)
    with pytest.raises(B24Error) as caught:
        await portal.call("crm.activity.add", {"fields": {"TYPE_ID": 4}})
    assert caught.value.fault.code == "B24MCP_APPROVAL"
    assert "leave the portal" in caught.value.fault.message
    with pytest.raises(B24Error):
        await portal.batch({"a": {"method": "crm.activity.add", "params": {"fields": {"TYPE_ID": 4}}}})
    assert app.requests == []
    await portal.batch({"a": {"method": "crm.activity.add", "params": {"fields": {"TYPE_ID": 2}}}})
    assert len(app.requests) == 1


def test_rules_ask_about_the_chosen_kinds_only_and_know_no_other() -> None:
    pay = WireCall("crm.item.payment.pay", "v2", {"id": 1})
    assert Gate("acme", AccessRules(risks=("money",))).judge([pay]).rulings[0].need == "approval"
    assert Gate("acme", AccessRules(risks=())).judge([pay]).rulings[0].need == "nothing"
    assert Gate("acme", AccessRules(approval="off")).judge([pay]).rulings[0].need == "nothing"
    assert Gate("acme", AccessRules(level="read")).judge([pay]).rulings[0].need == "refused"
    with pytest.raises(ValueError, match="B24_RISKS"):
        AccessRules(risks=("monye",))  # type: ignore[arg-type]  # what a configuration might hold
