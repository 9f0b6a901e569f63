"""The people, departments, pipelines, directories and smart processes of a portal, read from its answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from b24_mcp.discovery.fields import Option
from b24_mcp.discovery.schemas import listing, mapping, text


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of a pipeline. `semantics` is `S` for success, `F` for failure, empty for a stage in work."""

    id: str
    name: str
    semantics: str = ""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A pipeline and its stages, in their order. Leads and quotes have one, whose id is 0."""

    id: int
    name: str
    stages: tuple[Stage, ...] = ()
    is_default: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """A user of the portal."""

    id: int
    name: str
    active: bool = True
    position: str = ""
    departments: tuple[int, ...] = ()
    email: str = ""


@dataclass(frozen=True, slots=True)
class Department:
    """A department. The root has no parent."""

    id: int
    name: str
    parent: int | None = None
    head: int | None = None


@dataclass(frozen=True, slots=True)
class SmartProcess:
    """A smart process: `entity_type_id` is in calls, `id` in the names of its custom fields (`UF_CRM_{id}_…`)."""

    id: int
    entity_type_id: int
    title: str
    has_pipelines: bool = False
    has_stages: bool = False


@dataclass(frozen=True, slots=True)
class DirectoryEntry:
    """An entry of a directory of the CRM. `directory` is its code, such as `SOURCE` or `DEAL_STAGE_1`."""

    directory: str
    id: str
    name: str
    semantics: str = ""
    sort: int = 0


@dataclass(frozen=True, slots=True)
class Category:
    """A pipeline without its stages."""

    id: int
    name: str
    sort: int = 0
    is_default: bool = False


def read_people(result: object) -> list[Person] | None:
    """Read the answer of `user.get`."""
    return [_person(row) for row in _rows(result) if _number(row.get("ID"))] if isinstance(result, list) else None


def read_departments(result: object) -> list[Department] | None:
    """Read the answer of `department.get`."""
    if not isinstance(result, list):
        return None
    return [
        Department(
            number, text(row.get("NAME")), _number(row.get("PARENT")) or None, _number(row.get("UF_HEAD")) or None
        )
        for row in _rows(result)
        if (number := _number(row.get("ID")))
    ]


def read_smart_processes(result: object) -> list[SmartProcess] | None:
    """Read the answer of `crm.type.list`."""
    rows = mapping(result).get("types")
    if not isinstance(rows, list):
        return None
    return [
        SmartProcess(
            _number(row.get("id")) or 0,
            number,
            text(row.get("title")),
            row.get("isCategoriesEnabled") in (True, "Y"),
            row.get("isStagesEnabled") in (True, "Y"),
        )
        for row in _rows(rows)
        if (number := _number(row.get("entityTypeId")))
    ]


def read_directory_entries(result: object) -> list[DirectoryEntry] | None:
    """Read the answer of `crm.status.list`."""
    if not isinstance(result, list):
        return None
    entries = [_entry(row) for row in _rows(result) if text(row.get("STATUS_ID"))]
    return sorted(entries, key=lambda entry: entry.sort)


def read_categories(result: object) -> list[Category] | None:
    """Read the answer of `crm.category.list`."""
    rows = mapping(result).get("categories")
    if not isinstance(rows, list):
        return None
    found = [
        Category(number, text(row.get("name")), _number(row.get("sort")) or 0, row.get("isDefault") in (True, "Y"))
        for row in _rows(rows)
        if (number := _number(row.get("id"))) is not None
    ]
    return sorted(found, key=lambda category: category.sort)


def read_currencies(result: object) -> list[Option] | None:
    """Read the answer of `crm.currency.list`."""
    if not isinstance(result, list):
        return None
    return [Option(code, text(row.get("FULL_NAME"))) for row in _rows(result) if (code := text(row.get("CURRENCY")))]


def read_scopes(result: object) -> list[str] | None:
    """Read the answer of `scope`: the granted scopes."""
    return [str(scope) for scope in result] if isinstance(result, list) else None


def _entry(row: Mapping[str, object]) -> DirectoryEntry:
    semantics = text(row.get("SEMANTICS"))
    return DirectoryEntry(
        text(row.get("ENTITY_ID")),
        text(row.get("STATUS_ID")),
        text(row.get("NAME")),
        semantics if semantics in ("S", "F") else "",
        _number(row.get("SORT")) or 0,
    )


def _person(row: Mapping[str, object]) -> Person:
    number = _number(row.get("ID")) or 0
    name = " ".join(filter(None, (text(row.get("NAME")), text(row.get("LAST_NAME")))))
    departments = [one for one in map(_number, listing(row.get("UF_DEPARTMENT"))) if one]
    return Person(
        number,
        name or text(row.get("EMAIL")),
        row.get("ACTIVE") in (True, "Y"),
        text(row.get("WORK_POSITION")),
        tuple(departments),
        text(row.get("EMAIL")),
    )


def _rows(rows: object) -> list[Mapping[str, object]]:
    return [row for row in listing(rows) if isinstance(row, Mapping)]


def _number(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    try:
        return int(value) if isinstance(value, int | str) else None
    except ValueError:
        return None
