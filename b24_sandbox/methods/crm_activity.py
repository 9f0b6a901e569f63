"""`crm.activity.*`: classic activities with their communications and bindings, and to-do activities.

Documentation: api-reference/crm/timeline/activities.
"""

from __future__ import annotations

import dataclasses

from b24_sandbox import crm_types, dates, engine, errors, files, php
from b24_sandbox.call import Call
from b24_sandbox.entities.crm import CONTACT
from b24_sandbox.entities.crm_cascade import remove_where
from b24_sandbox.entities.crm_parts import ACTIVITY, ACTIVITY_BINDING, COMMUNICATION
from b24_sandbox.errors import PortalError
from b24_sandbox.faces import Face
from b24_sandbox.fields import Entity
from b24_sandbox.methods import crm_item
from b24_sandbox.methods.crm_classic import classic_face, register_family
from b24_sandbox.methods.crm_item import required
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable
from b24_sandbox.row import Row, Sent
from b24_sandbox.shapes import shape

method = MethodTable("crm")
binding_action = method.controller("Bitrix\\Crm\\Controller\\Activity\\Binding")
todo_action = method.controller("Bitrix\\Crm\\Controller\\Activity\\ToDo")
register = method.register

_TODO = 6
_NO_OWNER = "Owner of the entity not found"
_FILE = "FILE"
"""The type of a communication row for an attached file."""
_PEOPLE = {3: ("HONORIFIC", "NAME", "SECOND_NAME", "LAST_NAME"), 4: ("TITLE",)}


def _required(call: Call, columns: Map, stored: Row | None) -> None:
    """Check the required fields of an activity. An update may omit them but not clear them."""
    if stored is None and php.integer(columns.get("TYPE_ID")) <= 0:
        raise PortalError("", "The field TYPE_ID is not defined or invalid.")
    if stored is None and columns.get("TYPE_ID") == _TODO and not columns.get("PROVIDER_ID"):
        raise PortalError("", "The custom activity without provider is not supported in current context.")
    if (stored is None or "SUBJECT" in columns) and not columns.get("SUBJECT"):
        raise PortalError("", "The field SUBJECT is not defined or empty.")
    if stored is None and php.integer(columns.get("RESPONSIBLE_ID")) <= 0:
        columns["RESPONSIBLE_ID"] = _responsible(call, columns)
    if (stored is None or "RESPONSIBLE_ID" in columns) and php.integer(columns.get("RESPONSIBLE_ID")) <= 0:
        raise PortalError("", "The field RESPONSIBLE_ID is not defined or invalid.")
    if stored is None:
        _owned(call, columns)


def _responsible(call: Call, columns: Map) -> int:
    """The responsible person of an activity that names none: that of the owner, otherwise the caller."""
    kind, owner = php.integer(columns.get("OWNER_TYPE_ID")), php.integer(columns.get("OWNER_ID"))
    entity = crm_types.base_entity(call.portal, kind)
    row = call.storage.row(entity, owner) if entity is not None and owner > 0 else None
    return php.integer((row or Row()).get("ASSIGNED_BY_ID")) or call.user


def _owned(call: Call, columns: Map) -> None:
    """Set the owner of an activity: the sent owner or the other side of its communication."""
    sent = php.as_map(call.classic("fields"))
    communications = [Sent(php.as_map(item)) for item in php.as_list(sent.get("COMMUNICATIONS"))]
    kind, owner = php.integer(columns.get("OWNER_TYPE_ID")), php.integer(columns.get("OWNER_ID"))
    if columns.get("TYPE_ID") in (1, 2, 4) and not communications:
        raise PortalError("", "The field COMMUNICATIONS is not defined or invalid.")
    if columns.get("TYPE_ID") == 2 and len(communications) > 1:
        raise PortalError("", "The only one communication is allowed for activity of specified type.")
    if not kind or not owner:
        first = next(iter(communications), Sent())
        kind, owner = first.integer("ENTITY_TYPE_ID"), first.integer("ENTITY_ID")
        columns["OWNER_TYPE_ID"], columns["OWNER_ID"] = kind or None, owner or None
    if not kind or not owner or not crm_types.exists(call.portal, kind, owner):
        words = "Could not build binding. Please ensure that owner info and communications are defined correctly."
        raise PortalError("", words)


