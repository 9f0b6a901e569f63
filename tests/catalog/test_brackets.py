"""Names with brackets are nested as PHP nests a form."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24_mcp.catalog import ClashError, nest_brackets
from tests.fake_portal import listed, parse_query

_HEAD = st.sampled_from(["filter", "a", "a.b", " c", ">d"])
_TAIL = st.lists(st.sampled_from(["[]", "[x]", "[0]", "[1]", "[>ID]", "[ ]", "[[]", "]", "x", "["]), max_size=4)
_NAME = st.tuples(_HEAD, st.sampled_from(["[x]", "[]", "[y z]"]), _TAIL.map("".join)).map("".join)


@given(st.dictionaries(_NAME, st.sampled_from(["1", "2"]), min_size=1, max_size=3))
def test_forms_are_nested_as_in_php(form: dict[str, str]) -> None:
    try:
        nested = nest_brackets(form).params
    except ClashError:
        return  # in PHP the last one wins
    assert listed(nested) == parse_query("&".join(f"{quote(name)}={value}" for name, value in form.items()))


@pytest.mark.parametrize(
    ("params", "nested"),
    [
        ({"filter[>ID]": 5}, {"filter": {">ID": 5}}),
        ({"filter[>ID]": 5, "filter": {"OPENED": "Y"}}, {"filter": {"OPENED": "Y", ">ID": 5}}),
        ({"filter[>ID]": 5, "FILTER": {"OPENED": "Y"}}, {"FILTER": {"OPENED": "Y", ">ID": 5}}),
        ({"filter[>ID]": 5, "filter": []}, {"filter": {">ID": 5}}),
        ({"filter[>ID]": 5, "filter": {">ID": 5}}, {"filter": {">ID": 5}}),
        ({"select[]": "ID"}, {"select": ["ID"]}),
        ({"select[]": ["ID", "TITLE"]}, {"select": ["ID", "TITLE"]}),
        ({"select[]": "TITLE", "select": ["ID"]}, {"select": ["ID", "TITLE"]}),
        ({"select[0]": "ID", "select[1]": "TITLE"}, {"select": ["ID", "TITLE"]}),
        ({"fields[PHONE][0][VALUE]": "1"}, {"fields": {"PHONE": [{"VALUE": "1"}]}}),
        ({"fields": {"PHONE[0][VALUE]": "1", "TITLE": "x"}}, {"fields": {"PHONE": [{"VALUE": "1"}], "TITLE": "x"}}),
        ({"filter": {"ID[]": ["1", "2"]}}, {"filter": {"ID": ["1", "2"]}}),
        ({"filter[ID]": None, "id": 5}, {"filter": {"ID": None}, "id": 5}),
    ],
)
def test_names_with_brackets_are_nested(params: Any, nested: Any) -> None:
    assert nest_brackets(params).params == nested
    assert nest_brackets(params).changes


@pytest.mark.parametrize(
    "params",
    [{"filter[ID": 1}, {"[x]": 1}, {"data": {"a[href]": "x"}}, {"fields": {"TITLE": "a[b]"}}, {"filter": {">ID": 1}}],
)
def test_other_names_are_unchanged(params: Any) -> None:
    assert nest_brackets(params) == nest_brackets(nest_brackets(params).params)
    assert nest_brackets(params).params == params
    assert nest_brackets(params).changes == ()


@pytest.mark.parametrize(
    "params",
    [
        {"filter[ID]": 1, "filter": {"ID": 2}},
        {"filter[ID]": 1, "filter": "x"},
        {"filter[ID]": 1, "filter[ID][x]": 2},
        {"select[0]": "ID", "select": ["TITLE"]},
    ],
)
def test_different_values_for_one_place_are_refused(params: Any) -> None:
    with pytest.raises(ClashError, match="different values"):
        nest_brackets(params)
