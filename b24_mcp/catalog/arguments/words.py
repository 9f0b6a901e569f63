"""What values that are numbers or single letters stand for, so that a word in their place is refused with the value.

`data/value_words.tsv` has in `of` a type, the method that returns the values, or the values themselves, separated by
commas. `words` has values, each with its meaning and other words for it: `1 low, 2 medium/normal`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from b24_mcp.catalog.facts import Parameter
from b24_mcp.catalog.tables import read_table


def words_of(parameter: Parameter) -> Mapping[str, tuple[str, ...]]:
    """Return the words for the values of a parameter, the usual one first; empty where none are known."""
    for key in (parameter.type.lower(), parameter.source.lower(), ",".join(parameter.values)):
        if key and (found := _words().get(key)):
            return found
    return {}


def with_meaning(parameter: Parameter, value: str) -> str:
    """Return a value with its meaning, such as `2 (deal)`; the value alone where none is known."""
    words = words_of(parameter).get(value)
    return f"{value} ({words[0]})" if words else value


def meant_by(parameter: Parameter, word: str) -> str:
    """Return the value that a word stands for; empty when none is known."""
    said = word.strip().replace("_", " ").casefold()
    found = words_of(parameter).items()
    return next((value for value, words in found if any(one.replace("_", " ").casefold() == said for one in words)), "")


@cache
def _words() -> dict[str, dict[str, tuple[str, ...]]]:
    return {row["of"]: dict(map(_entry, row["words"].split(", "))) for row in read_table("value_words")}


def _entry(text: str) -> tuple[str, tuple[str, ...]]:
    value, _, words = text.partition(" ")
    return value, tuple(words.split("/"))
