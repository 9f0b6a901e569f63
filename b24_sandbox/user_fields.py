"""User fields: creation, changes of their items, and their tables.

Both families of methods write the registry of `b24_sandbox.schema` through this module, and every change is
followed by a change of a column. Documentation: api-reference/crm/deals/user-defined-fields,
api-reference/crm/universal/userfieldconfig.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from b24_sandbox import crm_types, facts, php, values
from b24_sandbox.entities.crm_requisites import REQUISITE
from b24_sandbox.entities.tasks import TASK
from b24_sandbox.errors import PortalError
from b24_sandbox.fields import Entity, Field
from b24_sandbox.php import Map, Value
from b24_sandbox.row import Row
from b24_sandbox.schema import ENUM_VALUE, USER_FIELD

if TYPE_CHECKING:
    from b24_sandbox.world import World

PREFIX = "UF_CRM_"
LONGEST = 50
LANGUAGES = ("br", "de", "en", "fr", "it", "kz", "la", "pl", "ru", "tr", "ua")
LABELS = ("EDIT_FORM_LABEL", "LIST_COLUMN_LABEL", "LIST_FILTER_LABEL", "ERROR_MESSAGE", "HELP_MESSAGE")
TYPES = {kind: (title, configured) for kind, title, configured in facts.table("user_field_types")}
"""The titles of each type in `crm.userfield.types` and in `userfieldconfig.getTypes`."""

SETTINGS = facts.mapping("user_field_settings")
"""The default settings of each type."""

_NAME = re.compile(r"\A[A-Z0-9_]+\Z")


def owner(portal: World, entity_id: str) -> Entity | None:
    """The entity of an object's user fields (`CRM_DEAL`, `CRM_7` of a smart process), or `None`."""
    for entity in (*crm_types.BASES.values(), REQUISITE, TASK):
        if entity.user_fields == entity_id:
            return entity
    for number in crm_types.type_numbers(portal):
        process = crm_types.base_entity(portal, number)
        if process is not None and process.user_fields == entity_id:
            return process
    return None


def full_name(sent: str, base: Entity) -> str:
    """The full name of a field of `base`: the prefix is added where it is missing.

    Raises:
        PortalError: `ERROR_CORE` for an invalid name.
    """
    name = sent.strip().upper()
    prefix = "UF_" if base.user_fields == TASK.user_fields else PREFIX
    if not name.startswith(prefix):
        name = prefix + name.removeprefix("UF_")
    return checked_name(name)


def checked_name(name: str) -> str:
    """Return `name` when it is a valid name of a column.

    Raises:
        PortalError: `ERROR_CORE` when it is too long or has other characters.
    """
    if len(name) > LONGEST:
        raise PortalError("ERROR_CORE", f"Название поля слишком длинное (больше {LONGEST} символов).<br>")
    if not _NAME.match(name):
        raise PortalError("ERROR_CORE", "Название поля содержит недопустимые символы. Допустимы: A-Z, 0-9 и _.<br>")
    return name


def labels(value: Value, fallback: str) -> Map:
    """A label in every language: one text applies to all, and languages missing in a map get `fallback`."""
    if php.is_array(value):
        given = php.as_map(value)
        return {language: php.text(given.get(language, fallback)) for language in LANGUAGES}
    text = php.text(value) or fallback
    return dict.fromkeys(LANGUAGES, text)


def settings(kind: str, sent: Value, kept: Map | None = None) -> Map:
    """Merge the settings of a field: sent values over stored values over the defaults of the type."""
    known = {**php.as_map(SETTINGS.get(kind)), **(kept or {})}
    given = php.as_map(sent)
    if kind == "crm":
        return {**known, **given}
    return {name: given.get(name, value) for name, value in known.items()}


