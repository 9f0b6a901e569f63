"""`crm.requisite.*`, and the fields of presets. Presets and bank details are declared.

Documentation: api-reference/crm/requisites.
"""

from __future__ import annotations

from collections.abc import Mapping

from b24_sandbox import crm_types, php
from b24_sandbox.call import Call
from b24_sandbox.entities.crm_requisites import (
    COUNTRIES,
    PRESET,
    PRESET_FIELD,
    REQUISITE,
)
from b24_sandbox.errors import PortalError
from b24_sandbox.faces import Face
from b24_sandbox.fields import Entity
from b24_sandbox.methods.crm_classic import classic_face, record_id, register_family, sent_fields
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable
from b24_sandbox.row import Row

method = MethodTable("crm")
register = method.register


def invalid(name: str) -> PortalError:
    """The error for a field without a valid id."""
    return PortalError("", f"{name} is not defined or invalid.")


def _absent(verb: str, record: int) -> PortalError:
    return PortalError("", f"The Requisite with ID '{record}' is not found")


def positive(columns: Mapping[str, Value], name: str) -> int:
    """A field as a positive whole number.

    Raises:
        PortalError: the error of `invalid`.
    """
    number = php.integer(columns.get(name))
    if number <= 0:
        raise invalid(name)
    return number


def _check_requisite(call: Call, columns: Map, stored: Row | None) -> None:
    if stored is not None:
        return
    kind = positive(columns, "ENTITY_TYPE_ID")
    if kind not in (3, 4):
        raise invalid("ENTITY_TYPE_ID")
    owner = positive(columns, "ENTITY_ID")
    if call.storage.row(PRESET, positive(columns, "PRESET_ID")) is None:
        raise invalid("PRESET_ID")
    if not crm_types.exists(call.portal, kind, owner):
        raise PortalError("", "Entity not found.")


def _preset(call: Call) -> int:
    preset = php.integer(php.as_map(call.classic("preset")).get("ID"))
    if preset <= 0:
        raise PortalError("", "Preset ID is not defined or invalid.")
    if call.storage.row(PRESET, preset) is None:
        raise PortalError("", f"The Preset with ID '{preset}' is not found")
    return preset


def _preset_fields(call: Call) -> list[Row]:
    columns = [field.name for field in PRESET_FIELD.columns]
    return call.storage.rows(PRESET_FIELD, columns, "PRESET_ID = ?", [_preset(call)], "SORT, ID")


def _shown_preset_field(row: Map) -> Map:
    return {name: php.text(value) for name, value in row.items() if name != "PRESET_ID"}


def _one_preset_field(call: Call) -> Map:
    record = record_id(call)
    for row in _preset_fields(call):
        if row["ID"] == record:
            return row
    raise PortalError("", f"The PresetField with ID '{record}' is not found")


@method("crm.requisite.preset.countries")
def _countries(call: Call) -> Value:
    return [{"ID": number, "CODE": code, "TITLE": title} for number, code, title in COUNTRIES]


@method("crm.requisite.preset.field.list")
def _list_preset_fields(call: Call) -> Value:
    return [_shown_preset_field(row) for row in _preset_fields(call)]


@method("crm.requisite.preset.field.get")
def _get_preset_field(call: Call) -> Value:
    return _shown_preset_field(_one_preset_field(call))


def _preset_field_columns(sent: Map) -> Map:
    columns: Map = {name: php.text(sent[name]) for name in ("FIELD_NAME", "FIELD_TITLE") if name in sent}
    if "SORT" in sent:
        columns["SORT"] = php.integer(sent["SORT"])
    if "IN_SHORT_LIST" in sent:
        columns["IN_SHORT_LIST"] = "Y" if sent["IN_SHORT_LIST"] == "Y" else "N"
    return columns


@method("crm.requisite.preset.field.add")
def _add_preset_field(call: Call) -> Value:
    preset, sent = _preset(call), sent_fields(call, True)
    name = php.text(sent.get("FIELD_NAME"))
    if not name or name not in call.portal.schema.entity(REQUISITE).fields:
        raise PortalError("", "FIELD_NAME is not defined or invalid.")
    columns: Map = {"FIELD_TITLE": "", "SORT": 500, "IN_SHORT_LIST": "N", **_preset_field_columns(sent)}
    return call.storage.insert(PRESET_FIELD, {**columns, "PRESET_ID": preset})


@method("crm.requisite.preset.field.update")
def _update_preset_field(call: Call) -> Value:
    row, sent = _one_preset_field(call), sent_fields(call, False)
    call.storage.update(PRESET_FIELD, php.integer(row["ID"]), _preset_field_columns(sent))
    return True


@method("crm.requisite.preset.field.delete")
def _delete_preset_field(call: Call) -> Value:
    call.storage.delete(PRESET_FIELD, php.integer(_one_preset_field(call)["ID"]))
    return True


@method("crm.requisite.preset.field.availabletoadd")
def _available(call: Call) -> Value:
    taken = {row["FIELD_NAME"] for row in _preset_fields(call)}
    fields = call.portal.schema.entity(REQUISITE).fields
    return [name for name in fields if name.startswith(("RQ_", "UF_")) and name not in taken]


def _requisite_face(entity: Entity) -> Face:
    return classic_face(entity, event="CRMREQUISITE", check=_check_requisite, absent=_absent)


register_family(method, "crm.requisite", REQUISITE, _requisite_face)
