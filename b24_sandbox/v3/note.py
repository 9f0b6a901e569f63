"""`note.collection.*`: knowledge bases, listed with a cursor of their own (documentation: api-reference/note).

Deleted bases are missing in every answer, archived ones in lists.
"""

from __future__ import annotations

from b24_sandbox import php
from b24_sandbox.filters import ALWAYS, FilterCondition, joined
from b24_sandbox.php import Map, Value
from b24_sandbox.row import Row
from b24_sandbox.v3 import engine, errors, objects, query, strict
from b24_sandbox.v3.context import Context
from b24_sandbox.v3.errors import DTO
from b24_sandbox.v3.method import Run

LARGEST_PAGE = 200
LONGEST_NAME = 255


def _check(context: Context, columns: Map, row: Row | None) -> None:
    if "NAME" not in columns:
        raise errors.missing("name", DTO)
    check_words(columns["NAME"], "name", "The name")


def check_words(value: Value, field: str, subject: str) -> None:
    """Refuse an empty or too long name or title."""
    words = php.text(value)
    if not words.strip():
        raise errors.invalid([(field, f"{subject} cannot be empty")], DTO)
    if len(words) > LONGEST_NAME:
        raise errors.invalid([(field, f"The {field} must not exceed {LONGEST_NAME} characters")], DTO)


COLLECTION_DTO = objects.dto("note", "CollectionDto", check=_check)


def _list(context: Context, params: Map) -> Value:
    sent = params.get("pagination")
    if not php.is_array(sent) and sent is not None:
        raise errors.invalid_pagination(php.text(sent))
    page = php.as_map(sent)
    limit = query.limited(page.get("limit"), LARGEST_PAGE, sent)
    where = joined([FilterCondition("STATE = 'active'"), _after(page.get("afterCursor"))])
    found = engine.rows(COLLECTION_DTO, context, where, "POSITION, ID", limit + 1)
    shown = found[:limit]
    chosen = query.selection(COLLECTION_DTO, None, COLLECTION_DTO.default)
    last = shown[-1] if len(found) > limit else None
    return {
        "items": engine.show(COLLECTION_DTO, context, shown, chosen),
        "nextCursor": None if last is None else {"position": last["POSITION"], "id": last["ID"]},
    }


def _after(cursor: Value) -> FilterCondition:
    if cursor is None or cursor in ([], {}):
        return ALWAYS
    place = php.as_map(cursor)
    for name in ("position", "id"):
        if place.get(name) is None:
            raise errors.missing(f"pagination.afterCursor.{name}")
        if not strict.is_int(place[name]):
            raise errors.wrong_type(f"pagination.afterCursor.{name}", "int")
    return FilterCondition("(POSITION, ID) > (?, ?)", (place["position"], place["id"]))


def _archive(context: Context, params: Map) -> Value:
    record = engine.record_id(params)
    row = engine.stored(COLLECTION_DTO, context, record)
    if row["STATE"] == "archived":
        raise errors.not_found(record)
    engine.change(COLLECTION_DTO, context, row, {"STATE": "archived"})
    return {"result": True}


BODIES: dict[str, Run] = {
    "note.collection.list": _list,
    "note.collection.archive": _archive,
}
