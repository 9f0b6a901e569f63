"""``crm.requisite.*`` with presets, bank details and links, and ``crm.address.*``.

Documentation: api-reference/crm/requisites. Every family names its record in the error for a missing one.
"""

from functools import partial

from b24_mcp.sandbox import crm_types, engine, errors, filters, php, values
from b24_mcp.sandbox.answer import Page
from b24_mcp.sandbox.call import Call
from b24_mcp.sandbox.entities.crm_requisites import (
    ADDRESS,
    BANK_DETAIL,
    COUNTRIES,
    PRESET,
    PRESET_FIELD,
    REQUISITE,
    REQUISITE_LINK,
)
from b24_mcp.sandbox.errors import PortalError
from b24_mcp.sandbox.faces import Face
from b24_mcp.sandbox.fields import Entity, Field
from b24_mcp.sandbox.methods import crm_classic
from b24_mcp.sandbox.methods.crm_classic import Absent, array, classic_face, describe, record_id, sent_fields
from b24_mcp.sandbox.php import Map, Value
from b24_mcp.sandbox.registry import Registry
from b24_mcp.sandbox.schema import faced

_REQUISITE_TYPE = 8
_OWNERS = frozenset((3, 4, _REQUISITE_TYPE))


def _invalid(name: str, stop: str = ".") -> PortalError:
    return PortalError("", f"{name} is not defined or invalid{stop}")


def _named(word: str) -> Absent:
    return lambda verb, record: PortalError("", f"The {word} with ID '{record}' is not found")


def _number(columns: Map, name: str) -> int:
    number = php.integer(columns.get(name))
    if number <= 0:
        raise _invalid(name)
    return number


def _check_requisite(call: Call, columns: Map, stored: Map | None) -> None:
    if stored is not None:
        return
    kind = _number(columns, "ENTITY_TYPE_ID")
    if kind not in (3, 4):
        raise _invalid("ENTITY_TYPE_ID")
    owner = _number(columns, "ENTITY_ID")
    if call.portal.storage.row(PRESET, _number(columns, "PRESET_ID")) is None:
        raise _invalid("PRESET_ID")
    if not crm_types.exists(call.portal, kind, owner):
        raise PortalError("", "Entity not found.")


def _check_bank(call: Call, columns: Map, stored: Map | None) -> None:
    if stored is None:
        owner = _number(columns, "ENTITY_ID")
        if call.portal.storage.row(REQUISITE, owner) is None:
            raise _invalid("ENTITY_ID")
        columns["COUNTRY_ID"] = php.integer(columns.get("COUNTRY_ID")) or 1


def _check_preset(call: Call, columns: Map, stored: Map | None) -> None:
    if stored is None and php.integer(columns.get("ENTITY_TYPE_ID")) != _REQUISITE_TYPE:
        raise _invalid("ENTITY_TYPE_ID", "")


def _delete_preset(face: Face, call: Call) -> Value:
    record = record_id(call)
    engine.stored(face, call, record, "delete")
    if call.portal.storage.count(REQUISITE, "PRESET_ID = ?", [record]):
        raise PortalError("", "Нельзя удалить шаблон: по нему созданы реквизиты")
    for row in call.portal.storage.rows(PRESET_FIELD, ["ID"], "PRESET_ID = ?", [record]):
        call.portal.storage.delete(PRESET_FIELD, php.integer(row["ID"]))
    return engine.delete(face, call)


def _preset(call: Call) -> int:
    preset = php.integer(php.as_map(call.classic("preset")).get("ID"))
    if preset <= 0:
        raise PortalError("", "Preset ID is not defined or invalid.")
    if call.portal.storage.row(PRESET, preset) is None:
        raise PortalError("", f"The Preset with ID '{preset}' is not found")
    return preset


def _preset_fields(call: Call) -> list[Map]:
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


def _described(entity: Entity, call: Call) -> Value:
    return {name: describe(field) for name, field in entity.fields.items() if "h" not in field.flags}


def _keyless(entity: Entity, call: Call) -> Value:
    """A classic list of records that are known by their owner and not by an id."""
    shown = {f.name: f for f in entity.columns if "h" not in f.flags}
    language = filters.Language(filters.OPERATORS, shown.get)
    where = filters.build(entity, language, array(call, "filter"), call.now)
    order = filters.order(shown.get, array(call, "order"), None)
    select = [php.text(name) for name in php.as_list(call.classic("select"))]
    names = [name for name in shown if not select or "*" in select or name in select] or list(shown)
    from b24_mcp.sandbox import paging

    storage = call.portal.storage
    page = paging.family_a(
        call.offset,
        lambda: storage.count(entity, where.sql, where.bound),
        lambda limit, offset: storage.rows(entity, names, where.sql, where.bound, order, limit, offset),
    )
    rows = [
        {name: values.show_classic(shown[name], value) for name, value in php.as_map(row).items()}
        for row in php.as_list(page.result)
    ]
    return Page(rows, page.next, page.total)


