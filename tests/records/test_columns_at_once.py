"""Values that are converted together are stored as if they were converted one after another."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from b24_mcp.records.columns import Column, Kind

_TEXTS = st.one_of(
    st.text(max_size=5),
    st.sampled_from(["", "0", "-7", "007", "12.50", "1e5", "Y", "2026-01-02", "2026-01-02T03:04:05Z"]),
)
_VALUES = st.one_of(
    st.none(),
    _TEXTS,
    st.integers(),
    st.booleans(),
    st.floats(),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
)


@given(st.sampled_from(get_args(Kind)), st.one_of(st.lists(_TEXTS | st.none()), st.lists(_VALUES)))
def test_values_of_a_column_are_stored_alike_together_and_one_by_one(kind: Kind, values: list[object]) -> None:
    together = Column("F", "F", kind)
    alone = replace(together)
    stored = together.store_all(values)
    expected = []
    for value in values:
        alone.watch(value)
        expected.append(alone.store(value))
    assert list(map(repr, stored)) == list(map(repr, expected))
    assert together == alone
