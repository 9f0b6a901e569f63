"""`note.document.*` and `note.file.*`: pages of knowledge bases and their files.

Documentation: api-reference/note/document, api-reference/note/file. A page has one author at a time here, so an update
never meets unsaved changes of another editor.
"""

from __future__ import annotations

import base64
import binascii
import mimetypes
from functools import partial

from b24_sandbox import dates, php
from b24_sandbox.php import Map, Value
from b24_sandbox.row import Row
from b24_sandbox.v3 import engine, errors, query
from b24_sandbox.v3.context import Context
from b24_sandbox.v3.dto import Dto, Visible, parse_properties
from b24_sandbox.v3.errors import DTO, ApiError
from b24_sandbox.v3.method import Run, declared, fields_of
from b24_sandbox.v3.note import COLLECTION_DTO, LONGEST_NAME, SCOPE
from b24_sandbox.v3.note_search import SEARCH_DTO, search
from b24_sandbox.v3.tables import NOTE_DOCUMENT, NOTE_FILE

LARGEST_MARKDOWN = 1_048_576
LARGEST_FILE = 25 * 1024 * 1024
LARGEST_TREE = 5000
EXTENSIONS = frozenset(
    "png jpg jpeg gif webp svg pdf txt md csv doc docx xls xlsx ppt pptx mp4 webm mov".split()  # noqa: SIM905
)

DOCUMENT_DTO = Dto(
    "DocumentDto",
    NOTE_DOCUMENT,
    parse_properties("""
id int d ID
collectionId int qad COLLECTION_ID
parentId int ad PARENT_ID
title string qed TITLE
markdown string ed MARKDOWN
position int d POSITION
createdBy int d CREATED_BY
updatedBy int d UPDATED_BY
createdAt utc d CREATED_AT
updatedAt utc d UPDATED_AT
"""),
    visible=lambda context: Visible(
        "STATE = 'active' and COLLECTION_ID in (select ID from note_collection where STATE <> 'deleted')"
    ),
    missing_kind=DTO,
    type_kind=DTO,
)

TREE_DTO = Dto(
    "DocumentTreeDto",
    None,
    parse_properties("""
id int d ID
collectionId int d COLLECTION_ID
parentId int d PARENT_ID
title string d TITLE
position int d POSITION
children array d -
"""),
)

FILE_DTO = Dto(
    "NoteFileDto",
    NOTE_FILE,
    parse_properties("""
id int d ID
documentId int d DOCUMENT_ID
name string d NAME
size int d SIZE
mimeType string d MIME_TYPE
assetType string d ASSET_TYPE
assetMarkdown string d -
"""),
    computed={"assetMarkdown": lambda context, row: f"[[{row['ASSET_TYPE']} fileId={row['ID']}]]"},
)


def _item(dto: Dto, context: Context, record: int) -> Value:
    return engine.get(dto, context, {"id": record})


def _get(context: Context, params: Map) -> Value:
    return _item(DOCUMENT_DTO, context, engine.record_id(params))


def _add(context: Context, params: Map) -> Value:
    columns, _ = engine.writable(DOCUMENT_DTO, params, new=True)
    _check(columns)
    collection, parent = php.integer(columns["COLLECTION_ID"]), columns.get("PARENT_ID")
    engine.stored(COLLECTION_DTO, context, collection)
    if parent is not None:
        _check_parent(context, collection, php.integer(parent))
    where, bound = "COLLECTION_ID = ? and PARENT_ID is ? and STATE = 'active'", [collection, parent]
    last = context.storage.rows(NOTE_DOCUMENT, ["POSITION"], where, bound, "POSITION desc", 1)
    now = dates.iso(context.now)
    columns |= {"POSITION": (php.integer(last[0]["POSITION"]) if last else 0) + 1, "STATE": "active"}
    columns |= {"MARKDOWN": columns.get("MARKDOWN") or "", "CREATED_BY": context.user, "UPDATED_BY": context.user}
    columns |= {"CREATED_AT": now, "UPDATED_AT": now}
    return _item(DOCUMENT_DTO, context, engine.insert(DOCUMENT_DTO, context, columns, {}))


def _check_parent(context: Context, collection: int, parent: int) -> None:
    try:
        row = engine.stored(DOCUMENT_DTO, context, parent)
    except ApiError:
        row = Row()
    if row.get("COLLECTION_ID") != collection:
        raise ApiError("NOTE_INVALID_PARENT", "The parent document does not belong to the specified collection")


def _check(columns: Map) -> None:
    if "TITLE" in columns:
        title = php.text(columns["TITLE"])
        if not title.strip():
            raise errors.invalid([("title", "The title of a document cannot be empty")], DTO)
        if len(title) > LONGEST_NAME:
            raise errors.invalid([("title", f"The title must not exceed {LONGEST_NAME} characters")], DTO)
    if len(php.text(columns.get("MARKDOWN")).encode("utf-8", "replace")) > LARGEST_MARKDOWN:
        raise ApiError("NOTE_MARKDOWN_TOO_LARGE", f"The content must not exceed {LARGEST_MARKDOWN} bytes")


