"""`note.document.*` and `note.file.*`: pages of knowledge bases and their files.

Documentation: api-reference/note/document, api-reference/note/file. A page has one author at a time here, so an update
never meets unsaved changes of another editor.
"""

from __future__ import annotations

import base64
import binascii
import mimetypes
from functools import partial

from b24_sandbox import php, records
from b24_sandbox.filters import ALWAYS, FilterCondition
from b24_sandbox.php import Map, Value
from b24_sandbox.row import Row
from b24_sandbox.v3 import engine, errors, objects, query
from b24_sandbox.v3.context import Context
from b24_sandbox.v3.errors import ApiError
from b24_sandbox.v3.method import Run
from b24_sandbox.v3.note import COLLECTION_DTO, check_words
from b24_sandbox.v3.note_search import search
from b24_sandbox.v3.tables import NOTE_DOCUMENT

LARGEST_MARKDOWN = 1_048_576
LARGEST_FILE = 25 * 1024 * 1024
LARGEST_TREE = 5000
EXTENSIONS = frozenset(
    "png jpg jpeg gif webp svg pdf txt md csv doc docx xls xlsx ppt pptx mp4 webm mov".split()  # noqa: SIM905
)

TREE_DTO, FILE_DTO = objects.dto("note", "DocumentTreeDto"), objects.dto("note", "NoteFileDto")


def _check(context: Context, columns: Map, row: Row | None) -> None:
    if "TITLE" in columns:
        check_words(columns["TITLE"], "title", "The title of a document")
    if len(php.text(columns.get("MARKDOWN")).encode("utf-8", "replace")) > LARGEST_MARKDOWN:
        raise ApiError("NOTE_MARKDOWN_TOO_LARGE", f"The content must not exceed {LARGEST_MARKDOWN} bytes")
    if row is None:
        columns["POSITION"] = _next_position(context, php.integer(columns["COLLECTION_ID"]), columns.get("PARENT_ID"))


DOCUMENT_DTO = objects.dto("note", "DocumentDto", check=_check)


def _next_position(context: Context, collection: int, parent: Value) -> int:
    """The position of a new page behind its siblings. The collection and the parent must exist."""
    engine.stored(COLLECTION_DTO, context, collection)
    if parent is not None:
        _check_parent(context, collection, php.integer(parent))
    siblings = FilterCondition("COLLECTION_ID = ? and PARENT_ID is ?", (collection, parent))
    last = engine.rows(DOCUMENT_DTO, context, siblings, "POSITION desc", 1)
    return (last[0].integer("POSITION") if last else 0) + 1


def _check_parent(context: Context, collection: int, parent: int) -> None:
    row = engine.find(DOCUMENT_DTO, context, parent)
    if row is None or row["COLLECTION_ID"] != collection:
        raise ApiError("NOTE_INVALID_PARENT", "The parent document does not belong to the specified collection")


def _update(context: Context, params: Map) -> Value:
    engine.record_id(params)
    columns, _ = engine.writable(DOCUMENT_DTO, params, new=False)
    if not columns:
        raise ApiError("NOTE_EMPTY_UPDATE", "The request does not contain fields that can be changed")
    return engine.update(DOCUMENT_DTO, context, params)


def _moved(state: str, reached: tuple[str, ...], context: Context, params: Map) -> Value:
    """Move a document and the pages below it to another state. `reached` are the states that can be left."""
    record = engine.record_id(params)
    row = context.storage.row(NOTE_DOCUMENT, record)
    if row is None or row["STATE"] not in reached:
        raise errors.not_found(record)
    engine.stored(COLLECTION_DTO, context, row.integer("COLLECTION_ID"))
    waiting = [row]
    while waiting:
        page = waiting.pop()
        below = FilterCondition("PARENT_ID = ? and STATE <> ?", (page.id, state))
        waiting.extend(records.read(DOCUMENT_DTO, context, below))
        engine.change(DOCUMENT_DTO, context, page, {"STATE": state})
    return {"result": True}


def _tree(context: Context, params: Map) -> Value:
    """All pages of a knowledge base as nested nodes. A tree that is too large loses whole root pages."""
    collection = engine.record_id(params, "collectionId")
    engine.stored(COLLECTION_DTO, context, collection)
    below: dict[Value, list[Map]] = {}
    for row in engine.rows(DOCUMENT_DTO, context, FilterCondition("COLLECTION_ID = ?", (collection,)), "POSITION, ID"):
        node: Map = {prop.name: row[prop.column] for prop in TREE_DTO.properties.values() if prop.column}
        below.setdefault(row["PARENT_ID"], []).append(node)
    roots: list[Value] = []
    size, truncated = 0, False
    for root in below.get(None, []):
        branch = [root]
        for node in branch:
            children: list[Map] = below.get(node["id"], [])
            node["children"] = children
            branch.extend(children)
        truncated = size + len(branch) > LARGEST_TREE and size > 0
        if truncated:
            break
        size += len(branch)
        roots.append(root)
    return {"items": roots, "truncated": truncated}


def _search(context: Context, params: Map) -> Value:
    sent = params.get("pagination")
    if not php.is_array(sent) and sent is not None:
        raise errors.wrong_type("pagination", "array")
    limit = query.limited(php.as_map(sent).get("limit"), 200, sent)
    hits = search(php.text(params["query"]), engine.rows(DOCUMENT_DTO, context, ALWAYS))
    return {"items": hits[:limit], "hasMore": len(hits) > limit}


def _add_file(context: Context, params: Map) -> Value:
    document, name = engine.record_id(params, "documentId"), php.text(params["fileName"])
    engine.stored(DOCUMENT_DTO, context, document)
    extension = name.rpartition(".")[2].lower()
    if "." not in name or extension not in EXTENSIONS:
        raise ApiError("NOTE_FILE_TYPE_NOT_ALLOWED", "Files of this type are not supported")
    try:
        content = base64.b64decode(php.text(params["fileContent"]), validate=True)
    except (ValueError, binascii.Error):
        content = b""
    if not content:
        raise errors.invalid([("fileContent", "The content is not valid Base64")])
    if len(content) > LARGEST_FILE:
        raise ApiError("NOTE_FILE_TOO_LARGE", "The file is larger than allowed")
    mime = mimetypes.guess_type(name)[0] or "application/octet-stream"
    kind = mime.partition("/")[0]
    columns: Map = {"DOCUMENT_ID": document, "NAME": name, "SIZE": len(content), "MIME_TYPE": mime}
    columns["ASSET_TYPE"] = kind if kind in ("image", "video") else "file"
    return engine.item(FILE_DTO, context, engine.insert(FILE_DTO, context, columns))


def _get_file(context: Context, params: Map) -> Value:
    record, document = engine.record_id(params), engine.record_id(params, "documentId")
    engine.stored(DOCUMENT_DTO, context, document)
    if engine.stored(FILE_DTO, context, record)["DOCUMENT_ID"] != document:
        raise errors.not_found(record)
    return engine.item(FILE_DTO, context, record)


BODIES: dict[str, Run] = {
    "note.document.update": _update,
    "note.document.archive": partial(_moved, "archived", ("active",)),
    "note.document.delete": partial(_moved, "deleted", ("active", "archived")),
    "note.document.tree.list": _tree,
    "note.document.search.list": _search,
    "note.file.add": _add_file,
    "note.file.get": _get_file,
}
