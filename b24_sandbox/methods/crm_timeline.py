"""`crm.timeline.comment.*`, `crm.timeline.bindings.*`, `crm.timeline.logmessage.*`, `crm.stagehistory.list`.

Documentation: api-reference/crm/timeline/{comments,bindings,logmessage}, api-reference/crm/crm-stage-history-list.
"""

from __future__ import annotations

import json

from b24_sandbox import crm_types, dates, filters, paging, php, values
from b24_sandbox.answer import RowPage
from b24_sandbox.call import Call
from b24_sandbox.entities.crm_cascade import owner_word, remove_where
from b24_sandbox.entities.crm_parts import COMMENT, STAGE_HISTORY, TIMELINE_BINDING
from b24_sandbox.entities.disk import OBJECT
from b24_sandbox.errors import PortalError
from b24_sandbox.methods import crm_item, disk_tree
from b24_sandbox.methods.crm_classic import array, describe, record_id, sent_fields
from b24_sandbox.methods.crm_requisites import invalid, positive
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable
from b24_sandbox.row import Row
from b24_sandbox.shapes import shape

method = MethodTable("crm")
logmessage_action = method.controller("Bitrix\\Crm\\Controller\\Timeline\\LogMessage")
stagehistory_action = method.controller("Bitrix\\Crm\\Controller\\StageHistory")
register = method.register

_LOG_PAGE = 10
_BOUND = "OWNER_ID = ? and ENTITY_ID = ? and ENTITY_TYPE = ?"
_COMMENT, _LOG = "comment", "logmessage"
_COLUMNS = [field.name for field in COMMENT.columns]
_SHOWN = {name: field for name, field in COMMENT.fields.items() if "h" not in field.flags}


def _missing() -> PortalError:
    return PortalError("NOT_FOUND", "Not found.")


def _entry(call: Call, record: int, kind: str) -> Row | None:
    row = call.storage.row(COMMENT, record)
    return row if row is not None and row["KIND"] == kind else None


def _keep_files(call: Call, sent: Value) -> list[Value]:
    """Store new files (name and base64 text) on the disk of the caller and return their ids."""
    kept: list[Value] = []
    for item in php.as_list(sent):
        data = php.as_list(php.as_map(item).get("fileData", item)) if php.is_array(item) else []
        if len(data) == 2 and all(isinstance(part, str) for part in data):
            content = php.base64_decode(php.text(data[1]))
            if content:
                folder = disk_tree.own_folder(call)
                kept.append(disk_tree.add_file(call, folder, php.text(data[0]), content, unique=True))
    return kept


def _shown(call: Call, row: Map) -> Map:
    shown = shape("timeline.comment", row)
    attached = {}
    for number in values.items(row["FILE_LIST"]):
        kept = call.storage.row(OBJECT, php.integer(number))
        if kept is not None:
            attached[php.text(number)] = _file(row, kept.id, kept.text("NAME"), kept.integer("SIZE"))
    if attached:
        shown["FILES"] = attached
    return shown


def _file(row: Map, number: int, name: str, size: int) -> Map:
    image = name.lower().rpartition(".")[2] in ("gif", "jpg", "jpeg", "png", "webp")
    address = f"/disk/{{}}/{number}/?&ncc=1&filename={name}"
    return shape(
        "timeline.file",
        row,
        number=number,
        kind="image" if image else "file",
        name=name,
        size=size,
        show=address.format("showFile"),
        download=address.format("downloadFile"),
    )


def _owner(call: Call, sent: Map) -> tuple[int, int]:
    for name in ("ENTITY_ID", "ENTITY_TYPE"):
        if not sent.get(name):
            raise PortalError("100", f"Required fields: {name}")
    number = crm_types.number_of(php.text(sent["ENTITY_TYPE"]), call.portal)
    owner = php.integer(sent["ENTITY_ID"])
    if not crm_types.exists(call.portal, number, owner):
        raise PortalError("OWNER_NOT_FOUND", "Owner not found")
    return number, owner


@method("crm.timeline.comment.add")
def _add(call: Call) -> Value:
    sent = sent_fields(call, True)
    number, owner = _owner(call, sent)
    text = php.text(sent.get("COMMENT"))
    if not text and not sent.get("FILES"):
        raise PortalError("INVALID_ARG_VALUE", "Empty comment")
    record = call.storage.insert(
        COMMENT,
        {
            "CREATED": dates.iso(call.now),
            "ENTITY_ID": owner,
            "ENTITY_TYPE": owner_word(number),
            "AUTHOR_ID": php.integer(sent.get("AUTHOR_ID")) or call.user,
            "COMMENT": text,
            "FILE_LIST": json.dumps(_keep_files(call, sent.get("FILES"))),
            "KIND": _COMMENT,
        },
    )
    _bind(call, record, owner, owner_word(number))
    _announce(call, "ADD", record)
    return record