def _update(context: Context, params: Map) -> Value:
    record = engine.record_id(params)
    columns, _ = engine.writable(DOCUMENT_DTO, params, new=False)
    if not columns:
        raise ApiError("NOTE_EMPTY_UPDATE", "The request does not contain fields that can be changed")
    engine.stored(DOCUMENT_DTO, context, record)
    _check(columns)
    _stamp(context, record, columns)
    return _item(DOCUMENT_DTO, context, record)


def _stamp(context: Context, record: int, columns: Map) -> None:
    stamps: Map = {"UPDATED_BY": context.user, "UPDATED_AT": dates.iso(context.now)}
    context.storage.update(NOTE_DOCUMENT, record, {**columns, **stamps})


def _moved(state: str, reached: tuple[str, ...], context: Context, params: Map) -> Value:
    """Move a document and the pages below it to another state. `reached` are the states that can be left."""
    record = engine.record_id(params)
    row = context.storage.row(NOTE_DOCUMENT, record)
    if row is None or row["STATE"] not in reached:
        raise errors.not_found(record)
    engine.stored(COLLECTION_DTO, context, row.integer("COLLECTION_ID"))
    waiting = [record]
    while waiting:
        page = waiting.pop()
        below = context.storage.rows(NOTE_DOCUMENT, ["ID"], "PARENT_ID = ? and STATE <> ?", [page, state])
        waiting.extend(child.id for child in below)
        _stamp(context, page, {"STATE": state})
    return {"result": True}


def _tree(context: Context, params: Map) -> Value:
    """All pages of a knowledge base as nested nodes. A tree that is too large loses whole root pages."""
    collection = engine.record_id(params, "collectionId")
    engine.stored(COLLECTION_DTO, context, collection)
    where = "COLLECTION_ID = ? and STATE = 'active'"
    below: dict[Value, list[Map]] = {}
    for row in context.storage.rows(NOTE_DOCUMENT, _TREE_COLUMNS, where, [collection], "POSITION, ID"):
        node: Map = {name: row[column] for name, column in _TREE_NAMES.items()}
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


_TREE_NAMES = {prop.name: prop.column for prop in TREE_DTO.properties.values() if prop.column}
_TREE_COLUMNS = list(_TREE_NAMES.values())


def _search(context: Context, params: Map) -> Value:
    sent = params.get("pagination")
    if not php.is_array(sent) and sent is not None:
        raise errors.wrong_type("pagination", "array")
    limit = query.limited(php.as_map(sent).get("limit"), 200, sent)
    visible = DOCUMENT_DTO.visible(context)
    found = context.storage.rows(NOTE_DOCUMENT, ["ID", "COLLECTION_ID", "TITLE", "MARKDOWN"], visible.sql)
    hits = search(php.text(params["query"]), found)
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
    return _item(FILE_DTO, context, engine.insert(FILE_DTO, context, columns, {}))


def _get_file(context: Context, params: Map) -> Value:
    record, document = engine.record_id(params), engine.record_id(params, "documentId")
    engine.stored(DOCUMENT_DTO, context, document)
    if engine.stored(FILE_DTO, context, record)["DOCUMENT_ID"] != document:
        raise errors.not_found(record)
    return _item(FILE_DTO, context, record)


_DOCUMENT = """
get item | id:integer* | One document
add item w | fields:object* | Add a document
update item w | id:integer* fields:object* overwrite:boolean | Change a document
archive result w | id:integer* | Archive a document with the pages below it
delete result w | id:integer* | Remove a document with the pages below it
"""
_BODIES: dict[str, Run] = {
    "get": _get,
    "add": _add,
    "update": _update,
    "archive": partial(_moved, "archived", ("active",)),
    "delete": partial(_moved, "deleted", ("active", "archived")),
}
_TREE = "tree.list items | collectionId:integer* | Documents of a knowledge base as a tree"
_SEARCH = "search.list items | query:string* pagination:object | Documents with these words"
_FILE = """
add item w | documentId:integer* fileName:string* fileContent:string* | Upload a file
get item | id:integer* documentId:integer* | A file of a document
"""
_P = "note.document"

METHODS = [
    *declared(_P, SCOPE, DOCUMENT_DTO, _DOCUMENT, _BODIES),
    *declared(_P, SCOPE, TREE_DTO, _TREE, {"tree.list": _tree}),
    *declared(_P, SCOPE, SEARCH_DTO, _SEARCH, {"search.list": _search}),
    *fields_of(_P, SCOPE, DOCUMENT_DTO),
    *fields_of(f"{_P}.tree", SCOPE, TREE_DTO),
    *fields_of(f"{_P}.search", SCOPE, SEARCH_DTO),
    *declared("note.file", SCOPE, FILE_DTO, _FILE, {"add": _add_file, "get": _get_file}),
    *fields_of("note.file", SCOPE, FILE_DTO),
]
