"""`crm.requisite.*` with presets and bank details.

Documentation: api-reference/crm/requisites. The error for a missing record differs by family.
"""

from __future__ import annotations

from b24_sandbox import crm_types, engine, php
from b24_sandbox.call import Call
from b24_sandbox.entities.crm_requisites import (
    BANK_DETAIL,
    COUNTRIES,
    PRESET,
    PRESET_FIELD,
    REQUISITE,
)
from b24_sandbox.errors import PortalError
from b24_sandbox.faces import Face
from b24_sandbox.fields import Entity, Field
from b24_sandbox.methods import crm_classic
from b24_sandbox.methods.crm_classic import Absent, classic_face, describe, record_id, sent_fields
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import Registry
from b24_sandbox.row import Row
from b24_sandbox.schema import over_face

_REQUISITE_TYPE = 8


def invalid(name: str, stop: str = ".") -> PortalError:
    """The error for a field without a valid id."""
    return PortalError("", f"{name} is not defined or invalid{stop}")


def _named(word: str) -> Absent:
    return lambda verb, record: PortalError("", f"The {word} with ID '{record}' is not found")


def positive(columns: Map, name: str) -> int:
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
    if call.portal.storage.row(PRESET, positive(columns, "PRESET_ID")) is None:
        raise invalid("PRESET_ID")
    if not crm_types.exists(call.portal, kind, owner):
        raise PortalError("", "Entity not found.")


def _check_bank(call: Call, columns: Map, stored: Row | None) -> None:
    if stored is None:
        owner = positive(columns, "ENTITY_ID")
        if call.portal.storage.row(REQUISITE, owner) is None:
            raise invalid("ENTITY_ID")
        columns["COUNTRY_ID"] = php.integer(columns.get("COUNTRY_ID")) or 1


def _check_preset(call: Call, columns: Map, stored: Row | None) -> None:
    if stored is None and php.integer(columns.get("ENTITY_TYPE_ID")) != _REQUISITE_TYPE:
        raise invalid("ENTITY_TYPE_ID", "")


def _delete_preset(face: Face, call: Call) -> Value:
    record = record_id(call)
    engine.stored(face, call, record, "delete")
    if call.portal.storage.count(REQUISITE, "PRESET_ID = ?", [record]):
        raise PortalError("", "Нельзя удалить шаблон: по нему созданы реквизиты")
    for row in call.portal.storage.rows(PRESET_FIELD, ["ID"], "PRESET_ID = ?", [record]):
        call.portal.storage.delete(PRESET_FIELD, row.id)
    return engine.delete(face, call)


def _preset(call: Call) -> int:
    preset = php.integer(php.as_map(call.classic("preset")).get("ID"))
    if preset <= 0:
        raise PortalError("", "Preset ID is not defined or invalid.")
    if call.portal.storage.row(PRESET, preset) is None:
        raise PortalError("", f"The Preset with ID '{preset}' is not found")
    return preset


def _preset_fields(call: Call) -> list[Row]:
    columns = [field.name for field in PRESET_FIELD.columns]
    return call.portal.storage.rows(PRESET_FIELD, columns, "PRESET_ID = ?", [_preset(call)], "SORT, ID")


def _shown_preset_field(row: Map) -> Map:
    return {name: php.text(value) for name, value in row.items() if name != "PRESET_ID"}


def _one_preset_field(call: Call) -> Map:
    record = record_id(call)
    for row in _preset_fields(call):
        if row["ID"] == record:
            return row
    raise PortalError("", f"The PresetField with ID '{record}' is not found")


def _preset_field_columns(sent: Map) -> Map:
    columns: Map = {name: php.text(sent[name]) for name in ("FIELD_NAME", "FIELD_TITLE") if name in sent}
    if "SORT" in sent:
        columns["SORT"] = php.integer(sent["SORT"])
    if "IN_SHORT_LIST" in sent:
        columns["IN_SHORT_LIST"] = "Y" if sent["IN_SHORT_LIST"] == "Y" else "N"
    return columns


def _add_preset_field(call: Call) -> Value:
    preset, sent = _preset(call), sent_fields(call, True)
    name = php.text(sent.get("FIELD_NAME"))
    if not name or name not in call.portal.schema.entity(REQUISITE).fields:
        raise PortalError("", "FIELD_NAME is not defined or invalid.")
    columns: Map = {"FIELD_TITLE": "", "SORT": 500, "IN_SHORT_LIST": "N", **_preset_field_columns(sent)}
    return call.portal.storage.insert(PRESET_FIELD, {**columns, "PRESET_ID": preset})


def _update_preset_field(call: Call) -> Value:
    row, sent = _one_preset_field(call), sent_fields(call, False)
    call.portal.storage.update(PRESET_FIELD, php.integer(row["ID"]), _preset_field_columns(sent))
    return True


def _delete_preset_field(call: Call) -> Value:
    call.portal.storage.delete(PRESET_FIELD, php.integer(_one_preset_field(call)["ID"]))
    return True


def _available(call: Call) -> Value:
    taken = {row["FIELD_NAME"] for row in _preset_fields(call)}
    fields = call.portal.schema.entity(REQUISITE).fields
    return [name for name in fields if name.startswith(("RQ_", "UF_")) and name not in taken]


def _requisite_face(entity: Entity) -> Face:
    return classic_face(entity, event="CRMREQUISITE", check=_check_requisite, absent=_named("Requisite"))


def _bank_face(entity: Entity) -> Face:
    return classic_face(entity, event="CRMBANKDETAIL", check=_check_bank, absent=_named("RequisiteBankDetail"))


def _preset_face(entity: Entity) -> Face:
    return classic_face(entity, check=_check_preset, absent=_named("Preset"))


def _field_names(fields: dict[str, Field]) -> Value:
    return {name: describe(field) for name, field in fields.items() if "h" not in field.flags}


def register(registry: Registry) -> None:
    """Register requisites, presets, bank details, links and addresses."""
    family = crm_classic.register_family
    family(registry, "crm.requisite", REQUISITE, _requisite_face)
    family(registry, "crm.requisite.bankdetail", BANK_DETAIL, _bank_face)
    family(registry, "crm.requisite.preset", PRESET, _preset_face)
    registry.classic("crm.requisite.preset.delete", "crm", over_face(_preset_face, PRESET, _delete_preset))
    registry.classic(
        "crm.requisite.preset.countries",
        "crm",
        lambda call: [{"ID": number, "CODE": code, "TITLE": title} for number, code, title in COUNTRIES],
    )
    for name, run in (
        ("preset.field.list", lambda call: [_shown_preset_field(row) for row in _preset_fields(call)]),
        ("preset.field.get", lambda call: _shown_preset_field(_one_preset_field(call))),
        ("preset.field.add", _add_preset_field),
        ("preset.field.update", _update_preset_field),
        ("preset.field.delete", _delete_preset_field),
        ("preset.field.availabletoadd", _available),
        ("preset.field.fields", lambda call: _field_names(PRESET_FIELD.fields)),
    ):
        registry.classic(f"crm.requisite.{name}", "crm", run)
