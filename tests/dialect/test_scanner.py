"""Code, comments and tables are found in linear time, with the results of a pattern."""

from __future__ import annotations

import contextlib
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from b24_mcp.dialect.editions import FOR_READING, Edition, InMemory
from b24_mcp.dialect.markup import BrokenPageError, MarkupTable, parse
from b24_mcp.dialect.scanner import between, code_spans, fenced_code
from b24_mcp.docs.inline import inline

PAGE = st.text(st.sampled_from("`ab \n\t|#{%-<>!"), max_size=60)
FENCED = re.compile(r"^[ \t]*```.*?^[ \t]*```[ \t]*$|```[^\n`]*\n.*?```", re.S | re.M)
LINES = st.lists(st.sampled_from(["```", "  ``` ", "```js", "x", "", "a ```b", "a ``` b"]), max_size=9).map("\n".join)


@settings(derandomize=True, max_examples=500)
@given(PAGE)
def test_a_comment_is_found_as_a_pattern_finds_it(text: str) -> None:
    found = between(text, re.compile("<!--"), re.compile("-->"), lambda part: f"({len(part)})")
    assert found == re.sub(r"<!--.*?-->", lambda part: f"({len(part[0])})", text, flags=re.S)


@settings(derandomize=True, max_examples=500)
@given(LINES)
def test_fenced_code_is_found_as_a_pattern_finds_it(text: str) -> None:
    assert fenced_code(text, lambda part: f"({len(part)})") == FENCED.sub(lambda part: f"({len(part[0])})", text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a `b` c", "a _ c"),
        ("`` a`b `` `c`", "_ _"),
        ("`a\nb`", "`a\nb`"),
        ("``a` `b``", "_"),
        ("```a` b", "```a` b"),
        ("`a``b`", "_"),
        ("no code", "no code"),
    ],
)
def test_a_code_span_ends_at_a_run_of_as_many_backticks_on_its_line(text: str, expected: str) -> None:
    assert code_spans(text, lambda _: "_") == expected


class Counting:
    """A pattern that counts the characters that its searches read."""

    def __init__(self, pattern: str) -> None:
        self.pattern = re.compile(pattern)
        self.passed = 0

    def search(self, text: str, place: int = 0) -> re.Match[str] | None:
        found = self.pattern.search(text, place)
        self.passed += (found.end() if found else len(text)) - place
        return found


@pytest.mark.parametrize("piece", ["{%", "{% a", "%}", "{%%}", "{% x %}"])
def test_a_mark_that_is_not_closed_is_searched_once(piece: str) -> None:
    opening, closing = Counting(r"\{%"), Counting(r"%\}")
    text = piece * 1_000
    between(text, opening, closing, lambda _: "")  # type: ignore[arg-type]
    assert opening.passed + closing.passed <= 3 * len(text)


def test_nested_tables_are_read_to_a_limited_depth() -> None:
    page = "#|\n|| a | #|\n|| b | #|\n|| c | d ||\n|# ||\n|# ||\n|#"
    (table,) = parse(page)
    assert isinstance(table, MarkupTable)
    (inner,) = table.rows[0][1].tables
    (innermost,) = inner.rows[0][1].tables
    assert [cell.text for cell in innermost.rows[0]] == ["c", "d"]
    deep = "#|\n|| " * 3_000 + " ||\n|#" * 3_000
    depth, one = 0, parse(deep)[0]
    while isinstance(one, MarkupTable) and (
        found := [table for row in one.rows for cell in row for table in cell.tables]
    ):
        depth, one = depth + 1, found[0]
    assert depth == 10


@settings(derandomize=True, max_examples=300)
@given(st.lists(st.sampled_from(["#|", "|#", "||", "|", "a", "\n", "```", "`", "{% note info %}", "{% endnote %}"])))
def test_any_page_is_parsed_or_reported_as_malformed(pieces: list[str]) -> None:
    text = "".join(pieces)
    with contextlib.suppress(BrokenPageError):
        parse(text)
    inline(text)


def test_pages_that_include_each_other_are_bounded() -> None:
    include = "{% include [x](_a.md) %}\n"
    texts = {"page.md": include * 300, "_a.md": include * 300 + "some text"}
    page = Edition("en", InMemory(texts)).page("page", FOR_READING)
    assert page is not None
    assert len(page.text) < 5_000_000
