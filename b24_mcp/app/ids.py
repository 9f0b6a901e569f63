"""The ids in the results of calls that stand for something with a name: people, stages, options, records.

What a field holds is known from the portal's description of it, and otherwise from its name
(`catalog/data/id_fields.tsv`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from typing import Literal

from b24_mcp.catalog.tables import read_table
from b24_mcp.discovery import PortalEntity, PortalFacts, PortalField, entity_of, entity_of_type
from b24_mcp.discovery.fields import folded

Held = Literal["people", "departments", "records", "links", "pipelines", "stages", "directories", "options"]

_DEEPEST = 6
_RECORD_TYPES = {"crm_lead": 1, "crm_deal": 2, "crm_contact": 3, "crm_company": 4, "crm_quote": 7}
_PARENT = re.compile(r"parentid([0-9]{1,9})")
# Source: documentation, crm/data-types, the abbreviations of types; T is followed by the type id in hexadecimal.
_LINK = re.compile(r"(?:(L|D|CO|C|Q|SI)|T([0-9a-f]{1,8}))_([0-9]{1,12})")
_LINKED_TYPES = {"L": 1, "D": 2, "C": 3, "CO": 4, "Q": 7, "SI": 31}
_YES_AND_NO = {"Y", "N"}
_PAIRS = (("ownertypeid", "ownerid"), ("entitytypeid", "entityid"))
_LIST_VERBS = (("list", "select"), ("list", "filter"), ("get", "select"), ("get", "filter"), ("update", "fields"))


@dataclass(slots=True)
class Ids:
    """The ids that occur in results, each once, in the order in which they occur.

    `records` are by entity type id, `pipelines` and `stages` by kind of record, `directories` by code. `options` are
    by field, with their labels, which come with the description of the field.
    """

    people: dict[int, None] = field(default_factory=dict)
    departments: dict[int, None] = field(default_factory=dict)
    records: dict[int, dict[int, None]] = field(default_factory=dict)
    pipelines: dict[str, dict[int, None]] = field(default_factory=dict)
    stages: dict[str, dict[str, None]] = field(default_factory=dict)
    directories: dict[str, dict[str, None]] = field(default_factory=dict)
    options: dict[str, dict[str, str]] = field(default_factory=dict)

    def add_result(self, result: object, method: str, entity: PortalEntity | None, facts: PortalFacts) -> None:
        """Add the ids in a result. `entity` is the kind of its records, if known. Nothing is read from the portal."""
        reader = _Reader(entity, facts)
        pairs = _PAIRS if method.lower().startswith("crm.") else ()
        for record in _objects(result):
            for name, value in record.items():
                if value is not None and (meaning := reader.meaning(name)) is not None:
                    for one in _values(value):
                        self._add(meaning, one)
            for type_name, id_name in pairs:
                self._add_pair(record, type_name, id_name)

    def _add(self, meaning: Meaning, value: object) -> None:
        text = _id_text(value)
        if not text:
            return
        match meaning.held:
            case "options":
                if text in meaning.labels:
                    self.options.setdefault(meaning.key, {})[text] = meaning.labels[text]
            case "stages":
                self.stages.setdefault(meaning.key, {})[text] = None
            case "directories":
                self.directories.setdefault(meaning.key, {})[text] = None
            case "links":
                self._add_link(text)
            case _ if not text.isdecimal() or len(text) > 18:
                return
            case "pipelines":
                self.pipelines.setdefault(meaning.key, {})[int(text)] = None
            case _ if int(text) == 0:
                return
            case "people":
                self.people[int(text)] = None
            case "departments":
                self.departments[int(text)] = None
            case "records":
                self.records.setdefault(int(meaning.key), {})[int(text)] = None

    def _add_link(self, text: str) -> None:
        found = _LINK.fullmatch(text)
        if found is not None:
            type_id = _LINKED_TYPES[found[1]] if found[1] else int(found[2], 16)
            self.records.setdefault(type_id, {})[int(found[3])] = None

    def _add_pair(self, record: Mapping[str, object], type_name: str, id_name: str) -> None:
        found = {name: record[key] for key in record if (name := folded(str(key))) in (type_name, id_name)}
        entity = entity_of_type(found.get(type_name))
        if entity is not None and entity.type_id is not None:
            self._add(Meaning("records", str(entity.type_id)), found.get(id_name))


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the values of a field are ids of.

    `key` is the entity type id of records, the kind of pipelines and stages, the code of a directory, or the name of
    the field with options, whose `labels` are by id.
    """

    held: Held
    key: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


