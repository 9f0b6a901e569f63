"""The current entities of one portal: those described in code plus the fields its users added.

User fields are rows of one registry (`crm.*.userfield.*` and `userfieldconfig.*` both write it) and columns of the
tables they belong to. An entity with user fields names its object in `Entity.user_fields`. Any family may use the live
entity and a face over it:

    call.portal.schema.entity(TASK)                   # the described fields and the user fields
    call.portal.schema.face(classic_face, DEAL)       # a face of it, rebuilt when fields change
    schema.over_face(classic_face, DEAL, engine.add)      # a method of a registry over that face

Relations between smart processes and other types add `PARENT_ID_…` columns the same way.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import TypeVar, cast

from b24_sandbox import php, values
from b24_sandbox.call import Call
from b24_sandbox.faces import Face
from b24_sandbox.fields import Entity, Field
from b24_sandbox.php import Map, Value
from b24_sandbox.row import Row
from b24_sandbox.storage import Storage
from b24_sandbox.tables import entity

Build = Callable[[Entity], Face]
Shown = TypeVar("Shown")

USER_FIELD = entity("user_field")
ENUM_VALUE = entity("user_field_enum")
RELATION = entity("crm_relation")
TYPE_NUMBERS = {"crm_lead": 1, "crm_deal": 2, "crm_contact": 3, "crm_company": 4, "crm_quote": 7, "crm_invoice": 31}
"""`entityTypeId` of the built-in tables."""
DYNAMIC_TABLE = "crm_dynamic_"
LANGUAGE = "ru"


def type_number(entity: Entity) -> int:
    """`entityTypeId` of an entity's table, or 0."""
    if entity.name.startswith(DYNAMIC_TABLE):
        return int(entity.name.removeprefix(DYNAMIC_TABLE))
    return TYPE_NUMBERS.get(entity.name, 0)


class Schema:
    """The live entities and faces of one portal. Each is built once and cached until fields change."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._entities: dict[str, Entity] = {}
        self._faces: dict[tuple[Callable[[Entity], object], str], object] = {}
        self.kept: dict[str, Value] = {}
        """Values that other modules derived from the schema and that are invalidated with it."""

    def forget(self) -> None:
        """Clear the cache after a change of a user field, a type or a relation."""
        self._entities.clear()
        self._faces.clear()
        self.kept.clear()

    def entity(self, base: Entity) -> Entity:
        """`base` with its parent fields and its user fields."""
        live = self._entities.get(base.name)
        if live is None:
            extra = {**self._parents(base), **(self._user_fields(base) if base.user_fields else {})}
            live = dataclasses.replace(base, fields={**base.fields, **extra}) if extra else base
            self._entities[base.name] = live
        return live

    def face(self, build: Callable[[Entity], Shown], base: Entity) -> Shown:
        """The face that `build` creates from the live entity. `build` is a cache key, so it must be the same object
        each time.
        """
        key = (build, base.name)
        if key not in self._faces:
            self._faces[key] = build(self.entity(base))
        return cast(Shown, self._faces[key])  # the key names the function that built the entry

    def user_fields(self, entity_id: str) -> list[Row]:
        """The stored user fields of an object (`CRM_DEAL`), in their order."""
        columns = [field.name for field in USER_FIELD.columns]
        return self._storage.rows(USER_FIELD, columns, "ENTITY_ID = ?", [entity_id], "SORT, ID")

    def enum_values(self, user_field: int) -> list[Row]:
        """The items of a list field, in their order."""
        columns = [field.name for field in ENUM_VALUE.columns]
        return self._storage.rows(ENUM_VALUE, columns, "USER_FIELD_ID = ?", [user_field], "SORT, ID")

    def _user_fields(self, base: Entity) -> dict[str, Field]:
        return {row.text("FIELD_NAME"): self._user_field(row) for row in self.user_fields(base.user_fields)}

    def _user_field(self, row: Row) -> Field:
        name, kind = row.text("FIELD_NAME"), row.text("USER_TYPE_ID")
        flags = "D" + ("m" if row["MULTIPLE"] == "Y" else "") + ("q" if row["MANDATORY"] == "Y" else "")
        settings = values.decoded(row["SETTINGS"])
        details: Map = {}
        if kind == "enumeration":
            items = self.enum_values(row.id)
            details["items"] = [{"ID": item.text("ID"), "VALUE": item["VALUE"]} for item in items]
        for wire, column in (
            ("listLabel", "LIST_COLUMN_LABEL"),
            ("formLabel", "EDIT_FORM_LABEL"),
            ("filterLabel", "LIST_FILTER_LABEL"),
        ):
            label = php.as_map(values.decoded(row[column])).get(LANGUAGE)
            if label:
                details[wire] = label
        details["settings"] = settings
        status_type = php.text(php.as_map(settings).get("ENTITY_TYPE")) if kind == "crm_status" else ""
        return Field(name, kind, name, name, status_type, flags, details)

    def _parents(self, base: Entity) -> dict[str, Field]:
        number = type_number(base)
        if not number:
            return {}
        rows = self._storage.rows(
            RELATION, ["PARENT_TYPE"], "CHILD_TYPE = ? and PREDEFINED = 'N'", [number], "PARENT_TYPE"
        )
        fields = (parent_field(row.integer("PARENT_TYPE")) for row in rows)
        return {field.name: field for field in fields}


def parent_field(parent: int) -> Field:
    """The field that binds an item to an item of the type `parent`."""
    name = f"PARENT_ID_{parent}"
    return Field(name, "crm_entity", name, name, details={"settings": {"parentEntityTypeId": parent}})


def over_face(build: Build, base: Entity, action: Callable[[Face, Call], Value]) -> Callable[[Call], Value]:
    """A method that runs `action` of the engine over the live face."""
    return lambda call: action(call.portal.schema.face(build, base), call)


def object_text(value: Value) -> str:
    """Encode an `object` for its column."""
    return json.dumps(value, ensure_ascii=False)
