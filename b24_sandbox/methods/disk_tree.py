"""The tree of the disk: create, find, copy, move and delete folders and files."""

from __future__ import annotations

from b24_sandbox import dates, php, values
from b24_sandbox.call import Call
from b24_sandbox.entities.disk import OBJECT, STORAGE, VERSION
from b24_sandbox.errors import PortalError
from b24_sandbox.php import Map, Value
from b24_sandbox.row import Row

COLUMNS = [field.name for field in OBJECT.columns]
IN_BIN, IN_BIN_WITH_FOLDER = 3, 4
_FORBIDDEN = frozenset('\\/:*?"<>|')


def taken(kind: str) -> PortalError:
    """The error for a name that already exists."""
    return PortalError("DISK_OBJ_22000", f"A {kind} with this name already exists")


def named(call: Call, parent: int, name: str, kind: str, *, unique: bool, but: int = 0) -> str:
    """Check `name` in `parent`: a taken name is refused, or gets a number when `unique`."""
    cleaned = "".join("_" if letter in _FORBIDDEN else letter for letter in name).strip()
    if not cleaned:
        raise PortalError("DISK_BASE_SERVICE_22001", "Error: required parameter NAME (DISK_BASE_SERVICE_22001)")
    rows = call.portal.storage.rows(OBJECT, ["ID", "NAME"], "PARENT_ID = ? and DELETED_TYPE = 0", [parent])
    used = {row.text("NAME").casefold() for row in rows if row["ID"] != but}
    if cleaned.casefold() not in used:
        return cleaned
    if not unique:
        raise taken(kind)
    stem, dot, suffix = cleaned.rpartition(".") if kind == "file" else (cleaned, "", "")
    if not stem:
        stem, dot, suffix = cleaned, "", ""
    number = 1
    while f"{stem} ({number}){dot}{suffix}".casefold() in used:
        number += 1
    return f"{stem} ({number}){dot}{suffix}"


def _insert(call: Call, parent: Map, name: str, kind: str) -> int:
    now = dates.iso(call.now)
    record = call.portal.storage.insert(
        OBJECT,
        {
            "NAME": name,
            "TYPE": kind,
            "STORAGE_ID": parent["STORAGE_ID"],
            "PARENT_ID": parent["ID"],
            "DELETED_TYPE": 0,
            "CREATE_TIME": now,
            "UPDATE_TIME": now,
            "CREATED_BY": call.user,
            "UPDATED_BY": call.user,
            "DELETED_BY": 0,
        },
    )
    call.portal.storage.update(OBJECT, record, {"REAL_OBJECT_ID": record})
    return record


def add_folder(call: Call, parent: Map, name: str, *, unique: bool = False) -> int:
    """Create a folder and return its id."""
    return _insert(call, parent, named(call, php.integer(parent["ID"]), name, "folder", unique=unique), "folder")


def add_file(call: Call, parent: Map, name: str, content: bytes, *, unique: bool = False) -> int:
    """Store a file and return its id."""
    record = _insert(call, parent, named(call, php.integer(parent["ID"]), name, "file", unique=unique), "file")
    add_version(call, record, content)
    return record


def add_version(call: Call, file: int, content: bytes) -> None:
    """Replace the content of a file. The old content stays as a version."""
    storage = call.portal.storage
    row = storage.row(OBJECT, file) or Row()
    number = row.integer("GLOBAL_CONTENT_VERSION") + 1
    now = dates.iso(call.now)
    version = storage.insert(
        VERSION,
        {
            "OBJECT_ID": file,
            "SIZE": len(content),
            "NAME": row.get("NAME"),
            "GLOBAL_CONTENT_VERSION": number,
            "CREATE_TIME": now,
            "CREATED_BY": call.user,
            "CONTENT": content,
        },
    )
    changes: Map = {"FILE_ID": version, "SIZE": len(content), "GLOBAL_CONTENT_VERSION": number}
    storage.update(OBJECT, file, {**changes, "UPDATE_TIME": now, "UPDATED_BY": call.user})


def content(call: Call, version: int) -> bytes:
    """The bytes of a version."""
    row = call.portal.storage.row(VERSION, version) or Row()
    kept = row.get("CONTENT")
    return kept if isinstance(kept, bytes) else b""


def children(call: Call, folder: int, *, deleted: bool = False) -> list[Row]:
    """The direct content of a folder; `deleted` includes objects in the bin."""
    where = "PARENT_ID = ?" if deleted else "PARENT_ID = ? and DELETED_TYPE = 0"
    return call.portal.storage.rows(OBJECT, COLUMNS, where, [folder])


def below(call: Call, folder: int) -> list[Map]:
    """Everything below a folder, including objects in the bin."""
    found: list[Map] = []
    waiting = [folder]
    while waiting:
        for row in children(call, waiting.pop(), deleted=True):
            found.append(row)
            waiting.append(row.id)
    return found


