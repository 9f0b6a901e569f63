"""The kinds of records that people and models name: `deals`, `CRM_DEAL`, `crm.deal.fields`, `DYNAMIC_177`, `list:15`.

`data/entity_names.tsv` has a line for each kind and what it is called. A line with several kinds, such as
`contact|company`, has words that may stand for each of them: they are only suggested.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache

from b24_mcp.catalog.names import nearest_ones
from b24_mcp.catalog.tables import read_table
from b24_mcp.discovery.entities import PortalEntity, entity_of, entity_of_type

_SEPARATORS = re.compile(r"[\W_]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_PROCESS = re.compile(
    r"(?:(?:crm )?(?:dynamic|dt|(?:entity ?)?type(?: ?id)?|smart ?process|spa|смарт ?процесс) ?)?(?P<number>\d{1,9})"
)
_LETTERED = re.compile(r"t(?P<number>(?=[0-9a-f]*\d)[0-9a-f]{2,8})")
"""How bindings of the CRM write a smart process: `Tb1` is 177. Source: documentation, data types of the CRM."""
_LIST = re.compile(r"(?:lists?|iblock|список)(?: (?:id|element|elements|item|items))? ?(?P<number>\d{1,9})")
_OF_TYPE = re.compile(r"(?:uf )?crm (?P<number>\d{1,9})")
_NOISE = {
    *("the", "bitrix", "bitrix24", "crm", "црм", "tasks", "task", "catalog", "entity", "entities", "record", "records"),
    *("item", "items", "list", "lists", "fields", "field", "userfield", "userfields", "поля", "поле"),
    *("add", "update", "get", "getlist", "getfields", "delete", "set", "import"),
}
_LONG = 5
"""The letters of a name that begins a word in another form, such as `контакт`."""
_LISTS = {"list", "lists", "iblock", "список", "списки"}
_PARTS = {"productrow", "bankdetail", "address"}
"""Kinds whose records belong to another one, which is often named before them."""


def entity_named(text: str) -> PortalEntity | None:
    """Return the kind of records of a name; None when it is unknown or may be of several kinds."""
    name = " ".join(text.lower().split())
    if name in _names():
        return _kind(_names()[name])
    if "." in name:
        for parameter in ("fields", "filter"):
            if (found := entity_of(name, {}, parameter)) is not None:
                return found
    words = _words(text)
    if words[:2] == ["crm", "invoice"]:
        return _kind("old_invoice")  # smart invoices are CRM_SMART_INVOICE and have no methods of their own
    written = " ".join(words)
    if listed := _LIST.fullmatch(written):
        return PortalEntity(f"list:{listed['number']}")
    if numbered := _PROCESS.fullmatch(written):
        return entity_of_type(numbered["number"])
    if lettered := _LETTERED.fullmatch(written):
        return entity_of_type(int(lettered["number"], 16))
    return _by_words(words)


def type_id_in(text: str) -> int | None:
    """Return the id of a type of smart process, which is not its entity type id, in a name such as `CRM_7`.

    Custom fields are kept under such names. Source: documentation, userfieldconfig.add.
    """
    found = _OF_TYPE.fullmatch(" ".join(_words(text)))
    return int(found["number"]) if found else None


def kinds_meant(text: str) -> Sequence[str]:
    """Return the kinds that a name without a certain kind may stand for."""
    words = _words(text)
    meant = [kind for word in words for kind in (_names().get(word) or _unsure().get(word, "")).split("|") if kind]
    if not meant:
        long = {name: kind for name, kind in _names().items() if len(name) >= _LONG}
        meant = [kind for word in words for name, kind in long.items() if word.startswith(name)]
    if not meant:
        meant = [_names()[near] for word in words for near in nearest_ones(word, _names())]
    return list(dict.fromkeys(meant))


def words_of_kind(text: str) -> Sequence[str]:
    """Return the words of a name that say what is meant, in lower case and without a plural `s`."""
    words = _words(text)
    return [word.removesuffix("s") for word in words if word not in _NOISE]


def is_of_lists(text: str) -> bool:
    """Whether a name is about records of universal lists."""
    return not _LISTS.isdisjoint(_words(text)[:1])


def known_kinds() -> Sequence[str]:
    """Return the kinds that every portal has."""
    return list(dict.fromkeys(_names().values()))


def load() -> None:
    """Read the table."""
    _names()


def _by_words(words: Sequence[str]) -> PortalEntity | None:
    """Return the kind of which all words of a name are, beside words such as `crm` and `fields`."""
    own = [word for word in words if word not in _NOISE]
    squeezed = {one.replace("_", "").replace(" ", ""): kind for one, kind in _names().items()}
    for chosen in (words, own):
        if chosen and (kind := squeezed.get("".join(chosen))):
            return _kind(kind)
    kinds = {squeezed[word] for word in own or words if word in squeezed}
    unknown = [word for word in own if word not in squeezed]
    if not unknown and len(kinds) == 1:
        return _kind(kinds.pop())
    for first in range(1, len(own)):
        part = squeezed.get("".join(own[first:]))
        if part in _PARTS and "".join(own[:first]) in squeezed:
            return _kind(part)
    return None


def _kind(kind: str) -> PortalEntity:
    return PortalEntity(kind).in_style("classic")


def _words(text: str) -> list[str]:
    return _SEPARATORS.sub(" ", _CAMEL.sub(" ", text)).lower().split()


@cache
def _names() -> Mapping[str, str]:
    return {name: kind for kind, name in _rows() if "|" not in kind}


@cache
def _unsure() -> Mapping[str, str]:
    return {name: kind for kind, name in _rows() if "|" in kind}


def _rows() -> list[tuple[str, str]]:
    return [(row["kind"], name) for row in read_table("entity_names") for name in row["names"].split(",")]
