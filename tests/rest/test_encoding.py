"""The query string of a batch command: PHP parses exactly the intended values, or it is not written."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from b24_mcp.rest.wire.params import NotExpressibleError, query_string
from tests.fake_portal import FakePortal, listed, noting, open_portal, parse_query

_SPECIAL = "&#%[]+ =\n\r\t;?/\\'\".,:$\0<>üЯ中😀\u2028\u00a0"
_TEXT = st.text(st.characters(codec="utf-8"), max_size=12) | st.text(st.sampled_from(_SPECIAL), max_size=8)
_NAME = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
_ANY_NAME = (
    _NAME | _TEXT | st.sampled_from([">ID", "!=x", "n0", "0", "1", "07", "-5", "a.b", "a b", "a[b", "PROPERTY_1"])
)
_WHOLE = st.integers(-(2**63) + 1, 2**63 - 1)
_PRICE = st.integers(-(10**11), 10**11).map(lambda cents: cents / 100)
_SCALAR = _TEXT | _WHOLE | _PRICE
_ODD_NUMBER = st.booleans() | st.floats(allow_nan=False, allow_infinity=False)


def _tree(leaves: st.SearchStrategy[Any], names: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, min_size=1, max_size=4) | st.dictionaries(names, inner, min_size=1, max_size=4),
        max_leaves=12,
    )


# Everything that JSON can express, and the part that a query string can certainly express.
ANYTHING = st.dictionaries(
    _ANY_NAME,
    _tree(_SCALAR | _ODD_NUMBER | st.none() | st.just([]) | st.just({}), _ANY_NAME),
    max_size=4,
)
SAYABLE = st.dictionaries(
    _NAME, _tree(_SCALAR, _NAME | st.sampled_from([">ID", "!=x", "07", "a.b", "a b"])), max_size=4
)


def as_text(value: Any) -> Any:
    """The value with every scalar as the text PHP makes of it."""
    if isinstance(value, dict):
        return {name: as_text(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [as_text(inner) for inner in value]
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def unsayable(value: Any, top: bool = True) -> bool:
    """Null, a boolean, an empty list or map, a number PHP writes in another way, a name PHP alters: at the top
    brackets, dots, spaces; inside a `]`; a NUL.
    """
    if isinstance(value, list):
        return not value or any(unsayable(inner, False) for inner in value)
    if isinstance(value, dict):
        altered = r"|.*[\0\[\]. ].*" if top else r"[ \t\n\r\v\f]?|.*[\0\]].*"
        return (not value and not top) or any(
            re.fullmatch(altered, name, re.DOTALL) or unsayable(inner, False) for name, inner in value.items()
        )
    return value is None or isinstance(value, bool) or (isinstance(value, float) and not _written_alike(value))


def _written_alike(value: float) -> bool:
    """Whether PHP, with its 14 digits, makes the same text of a number."""
    shortest = repr(value).removesuffix(".0")
    return f"{value:.14g}" == shortest and shortest != "-0"


@given(SAYABLE)
def test_a_query_string_is_parsed_to_the_same_value(params: dict[str, Any]) -> None:
    assert parse_query(query_string(params)) == listed(as_text(params))


@given(ANYTHING)
def test_a_value_is_parsed_unchanged_or_refused_for_a_reason(params: dict[str, Any]) -> None:
    try:
        query = query_string(params)
    except NotExpressibleError:
        assert unsayable(params)
    else:
        assert parse_query(query) == listed(as_text(params))


@given(ANYTHING)
def test_a_query_string_holds_no_character_that_ends_it(params: dict[str, Any]) -> None:
    """`#` would cut the command, and white space or a raw bracket in a value would be read as structure."""
    try:
        query = query_string(params)
    except NotExpressibleError:
        return
    assert re.fullmatch(r"[A-Za-z0-9_.~\-%=&\[\]]*", query)


@given(st.lists(_tree(_SCALAR, _NAME), min_size=1, max_size=5))
def test_positional_arguments_keep_their_order(params: list[Any]) -> None:
    assert parse_query(query_string(params)) == listed(as_text(params))


@pytest.mark.parametrize("name", ["", "a.b", "a b", " a", "a[b", "a[b]", "[a]", "a\0b"])
def test_a_top_level_name_that_php_would_alter_is_not_written(name: str) -> None:
    with pytest.raises(NotExpressibleError):
        query_string({name: "x"})


@pytest.mark.parametrize("name", ["", "a]", "]", "a\0b", " ", "\n", "\t"])
def test_a_nested_name_that_php_would_alter_is_not_written(name: str) -> None:
    with pytest.raises(NotExpressibleError):
        query_string({"fields": {name: "x"}})


@pytest.mark.parametrize("nothing", [None, [], {}, False, True, 1e22, 1e-7, 0.1234567890123456, -0.0])
def test_a_value_that_would_be_lost_is_not_written_at_any_depth(nothing: Any) -> None:
    for params in ({"a": nothing}, {"a": [nothing]}, {"a": {"b": [1, {"c": nothing}]}}, {"a": 1, "b": nothing}):
        with pytest.raises(NotExpressibleError):
            query_string(params)


@given(SAYABLE.filter(bool))
@settings(deadline=None)
async def test_a_command_of_a_batch_arrives_unchanged(params: dict[str, Any]) -> None:
    """From the JSON body and the text of the command to PHP. References (`$`) and names that the portal reads as
    credentials are left out."""
    fields = _without_dollars(params)
    seen: list[Any] = []
    fake = FakePortal(methods={"crm.deal.add": noting(seen, 1)})
    async with open_portal(fake) as portal:
        await portal.batch({"a": {"method": "crm.deal.add", "params": {"fields": fields}}})
    assert seen == [listed(as_text({"fields": fields}))]


def _without_dollars(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_dollars(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_without_dollars(inner) for inner in value]
    return value.replace("$", "") if isinstance(value, str) else value