def remove(call: Call, record: int) -> None:
    """Delete an object permanently, with everything below it."""
    storage = call.portal.storage
    for gone in [*(php.integer(row["ID"]) for row in below(call, record)), record]:
        for version in storage.rows(VERSION, ["ID"], "OBJECT_ID = ?", [gone]):
            storage.delete(VERSION, version.id)
        storage.delete(OBJECT, gone)


def to_bin(call: Call, row: Map) -> None:
    """Move an object with its content to the bin."""
    storage = call.portal.storage
    marks: Map = {"DELETE_TIME": dates.iso(call.now), "DELETED_BY": call.user}
    record = php.integer(row["ID"])
    for inside in below(call, record):
        if not inside["DELETED_TYPE"]:
            storage.update(OBJECT, php.integer(inside["ID"]), {"DELETED_TYPE": IN_BIN_WITH_FOLDER, **marks})
    storage.update(OBJECT, record, {"DELETED_TYPE": IN_BIN, **marks})


def restore(call: Call, row: Row) -> None:
    """Restore an object from the bin. A taken name gets a number."""
    storage = call.portal.storage
    record = row.id
    name = named(call, row.integer("PARENT_ID"), row.text("NAME"), row.text("TYPE"), unique=True)
    storage.update(OBJECT, record, {"DELETED_TYPE": 0, "NAME": name, "UPDATE_TIME": dates.iso(call.now)})
    for inside in below(call, record):
        if inside["DELETED_TYPE"] == IN_BIN_WITH_FOLDER:
            storage.update(OBJECT, php.integer(inside["ID"]), {"DELETED_TYPE": 0})


def copy(call: Call, row: Row, target: Map) -> int:
    """Copy an object with its content and return the id of the copy."""
    if row["TYPE"] == "file":
        return add_file(call, target, php.text(row["NAME"]), content(call, php.integer(row["FILE_ID"])))
    inside = children(call, row.id)  # read before the copy exists: a folder may be copied into itself
    made = add_folder(call, target, php.text(row["NAME"]))
    parent = call.portal.storage.row(OBJECT, made) or Row()
    for child in inside:
        copy(call, child, parent)
    return made


def move(call: Call, row: Row, target: Map) -> None:
    """Move an object to another folder."""
    record, folder = php.integer(row["ID"]), php.integer(target["ID"])
    if folder == record or any(inside["ID"] == folder for inside in below(call, record)):
        raise PortalError("DISK_OBJ_22000", "Could not move folder into itself")
    kind = row.text("TYPE")
    named(call, folder, row.text("NAME"), kind, unique=False, but=record)
    storage = call.portal.storage
    for inside in below(call, record):
        storage.update(OBJECT, php.integer(inside["ID"]), {"STORAGE_ID": target["STORAGE_ID"]})
    storage.update(
        OBJECT,
        record,
        {"PARENT_ID": folder, "STORAGE_ID": target["STORAGE_ID"], "UPDATE_TIME": dates.iso(call.now)},
    )


def path(call: Call, row: Map) -> list[str]:
    """The names from the level below the root down to the object."""
    names: list[str] = []
    current: Map | None = row
    while current is not None and current["PARENT_ID"]:
        names.append(php.text(current["NAME"]))
        current = call.portal.storage.row(OBJECT, php.integer(current["PARENT_ID"]))
    return names[::-1]


def storage_of(call: Call, kind: str, owner: Value, name: str) -> Row:
    """The storage of a user, a group or an application. It is created on first use."""
    storage = call.portal.storage
    found = storage.rows(STORAGE, ["ID"], "ENTITY_TYPE = ? and ENTITY_ID = ?", [kind, php.text(owner)])
    record = found[0].id if found else _new_storage(call, kind, php.text(owner), name)
    return storage.row(STORAGE, record) or Row()


def _new_storage(call: Call, kind: str, owner: str, name: str) -> int:
    storage = call.portal.storage
    columns: Map = {"NAME": name, "MODULE_ID": "disk", "ENTITY_TYPE": kind, "ENTITY_ID": owner}
    record = storage.insert(STORAGE, columns)
    root = _insert(call, {"STORAGE_ID": record, "ID": 0}, name, "folder")
    storage.update(STORAGE, record, {"ROOT_OBJECT_ID": root})
    return record


def own_folder(call: Call) -> Row:
    """The root of the caller's own storage."""
    from b24_sandbox.entities.staff import USER

    person = call.portal.storage.row(USER, call.user) or Row()
    name = f"{php.text(person.get('NAME'))} {php.text(person.get('LAST_NAME'))}".strip()
    mine = storage_of(call, "user", call.user, name)
    return call.portal.storage.row(OBJECT, values.bounded(mine.integer("ROOT_OBJECT_ID"))) or Row()