def create(portal: World, base: Entity, columns: Map, items: list[Map]) -> int:
    """Register a field with its column and its items and return its id.

    Raises:
        PortalError: `ERROR_CORE` when the field exists.
    """
    name, kind = php.text(columns["FIELD_NAME"]), php.text(columns["USER_TYPE_ID"])
    if kind not in TYPES:
        raise PortalError("ERROR_CORE", "Указан неверный пользовательский тип.<br>")
    live = portal.schema.entity(base)
    if name in live.fields:
        raise PortalError("ERROR_CORE", f"Поле {name} для объекта {base.user_fields} уже существует.<br>")
    _check_items(items)
    multiple = columns.get("MULTIPLE") == "Y" and kind != "boolean"
    record = portal.storage.insert(
        USER_FIELD,
        {
            "SORT": 100,
            "MANDATORY": "N",
            "SHOW_FILTER": "N",
            "SHOW_IN_LIST": "Y",
            "EDIT_IN_LIST": "Y",
            "IS_SEARCHABLE": "N",
            **columns,
            "ENTITY_ID": base.user_fields,
            "MULTIPLE": "Y" if multiple else "N",
        },
    )
    portal.storage.add_column(base, Field(name, kind, name, name, flags="Dm" if multiple else "D"))
    if kind == "boolean":
        default = php.integer(php.as_map(values.decoded(columns.get("SETTINGS"))).get("DEFAULT_VALUE"))
        portal.storage.fill(base, name, default)
    write_items(portal, record, items)
    portal.schema.forget()
    return record


def change(portal: World, row: Map, columns: Map, items: list[Map] | None) -> None:
    """Change a registered field. Its name, object, type and multiplicity stay."""
    if items is not None:
        _check_items(items, portal.schema.enum_values(php.integer(row["ID"])))
    portal.storage.update(USER_FIELD, php.integer(row["ID"]), columns)
    if items is not None and row["USER_TYPE_ID"] == "enumeration":
        write_items(portal, php.integer(row["ID"]), items)
    portal.schema.forget()


def remove(portal: World, row: Row) -> None:
    """Remove a field from the registry, with its column and its items."""
    record = row.id
    base = owner(portal, row.text("ENTITY_ID"))
    for item in portal.schema.enum_values(record):
        portal.storage.delete(ENUM_VALUE, item.id)
    portal.storage.delete(USER_FIELD, record)
    if base is not None:
        portal.storage.drop_column(base, row.text("FIELD_NAME"))
    portal.schema.forget()


def remove_all(portal: World, entity_id: str) -> None:
    """Remove all fields of an object from the registry. Its table is already dropped."""
    for row in portal.schema.user_fields(entity_id):
        for item in portal.schema.enum_values(row.id):
            portal.storage.delete(ENUM_VALUE, item.id)
        portal.storage.delete(USER_FIELD, row.id)
    portal.schema.forget()


def write_items(portal: World, user_field: int, items: list[Map]) -> None:
    """Add, change (`ID`) and remove (`DEL: Y`) items of a list. Items that are not named stay."""
    known = {item.id for item in portal.schema.enum_values(user_field)}
    for place, item in enumerate(items, start=1):
        record = php.integer(item.get("ID"))
        if record in known:
            if item.get("DEL") == "Y":
                portal.storage.delete(ENUM_VALUE, record)
                continue
            columns: Map = {
                name: _item_column(name, item[name]) for name in ("VALUE", "DEF", "SORT", "XML_ID") if name in item
            }
            portal.storage.update(ENUM_VALUE, record, columns)
        elif php.text(item.get("VALUE")) and item.get("DEL") != "Y":
            value = php.text(item["VALUE"])
            marker = hashlib.md5(f"{user_field}/{place}/{value}".encode(), usedforsecurity=False).hexdigest()
            portal.storage.insert(
                ENUM_VALUE,
                {
                    "USER_FIELD_ID": user_field,
                    "VALUE": value,
                    "DEF": "Y" if item.get("DEF") == "Y" else "N",
                    "SORT": php.integer(item.get("SORT")) or place * 10,
                    "XML_ID": php.text(item.get("XML_ID")) or marker,
                },
            )


def _item_column(name: str, value: Value) -> Value:
    if name == "SORT":
        return php.integer(value)
    return ("Y" if value == "Y" else "N") if name == "DEF" else php.text(value)


def _check_items(items: list[Map], kept: Sequence[Map] | None = None) -> None:
    """Check that external ids of items are unique.

    Raises:
        PortalError: `ERROR_CORE` for a repeated id.
    """
    seen = {php.text(item["XML_ID"]): php.integer(item["ID"]) for item in kept or []}
    for item in items:
        marker = php.text(item.get("XML_ID"))
        if marker and marker in seen and seen[marker] != php.integer(item.get("ID")):
            raise PortalError("ERROR_CORE", f"Вариант списка с XML_ID={marker} уже существует.<br>")
        if marker:
            seen[marker] = php.integer(item.get("ID")) or -1