def bind(call: Call, activity: int, kind: int, owner: int) -> bool:
    """Bind an activity to an item. Return whether it was not bound before."""
    where = "ACTIVITY_ID = ? and OWNER_TYPE_ID = ? and OWNER_ID = ?"
    if call.storage.count(ACTIVITY_BINDING, where, [activity, kind, owner]):
        return False
    columns: Map = {"ACTIVITY_ID": activity, "OWNER_TYPE_ID": kind, "OWNER_ID": owner}
    call.storage.insert(ACTIVITY_BINDING, columns)
    return True


def bindings(call: Call, activity: int) -> list[Row]:
    """The bindings of an activity."""
    columns = ["OWNER_ID", "OWNER_TYPE_ID", "ID"]
    return call.storage.rows(ACTIVITY_BINDING, columns, "ACTIVITY_ID = ?", [activity], "ID")


def _write(call: Call, activity: int, sent: Map, new: bool) -> None:
    """Write communications, bindings and files of an activity."""
    storage = call.storage
    row = storage.row(ACTIVITY, activity) or Row()
    if new:
        bind(call, activity, row.integer("OWNER_TYPE_ID"), row.integer("OWNER_ID"))
        for item in php.as_list(php.as_map(call.classic("fields")).get("BINDINGS")):
            entry = php.as_map(item)
            kind, owner = php.integer(entry.get("OWNER_TYPE_ID")), php.integer(entry.get("OWNER_ID"))
            if crm_types.exists(call.portal, kind, owner):
                bind(call, activity, kind, owner)
    if "COMMUNICATIONS" in sent:
        remove_where(call.portal, COMMUNICATION, "ACTIVITY_ID = ? and TYPE <> ?", [activity, _FILE])
        for item in php.as_list(sent["COMMUNICATIONS"]):
            _communicate(call, activity, row, Sent(php.as_map(item)))
    for name in ("FILES", "WEBDAV_ELEMENTS"):
        for item in php.as_list(sent.get(name)):
            data = php.as_list(php.as_map(item).get("fileData", item))
            if len(data) == 2 and all(isinstance(part, str) for part in data):
                number = files.keep(storage, php.text(data[0]), php.text(data[1]))
                storage.insert(COMMUNICATION, {"ACTIVITY_ID": activity, "TYPE": _FILE, "VALUE": php.text(number)})


def _communicate(call: Call, activity: int, row: Row, item: Sent) -> None:
    value = item.text("VALUE")
    kind = item.integer("ENTITY_TYPE_ID") or row.integer("OWNER_TYPE_ID")
    owner = item.integer("ENTITY_ID") or row.integer("OWNER_ID")
    guessed = ("EMAIL" if "@" in value else "PHONE") if value else ""
    columns: Map = {"ACTIVITY_ID": activity, "ENTITY_TYPE_ID": kind, "ENTITY_ID": owner, "VALUE": value}
    call.storage.insert(COMMUNICATION, {**columns, "TYPE": item.text("TYPE") or guessed})
    if crm_types.exists(call.portal, kind, owner):
        bind(call, activity, kind, owner)


def _communication(call: Call, row: Row) -> Map:
    """A communication with the name of the other side."""
    shown = shape("timeline.communication", row)
    kind, owner = row.integer("ENTITY_TYPE_ID"), row.integer("ENTITY_ID")
    entity = crm_types.base_entity(call.portal, kind)
    person = call.storage.row(entity, owner) if entity is not None and owner else None
    settings: Map = {}
    if person is not None:
        settings = {name: person.text(name) for name in _PEOPLE.get(kind, ("TITLE",)) if name in person}
        if entity is CONTACT or kind == 3:
            settings["COMPANY_ID"] = person.text("COMPANY_ID")
    shown["ENTITY_SETTINGS"] = settings
    return shown


def _show(call: Call, rows: list[Row], shown: list[Map], names: frozenset[str]) -> None:
    """Add communications, bindings and files that `select` names."""
    for row, record in zip(rows, shown, strict=True):
        activity = row.id
        kept = call.storage.whole(COMMUNICATION, "ACTIVITY_ID = ?", [activity])
        if "COMMUNICATIONS" in names:
            record["COMMUNICATIONS"] = [_communication(call, item) for item in kept if item["TYPE"] != _FILE]
        if "BINDINGS" in names:
            record["BINDINGS"] = [
                {"OWNER_ID": item.text("OWNER_ID"), "OWNER_TYPE_ID": item.text("OWNER_TYPE_ID")}
                for item in bindings(call, activity)
            ]
        if "FILES" in names:
            record["FILES"] = [_file(call, activity, item) for item in kept if item["TYPE"] == _FILE]


