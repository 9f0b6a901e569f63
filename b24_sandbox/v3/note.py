"""`note.collection.*`: knowledge bases, listed with a cursor of their own (documentation: api-reference/note).

Deleted bases are missing in every answer, archived ones in lists.
"""

from __future__ import annotations

from b24_sandbox import dates, php
from b24_sandbox.php import Map, Value
from b24_sandbox.v3 import engine, errors, filter, query, values
from b24_sandbox.v3.context import Context
from b24_sandbox.v3.dto import Dto, Visible, parse_properties
from b24_sandbox.v3.errors import DTO
from b24_sandbox.v3.method import Run, declared, fields_of
from b24_sandbox.v3.tables import COLLECTION

SCOPE = "note"
LARGEST_PAGE = 200
LONGEST_NAME = 255

COLLECTION_DTO = Dto(
    "CollectionDto",
    COLLECTION,
    parse_properties("""
id int d ID
name string qed NAME
position int ad POSITION
policyLevel string d POLICY_LEVEL
createdBy int d CREATED_BY
createdAt utc d CREATED_AT
updatedBy int d UPDATED_BY
updatedAt utc d UPDATED_AT
"""),
    visible=lambda context: Visible("STATE <> 'deleted'"),
    missing_kind=DTO,
    type_kind=DTO,
)


def _get(context: Context, params: Map) -> Value:
    return _item(context, engine.record_id(params))


def _list(context: Context, params: Map) -> Value:
    sent = params.get("pagination")
    if not php.is_array(sent) and sent is not None:
        raise errors.invalid_pagination(php.text(sent))
    page = php.as_map(sent)
    limit = query.limited(page.get("limit"), LARGEST_PAGE, sent)
    where = filter.joined([filter.Sql("STATE = 'active'"), _after(page.get("afterCursor"))], "and")
    found = engine.rows(COLLECTION_DTO, context, where, "POSITION, ID", limit + 1, 0)
    shown = found[:limit]
    chosen = query.selection(COLLECTION_DTO, None, COLLECTION_DTO.default)
    last = shown[-1] if len(found) > limit else None
    return {
        "items": engine.show(COLLECTION_DTO, context, shown, chosen),
        "nextCursor": None if last is None else {"position": last["POSITION"], "id": last["ID"]},
    }


def _after(cursor: Value) -> filter.Sql:
    if cursor is None or cursor in ([], {}):
        return filter.ALWAYS
    place = php.as_map(cursor)
    for name in ("position", "id"):
        if place.get(name) is None:
            raise errors.missing(f"pagination.afterCursor.{name}")
        if not values.is_int(place[name]):
            raise errors.wrong_type(f"pagination.afterCursor.{name}", "int")
    return filter.Sql("(POSITION, ID) > (?, ?)", (place["position"], place["id"]))


def _add(context: Context, params: Map) -> Value:
    columns, _ = engine.writable(COLLECTION_DTO, params, new=True)
    _check_name(columns)
    now = dates.iso(context.now)
    stamps = {"CREATED_BY": context.user, "CREATED_AT": now, "UPDATED_BY": context.user, "UPDATED_AT": now}
    kept = {"POLICY_LEVEL": "view", "STATE": "active", **stamps, **columns}
    kept["POSITION"] = columns.get("POSITION") or 0
    return _item(context, engine.insert(COLLECTION_DTO, context, kept, {}))


def _update(context: Context, params: Map) -> Value:
    record = engine.record_id(params)
    columns, _ = engine.writable(COLLECTION_DTO, params, new=False)
    engine.stored(COLLECTION_DTO, context, record)
    _check_name(columns)
    _stamp(context, record, columns)
    return _item(context, record)


def _check_name(columns: Map) -> None:
    if "NAME" not in columns:
        raise errors.missing("name", DTO)
    name = php.text(columns["NAME"])
    if not name.strip():
        raise errors.invalid([("name", "The name cannot be empty")], DTO)
    if len(name) > LONGEST_NAME:
        raise errors.invalid([("name", f"The name must not exceed {LONGEST_NAME} characters")], DTO)


def _archive(context: Context, params: Map) -> Value:
    record = engine.record_id(params)
    if engine.stored(COLLECTION_DTO, context, record)["STATE"] == "archived":
        raise errors.not_found(record)
    _stamp(context, record, {"STATE": "archived"})
    return {"result": True}


def _delete(context: Context, params: Map) -> Value:
    record = engine.record_id(params)
    engine.stored(COLLECTION_DTO, context, record)
    _stamp(context, record, {"STATE": "deleted"})
    return {"result": True}


def _stamp(context: Context, record: int, columns: Map) -> None:
    stamps = {"UPDATED_BY": context.user, "UPDATED_AT": dates.iso(context.now)}
    engine.update(COLLECTION_DTO, context, record, {**columns, **stamps}, {})


def _item(context: Context, record: int) -> Value:
    chosen = query.selection(COLLECTION_DTO, None, COLLECTION_DTO.default)
    return {"item": engine.show(COLLECTION_DTO, context, [engine.stored(COLLECTION_DTO, context, record)], chosen)[0]}


_TABLE = """
list items | pagination:object | Knowledge bases
get item | id:integer* | One knowledge base
add item w | fields:object* | Add a knowledge base
update item w | id:integer* fields:object* | Rename a base
archive result w | id:integer* | Archive a base
delete result w | id:integer* | Remove a base
"""
_BODIES: dict[str, Run] = {
    "list": _list,
    "get": _get,
    "add": _add,
    "update": _update,
    "archive": _archive,
    "delete": _delete,
}

METHODS = [
    *declared("note.collection", SCOPE, COLLECTION_DTO, _TABLE, _BODIES),
    *fields_of("note.collection", SCOPE, COLLECTION_DTO),
]