def _address_key(sent: Map) -> list[Value]:
    """Type, owner's type and owner of an address."""
    for name in ("TYPE_ID", "ENTITY_TYPE_ID", "ENTITY_ID"):
        if php.integer(sent.get(name)) <= 0:
            raise _invalid(name)
    if php.integer(sent["ENTITY_TYPE_ID"]) not in _OWNERS | {1}:
        raise _invalid("ENTITY_TYPE_ID")
    return [php.integer(sent[name]) for name in ("TYPE_ID", "ENTITY_TYPE_ID", "ENTITY_ID")]


def _address(call: Call, key: list[Value]) -> Map | None:
    columns = [field.name for field in ADDRESS.columns]
    where = "TYPE_ID = ? and ENTITY_TYPE_ID = ? and ENTITY_ID = ?"
    return next(iter(call.portal.storage.rows(ADDRESS, columns, where, key)), None)


def _address_columns(call: Call, sent: Map) -> Map:
    fixed = ("TYPE_ID", "ENTITY_TYPE_ID", "ENTITY_ID")
    return {
        field.name: values.stored(field, sent[field.name], call.now)
        for field in ADDRESS.columns
        if field.name in sent and not field.read_only and field.name not in fixed
    }


def _announce_address(call: Call, event: str, key: list[Value]) -> None:
    names = ("TYPE_ID", "ENTITY_TYPE_ID", "ENTITY_ID")
    call.portal.changes.announce(event, {"FIELDS": dict(zip(names, key, strict=True))}, call.user)


def _anchor(call: Call, kind: Value, owner: Value) -> Map:
    """What an address finally belongs to: the company behind a requisite."""
    if kind == _REQUISITE_TYPE:
        requisite = call.portal.storage.row(REQUISITE, php.integer(owner)) or {}
        return {"ANCHOR_TYPE_ID": requisite.get("ENTITY_TYPE_ID"), "ANCHOR_ID": requisite.get("ENTITY_ID")}
    return {"ANCHOR_TYPE_ID": kind, "ANCHOR_ID": owner}


def _add_address(call: Call) -> Value:
    sent = sent_fields(call, True)
    key = _address_key(sent)
    kind, owner = php.integer(key[1]), php.integer(key[2])
    known = (
        call.portal.storage.row(REQUISITE, owner) is not None
        if kind == _REQUISITE_TYPE
        else crm_types.exists(call.portal, kind, owner)
    )
    if not known:
        raise _invalid("ENTITY_ID")
    if _address(call, key) is not None:
        raise PortalError("", "TypeAddress exists.")
    names = ("TYPE_ID", "ENTITY_TYPE_ID", "ENTITY_ID")
    columns = {**dict(zip(names, key, strict=True)), **_address_columns(call, sent), **_anchor(call, kind, owner)}
    call.portal.storage.insert(ADDRESS, columns)
    _announce_address(call, "ONCRMADDRESSREGISTER", key)
    return True


def _update_address(call: Call) -> Value:
    sent = sent_fields(call, False)
    key = _address_key(sent)
    row = _address(call, key)
    if row is None:
        raise PortalError("", "TypeAddress not found.")
    call.portal.storage.update(ADDRESS, php.integer(row["ID"]), _address_columns(call, sent))
    _announce_address(call, "ONCRMADDRESSREGISTER", key)
    return True


def _delete_address(call: Call) -> Value:
    key = _address_key(sent_fields(call, False))
    row = _address(call, key)
    if row is None:
        raise PortalError("", "TypeAddress not found.")
    call.portal.storage.delete(ADDRESS, php.integer(row["ID"]))
    _announce_address(call, "ONCRMADDRESSUNREGISTER", key)
    return True


_LINK_COLUMNS = [field.name for field in REQUISITE_LINK.columns if field.name != "ID"]
_LINKED = ("REQUISITE_ID", "BANK_DETAIL_ID", "MC_REQUISITE_ID", "MC_BANK_DETAIL_ID")


def _link(call: Call, kind: int, owner: int) -> Map | None:
    where = "ENTITY_TYPE_ID = ? and ENTITY_ID = ?"
    columns = ["ID", *_LINK_COLUMNS]
    return next(iter(call.portal.storage.rows(REQUISITE_LINK, columns, where, [kind, owner])), None)


