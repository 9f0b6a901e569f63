"""Directories of the CRM: statuses, enumerations, owner types. Lists are complete; `start` has no effect.

Documentation: api-reference/crm/status, api-reference/crm/auxiliary.
"""

from __future__ import annotations

from collections.abc import Callable

from b24_sandbox import crm_types, facts, filters, php, values
from b24_sandbox.answer import RowPage
from b24_sandbox.call import Call
from b24_sandbox.entities.directories import STATUS
from b24_sandbox.errors import PortalError
from b24_sandbox.methods.crm_classic import array, describe, record_id, sent_fields
from b24_sandbox.methods.plain import described
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable
from b24_sandbox.row import Row

method = MethodTable("crm")
register = method.register

_KEYS = ("ID", "NAME", "SYMBOL_CODE", "SYMBOL_CODE_SHORT")
_SEMANTICS = {"S": "success", "F": "failure"}
_LANGUAGE = filters.Language(filters.WITHOUT_NOT_LIKE, STATUS.fields.get)
_COLORS = {"S": "#7BD500", "F": "#FF5752"}


@method("crm.status.list")
def _statuses(call: Call) -> Value:
    where = filters.build(STATUS, _LANGUAGE, array(call, "filter"), call.now)
    order = filters.order(STATUS.fields.get, array(call, "order"), None, "SORT asc, ID asc")
    rows = call.storage.whole(STATUS, where.sql, where.bound, order)
    return RowPage([_status(row) for row in rows], total=len(rows))


def _status(row: Row) -> Map:
    shown = {field.name: values.show_classic(field, row[field.name]) for field in STATUS.columns}
    if row["COLOR"] is not None:
        group = _SEMANTICS.get(php.text(shown["SEMANTICS"]), "process")
        semantics = "apology" if row.text("STATUS_ID").endswith("APOLOGY") else group
        shown["EXTRA"] = {"SEMANTICS": semantics, "COLOR": row["COLOR"]}
    return shown


def _row(call: Call) -> Row:
    record = php.integer(call.classic("id"))
    if record <= 0:
        raise PortalError("Invalid identifier.", "Invalid identifier.")
    row = call.storage.row(STATUS, record)
    if row is None:
        raise PortalError("Status is not found.", "Status is not found.")
    return row


@method("crm.status.get")
def _status_get(call: Call) -> Value:
    record_id(call)
    shown = _status(_row(call))
    shown.pop("EXTRA", None)
    return shown


@method("crm.status.add")
def _status_add(call: Call) -> Value:
    sent = sent_fields(call, True)
    missing = [name for name in ("ENTITY_ID", "STATUS_ID") if not sent.text(name)]
    if missing:
        raise PortalError("", "\n".join(f"The field {name} is required." for name in missing))
    directory, name = php.text(sent["ENTITY_ID"]), php.text(sent.get("NAME"))
    if not crm_types.is_directory(call.portal, directory):
        raise PortalError("", "Specified entity type is not supported.")
    if not name:
        raise PortalError("", "The field Title is required.")
    prefix, category = _pipeline(call, directory)
    code = php.text(sent["STATUS_ID"])
    code = code if not prefix or code.startswith(prefix) else prefix + code
    if call.storage.count(STATUS, "ENTITY_ID = ? and STATUS_ID = ?", [directory, code]):
        raise PortalError("ERROR_CORE", "The specified status ID already exists.<br>")
    extra = php.as_map(sent.get("EXTRA"))
    semantics = php.text(sent.get("SEMANTICS")) or None
    if semantics is None and extra.get("SEMANTICS") in ("failure", "apology"):
        semantics = "F"
    if semantics == "S" and _is_staged(call, directory):
        raise PortalError(
            "",
            "Cannot create more stages after the final stage because the final successful stage already exists."
            " Try using sort order values less than that of the final stage.",
        )
    color = php.text(sent.get("COLOR") or extra.get("COLOR"))
    staged = _is_staged(call, directory)
    columns: Map = {"ENTITY_ID": directory, "STATUS_ID": code, "NAME": name, "NAME_INIT": "", "SYSTEM": "N"}
    columns |= {"SORT": sent.integer("SORT") or 10, "CATEGORY_ID": category, "SEMANTICS": semantics if staged else None}
    columns["COLOR"] = color or (_COLORS.get(php.text(semantics), "#ACE9FB") if staged else None)
    record = call.storage.insert(STATUS, columns)
    call.portal.stages_changed()
    return record


