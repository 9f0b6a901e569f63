"""`crm.timeline.comment.*`, `crm.timeline.bindings.*`, `crm.timeline.logmessage.*`, `crm.stagehistory.list`.

Documentation: api-reference/crm/timeline/{comments,bindings,logmessage}, api-reference/crm/crm-stage-history-list.
"""

from __future__ import annotations

import json

from b24_sandbox import crm_types, dates, files, filters, paging, php, values
from b24_sandbox.answer import RowPage
from b24_sandbox.call import Call
from b24_sandbox.entities.crm_cascade import owner_word, remove_where
from b24_sandbox.entities.crm_parts import COMMENT, STAGE_HISTORY, TIMELINE_BINDING
from b24_sandbox.errors import PortalError
from b24_sandbox.methods import crm_item
from b24_sandbox.methods.crm_classic import array, describe, record_id, sent_fields
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import Registry
from b24_sandbox.row import Row

_LOG_PAGE = 10
_COMMENT, _LOG = "comment", "logmessage"
_COLUMNS = [field.name for field in COMMENT.columns]
_SHOWN = {name: field for name, field in COMMENT.fields.items() if "h" not in field.flags}


def _missing() -> PortalError:
    return PortalError("NOT_FOUND", "Not found.")


def _entry(call: Call, record: int, kind: str) -> Row | None:
    row = call.portal.storage.row(COMMENT, record)
    return row if row is not None and row["KIND"] == kind else None


def _keep_files(call: Call, sent: Value) -> list[Value]:
    """Store new files (name and base64 text) and return the ids of all attached files."""
    kept: list[Value] = []
    for item in php.as_list(sent):
        data = php.as_list(php.as_map(item).get("fileData", item)) if php.is_array(item) else []
        if len(data) == 2 and all(isinstance(part, str) for part in data):
            kept.append(files.keep(call.portal.storage, php.text(data[0]), php.text(data[1])))
    return [number for number in kept if number]


def _shown(call: Call, row: Map) -> Map:
    shown: Map = {
        "ID": php.text(row["ID"]),
        "ENTITY_ID": php.text(row["ENTITY_ID"]),
        "ENTITY_TYPE": row["ENTITY_TYPE"],
        "CREATED": row["CREATED"],
        "COMMENT": row["COMMENT"],
        "AUTHOR_ID": php.text(row["AUTHOR_ID"]),
    }
    attached = {}
    for number in values.items(row["FILE_LIST"]):
        kept = files.content(call.portal.storage, php.integer(number))
        if kept is not None:
            attached[php.text(number)] = _file(row, php.integer(number), *kept)
    if attached:
        shown["FILES"] = attached
    return shown


def _file(row: Map, number: int, name: str, content: bytes) -> Map:
    image = name.lower().rpartition(".")[2] in ("gif", "jpg", "jpeg", "png", "webp")
    address = f"/disk/{{}}/{number}/?&ncc=1&filename={name}"
    return {
        "id": number,
        "date": row["CREATED"],
        "type": "image" if image else "file",
        "name": name,
        "size": len(content),
        "authorId": row["AUTHOR_ID"],
        "authorName": "",
        "urlPreview": address.format("showFile"),
        "urlShow": address.format("showFile"),
        "urlDownload": address.format("downloadFile"),
    }


def _owner(call: Call, sent: Map) -> tuple[int, int]:
    for name in ("ENTITY_ID", "ENTITY_TYPE"):
        if not sent.get(name):
            raise PortalError("100", f"Required fields: {name}")
    number = crm_types.number_of(php.text(sent["ENTITY_TYPE"]), call.portal)
    owner = php.integer(sent["ENTITY_ID"])
    if not crm_types.exists(call.portal, number, owner):
        raise PortalError("OWNER_NOT_FOUND", "Owner not found")
    return number, owner