def _file(call: Call, activity: int, item: Map) -> Map:
    number = php.text(item["VALUE"])
    address = f"{call.base}/bitrix/tools/crm_show_file.php?fileId={number}&ownerTypeId=6&ownerId={activity}&auth="
    return {"id": php.integer(number), "url": address}


def _absent(verb: str, record: int) -> PortalError:
    return errors.not_found() if verb == "get" else PortalError("", "Activity is not found")


def activity_face(entity: Entity) -> Face:
    """The face of `crm.activity.*`."""
    face = classic_face(entity, event="CRMACTIVITY", check=_required, absent=_absent)
    return dataclasses.replace(face, virtual_write=_write, virtual_show=_show)


def _live(call: Call) -> Face:
    return call.portal.schema.face(activity_face, ACTIVITY)


register_family(method, "crm.activity", ACTIVITY, activity_face)


@method("crm.activity.list")
def _by_bindings(call: Call) -> Value:
    """A list where `OWNER_TYPE_ID` with `OWNER_ID`, or `BINDINGS`, match any binding of an activity."""
    face = _live(call)
    conditions = dict(php.as_map(call.classic("filter")))
    pairs: list[tuple[int, int]] = []
    for item in php.as_list(conditions.pop("BINDINGS", None)):
        entry = php.as_map(item)
        pairs.append((php.integer(entry.get("OWNER_TYPE_ID")), php.integer(entry.get("OWNER_ID"))))
    kind, owner = conditions.get("OWNER_TYPE_ID"), conditions.get("OWNER_ID")
    if kind is not None and owner is not None and not php.is_array(owner) and not php.is_array(kind):
        del conditions["OWNER_TYPE_ID"], conditions["OWNER_ID"]
        pairs.append((php.integer(kind), php.integer(owner)))
    if not pairs:
        return engine.list_page(face, call)
    found: set[int] = set()
    for pair in pairs:
        where = "OWNER_TYPE_ID = ? and OWNER_ID = ?"
        rows = call.storage.rows(ACTIVITY_BINDING, ["ACTIVITY_ID"], where, list(pair))
        found |= {row.integer("ACTIVITY_ID") for row in rows}
    kept = {key: value for key, value in call.params.items() if key.lower() not in ("filter", "arfilter")}
    narrowed: Map = {**conditions, "@ID": sorted(found)}
    return engine.list_page(face, dataclasses.replace(call, params={**kept, "filter": narrowed}))


@method("crm.activity.delete")
def _delete_parts(call: Call) -> Value:
    answer = engine.delete(_live(call), call)
    activity = php.integer(call.classic("id"))
    for entity in (ACTIVITY_BINDING, COMMUNICATION):
        remove_where(call.portal, entity, "ACTIVITY_ID = ?", [activity])
    return answer


def _activity(call: Call, name: str = "activityId") -> int:
    activity = php.integer(required(call, name))
    if call.storage.row(ACTIVITY, activity) is None:
        raise PortalError("NOT_FOUND", "Element not found")
    return activity


@binding_action("crm.activity.binding.add")
def _binding_add(call: Call) -> Value:
    activity = _activity(call)
    kind, owner = crm_item.owner(call, refusal=_NO_OWNER)
    if not bind(call, activity, kind, owner):
        raise PortalError("ACTIVITY_IS_ALREADY_BOUND", "Activity is already bound to this entity")
    return True


@binding_action("crm.activity.binding.delete")
def _binding_delete(call: Call) -> Value:
    activity = _activity(call)
    kind, owner = crm_item.numbers(call, "entityTypeId", "entityId")
    held = bindings(call, activity)
    bound = [item for item in held if (item["OWNER_TYPE_ID"], item["OWNER_ID"]) == (kind, owner)]
    if not bound:
        raise PortalError("BINDING_NOT_FOUND", "Binding not found")
    if len(held) == 1:
        raise PortalError("LAST_BINDING_CANNOT_BE_DELETED", "The last binding cannot be deleted")
    call.storage.delete(ACTIVITY_BINDING, bound[0].id)
    return True