def _is_staged(call: Call, directory: str) -> bool:
    """Whether a directory contains stages instead of plain values."""
    found = [item for item in crm_types.directories(call.portal) if item["ID"] == directory]
    return bool(found and "SEMANTIC_INFO" in found[0])


def _pipeline(call: Call, directory: str) -> tuple[str, int | None]:
    """The prefix of a directory's codes, and its pipeline."""
    for item in crm_types.directories(call.portal):
        if item["ID"] == directory and item.get("PREFIX"):
            return f"{item['PREFIX']}:", php.integer(item.get("CATEGORY_ID"))
    return "", None


@method("crm.status.update")
def _status_update(call: Call) -> Value:
    row, sent = _row(call), sent_fields(call, False)
    columns: Map = {}
    if sent.text("NAME"):
        columns["NAME"] = sent.text("NAME")
    if "SORT" in sent:
        columns["SORT"] = sent.integer("SORT")
    color = php.text(sent.get("COLOR") or php.as_map(sent.get("EXTRA")).get("COLOR"))
    if color:
        columns["COLOR"] = color
    call.storage.update(STATUS, row.id, columns)
    call.portal.stages_changed()
    return True


@method("crm.status.delete")
def _status_delete(call: Call) -> Value:
    row = _row(call)
    params = php.as_map(call.classic("params"))
    forced = php.text(params.get("FORCED") or call.classic("forced")) == "Y"
    if row["SYSTEM"] == "Y" and not forced:
        text = 'CRM System Status can be deleted only if parameter FORCED is specified and equal to "Y".'
        raise PortalError(text, text)
    if _used(call, row):
        text = "There are active items in this status."
        raise PortalError(text, text)
    call.storage.delete(STATUS, row.id)
    call.portal.stages_changed()
    return True


def _used(call: Call, row: Row) -> bool:
    """Whether items are in a stage."""
    directory = row.text("ENTITY_ID")
    for number in (1, 2, 7, 31, *crm_types.type_numbers(call.portal)):
        entity = crm_types.base_entity(call.portal, number)
        stage = "STATUS_ID" if number in (1, 7) else "STAGE_ID"
        categories = [0] if number in (1, 7) else crm_types.categories(call.portal, number)
        if entity is None or stage not in entity.fields:
            continue
        if any(crm_types.stage_directory(number, category) == directory for category in categories):
            return call.storage.count(entity, f'"{stage}" = ?', [row["STATUS_ID"]]) > 0
    return False


@method("crm.status.entity.items")
def _entity_items(call: Call) -> Value:
    directory = php.text(call.classic("entityId"))
    if not crm_types.is_directory(call.portal, directory):
        code = "The parameter entityId is not defined or invalid."
        raise PortalError(code, code)
    return call.storage.rows(STATUS, ["NAME", "SORT", "STATUS_ID"], "ENTITY_ID = ?", [directory], "SORT, ID")


@method("crm.status.fields")
def _status_fields(call: Call) -> Value:
    shown: Map = {name: describe(field) for name, field in STATUS.fields.items()}
    return {**shown, **php.as_map(described("EXTRA crm_status_extra | Extra\n"))}


@method("crm.enum.ownertype")
def _owner_types(call: Call) -> Value:
    rows: list[Map] = [
        dict(zip(_KEYS, (int(number), *names), strict=True)) for number, *names in facts.table("owner_types")
    ]
    for number in crm_types.type_numbers(call.portal):
        row = crm_types.type_row(call.portal, number) or {}
        word = crm_types.owner_word(number).upper()
        rows.append(dict(zip(_KEYS, (number, row.get("TITLE"), word, crm_types.owner_code(number)), strict=True)))
    return rows


def _enumeration(name: str) -> Callable[[Call], Value]:
    """The method that lists an enumeration of the table `enumerations`."""
    items = [(int(number), title) for kind, number, title in facts.table("enumerations") if kind == name]
    return lambda call: [dict(zip(_KEYS, (*item, None, None), strict=True)) for item in items]


method.add("crm.status.entity.types", lambda call: list(crm_types.directories(call.portal)))
for _name in dict.fromkeys(kind for kind, *_ in facts.table("enumerations")):
    method.add(f"crm.enum.{_name}", _enumeration(_name))
