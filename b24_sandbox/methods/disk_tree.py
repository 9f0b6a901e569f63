"""The tree of the disk: create, find, copy, move and delete folders and files."""

from __future__ import annotations

from b24_sandbox import dates, php, values
from b24_sandbox.call import Call
from b24_sandbox.entities.disk import OBJECT, STORAGE, VERSION
from b24_sandbox.errors import PortalError
from b24_sandbox.people import full_name, person
from b24_sandbox.php import Map, Value
from b24_sandbox.row import Row

IN_BIN, IN_BIN_WITH_FOLDER = 3, 4
_FORBIDDEN = frozenset('\\/:*?"<>|')


def named(call: Call, parent: int, name: str, kind: str, *, unique: bool, but: int = 0) -> str:
    """Check `name` in `parent`: a taken name is refused, or gets a number when `unique`."""
    cleaned = "".join("_" if letter in _FORBIDDEN else letter for letter in name).strip()
    if not cleaned:
        raise PortalError("DISK_BASE_SERVICE_22001", "Error: required parameter NAME (DISK_BASE_SERVICE_22001)")
    rows = call.storage.rows(OBJECT, ["ID", "NAME"], "PARENT_ID = ? and DELETED_TYPE = 0", [parent])
    used = {row.text("NAME").casefold() for row in rows if row["ID"] != but}
    if cleaned.casefold() not in used:
        return cleaned
    if not unique:
        raise PortalError("DISK_OBJ_22000", f"A {kind} with this name already exists")
    stem, dot, suffix = cleaned.rpartition(".") if kind == "file" else (cleaned, "", "")
    if not stem:
        stem, dot, suffix = cleaned, "", ""
    number = 1
    while f"{stem} ({number}){dot}{suffix}".casefold() in used:
        number += 1
    return f"{stem} ({number}){dot}{suffix}"


def _insert(call: Call, parent: Row, name: str, kind: str) -> int:
    now = dates.iso(call.now)
    columns: Map = {"NAME": name, "TYPE": kind, "STORAGE_ID": parent["STORAGE_ID"], "PARENT_ID": parent["ID"]}
    columns |= {"CREATE_TIME": now, "UPDATE_TIME": now, "CREATED_BY": call.user, "UPDATED_BY": call.user}
    record = call.storage.insert(OBJECT, {**columns, "DELETED_TYPE": 0, "DELETED_BY": 0})
    call.storage.update(OBJECT, record, {"REAL_OBJECT_ID": record})
    return record


def add_folder(call: Call, parent: Row, name: str, *, unique: bool = False) -> int:
    """Create a folder and return its id."""
    return _insert(call, parent, named(call, parent.id, name, "folder", unique=unique), "folder")


def add_file(call: Call, parent: Row, name: str, content: bytes, *, unique: bool = False) -> int:
    """Store a file and return its id."""
    record = _insert(call, parent, named(call, parent.id, name, "file", unique=unique), "file")
    add_version(call, record, content)
    return record


def add_version(call: Call, file: int, content: bytes) -> None:
    """Replace the content of a file. The old content stays as a version."""
    storage, now = call.storage, dates.iso(call.now)
    row = storage.row(OBJECT, file) or Row()
    changes: Map = {"SIZE": len(content), "GLOBAL_CONTENT_VERSION": row.integer("GLOBAL_CONTENT_VERSION") + 1}
    columns: Map = {"OBJECT_ID": file, "NAME": row.get("NAME"), "CREATE_TIME": now, "CREATED_BY": call.user, **changes}
    version = storage.insert(VERSION, {**columns, "CONTENT": content})
    storage.update(OBJECT, file, {"FILE_ID": version, **changes, "UPDATE_TIME": now, "UPDATED_BY": call.user})


def content(call: Call, version: int) -> bytes:
    """The bytes of a version."""
    kept = (call.storage.row(VERSION, version) or Row()).get("CONTENT")
    return kept if isinstance(kept, bytes) else b""


def _inside(call: Call, folder: int) -> list[Row]:
    """Everything below a folder, including objects in the bin."""
    found: list[Row] = []
    waiting = [folder]
    while waiting:
        inside = call.storage.whole(OBJECT, "PARENT_ID = ?", [waiting.pop()])
        found += inside
        waiting += [row.id for row in inside]
    return found