@binding_action("crm.activity.binding.list")
def _binding_list(call: Call) -> Value:
    return [
        {"entityTypeId": item["OWNER_TYPE_ID"], "entityId": item["OWNER_ID"]}
        for item in bindings(call, _activity(call))
    ]


@binding_action("crm.activity.binding.move")
def _binding_move(call: Call) -> Value:
    activity = _activity(call)
    kind, owner = crm_item.numbers(call, "sourceEntityTypeId", "sourceEntityId")
    new_kind, new_owner = crm_item.owner(call, "targetEntityTypeId", "targetEntityId", _NO_OWNER)
    for item in bindings(call, activity):
        if (item["OWNER_TYPE_ID"], item["OWNER_ID"]) == (kind, owner):
            call.storage.delete(ACTIVITY_BINDING, item.id)
            bind(call, activity, new_kind, new_owner)
            return True
    raise PortalError("BINDING_NOT_FOUND", "Binding not found")


def deadline(sent: Value, now: float) -> Map:
    """The columns that a deadline sets: empty when it is no date."""
    return dict.fromkeys(("DEADLINE", "START_TIME", "END_TIME"), dates.stored_moment(php.text(sent), now))


def _deadline(call: Call, name: str) -> Map:
    columns = deadline(required(call, name), call.now)
    if columns["DEADLINE"] is None:
        raise PortalError("WRONG_DATETIME_FORMAT", "Wrong date format")
    return columns


def _todo_columns(call: Call) -> Map:
    return {
        **_deadline(call, "deadline"),
        "DESCRIPTION": call.sent.text("description"),
        "SUBJECT": call.sent.text("title") or "Дело",
        "RESPONSIBLE_ID": call.sent.integer("responsibleId") or call.user,
    }


@todo_action("crm.activity.todo.add")
def _todo_add(call: Call) -> Value:
    kind, owner = crm_item.owner(call, "ownerTypeId", "ownerId", _NO_OWNER)
    columns: Map = {
        **_todo_columns(call),
        "OWNER_TYPE_ID": kind,
        "OWNER_ID": owner,
        "TYPE_ID": _TODO,
        "PROVIDER_ID": "CRM_TODO",
        "PROVIDER_TYPE_ID": "TODO",
    }
    ACTIVITY.prepare(call.portal, columns, None, call.user)
    activity = call.storage.insert(ACTIVITY, columns)
    bind(call, activity, kind, owner)
    engine.announce(_live(call), call, "ADD", activity)
    return {"id": activity}


def _todo(call: Call) -> int:
    kind, owner = crm_item.owner(call, "ownerTypeId", "ownerId", _NO_OWNER)
    activity = php.integer(required(call, "id"))
    row = call.storage.row(ACTIVITY, activity)
    held = [(item["OWNER_TYPE_ID"], item["OWNER_ID"]) for item in bindings(call, activity)]
    if row is None or row["PROVIDER_ID"] != "CRM_TODO" or (kind, owner) not in held:
        raise PortalError("NOT_FOUND", "Not found.")
    return activity


def _todo_change(call: Call, columns: Map) -> Value:
    activity = _todo(call)
    row = call.storage.row(ACTIVITY, activity)
    ACTIVITY.prepare(call.portal, columns, row, call.user)
    call.storage.update(ACTIVITY, activity, columns)
    engine.announce(_live(call), call, "UPDATE", activity)
    return {"id": activity}


@todo_action("crm.activity.todo.updateDeadline")
def _todo_deadline(call: Call) -> Value:
    return _todo_change(call, _deadline(call, "value"))


@todo_action("crm.activity.todo.update")
def _todo_update(call: Call) -> Value:
    return _todo_change(call, _todo_columns(call))


@todo_action("crm.activity.todo.updateDescription")
def _todo_description(call: Call) -> Value:
    return _todo_change(call, {"DESCRIPTION": php.text(required(call, "value"))})


@todo_action("crm.activity.todo.updateResponsibleUser")
def _todo_person(call: Call) -> Value:
    return _todo_change(call, {"RESPONSIBLE_ID": php.integer(required(call, "responsibleId"))})


@todo_action("crm.activity.todo.updateColor")
def _todo_color(call: Call) -> Value:
    return _todo_change(call, {})
