"""The pages of a portal for its records: a deal, a task, a person, a chat.

The data is in `catalog/data/links.tsv`, one line for a kind of record. Its column `link` has the paths to try in order,
separated by `|`. A name in braces stands for a value of the record or of the call. A path that begins with `name=value`
and a space is for records with this value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from urllib.parse import quote

from b24_mcp.catalog.tables import read_table

_PLACE = re.compile(r"\{([A-Za-z]+)\}")
_CONDITION = re.compile(r"([A-Za-z]+)=(\w+) (.*)")
_ID = re.compile(r"[A-Za-z]{0,12}[0-9]{1,18}")
_PAGE = re.compile(r"(?:https?://[^/\s?#@]+)?(/[^/\s?#][^?#]*)")
_WHOLE_PAGE = "{detailUrl}"
_TYPE_PARAMETER = "entityTypeId"
_KEPT_IN_PATHS = "/()[],;:@!$'*+~-._"

Values = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class _Path:
    """One path, with the value that a record must have for it, if any."""

    text: str
    name: str = ""
    value: str = ""

    @property
    def places(self) -> list[str]:
        return _PLACE.findall(self.text)

    def fits(self, values: Values) -> bool:
        """Whether the record has every value of the path."""
        if self.name and str(values.get(_folded(self.name), "")).lower() != self.value:
            return False
        if self.text == _WHOLE_PAGE:
            return _PAGE.fullmatch(str(values.get("detailurl") or "")) is not None
        return all(_id(values.get(_folded(place))) for place in self.places)

    def filled(self, values: Values) -> str:
        """Return the path of a record."""
        if self.text == _WHOLE_PAGE:
            found = _PAGE.fullmatch(str(values.get("detailurl")))
            return "" if found is None else quote(found[1], safe=_KEPT_IN_PATHS)
        return _PLACE.sub(lambda place: _id(values.get(_folded(place[1]))), self.text)


@dataclass(frozen=True, slots=True)
class RecordPages:
    """The pages of one kind of record. `id_parameter` is the parameter that names the record in calls."""

    kind: str
    id_parameter: str
    paths: tuple[_Path, ...]

    def path(self, *values: Values) -> str | None:
        """Return the path of the page of a record; None when its values do not tell.

        Of several objects with values the first one that has a value counts. Names are compared without letter case.
        """
        known = _known(values)
        found = next((path for path in self.paths if path.fits(known)), None)
        return None if found is None else found.filled(known)

    def pattern(self, rows: Sequence[Values], params: Values) -> str | None:
        """Return the path for all rows of a list, with the names of their columns in braces; None when none fits."""
        if not rows:
            return None
        known = [_known([row, params]) for row in rows]
        names = {_folded(str(name)): str(name) for row in rows for name in row}
        for path in self.paths:
            if all(path.fits(values) for values in known):
                if path.text == _WHOLE_PAGE:
                    return f"{{{names['detailurl']}}}"
                return _PLACE.sub(lambda place: _column(place[1], names, known[0]), path.text)
        return None


def pages_of_call(method: str, params: object) -> RecordPages | None:
    """Return the pages of the records that a method reads, writes or names; None for a method of other things."""
    stem, _, verb = method.lower().rpartition(".")
    by_type = _by_type()
    verbs, pages = _by_method().get(stem, (frozenset(), None))
    if pages is None or not (verb in verbs or "*" in verbs):
        return None
    if pages.kind == "dynamic":
        sent = _known([params]) if isinstance(params, Mapping) else {}
        return by_type.get(str(sent.get(_folded(_TYPE_PARAMETER))), pages)
    return pages


def pages_of_kind(kind: str) -> RecordPages | None:
    """Return the pages of a kind of record, such as `deal`, `task` or `dynamic:1030`."""
    return _by_kind().get(kind.partition(":")[0])


def _known(values: Iterable[Values]) -> dict[str, object]:
    known: dict[str, object] = {}
    for one in values:
        for name, value in one.items():
            if value not in (None, "", 0, "0"):
                known.setdefault(_folded(str(name)), value)
    return known


def _column(place: str, names: Mapping[str, str], known: Values) -> str:
    name = _folded(place)
    return f"{{{names[name]}}}" if name in names else _id(known.get(name))


@lru_cache(maxsize=5_000)
def _folded(name: str) -> str:
    return name.replace("_", "").lower()


def _id(value: object) -> str:
    """Return an id as text; empty for anything else, so that no other text comes into a link."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return ""
    return text if _ID.fullmatch(text := str(value)) else ""


def _parsed(text: str) -> _Path:
    found = _CONDITION.fullmatch(text)
    return _Path(text) if found is None else _Path(found[3], found[1], found[2])


@cache
def _rows() -> Sequence[tuple[dict[str, str], RecordPages]]:
    return [
        (row, RecordPages(row["kind"], row["id"], tuple(map(_parsed, row["link"].split("|")))))
        for row in read_table("links")
    ]


@cache
def _by_kind() -> Mapping[str, RecordPages]:
    return {row["kind"]: pages for row, pages in _rows()}


@cache
def _by_type() -> Mapping[str, RecordPages]:
    return {row["type"]: pages for row, pages in _rows() if row["type"].isdigit()}


@cache
def _by_method() -> Mapping[str, tuple[frozenset[str], RecordPages]]:
    return {
        stem: (frozenset(row["verbs"].split(",")), pages)
        for row, pages in _rows()
        for stem in row["methods"].split(",")
    }
