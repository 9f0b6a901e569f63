"""Every regular expression of the package takes a number of steps linear in the text, for any text."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as sre_parser  # type: ignore[attr-defined]
from typing import Any

import pytest

from tests.package_patterns import Found, patterns
from tests.regex_steps import Counter, TooManyStepsError

SMALL, LARGE = 60, 240
# Four times the text may take a little more than four times the steps, since short texts end early.
MOST = 6.0
WORST = [
    *(
        "\\",
        '"',
        "'",
        "%",
        " ",
        "\n",
        "\t",
        "\r\n",
        "{%",
        "{% include [",
        "{% include [](",
        "[",
        "](",
        "(",
        "<",
        "*",
        "`",
    ),
    *("a", "a/", "https://", "=", "|", "||", "#|", "|#", "#", "-", "1", "{", "{#", "{% note ", "<!--", "``` ", "`a`"),
    *("//", "/*", "a.", "a_", "$", "[a]", "![", "[*", "a b", " a", "\n ", "\n`", "~~~", "\ue003", "&", "\\u", "Я", "é"),
]
EVERY = [pytest.param(one, id=f"{one.place} {one.pattern.pattern!r:.40}") for one in patterns()]


@pytest.fixture(autouse=True)
def deep_enough() -> Iterator[None]:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(60_000)
    yield
    sys.setrecursionlimit(before)


def test_the_patterns_of_the_package_are_found() -> None:
    places = {one.place.partition(":")[0] for one in patterns()}
    assert len(patterns()) > 90
    assert {"secrets/redactor.py", "secrets/encodings.py", "dialect/markup.py", "docs/inline.py", "words.py"} <= places


@pytest.mark.parametrize("one", EVERY)
def test_no_text_makes_a_pattern_take_more_than_linear_steps(one: Found) -> None:
    source = one.pattern.pattern
    for text in attacks(source.decode("latin-1") if isinstance(source, bytes) else source):
        assert _growth(one, text) < MOST, f"{one.pattern.pattern!r} on {text(9)!r}"


@pytest.mark.parametrize(
    "bad",
    [r"\s+\n", r"[\w.]+@", r"(a+)+b", r"\{%.*?%\}", r"a*a*b", r"(`+)x\1", r"\s*:\s*x", r"<!--.*?-->", r"\\+u", r"\s+$"],
)
def test_a_pattern_that_is_not_linear_would_be_noticed(bad: str) -> None:
    one = Found("here", re.compile(bad, re.S), searched=True)
    assert any(_growth(one, text) >= MOST for text in attacks(bad))


def _growth(one: Found, text: Any) -> float:
    sizes = []
    for size in (SMALL, LARGE):
        try:
            sizes.append(Counter(one.pattern, text(size), most=200_000).run(search=one.searched))
        except TooManyStepsError:
            return float("inf")
    return sizes[1] / sizes[0]


def attacks(source: str) -> list[Any]:
    """Texts of a given size: the worst ones, and texts made from the pattern itself."""
    example = _example(sre_parser.parse(source))
    pieces = {piece: ("", piece) for piece in WORST}
    for end in range(1, min(len(example), 40) + 1):
        start, last = example[:end], example[end - 1]
        pieces |= {f"{start}*": ("", start), f"{start}{last}*": (start, last)}
        for space in (" ", "a", "\\", "0"):
            pieces[f"{start}+{space}"] = (start, space)
            pieces[f"{start}*{space}"] = ("", start + space)
    return [
        lambda size, before=before, piece=piece, after=after: before + (piece * size)[:size] + after
        for before, piece in dict.fromkeys(pieces.values())
        for after in ("", "\x01")
    ]


def _example(tree: Any) -> str:
    """A text that the pattern matches or nearly matches: each repeat once, the first of each choice."""
    found = ""
    for kind, value in tree:
        if kind is sre.LITERAL:
            found += chr(value)
        elif kind is sre.IN:
            found += _of_set(value)
        elif kind in (sre.ANY, sre.NOT_LITERAL):
            found += "a"
        elif kind in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
            found += _example(value[2]) * max(1, min(value[0], 8))
        elif kind is sre.SUBPATTERN:
            found += _example(value[3])
        elif kind is sre.BRANCH:
            found += max((_example(inner) for inner in value[1]), key=len)
        elif kind is sre.ATOMIC_GROUP:
            found += _example(value)
    return found


def _of_set(items: Any) -> str:
    negated = items[0][0] is sre.NEGATE
    if negated:
        return "a"
    kind, value = items[0]
    if kind is sre.LITERAL:
        return chr(value)
    if kind is sre.RANGE:
        return chr(value[0])
    return {sre.CATEGORY_SPACE: " ", sre.CATEGORY_DIGIT: "1"}.get(value, "a")
