"""`crm.calllist.*`: lists of contacts or companies to call. Documentation: api-reference/crm/call-list."""

from __future__ import annotations

from b24_sandbox import declared, engine, php
from b24_sandbox.call import Call
from b24_sandbox.declared_faces import face_of
from b24_sandbox.entities.crm import COMPANY, CONTACT
from b24_sandbox.entities.directories import STATUS
from b24_sandbox.errors import PortalError
from b24_sandbox.fields import Entity
from b24_sandbox.methods.declared import run_of
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable
from b24_sandbox.row import Row

method = MethodTable("crm")
register = method.register

_LISTS = declared.by_name("crm.calllist")
_ITEMS = declared.by_name("crm.calllist.items").entity
_TYPES: dict[str, tuple[int, Entity]] = {"CONTACT": (3, CONTACT), "COMPANY": (4, COMPANY)}
_FIRST_STATUS = "IN_WORK"


def _sent(call: Call, *required: str) -> Map:
    sent = call.upper_case()
    for name in required:
        if sent.get(name) in (None, "", []):
            raise PortalError("ERROR_ARGUMENT", f"{name} is not found")
    if not php.is_array(sent.get("ENTITIES", [])):
        raise PortalError("ENTITIES_ERROR", "Entities is not array")
    return sent


def _members(call: Call, sent: Map, code: str, wrong_type: str) -> tuple[int, list[int]]:
    """The type and the ids of the sent contacts or companies.

    Raises:
        PortalError: with `wrong_type` or `code`, for another type or for ids that do not exist.
    """
    known = _TYPES.get(php.text(sent["ENTITY_TYPE"]).upper())
    if known is None:
        raise PortalError("ENTITY_TYPE_ERROR", wrong_type)
    number, entity = known
    ids = [php.integer(item) for item in php.as_list(sent["ENTITIES"])]
    if any(call.storage.row(entity, record) is None for record in ids):
        raise PortalError(code, "Incorrect entities id")
    return number, list(dict.fromkeys(ids))


@method("crm.calllist.add")
def _add(call: Call) -> Value:
    sent = _sent(call, "ENTITY_TYPE", "ENTITIES")
    number, members = _members(call, sent, "ENTITY_ERROR", "Incorrect entity type")
    values: Map = {"ENTITY_TYPE_ID": number, "WEBFORM_ID": sent.get("WEBFORM_ID")}
    record = engine.create(face_of(_LISTS), call, values)
    for member in members:
        call.storage.insert(_ITEMS, {"LIST_ID": record, "ELEMENT_ID": member, "STATUS_ID": _FIRST_STATUS})
    return record


@method("crm.calllist.update")
def _update(call: Call) -> Value:
    sent = _sent(call, "LIST_ID", "ENTITY_TYPE", "ENTITIES")
    record, storage = php.integer(sent["LIST_ID"]), call.storage
    number, members = _members(call, sent, "ENTITIES_ERROR", "EntityType is incorrect")
    row = storage.row(_LISTS.entity, record)
    if row is None:
        raise PortalError("LIST_ID_ERROR", "Incorrect list id or access denied")
    if row["ENTITY_TYPE_ID"] != number:
        raise PortalError("ENTITY_TYPE_ERROR", "Discrepancy between the type of call participants and incoming type")
    kept: set[int] = set()
    for item in storage.rows(_ITEMS, ["ID", "ELEMENT_ID"], "LIST_ID = ?", [record]):
        if item["ELEMENT_ID"] in members:
            kept.add(item.integer("ELEMENT_ID"))
        else:
            storage.delete(_ITEMS, item.id)
    for member in members:
        if member not in kept:
            storage.insert(_ITEMS, {"LIST_ID": record, "ELEMENT_ID": member, "STATUS_ID": _FIRST_STATUS})
    form = php.integer(sent.get("WEBFORM_ID")) or None
    storage.update(_LISTS.entity, record, {"WEBFORM_ID": form})
    return True


@method("crm.calllist.get")
def _get(call: Call) -> Value:
    """A list with the name of its type."""
    shown = php.as_map(run_of(_LISTS, "get")(call))
    names = {str(number): name for name, (number, _) in _TYPES.items()}
    return {**shown, "ENTITY_TYPE": names[php.text(shown["ENTITY_TYPE_ID"])]}


@method("crm.calllist.statuslist")
def _statuses(call: Call) -> list[Row]:
    columns = ["ID", "NAME", "SORT", "STATUS_ID"]
    return call.storage.rows(STATUS, columns, "ENTITY_ID = 'CALL_LIST'", [], "SORT, ID")


@method("crm.calllist.items.get")
def _items(call: Call) -> Value:
    sent = _sent(call, "LIST_ID")
    record, storage = php.integer(sent["LIST_ID"]), call.storage
    if record < 1:
        raise PortalError("LIST_ID_ERROR", "List id should be positive")
    row = storage.row(_LISTS.entity, record)
    if row is None:
        raise PortalError("LIST_ID_ERROR", "Call list is not found")
    status = php.text(php.as_map(sent.get("FILTER")).get("STATUS"))
    if status and status not in {each["STATUS_ID"] for each in _statuses(call)}:
        raise PortalError("STATUS_ERROR", "Incorrect status")
    found = storage.rows(_ITEMS, ["ELEMENT_ID", "STATUS_ID"], "LIST_ID = ?", [record], "ELEMENT_ID")
    return [
        {"ID": item["ELEMENT_ID"], "STATUS": item["STATUS_ID"], "ENTITY_TYPE": row["ENTITY_TYPE_ID"]}
        for item in found
        if status in ("", item["STATUS_ID"])
    ]