class _Reader:
    """The meanings of the fields of one kind of record, each found once."""

    def __init__(self, entity: PortalEntity | None, facts: PortalFacts) -> None:
        self._entity = entity
        self._facts = facts
        self._fields = None if entity is None else facts.fields_now(entity)
        self._found: dict[str, Meaning | None] = {}

    def meaning(self, name: str) -> Meaning | None:
        if name not in self._found:
            described = None if self._fields is None else self._fields.named(name)
            found = None if described is None else self._by_description(described, name)
            self._found[name] = found or self._by_name(folded(name))
        return self._found[name]

    def _by_description(self, described: PortalField, name: str) -> Meaning | None:
        kind = described.type.lower()
        if kind in ("user", "employee", "s:employee"):
            return Meaning("people")
        if kind in _RECORD_TYPES:
            return Meaning("records", str(_RECORD_TYPES[kind]))
        if kind in ("crm", "s:ecrm"):
            return Meaning("links")
        if kind == "crm_category":
            return self._of_entity("pipelines")
        if described.directory and kind == "crm_status":
            if self._entity is not None and self._facts.is_stage(self._entity, described):
                return self._of_entity("stages")
            return Meaning("directories", described.directory)
        if described.options and not {option.id for option in described.options} <= _YES_AND_NO:
            return Meaning("options", name, {option.id: option.label for option in described.options})
        return None

    def _by_name(self, name: str) -> Meaning | None:
        if (parent := _PARENT.fullmatch(name)) is not None:
            return Meaning("records", parent[1])
        held = _held_by(name)
        match held:
            case "":
                return None
            case "pipelines" | "stages":
                return self._of_entity(held)
            case "people" | "departments" | "links":
                return Meaning(held)
            case _:
                return Meaning("records", held.removeprefix("record:"))

    def _of_entity(self, held: Held) -> Meaning | None:
        return None if self._entity is None or self._entity.type_id is None else Meaning(held, self._entity.kind)


def entity_of_result(method: str, params: object) -> PortalEntity | None:
    """Return the kind of the records that a method returns; None when that is not known."""
    stem = method.rpartition(".")[0]
    tries = [(method, "select"), (method, "filter"), *((f"{stem}.{verb}", name) for verb, name in _LIST_VERBS)]
    for name, parameter in tries:
        found = entity_of(name, params, parameter)
        if found is not None:
            return found
    if method.lower().startswith("crm.") and isinstance(params, Mapping):
        return entity_of_type(params.get("entityTypeId"))
    return None


def holds_records(result: object) -> bool:
    """Whether a result has an object in it, and so may have ids with names."""
    return next(_objects(result), None) is not None


def _objects(value: object, depth: int = 0) -> Iterator[Mapping[str, object]]:
    """Yield all objects in a value, the outer ones first."""
    if depth > _DEEPEST:
        return
    if isinstance(value, Mapping):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            if isinstance(inner, Mapping | list):
                yield from _objects(inner, depth + 1)


def _values(value: object) -> Iterable[object]:
    """Return the values of a field: several in a list, or in an object by number, as lists have them."""
    match value:
        case Mapping():
            return list(value.values())
        case list():
            return value
        case _:
            return [value]


def _id_text(value: object) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


@cache
def _held_by(name: str) -> str:
    """Return what a field with this folded name commonly holds; empty when that is not known."""
    return next((holds for pattern, holds in _names() if fnmatchcase(name, pattern)), "")


@cache
def _names() -> Sequence[tuple[str, str]]:
    return [(row["field"], row["holds"]) for row in read_table("id_fields")]