def remove(call: Call, record: int) -> None:
    """Delete an object permanently, with everything below it."""
    for gone in [*(row.id for row in _inside(call, record)), record]:
        call.storage.delete_all(VERSION, "OBJECT_ID = ?", [gone])
        call.storage.delete(OBJECT, gone)


def to_bin(call: Call, row: Row) -> None:
    """Move an object with its content to the bin."""
    marks: Map = {"DELETE_TIME": dates.iso(call.now), "DELETED_BY": call.user}
    for inside in _inside(call, row.id):
        if not inside["DELETED_TYPE"]:
            call.storage.update(OBJECT, inside.id, {"DELETED_TYPE": IN_BIN_WITH_FOLDER, **marks})
    call.storage.update(OBJECT, row.id, {"DELETED_TYPE": IN_BIN, **marks})


def restore(call: Call, row: Row) -> None:
    """Restore an object from the bin. A taken name gets a number."""
    name = named(call, row.integer("PARENT_ID"), row.text("NAME"), row.text("TYPE"), unique=True)
    call.storage.update(OBJECT, row.id, {"DELETED_TYPE": 0, "NAME": name, "UPDATE_TIME": dates.iso(call.now)})
    for inside in _inside(call, row.id):
        if inside["DELETED_TYPE"] == IN_BIN_WITH_FOLDER:
            call.storage.update(OBJECT, inside.id, {"DELETED_TYPE": 0})


def copy(call: Call, row: Row, target: Row) -> int:
    """Copy an object with its content and return the id of the copy."""
    if row["TYPE"] == "file":
        return add_file(call, target, row.text("NAME"), content(call, row.integer("FILE_ID")))
    # read before the copy exists: a folder may be copied into itself
    inside = call.storage.whole(OBJECT, "PARENT_ID = ? and DELETED_TYPE = 0", [row.id])
    made = add_folder(call, target, row.text("NAME"))
    parent = call.storage.row(OBJECT, made) or Row()
    for child in inside:
        copy(call, child, parent)
    return made


def move(call: Call, row: Row, target: Row) -> None:
    """Move an object to another folder."""
    below = _inside(call, row.id)
    if target.id == row.id or any(inside.id == target.id for inside in below):
        raise PortalError("DISK_OBJ_22000", "Could not move folder into itself")
    named(call, target.id, row.text("NAME"), row.text("TYPE"), unique=False, but=row.id)
    place: Map = {"STORAGE_ID": target["STORAGE_ID"]}
    for inside in below:
        call.storage.update(OBJECT, inside.id, place)
    moved: Map = {**place, "PARENT_ID": target.id, "UPDATE_TIME": dates.iso(call.now)}
    call.storage.update(OBJECT, row.id, moved)


def path(call: Call, row: Row) -> list[str]:
    """The names from the level below the root down to the object."""
    names: list[str] = []
    current: Row | None = row
    while current is not None and current["PARENT_ID"]:
        names.append(current.text("NAME"))
        current = call.storage.row(OBJECT, current.integer("PARENT_ID"))
    return names[::-1]


def storage_of(call: Call, kind: str, owner: Value, name: str) -> Row:
    """The storage of a user, a group or an application. It is created on first use."""
    found = call.storage.first(STORAGE, "ENTITY_TYPE = ? and ENTITY_ID = ?", [kind, php.text(owner)])
    if found is not None:
        return found
    columns: Map = {"NAME": name, "MODULE_ID": "disk", "ENTITY_TYPE": kind, "ENTITY_ID": php.text(owner)}
    record = call.storage.insert(STORAGE, columns)
    root = _insert(call, Row(STORAGE_ID=record, ID=0), name, "folder")
    call.storage.update(STORAGE, record, {"ROOT_OBJECT_ID": root})
    return call.storage.row(STORAGE, record) or Row()


def own_folder(call: Call) -> Row:
    """The root of the caller's own storage."""
    mine = storage_of(call, "user", call.user, full_name(person(call.portal, call.user)))
    return call.storage.row(OBJECT, values.bounded(mine.integer("ROOT_OBJECT_ID"))) or Row()