def _announce(call: Call, verb: str, record: int) -> None:
    call.portal.changes.announce(f"ONCRMTIMELINECOMMENT{verb}", {"FIELDS": {"ID": record}}, call.user)


def _bind(call: Call, record: int, owner: int, word: str) -> bool:
    if call.storage.count(TIMELINE_BINDING, _BOUND, [record, owner, word]):
        return False
    columns: Map = {"OWNER_ID": record, "ENTITY_ID": owner, "ENTITY_TYPE": word}
    call.storage.insert(TIMELINE_BINDING, columns)
    return True


@method("crm.timeline.comment.get")
def _get(call: Call) -> Value:
    row = _entry(call, record_id(call), _COMMENT)
    if row is None:
        raise PortalError("", "Not found.")
    return _shown(call, row)


@method("crm.timeline.comment.list")
def _list(call: Call) -> Value:
    """Comments of one item. `ENTITY_ID` and `ENTITY_TYPE` are required in the filter."""
    conditions = array(call, "filter")
    kind, owner = conditions.get("ENTITY_TYPE"), conditions.get("ENTITY_ID")
    if not owner or php.is_array(owner):
        raise PortalError("", "The filter field ENTITY_ID is not defined or invalid.")
    if not kind:
        raise PortalError("", "The filter field ENTITY_TYPE is not defined or invalid.")
    word = owner_word(crm_types.number_of(php.text(kind), call.portal))
    rest = {key: value for key, value in conditions.items() if key not in ("ENTITY_ID", "ENTITY_TYPE")}
    language = filters.Language(filters.WITHOUT_NOT_LIKE, _SHOWN.get)
    where = filters.build(COMMENT, language, rest, call.now)
    bound = "exists (select 1 from crm_timeline_binding b where b.OWNER_ID = crm_timeline_comment.ID"
    condition = f"KIND = ? and {bound} and b.ENTITY_ID = ? and b.ENTITY_TYPE = ?) and {where.sql}"
    arguments: list[Value] = [_COMMENT, php.integer(owner), word, *where.bound]
    order = filters.order(_SHOWN.get, array(call, "order"), None)
    page = paging.stored_page(
        call.storage,
        COMMENT,
        filters.FilterCondition(condition, tuple(arguments)),
        order,
        (paging.family_a, call.offset),
        lambda found: [_shown(call, row) for row in found],
    )
    rows = php.as_list(page.result)
    select = {php.text(name) for name in php.as_list(call.classic("select"))}
    if select and "*" not in select:
        rows = [
            {name: value for name, value in php.as_map(row).items() if name in select or name == "ID"} for row in rows
        ]
    return RowPage(rows, page.next, page.total)


@method("crm.timeline.comment.update")
def _update(call: Call) -> Value:
    record = record_id(call)
    sent = sent_fields(call, False)
    row = _entry(call, record, _COMMENT)
    if row is None:
        raise _missing()
    columns: Map = {}
    if "COMMENT" in sent:
        if not php.text(sent["COMMENT"]) and not sent.get("FILES"):
            raise PortalError("INVALID_ARG_VALUE", "Empty comment")
        columns["COMMENT"] = php.text(sent["COMMENT"])
    if "FILES" in sent:
        columns["FILE_LIST"] = json.dumps(_keep_files(call, sent["FILES"]))
    call.storage.update(COMMENT, record, columns)
    _announce(call, "UPDATE", record)
    return record


@method("crm.timeline.comment.delete")
def _delete(call: Call) -> Value:
    record = record_id(call)
    if _entry(call, record, _COMMENT) is None:
        raise _missing()
    _remove(call, record)
    _announce(call, "DELETE", record)
    return None


def _remove(call: Call, record: int) -> None:
    call.storage.delete(COMMENT, record)
    remove_where(call.portal, TIMELINE_BINDING, "OWNER_ID = ?", [record])


def _binding(call: Call) -> tuple[int, int, str]:
    sent = sent_fields(call, True)
    for name in ("OWNER_ID", "ENTITY_ID", "ENTITY_TYPE"):
        if not sent.get(name):
            raise invalid(name)
    record, owner = sent.integer("OWNER_ID"), sent.integer("ENTITY_ID")
    if call.storage.row(COMMENT, record) is None:
        raise invalid("OWNER_ID")
    number = crm_types.number_of(sent.text("ENTITY_TYPE"), call.portal)
    if not number:
        raise invalid("ENTITY_TYPE")
    if not crm_types.exists(call.portal, number, owner):
        raise invalid("ENTITY_ID")
    return record, owner, owner_word(number)


@method("crm.timeline.bindings.list")
def _bindings(call: Call) -> Value:
    owner = positive(array(call, "filter"), "OWNER_ID")
    columns = ["OWNER_ID", "ENTITY_ID", "ENTITY_TYPE"]
    rows = call.storage.rows(TIMELINE_BINDING, columns, "OWNER_ID = ?", [owner])
    return RowPage([{name: php.text(value) for name, value in row.items()} for row in rows], total=len(rows))


