"""Types of columns: from the metadata or the values, without the loss of a value."""

from __future__ import annotations

import json
import sqlite3
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from b24_mcp.records.columns import SQL_TYPES, Column, Kind, kind_of

KINDS: list[Kind] = ["integer", "number", "boolean", "date", "datetime", "json", "text"]


def through_sqlite(kind: Kind, value: Any) -> tuple[Any, int]:
    """Write a value into a column and read it back. Return it and the number of misfits."""
    column = Column("F", "F", kind)
    db = sqlite3.connect(":memory:")
    db.execute(f"CREATE TABLE t (F {SQL_TYPES[kind]})")
    db.execute("INSERT INTO t VALUES (?)", (column.store(value),))
    (read,) = db.execute("SELECT F FROM t").fetchone()
    db.close()
    return read, column.misfits


@pytest.mark.parametrize(
    ("kind", "value", "stored"),
    [
        ("integer", "5", 5),
        ("integer", "-12", -12),
        ("integer", 7, 7),
        ("integer", "9223372036854775807", 9223372036854775807),
        ("integer", "", None),
        ("integer", None, None),
        ("number", "8533800.00", 8533800.0),
        ("number", 3, 3.0),
        ("number", "0.10", 0.1),
        ("boolean", "Y", 1),
        ("boolean", "N", 0),
        ("boolean", True, 1),
        ("boolean", "0", 0),
        ("date", "2025-09-30T03:00:00+03:00", "2025-09-30"),
        ("date", "2025-09-30T00:00:00+03:00", "2025-09-30"),
        ("date", "2025-09-30", "2025-09-30"),
        ("datetime", "2025-09-30T08:36:05+03:00", "2025-09-30T08:36:05+03:00"),
        ("json", "", None),
        ("text", "", ""),
        ("text", 5, "5"),
        ("text", False, "false"),
        ("text", [{"VALUE": "+7"}], '[{"VALUE":"+7"}]'),
        ("json", {"а": [1, None]}, '{"а":[1,null]}'),
    ],
)
def test_a_value_that_fits_is_written_as_its_type(kind: Kind, value: Any, stored: Any) -> None:
    assert through_sqlite(kind, value) == (stored, 0)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("integer", "007"),
        ("integer", "+79161234567"),
        ("integer", "1e3"),
        ("integer", " 5"),
        ("integer", "12 шт"),
        ("integer", "92233720368547758070"),
        ("integer", "²"),
        ("number", "00.5"),
        ("number", "12345678901234567890.12"),
        ("number", "100|RUB"),
        ("number", 2**60),
        ("boolean", "maybe"),
        ("date", "01.02.2025"),
        ("date", "2025-09-30T10:30:00+03:00"),
        ("datetime", "24.08.2023 13:19:39"),
    ],
)
def test_a_value_that_does_not_fit_is_kept_unchanged_and_counted(kind: Kind, value: Any) -> None:
    read, misfits = through_sqlite(kind, value)
    assert (read.decode() if isinstance(read, bytes) else str(read)) == str(value)
    assert misfits == 1


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(
        st.characters(codec="utf-8", exclude_characters="\0")
    ) | st.from_regex(r"[+-]?0*\d{1,25}(\.\d{1,20})?(e\d)?", fullmatch=True) | st.dates().map(str)
    | st.datetimes().map(lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%S+03:00")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


@given(st.sampled_from(KINDS), json_values)
@example("integer", 5.537145626816375e16)
@example("number", 1.7976931348623157e308)
def test_no_value_is_lost_to_a_type(kind: Kind, value: Any) -> None:
    read, _ = through_sqlite(kind, value)
    text = read.decode() if isinstance(read, bytes) else read
    if value is None or (value == "" and kind != "text"):
        assert text is None
    elif isinstance(value, dict | list):
        assert json.loads(text) == value
    elif isinstance(value, bool):
        assert text in (int(value), json.dumps(value))
    elif isinstance(value, int | float):
        assert Decimal(str(text)) == Decimal(str(value))
    elif kind == "boolean" and value in ("Y", "N", "1", "0"):
        assert text == int(value in ("Y", "1"))
    elif isinstance(text, int | float):
        assert Decimal(repr(text)) == Decimal(value)
        assert kind != "integer" or str(text) == value
    elif kind == "date" and "T" in value:
        assert text == value or (value.startswith(text) and value[10:] in ("T00:00:00+03:00", "T03:00:00+03:00"))
    else:
        assert text == value


@pytest.mark.parametrize(
    ("values", "documented", "kind"),
    [
        (["5", "6"], "integer", "integer"),
        (["5", "06"], "integer", "text"),
        ([None, ""], "integer", "integer"),
        ([None, ""], None, None),
        (["5", "6"], None, "text"),
        ([5, 6], None, "integer"),
        ([5, 6.5], None, "number"),
        ([True, None], None, "boolean"),
        ([True, "x"], None, "text"),
        ([True, 5], None, "text"),
        (["2025-09-30", ""], None, "date"),
        (["2025-09-30T08:36:05+03:00", "2025-09-30 08:36:05"], None, "datetime"),
        (["24.08.2023 13:19:39"], None, "text"),
        (["24.08.2023 13:19:39"], "datetime", "text"),
        ([[], "x"], None, "json"),
        ([[{"V": 1}]], "json", "json"),
        (["+79161234567"], None, "text"),
    ],
)
def test_a_documented_type_is_used_if_the_values_fit_it(
    values: list[Any], documented: Kind | None, kind: Kind | None
) -> None:
    assert kind_of(values, documented) == kind


def test_the_field_that_identifies_a_row_is_a_number_where_it_always_is() -> None:
    assert kind_of(["1", "20"], None, is_key=True) == "integer"
    assert kind_of(["1", "b"], None, is_key=True) == "text"
