"""What values that are numbers, letters or codes stand for, so that a word in their place is refused with the value.

`data/value_words.tsv` has in `of` a type, the method that returns the values, the values themselves, separated by
commas, or `name:` and the name of parameters, as names are compared: of numbers, or with these values. `words` has
values, each with its meaning and other words for it: `1 low, 2 medium/normal`. The meaning is empty where the value
says it itself: `deal /deals/D`.

A value with a part in angle brackets is a form: `dynamic_<id>` or `T<hex>`, with the number of a smart process.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from b24_mcp.catalog.facts import Parameter
from b24_mcp.catalog.names import folded
from b24_mcp.catalog.tables import read_table

_PART = re.compile(r"<(\w+)>")
_PARTS = {"id": "[0-9]+", "hex": "[0-9a-f]+"}
_PROCESS = re.compile(r"(?:dynamic )?(\d{1,9})|t([0-9a-f]{1,8})", re.ASCII)
_FIRST_PROCESS = 128
_NUMBERS = {"integer", "int"}


def load() -> None:
    """Read the table: only calls with a mistake need it, and they must not wait for a file."""
    _words()


def words_of(parameter: Parameter) -> Mapping[str, tuple[str, ...]]:
    """Return the words for the values of a parameter, the usual one first; empty where none are known."""
    for key in (parameter.type.lower(), parameter.source.lower(), ",".join(parameter.values)):
        if key and (found := _words().get(key)):
            return found
    known = _words().get(f"name:{folded(parameter.name)}", {})
    if not parameter.values:
        return known if parameter.type.lower() in _NUMBERS else {}
    lower = {value.lower(): words for value, words in known.items()}
    return {value: lower[value.lower()] for value in parameter.values if value.lower() in lower}


def with_meaning(parameter: Parameter, value: str) -> str:
    """Return a value with its meaning, such as `2 (deal)`; the value alone where none is known or needed."""
    words = words_of(parameter).get(value)
    return f"{value} ({words[0]})" if words and words[0] else value


def meant_by(parameter: Parameter, word: str) -> str:
    """Return the value that a word stands for; empty when none is known."""
    said = _compared(word)
    found = words_of(parameter).items()
    meant = next((value for value, words in found if said and said in map(_compared, words)), "")
    return meant or _formed(parameter, said)


def fits_form(parameter: Parameter, value: str) -> bool:
    """Whether a value has one of the documented forms."""
    return any(_form(one).fullmatch(value) for one in parameter.values if "<" in one)


def _formed(parameter: Parameter, said: str) -> str:
    """Return the number of a smart process in the documented form: `Tb1` for 177; empty for any other word."""
    found = _PROCESS.fullmatch(said)
    number = 0 if found is None else int(found[1]) if found[1] else int(found[2], 16)
    if number < _FIRST_PROCESS:
        return ""
    parts = {"id": str(number), "hex": f"{number:x}"}
    forms = (one for one in parameter.values if (part := _PART.search(one)) and part[1] in parts)
    return next((_PART.sub(lambda part: parts[part[1]], one) for one in forms), "")


def _compared(word: str) -> str:
    return word.strip().replace("_", " ").casefold()


@cache
def _form(value: str) -> re.Pattern[str]:
    pieces = _PART.split(value)
    pattern = "".join(_PARTS.get(one, ".+") if place % 2 else re.escape(one) for place, one in enumerate(pieces))
    return re.compile(pattern, re.IGNORECASE)


@cache
def _words() -> dict[str, dict[str, tuple[str, ...]]]:
    return {row["of"]: dict(map(_entry, row["words"].split(", "))) for row in read_table("value_words")}


def _entry(text: str) -> tuple[str, tuple[str, ...]]:
    value, _, words = text.partition(" ")
    return value, tuple(words.split("/"))