def _register_link(call: Call) -> Value:
    sent = sent_fields(call, True)
    kind, owner = _number(sent, "ENTITY_TYPE_ID"), _number(sent, "ENTITY_ID")
    for name in _LINKED:
        if name not in sent or php.integer(sent[name]) < 0:
            raise _invalid(name)
    if not crm_types.exists(call.portal, kind, owner):
        raise PortalError("", "Entity is not found")
    _check_linked(call, sent)
    columns: Map = {name: php.integer(sent[name]) for name in _LINKED}
    row = _link(call, kind, owner)
    if row is None:
        call.portal.storage.insert(REQUISITE_LINK, {"ENTITY_TYPE_ID": kind, "ENTITY_ID": owner, **columns})
    else:
        call.portal.storage.update(REQUISITE_LINK, php.integer(row["ID"]), columns)
    return True


def _check_linked(call: Call, sent: Map) -> None:
    """Requisites and bank details exist and belong together; 0 is none."""
    for requisite_name, bank_name, mine in (
        ("REQUISITE_ID", "BANK_DETAIL_ID", ""),
        ("MC_REQUISITE_ID", "MC_BANK_DETAIL_ID", " of your company"),
    ):
        requisite, bank = php.integer(sent[requisite_name]), php.integer(sent[bank_name])
        if requisite and call.portal.storage.row(REQUISITE, requisite) is None:
            raise PortalError("", f"The Requisite{mine} with ID '{requisite}' is not found")
        row = call.portal.storage.row(BANK_DETAIL, bank) if bank else None
        if bank and row is None:
            raise PortalError("", f"The BankDetail{mine} with ID '{bank}' is not found")
        if row is not None and row["ENTITY_ID"] != requisite:
            raise PortalError(
                "", f"The BankDetail{mine} with ID '{bank}' is not assigned to Requisite{mine} with ID '{requisite}'"
            )


def _link_owner(call: Call) -> tuple[int, int]:
    found = []
    for name in ("entityTypeId", "entityId"):
        number = php.integer(call.params.get(name))
        if number <= 0:
            raise _invalid(name)
        found.append(number)
    return found[0], found[1]


def _get_link(call: Call) -> Value:
    kind, owner = _link_owner(call)
    row = _link(call, kind, owner)
    if row is None:
        raise errors.not_found()
    return {"ENTITY_TYPE_ID": kind, "ENTITY_ID": owner, **{name: php.text(row[name]) for name in _LINKED}}


def _unregister_link(call: Call) -> Value:
    kind, owner = _link_owner(call)
    row = _link(call, kind, owner)
    if row is not None:
        call.portal.storage.delete(REQUISITE_LINK, php.integer(row["ID"]))
    return True


def _requisite_face(entity: Entity) -> Face:
    return classic_face(entity, event="CRMREQUISITE", check=_check_requisite, absent=_named("Requisite"))


def _bank_face(entity: Entity) -> Face:
    return classic_face(entity, event="CRMBANKDETAIL", check=_check_bank, absent=_named("RequisiteBankDetail"))


def _preset_face(entity: Entity) -> Face:
    return classic_face(entity, check=_check_preset, absent=_named("Preset"))


def _field_names(fields: dict[str, Field]) -> Value:
    return {name: describe(field) for name, field in fields.items() if "h" not in field.flags}


def register(registry: Registry) -> None:
    """Add requisites, presets, bank details, links and addresses."""
    family = crm_classic.register_family
    family(registry, "crm.requisite", REQUISITE, _requisite_face)
    family(registry, "crm.requisite.bankdetail", BANK_DETAIL, _bank_face)
    family(registry, "crm.requisite.preset", PRESET, _preset_face)
    registry.classic("crm.requisite.preset.delete", "crm", faced(_preset_face, PRESET, _delete_preset))
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
        ("link.fields", partial(_described, REQUISITE_LINK)),
        ("link.list", partial(_keyless, REQUISITE_LINK)),
        ("link.register", _register_link),
        ("link.unregister", _unregister_link),
        ("link.get", _get_link),
    ):
        registry.classic(f"crm.requisite.{name}", "crm", run)
    for name, run in (
        ("fields", partial(_described, ADDRESS)),
        ("list", partial(_keyless, ADDRESS)),
        ("add", _add_address),
        ("update", _update_address),
        ("delete", _delete_address),
    ):
        registry.classic(f"crm.address.{name}", "crm", run)
