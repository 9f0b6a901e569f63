"""A search for names and values in the arguments of a call, in every form that a portal accepts.

A portal accepts one parameter in many forms: names in any letter case or as `arName`, nested JSON, brackets in a query
string, arguments by position, references to other commands, numbers as text. A check of arguments must not depend on
the form, so the search is conservative: a name counts as present when the portal might read it, and a value counts as
equal unless it certainly differs.

Sources: behaviour of PHP (parse_str, intval, loose comparison); documentation, settings/how-to-call-rest-api;
measured behaviour for the letter case of names and for arguments by position.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from b24_mcp.rest import Params

# One reference is enough to make a whole text unknown.
_REFERENCE = re.compile(r"\$(?:result|next|total|time|error)", re.IGNORECASE)
_BETWEEN_NAMES = re.compile(r"[\[\]\0]+")
_INSIDE_A_NAME = re.compile(r"[.\s]+")
# Keys of an object that holds a parameter as a pair: {"name": "EMAIL", "value": "…"}.
_NAME_OF_A_PAIR = {"name", "key", "field", "fieldname", "fieldid", "code", "id", "n", "k", "param", "property"}
_NUMBER = re.compile(r"[^\w+\-.]*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)")
_LARGEST_PAIR = 16
_LONGEST_NUMBER = 30
_LARGEST_CERTAIN = 2**31
_YES = {"y", "yes", "true", "t", "on", "1"}
_NO = {"n", "no", "false", "f", "off", "0", "null", ""}

_Forms = tuple[str, ...]
"""The names that one key may be read as, folded."""


def folded(name: str) -> str:
    """Return a name without letter case, width variants and separators: `PERSONAL-City` becomes `personalcity`."""
    text = unicodedata.normalize("NFKC", name).upper().casefold()
    return "".join(filter(str.isalnum, text))


@dataclass(slots=True)
class Arguments:
    """The result of the search in the arguments of one call.

    `values` has every value of each wanted name; a value that is not certain is `UNCERTAIN`. `open_at` are the names
    whose value is a reference, so that any name may be below. `any_name` is true when a name itself contains a
    reference, which the portal replaces later.
    """

    values: dict[str, list[object]] = field(default_factory=dict)
    open_at: set[str] = field(default_factory=set)
    any_name: bool = False

    @classmethod
    def find(cls, params: Params | str, wanted: Collection[str], positions: Sequence[str] = ()) -> Arguments:
        """Search JSON arguments, or the query string of a batch command, for the `wanted` names, which are folded.

        `positions` are the folded names of positional arguments, in order. The portal may drop an earlier argument, so
        each argument may be any value from its own position on.
        """
        found = cls()
        names = set(wanted)
        for index, (key, value) in enumerate(_top_items(params)):
            by_position = positions[: index + 1]
            for name in names.intersection(by_position):
                found._note(name, value)
            found._search(key, value, names, tuple(by_position))
        # Pairs in a query string are visible only in its tree: `fields[0][0]=EMAIL&fields[0][1]=…`.
        for name, value in _pairs_below(_tree(params) if isinstance(params, str) else params):
            found._read_key(name, value, names, ())
        return found

    def has(self, name: str) -> bool:
        """Whether the folded name is present in any form."""
        return self.any_name or name in self.values

    def may_be(self, name: str, values: Iterable[str]) -> bool:
        """Whether a value under the folded name may be read as one of these."""
        found = self.values.get(name, ())
        return self.any_name or any(may_equal(value, wanted) for wanted in values for value in found)

    def _note(self, name: str, value: object) -> None:
        self.values.setdefault(name, []).append(value)

    def _search(self, key: str | None, value: object, wanted: set[str], holder: _Forms) -> None:
        """Search one argument. Without recursion, because the caller chooses the depth."""
        waiting: list[tuple[str | None, object, _Forms]] = [(key, value, holder)]
        while waiting:
            key, value, holder = waiting.pop()
            if key is not None:
                if _REFERENCE.search(key):
                    self.any_name = True
                holder = self._read_key(key, value, wanted, holder)
            if _is_reference(value):
                self.open_at.update(holder)
            original = value
            if isinstance(value, str):
                value = self._decoded(value)
            if isinstance(value, dict):
                waiting += [(str(name), inner, holder) for name, inner in value.items()]
            elif isinstance(value, list):
                waiting += [(None, inner, holder) for inner in value]
            if value is not original:
                for name, inner in _pairs_below(value):
                    self._read_key(name, inner, wanted, ())

    def _read_key(self, key: str, value: object, wanted: set[str], holder: _Forms) -> _Forms:
        """Note the names in a key. Return the forms of its innermost name that is not an index, else `holder`."""
        names = [name for name in _BETWEEN_NAMES.split(key) if folded(name)]
        for position, name in enumerate(names):
            is_exact = position == len(names) - 1 and key.rstrip().endswith((name, f"{name}]"))
            # PHP replaces a dot or a space by an underscore, but a dotted path may also be read as a path.
            for part in {name, *_INSIDE_A_NAME.split(name)}:
                for form in wanted.intersection(_forms(part)):
                    self._note(form, value if is_exact else UNCERTAIN)
            if not folded(name).isdecimal():
                holder = _forms(name)
        return holder

    def _decoded(self, text: str) -> object:
        """Return the value of a JSON text, because some methods read parameters from such texts."""
        if text.lstrip()[:1] not in ("{", "["):
            return text
        try:
            return json.loads(text)
        except RecursionError:
            self.any_name = True
        except ValueError:
            pass
        return text


class _Uncertain:
    """The type of a value that may be any value."""


UNCERTAIN = _Uncertain()


def may_equal(value: object, wanted: str) -> bool:
    """Whether PHP or a database may read a value as the wanted one. Lists and references may be any value."""
    if isinstance(value, dict | list | _Uncertain) or _is_reference(value):
        return True
    word = folded(wanted)
    if value is True:
        return word not in _NO  # in PHP, true equals every text except "" and "0"
    if value is None or value is False:
        return word in _NO
    text = unicodedata.normalize("NFKC", str(value))
    said = folded(text)
    if said == word or {said, word} <= _YES or {said, word} <= _NO:
        return True
    if re.fullmatch(r"-?[0-9]+", wanted):
        numbers = _numbers(text)
        return numbers is None or int(wanted) in numbers
    return isinstance(value, int | float) and value == 0  # before PHP 8, 0 equals every word


def _numbers(text: str) -> set[int] | None:
    """Return the integers that a text may be read as: PHP truncates, databases round. None if not certain."""
    match = _NUMBER.match(text)
    numbers = {0} if match is None else set()
    if match is not None:
        if len(match[1]) > _LONGEST_NUMBER:
            return None
        number = float(match[1])
        if not math.isfinite(number) or abs(number) >= _LARGEST_CERTAIN:
            return None
        numbers |= {int(number), math.floor(number), math.ceil(number), int(float(re.split("[eE]", match[1])[0]))}
    with suppress(ValueError):
        numbers.add(int(text[:_LONGEST_NUMBER].strip(), 0))
    return numbers


def _top_items(params: Params | str) -> Iterator[tuple[str | None, object]]:
    if isinstance(params, dict):
        yield from ((str(name), value) for name, value in params.items())
    elif isinstance(params, list):
        yield from ((None, value) for value in params)
    else:
        yield from _query_items(params)


def _query_items(query: str) -> Iterator[tuple[str, str]]:
    for pair in re.split("[&;]", query):
        name, _, value = pair.partition("=")
        if pair:
            yield unquote_plus(name), unquote_plus(value)


def _tree(query: str) -> dict[str, object]:
    """Return a query string as nested arrays, as PHP parses it."""
    root: dict[str, object] = {}
    for name, value in _query_items(query):
        head, bracket, rest = name.partition("[")
        node, key = root, head
        for part in _in_brackets(bracket + rest):
            inner = node.get(key)
            if not isinstance(inner, dict):
                inner = node[key] = {}
            node, key = inner, part.strip() or str(len(inner))
        node[key] = value
    return root


def _in_brackets(text: str) -> Iterator[str]:
    """Yield the text between each `[` and the next `]`, in linear time."""
    end = 0
    while (start := text.find("[", end)) != -1 and (stop := text.find("]", start)) != -1:
        yield text[start + 1 : stop]
        end = stop + 1


def _pairs_below(value: object) -> Iterator[tuple[str, object]]:
    """Yield the pairs at any depth."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        yield from _pairs(value)
        if isinstance(value, dict | list):
            waiting += value.values() if isinstance(value, dict) else value


def _pairs(value: object) -> Iterator[tuple[str, object]]:
    """Yield parameters written as pairs: `["EMAIL", "…"]` or `{"name": "EMAIL", "value": "…"}`."""
    if isinstance(value, list) and len(value) > 1 and isinstance(value[0], str):
        yield from ((value[0], inner) for inner in value[1:])
    elif isinstance(value, dict) and len(value) > 1:
        for key, name in value.items():
            if isinstance(name, str) and (key == "0" or folded(str(key)) in _NAME_OF_A_PAIR):
                # Many such keys must not take quadratic time.
                inner = value.items() if len(value) <= _LARGEST_PAIR else [("", UNCERTAIN)]
                yield from ((name, one) for other, one in inner if other != key)


def _forms(part: str) -> _Forms:
    name = folded(part)
    return (name, name[2:]) if name.startswith("ar") else (name,)


def _is_reference(value: object) -> bool:
    if isinstance(value, str):
        return _REFERENCE.search(value) is not None
    return isinstance(value, dict) and any(str(key).startswith("$") for key in value)