@method("crm.timeline.bindings.unbind")
def _unbind(call: Call) -> Value:
    call.storage.delete_all(TIMELINE_BINDING, _BOUND, _binding(call))
    return True


@logmessage_action("crm.timeline.logmessage.add")
def _log_add(call: Call) -> Value:
    sent = crm_item.fields_argument(call)
    for name in ("entityTypeId", "entityId", "title", "text", "iconCode"):
        if not sent.get(name):
            raise PortalError("100", f"Required fields: {name}")
    number, owner = sent.integer("entityTypeId"), sent.integer("entityId")
    if not crm_types.exists(call.portal, number, owner):
        raise PortalError("OWNER_NOT_FOUND", "Owner not found")
    record = call.storage.insert(
        COMMENT,
        {
            "CREATED": dates.iso(call.now),
            "ENTITY_ID": owner,
            "ENTITY_TYPE": owner_word(number),
            "AUTHOR_ID": call.user,
            "COMMENT": php.text(sent["text"]),
            "LOG_TITLE": php.text(sent["title"]),
            "LOG_ICON": php.text(sent["iconCode"]),
            "KIND": _LOG,
        },
    )
    _bind(call, record, owner, owner_word(number))
    return {"logMessage": shape("timeline.log", call.storage.row(COMMENT, record))}


def _log_row(call: Call) -> Map:
    record = crm_item.record_id(call)
    row = _entry(call, record, _LOG)
    if row is None:
        raise PortalError("NOT_FOUND", f"Timeline logmessage not found for id {record}")
    return row


@logmessage_action("crm.timeline.logmessage.list")
def _log_list(call: Call) -> Value:
    """Log messages, ten per page, newest first."""
    number, owner = crm_item.owner(call)
    known = {"id": COMMENT.fields["ID"], "created": COMMENT.fields["CREATED"]}
    order = filters.order(known.get, crm_item.array(call, "order"), None, "ID desc")
    where, bound = "KIND = ? and ENTITY_TYPE = ? and ENTITY_ID = ?", [_LOG, owner_word(number), owner]
    storage = call.storage
    total = storage.count(COMMENT, where, bound)
    offset = max(call.offset, 0) // _LOG_PAGE * _LOG_PAGE
    rows = storage.rows(COMMENT, _COLUMNS, where, bound, order, _LOG_PAGE, offset)
    following = offset + len(rows)
    return RowPage(
        {"logMessages": [shape("timeline.log", row) for row in rows]}, following if following < total else None, total
    )


@logmessage_action("crm.timeline.logmessage.delete")
def _log_delete(call: Call) -> Value:
    _remove(call, php.integer(_log_row(call)["ID"]))
    return True


@stagehistory_action("crm.stagehistory.list")
def _history(call: Call) -> Value:
    """The stage history of items. Leads have statuses instead of stages."""
    number = php.integer(crm_item.required(call, "entityTypeId"))
    if number in (3, 4, 7) or (number != 5 and crm_types.base_entity(call.portal, number) is None):
        raise PortalError("ENTITY_TYPE_NOT_SUPPORTED", f"Entity type {number} is not supported")
    rename = {"STAGE_ID": "STATUS_ID", "STAGE_SEMANTIC_ID": "STATUS_SEMANTIC_ID"} if number == 1 else {}
    shown = {
        rename.get(name, name): field
        for name, field in STAGE_HISTORY.fields.items()
        if name != "ENTITY_TYPE_ID" and not (number == 1 and name == "CATEGORY_ID")
    }
    language = filters.Language(filters.OPERATORS, shown.get, crm_item.refuse_filter, groups=True)
    where = filters.build(STAGE_HISTORY, language, crm_item.array(call, "filter"), call.now)
    order = filters.order(shown.get, crm_item.array(call, "order"), crm_item.refuse_order)
    select = [php.text(name) for name in crm_item.array(call, "select").values()]
    names = [name for name in shown if not select or "*" in select or name in select]
    condition, bound = f"ENTITY_TYPE_ID = ? and {where.sql}", [number, *where.bound]
    page = paging.stored_page(
        call.storage,
        STAGE_HISTORY,
        filters.FilterCondition(condition, tuple(bound)),
        order,
        (paging.family_b, call.offset),
        lambda found: [{name: row[shown[name].name] for name in names} for row in found],
    )
    return RowPage({"items": page.result}, page.next, page.total)


method.add("crm.timeline.bindings.bind", lambda call: _bind(call, *_binding(call)) or True)
logmessage_action.add("crm.timeline.logmessage.get", lambda call: {"logMessage": shape("timeline.log", _log_row(call))})


@method("crm.timeline.bindings.fields")
def _binding_fields(call: Call) -> Value:
    return {name: describe(field) for name, field in TIMELINE_BINDING.fields.items() if name != "ID"}
