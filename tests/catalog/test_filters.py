"""Filters of the two versions of the API, translated into each other."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24_mcp.catalog.filters import UntranslatableError, as_v2, as_v3, is_v3_filter

NAMES = ["ID", "TITLE", "RESPONSIBLE_ID", "CREATED_DATE"]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ({"ID": 5}, [["id", "=", 5]]),
        ({"=ID": "5"}, [["id", "=", 5]]),
        ({"!TITLE": "x"}, [["title", "!=", "x"]]),
        ({">=CREATED_DATE": "2026-01-01"}, [["createdDate", ">=", "2026-01-01"]]),
        ({"ID": [1, 2]}, [["id", "in", [1, 2]]]),
        ({"><ID": [1, 9]}, [["id", "between", [1, 9]]]),
        ({"!@ID": [1]}, [{"logic": "and", "negative": True, "conditions": [["id", "in", [1]]]}]),
        ({"stageId": "NEW"}, [["stageId", "=", "NEW"]]),
        ({"UF_CRM_1": "x"}, [["UF_CRM_1", "=", "x"]]),
        (
            {"0": {"logic": "OR", "0": {"ID": 1}, "1": {"ID": 2}}},
            [
                {
                    "logic": "or",
                    "conditions": [
                        {"logic": "and", "conditions": [["id", "=", 1]]},
                        {"logic": "and", "conditions": [["id", "=", 2]]},
                    ],
                }
            ],
        ),
    ],
)
def test_a_v2_filter_becomes_conditions(older: dict[str, Any], newer: list[Any]) -> None:
    assert as_v3(older) == newer


@pytest.mark.parametrize("key", ["%TITLE", "=%TITLE", "?TITLE", "%=TITLE", "!%TITLE", "!><ID", "~ID", ""])
def test_a_search_pattern_has_no_counterpart(key: str) -> None:
    with pytest.raises(UntranslatableError):
        as_v3({key: "x"})


@pytest.mark.parametrize(
    ("newer", "older"),
    [
        ([["id", 5]], {"ID": 5}),
        ([["isFavorite"]], {"IS_FAVORITE": "Y"}),
        ([["responsibleId", "in", [1, 2]]], {"@RESPONSIBLE_ID": [1, 2]}),
        ([["id", "between", [1, 9]]], {">=ID": 1, "<=ID": 9}),
        (
            [{"logic": "or", "conditions": [["id", 1], ["title", "x"]]}],
            {"0": {"logic": "OR", "0": {"ID": 1}, "1": {"TITLE": "x"}}},
        ),
    ],
)
def test_conditions_become_a_v2_filter_in_the_spelling_of_the_documented_fields(
    newer: list[Any], older: dict[str, Any]
) -> None:
    assert as_v2(newer, NAMES) == older


@given(
    st.dictionaries(
        st.tuples(st.sampled_from(["=", "!=", ">", ">=", "<", "<="]), st.sampled_from(NAMES)),
        st.integers() | st.text(max_size=5),
        min_size=1,
    )
)
def test_comparisons_survive_a_round_trip(filter: dict[tuple[str, str], Any]) -> None:
    older = {
        f"{operator.removeprefix('=') if operator == '=' else operator}{name}": v
        for (operator, name), v in filter.items()
    }
    back = as_v2(as_v3(older), NAMES)
    assert {key: str(value) for key, value in back.items()} == {
        key: str(int(value)) if key.endswith("ID") and str(value).isascii() and str(value).isdecimal() else str(value)
        for key, value in older.items()
    }


@given(st.dictionaries(st.text(max_size=6), json_values, max_size=3))
def test_any_v2_filter_is_translated_or_has_no_counterpart(filter: dict[str, Any]) -> None:
    try:
        rewritten = as_v3(filter)
    except UntranslatableError:
        return
    assert len(rewritten) == len(filter)
    assert is_v3_filter(rewritten) is bool(filter)


@given(st.lists(json_values, max_size=3))
def test_any_v3_filter_is_translated_or_has_no_counterpart(filter: list[Any]) -> None:
    with suppress(UntranslatableError):
        assert isinstance(as_v2(filter, NAMES), dict)
