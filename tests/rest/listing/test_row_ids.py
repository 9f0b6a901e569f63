"""The ids of a page, read all at once, are those that its rows have."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from b24_mcp.rest.listing.ranges import IdRange
from b24_mcp.rest.listing.rows import whole_number, whole_numbers

_IDS = st.one_of(
    st.integers(),
    st.integers().map(str),
    st.sampled_from(["", "-", "+5", "1_0", " 7", "٣", "²", "-8", "007", "1.0"]),
    st.none(),
    st.booleans(),
    st.floats(),
    st.lists(st.integers(), max_size=1),
)
_ROWS = st.one_of(
    st.lists(st.integers(0).map(lambda number: {"ID": str(number)})),
    st.lists(st.one_of(_IDS.map(lambda value: {"ID": value}), st.just({}), st.text(max_size=2), st.just(["ID"]))),
)


@given(_ROWS)
def test_ids_of_a_page_are_read_as_one_by_one(rows: list[object]) -> None:
    found = [whole_number(row.get("ID")) if isinstance(row, dict) else None for row in rows]
    assert whole_numbers(rows, "ID") == (None if None in found else found)


@given(st.lists(st.integers(0, 9), max_size=4), st.none() | st.integers(0, 9), st.booleans())
def test_a_page_is_accepted_if_its_ids_go_on_from_the_last_one(ids: list[int], after: int | None, down: bool) -> None:
    known = ids if after is None else [after, *ids]
    in_order = known == sorted(set(known), reverse=down)
    assert IdRange(after, None).accepts(ids, descending=down) == in_order