def _add(call: Call) -> Value:
    sent = sent_fields(call, True)
    number, owner = _owner(call, sent)
    text = php.text(sent.get("COMMENT"))
    if not text and not sent.get("FILES"):
        raise PortalError("INVALID_ARG_VALUE", "Empty comment")
    record = call.portal.storage.insert(
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
    where = "OWNER_ID = ? and ENTITY_ID = ? and ENTITY_TYPE = ?"
    if call.portal.storage.count(TIMELINE_BINDING, where, [record, owner, word]):
        return False
    columns: Map = {"OWNER_ID": record, "ENTITY_ID": owner, "ENTITY_TYPE": word}
    call.portal.storage.insert(TIMELINE_BINDING, columns)
    return True


def _get(call: Call) -> Value:
    row = _entry(call, record_id(call), _COMMENT)
    if row is None:
        raise PortalError("", "Not found.")
    return _shown(call, row)


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
    storage = call.portal.storage
    page = paging.family_a(
        call.offset,
        lambda: storage.count(COMMENT, condition, arguments),
        lambda limit, offset: storage.rows(COMMENT, _COLUMNS, condition, arguments, order, limit, offset),
    )
    rows = [_shown(call, php.as_map(row)) for row in php.as_list(page.result)]
    select = {php.text(name) for name in php.as_list(call.classic("select"))}
    if select and "*" not in select:
        rows = [{name: value for name, value in row.items() if name in select or name == "ID"} for row in rows]
    return RowPage(rows, page.next, page.total)


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
    call.portal.storage.update(COMMENT, record, columns)
    _announce(call, "UPDATE", record)
    return record


def _delete(call: Call) -> Value:
    record = record_id(call)
    if _entry(call, record, _COMMENT) is None:
        raise _missing()
    _remove(call, record)
    _announce(call, "DELETE", record)
    return None


def _remove(call: Call, record: int) -> None:
    call.portal.storage.delete(COMMENT, record)
    remove_where(call.portal, TIMELINE_BINDING, "OWNER_ID = ?", [record])


def _binding(call: Call) -> tuple[int, int, str]:
    sent = sent_fields(call, True)
    for name in ("OWNER_ID", "ENTITY_ID", "ENTITY_TYPE"):
        if not sent.get(name):
            raise PortalError("", f"{name} is not defined or invalid.")
    record = php.integer(sent["OWNER_ID"])
    if call.portal.storage.row(COMMENT, record) is None:
        raise PortalError("", "OWNER_ID is not defined or invalid.")
    number = crm_types.number_of(php.text(sent["ENTITY_TYPE"]), call.portal)
    if not number:
        raise PortalError("", "ENTITY_TYPE is not defined or invalid.")
    if not crm_types.exists(call.portal, number, php.integer(sent["ENTITY_ID"])):
        raise PortalError("", "ENTITY_ID is not defined or invalid.")
    return record, php.integer(sent["ENTITY_ID"]), owner_word(number)


def _bindings(call: Call) -> Value:
    owner = php.integer(array(call, "filter").get("OWNER_ID"))
    if owner <= 0:
        raise PortalError("", "OWNER_ID is not defined or invalid.")
    columns = ["OWNER_ID", "ENTITY_ID", "ENTITY_TYPE"]
    rows = call.portal.storage.rows(TIMELINE_BINDING, columns, "OWNER_ID = ?", [owner])
    return RowPage([{name: php.text(value) for name, value in row.items()} for row in rows], total=len(rows))


def _unbind(call: Call) -> Value:
    record, owner, word = _binding(call)
    where = "OWNER_ID = ? and ENTITY_ID = ? and ENTITY_TYPE = ?"
    remove_where(call.portal, TIMELINE_BINDING, where, [record, owner, word])
    return True


def _log(row: Map) -> Map:
    return {
        "id": row["ID"],
        "created": row["CREATED"],
        "authorId": row["AUTHOR_ID"],
        "title": row["LOG_TITLE"],
        "text": row["COMMENT"],
        "iconCode": row["LOG_ICON"],
    }


def _log_owner(call: Call, sent: Map) -> tuple[int, int]:
    number, owner = php.integer(sent.get("entityTypeId")), php.integer(sent.get("entityId"))
    if not crm_types.exists(call.portal, number, owner):
        raise PortalError("OWNER_NOT_FOUND", "Owner not found")
    return number, owner


def _log_add(call: Call) -> Value:
    sent = crm_item.fields_argument(call)
    for name in ("entityTypeId", "entityId", "title", "text", "iconCode"):
        if not sent.get(name):
            raise PortalError("100", f"Required fields: {name}")
    number, owner = _log_owner(call, sent)
    record = call.portal.storage.insert(
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
    return {"logMessage": _log(call.portal.storage.row(COMMENT, record) or Row())}


def _log_row(call: Call) -> Map:
    record = crm_item.record_id(call)
    row = _entry(call, record, _LOG)
    if row is None:
        raise PortalError("NOT_FOUND", f"Timeline logmessage not found for id {record}")
    return row


def _log_list(call: Call) -> Value:
    """Log messages, ten per page, newest first."""
    names = ("entityTypeId", "entityId")
    number, owner = _log_owner(call, {name: crm_item.required(call, name) for name in names})
    known = {"id": COMMENT.fields["ID"], "created": COMMENT.fields["CREATED"]}
    order = filters.order(known.get, crm_item.array(call, "order"), None, "ID desc")
    where, bound = "KIND = ? and ENTITY_TYPE = ? and ENTITY_ID = ?", [_LOG, owner_word(number), owner]
    storage = call.portal.storage
    total = storage.count(COMMENT, where, bound)
    offset = max(call.offset, 0) // _LOG_PAGE * _LOG_PAGE
    rows = storage.rows(COMMENT, _COLUMNS, where, bound, order, _LOG_PAGE, offset)
    following = offset + len(rows)
    return RowPage({"logMessages": [_log(row) for row in rows]}, following if following < total else None, total)


def _log_delete(call: Call) -> Value:
    _remove(call, php.integer(_log_row(call)["ID"]))
    return True


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
    columns = [field.name for field in STAGE_HISTORY.columns]
    storage = call.portal.storage
    page = paging.family_b(
        call.offset,
        lambda: storage.count(STAGE_HISTORY, condition, bound),
        lambda limit, offset: storage.rows(STAGE_HISTORY, columns, condition, bound, order, limit, offset),
    )
    rows = [{name: php.as_map(row)[shown[name].name] for name in names} for row in php.as_list(page.result)]
    return RowPage({"items": rows}, page.next, page.total)


def register(registry: Registry) -> None:
    """Register the timeline and the stage history."""
    for name, run in (
        ("comment.add", _add),
        ("comment.get", _get),
        ("comment.list", _list),
        ("comment.update", _update),
        ("comment.delete", _delete),
        ("comment.fields", lambda call: {code: describe(field) for code, field in _SHOWN.items()}),
        ("bindings.bind", lambda call: _bind(call, *_binding(call)) or True),
        ("bindings.unbind", _unbind),
        ("bindings.list", _bindings),
        ("bindings.fields", lambda call: _binding_fields()),
    ):
        registry.classic(f"crm.timeline.{name}", "crm", run)
    registry.controller(
        "crm.timeline.logmessage",
        "Bitrix\\Crm\\Controller\\Timeline\\LogMessage",
        "crm",
        {
            "add": _log_add,
            "get": lambda call: {"logMessage": _log(_log_row(call))},
            "list": _log_list,
            "delete": _log_delete,
        },
    )
    registry.controller("crm.stagehistory", "Bitrix\\Crm\\Controller\\StageHistory", "crm", {"list": _history})


def _binding_fields() -> Value:
    return {name: describe(field) for name, field in TIMELINE_BINDING.fields.items() if name != "ID"}
