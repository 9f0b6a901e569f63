"""What is drawn of the rows of a query: the kind of the chart, its labels, and what is left out."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import pytest

from b24_mcp.app.charts.draft import ChartKind, NoChartError
from b24_mcp.app.charts.drawing import draw
from b24_mcp.app.charts.numbers import shown_number
from b24_mcp.app.charts.shape import ChartShape, ChartWish, shape_of

Rows = list[list[Any]]


def shape(columns: str, rows: Rows, sql: str = "", kind: ChartKind | None = None, **wish: Any) -> ChartShape:
    sql = sql or f"SELECT {columns} FROM t"
    return shape_of(columns.split(", "), rows, sql, ChartWish(kind, **wish))


def value(drawn: ChartShape, label: str, series: int = 0) -> float:
    return sum(point.value for point in drawn.points if (point.label, point.series) == (label, series))


MONTHS = [["2026-03", 7], ["2026-01", 5], ["2026-02", 6]]
STAGES = [["Новая", 12], ["В работе", 7], ["Оплачено", 20]]


@pytest.mark.parametrize(
    ("columns", "rows", "sql", "kind"),
    [
        ("name, sum(x)", [["Anna", 3], ["Boris", -4]], "", "bar"),
        ("month, n", MONTHS, "", "line"),
        ("day, n", [["2026-11-01T00:00:00+03:00", 1], ["2026-11-02T00:00:00+03:00", 2]], "", "line"),
        ("year, n", [[2025, 1], [2026, 2]], "", "line"),
        ("год, n", [["2025", 1], ["2026", 2]], "", "line"),
        ("day, n", [["31.12.2025", 1], ["01.01.2026", 2]], "", "line"),
        ("week, n", [["2026-47", 1], ["2026-48", 2]], "", "line"),
        ("quarter, n", [["2026-Q1", 1], ["2026-Q2", 2]], "", "line"),
        ("day, n", [["2026-11-01", 1]], "", "bar"),
        ("stage, count(*)", STAGES, "", "pie"),
        ("stage, n", STAGES, "SELECT stage, sum(a) AS n FROM t GROUP BY 1", "pie"),
        ("stage, share %", [["a", 40.0], ["b", 60.0]], "SELECT stage, x FROM t", "pie"),
        # Few, but no parts of a whole: an average, the first of many, a sliver, a negative, two numbers.
        ("stage, n", STAGES, "SELECT stage, avg(a) AS n FROM t GROUP BY 1", "bar"),
        ("stage, n", STAGES, "SELECT stage, sum(a) AS n FROM t GROUP BY 1 ORDER BY 2 DESC LIMIT 3", "bar"),
        ("stage, count(*)", [["a", 1000], ["b", 1]], "", "bar"),
        ("stage, sum(x)", [["a", 5], ["b", -2]], "", "bar"),
        ("stage, count(*), sum(x)", [["a", 5, 6], ["b", 2, 3]], "", "bar"),
        ("stage, count(*)", [[str(n), 5] for n in range(7)], "", "bar"),
        ("stage, count(*)", [["a", 0], ["b", 0]], "", "bar"),
        ("ID, n", [[17, 5], [18, 6]], "", "bar"),
        ("count(*)", [[173]], "", "bar"),
    ],
)
def test_the_kind_comes_from_the_shape_of_the_rows(columns: str, rows: Rows, sql: str, kind: ChartKind) -> None:
    drawn = shape(columns, rows, sql)
    assert drawn.kind == kind
    assert drawn.why


def test_a_kind_that_was_asked_for_is_drawn_unless_it_would_be_wrong() -> None:
    assert shape("month, n", MONTHS, kind="bar").kind == "bar"
    assert shape("stage, count(*)", STAGES, kind="line").kind == "line"
    negative = shape("stage, n", [["a", 5], ["b", -2]], kind="pie")
    assert (negative.kind, negative.why) == ("bar", "bar instead of pie: some values are negative")


def test_times_are_drawn_in_their_order_and_names_from_the_largest_unless_the_statement_orders_them() -> None:
    assert shape("month, n", MONTHS).labels == ("2026-01", "2026-02", "2026-03")
    rows: Rows = [["a", 1], ["b", 3], ["c", 2]]
    assert shape("name, n", rows).labels == ("b", "c", "a")
    assert shape("name, n", rows, "SELECT name, n FROM t ORDER BY name").labels == ("a", "b", "c")


def test_an_id_beside_a_name_is_no_number_to_draw() -> None:
    drawn = shape("ID, TITLE, OPPORTUNITY", [[1, "Order", 5.0], [2, "Repair", 7.0]])
    assert (drawn.axis, drawn.series, drawn.notes) == ("TITLE", ("OPPORTUNITY",), ())


def test_a_second_name_divides_the_rows_into_series() -> None:
    rows: Rows = [["2026-01", "Anna", 1], ["2026-01", "Boris", 2], ["2026-02", "Anna", 3]]
    drawn = shape("month, person, n", rows)
    assert (drawn.kind, drawn.series) == ("line", ("Anna", "Boris"))
    assert (value(drawn, "2026-01", 1), value(drawn, "2026-02", 0)) == (2, 3)


def test_a_list_of_records_is_named_by_its_titles_and_says_what_is_not_drawn() -> None:
    rows: Rows = [
        ["Order", "NEW", "2026-01-05", 5],
        ["Repair", "WON", "2026-02-01", 7],
        ["Pump", "NEW", "2026-02-01", 1],
    ]
    drawn = shape("TITLE, STAGE_ID, BEGINDATE, OPPORTUNITY", rows)
    assert (drawn.kind, drawn.axis) == ("bar", "TITLE")
    assert drawn.notes == ("not drawn: STAGE_ID, BEGINDATE",)


def test_numbers_of_different_sizes_have_an_axis_each() -> None:
    drawn = shape("name, deals, roubles", [["a", 3, 1_000_000], ["b", 5, 20_000]])
    assert drawn.panels
    assert not shape("name, won, lost", [["a", 3, 7], ["b", 5, 4]]).panels


def test_of_many_rows_the_largest_are_drawn_and_the_others_added_up() -> None:
    rows: Rows = [[f"Client {n}", 200 - n] for n in range(30)]
    drawn = shape("client, n", rows, "SELECT client, count(*) AS n FROM t GROUP BY 1")
    assert len(drawn.labels) == 20
    assert (drawn.labels[0], drawn.labels[-1]) == ("Client 0", "others (11)")
    assert value(drawn, "others (11)") == sum(200 - n for n in range(19, 30))
    assert sum(point.value for point in drawn.points) == sum(row[1] for row in rows)
    assert drawn.notes == ("the 19 largest of 30 are drawn, the other 11 are added up as 'others (11)'",)
    assert drawn.rows == 30


@pytest.mark.parametrize("expression", ["avg(x)", "max(x)", "100.0 * sum(a) / count(*)", "round(avg(x), 2)"])
def test_averages_and_ratios_are_never_added_up(expression: str) -> None:
    rows: Rows = [[f"Client {n}", 100.0 - n] for n in range(30)]
    drawn = shape("client, n", rows, f"SELECT client, {expression} AS n FROM t GROUP BY 1")
    assert drawn.notes == ("the 19 largest of 30 are drawn, the other 11 are left out",)


def test_others_that_would_dwarf_every_bar_are_said_and_not_drawn() -> None:
    drawn = shape("client, n", [[f"Client {n}", 1_000] for n in range(200)])
    assert "the other 181 add up to 181000 and are not drawn" in drawn.notes[0]
    assert len(drawn.labels) == 19


def test_many_series_become_few() -> None:
    rows: Rows = [[month, f"Person {n}", n] for month in ("2026-01", "2026-02") for n in range(20)]
    drawn = shape("month, person, n", rows, "SELECT month, person, count(*) AS n FROM t GROUP BY 1, 2")
    assert (len(drawn.series), drawn.series[-1]) == (8, "others (13)")
    assert sum(point.value for point in drawn.points) == sum(row[2] for row in rows)


def test_rows_with_the_same_name_and_empty_names_and_numbers_are_kept_apart() -> None:
    drawn = shape("TITLE, n", [["Order", 1], ["Order", 2], [None, 3], ["Repair", None]])
    assert drawn.labels == ("(empty)", "Order (2)", "Order", "Repair")
    assert drawn.notes == ("1 empty values are not drawn",)


def test_rows_of_the_same_day_are_points_without_a_line() -> None:
    drawn = shape("day, n", [["2026-11-01", 1], ["2026-11-01", 9], ["2026-11-02", 2]])
    assert (drawn.kind, drawn.scattered, len(drawn.points)) == ("line", True, 3)


def test_words_of_the_chart_are_russian_for_a_russian() -> None:
    drawn = shape("менеджер, сумма", [[f"Клиент {n}", 10] for n in range(21)], language="ru")
    assert (drawn.title, drawn.subtitle) == ("сумма по «менеджер»", "19 самых крупных из 21")
    assert drawn.labels[-1] == "прочие (2)"


@pytest.mark.parametrize(
    ("columns", "rows", "said"),
    [
        ("a, b", [], "no rows"),
        ("TITLE, STAGE_ID", [["x", "NEW"]], "No column of TITLE, STAGE_ID has numbers"),
        ("name, n", [["x", None], ["y", None]], "has numbers"),
        ("n", [[float("inf")]], "nothing to draw"),
    ],
)
def test_what_cannot_be_drawn_is_explained(columns: str, rows: Rows, said: str) -> None:
    with pytest.raises(NoChartError, match=said):
        shape(columns, rows)


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (1234567.5, "1\u2009234\u2009568"),
        (-345678, "\u2212345\u2009678"),
        (0, "0"),
        (12.5, "12,5"),
        (33.333, "33,33"),
        (0.00123, "0,00123"),
        (999.999, "1\u2009000"),
    ],
)
def test_numbers_have_thin_spaces(number: float, shown: str) -> None:
    assert shown_number(number, ",") == shown


async def test_a_picture_has_cyrillic_labels_thin_spaces_and_nothing_from_elsewhere() -> None:
    long = "ООО «Ромашка» с очень длинным названием филиала <script>alert(1)</script> & Ко"
    wish = ChartWish(language="ru")
    drawn = shape_of(["клиент", "сумма, руб"], [["Анна", 1234567.5], [long, -345678]], "SELECT a, b FROM t", wish)
    svg = (await draw(drawn, "svg")).decode()
    texts = [text for text in ElementTree.fromstring(svg).itertext() if text.strip()]
    assert {"Анна", "1\u2009234\u2009568", "\u2212345\u2009678", "сумма, руб по «клиент»"} <= set(texts)
    assert any(text.startswith("ООО «Ромашка»") for text in texts)
    assert not re.search(r"<script|href|url\((?!#)|https?://(?!www\.w3\.org/)", svg)


@pytest.mark.parametrize(
    ("columns", "rows", "kind"),
    [
        ("stage, count(*)", STAGES, None),
        ("month, n", MONTHS, None),
        ("month, person, n", [["2026-01", "Anna", 1], ["2026-01", "Boris", 2], ["2026-02", "Anna", 3]], None),
        ("name, deals, roubles", [["a", 3, 1_000_000], ["b", 5, 20_000]], None),
        ("deals, roubles", [[3, 1_000_000]], None),
        ("rate %", [[12.5]], "pie"),
        ("day, n", [["2026-11-01", 1], ["2026-11-01", 9], ["2026-11-02", 2]], "bar"),
        ("week, n", [["2026-47", 0], ["2026-48", 0]], "line"),
    ],
)
async def test_every_shape_becomes_a_picture(columns: str, rows: Rows, kind: ChartKind | None) -> None:
    assert (await draw(shape(columns, rows, kind=kind), "png"))[:8] == b"\x89PNG\r\n\x1a\n"
