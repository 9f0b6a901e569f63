"""`disk.*`: storages, folders, files and their versions. Documentation: api-reference/disk."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from b24_sandbox import dates, faceless, filters, paging, php
from b24_sandbox.answer import RowPage
from b24_sandbox.call import Call
from b24_sandbox.entities.disk import OBJECT, STORAGE, VERSION
from b24_sandbox.errors import PortalError, present, wrong_argument
from b24_sandbox.fields import Entity
from b24_sandbox.methods import disk_tree
from b24_sandbox.methods.records_by_code import application
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable
from b24_sandbox.row import Row
from b24_sandbox.shapes import constant

method = MethodTable("disk")
register = method.register

OnObject = TypeVar("OnObject", bound=Callable[[Call, Row], Value])

_HIDDEN = {
    "folder": ("GLOBAL_CONTENT_VERSION", "FILE_ID", "SIZE", "LINK"),
    "file": ("REAL_OBJECT_ID", "LINK"),
    "storage": (),
}
_NOT_FILTERED = frozenset(("MODULE_ID", "ROOT_OBJECT_ID", "REAL_OBJECT_ID", "CREATED_BY", "UPDATED_BY", "DELETED_BY"))
_TYPES = {"user": "integer", "TYPE": "enum", "DELETED_TYPE": "enum"}
_SPACES = {"user": "/company/personal/user/{}/disk", "group": "/workgroups/group/{}/disk"}
_LEVELS = ("disk_access_read", "disk_access_add", "disk_access_edit", "disk_access_full")


def _need(call: Call, name: str) -> Value:
    """A parameter under its exact name; names of the disk are case-sensitive."""
    return present(call.exact(name), wrong_argument(f"Could not find value for parameter {{{name}}}", name))


def not_found(record: Value) -> PortalError:
    """The error for a record that does not exist."""
    return PortalError("ERROR_NOT_FOUND", f"Could not find entity with id `{php.text(record)}`")


def _record(call: Call, entity: Entity, kind: str = "", name: str = "id") -> Row:
    """The record a call names. An object must be of the given `kind`."""
    sent = _need(call, name)
    row = call.storage.row(entity, php.integer(sent))
    if row is None or (kind and row["TYPE"] != kind):
        raise not_found(sent)
    return row


def on_object(**actions: str) -> Callable[[OnObject], OnObject]:
    """Decorate what is done with an object: `folder="rename"` makes it the method `disk.folder.rename`.

    The function gets the object that the call names: a folder, a file, or the root folder of a storage.
    """

    def define(run: OnObject) -> OnObject:
        for kind, action in actions.items():
            method.add(f"disk.{kind}.{action}", partial(_with_object, run, kind))
        return run

    return define


def _with_object(run: Callable[[Call, Row], Value], kind: str, call: Call) -> Value:
    if kind != "storage":
        return run(call, _record(call, OBJECT, kind))
    root = _record(call, STORAGE).integer("ROOT_OBJECT_ID")
    return run(call, call.storage.row(OBJECT, root) or Row())


@on_object(folder="get", file="get")
def shown(call: Call, row: Row) -> Map:
    """A folder or file in an answer: numbers as text, addresses of this portal."""
    kind = row.text("TYPE")
    answer = faceless.texts(OBJECT, row, _HIDDEN[kind])
    if kind == "file":
        answer["DOWNLOAD_URL"] = call.link("download", {"id": row["ID"]}, "disk")
    holder = call.storage.row(STORAGE, row.integer("STORAGE_ID")) or Row()
    space = _SPACES.get(holder.text("ENTITY_TYPE"), "/docs").format(holder.text("ENTITY_ID"))
    inside = "/".join(disk_tree.path(call, row))
    answer["DETAIL_URL"] = f"{call.base}{space}/{'file' if kind == 'file' else 'path'}/{inside}"
    return answer


@method("disk.attachedobject.get")
def _attachment(call: Call) -> Value:
    """The record that a file is attached to something. Here it has the number of the file."""
    row = _record(call, OBJECT, "file")
    return {
        "ID": php.text(row["ID"]),
        "OBJECT_ID": php.text(row["ID"]),
        "MODULE_ID": "tasks",
        "ENTITY_TYPE": "tasks_task",
        "ENTITY_ID": "0",
        "CREATE_TIME": row["CREATE_TIME"],
        "CREATED_BY": php.text(row["CREATED_BY"]),
        "DOWNLOAD_URL": call.link("download", {"id": row["ID"]}, "disk"),
        "NAME": row["NAME"],
        "SIZE": php.text(row["SIZE"]),
    }


def again(call: Call, record: int) -> Map:
    """An object after a change."""
    return shown(call, call.storage.row(OBJECT, record) or Row())


def _page(
    call: Call, entity: Entity, conditions: Map, show: Callable[[list[Row]], Sequence[Value]], extra: str = "1"
) -> RowPage:
    language = filters.Language(filters.WITHOUT_NOT_LIKE, entity.fields.get)
    where = filters.build(entity, language, {**call.sent.inner("filter"), **conditions}, call.now)
    where = filters.FilterCondition(f"{where.sql} and {extra}", where.bound)
    order = filters.order(language.find, call.sent.inner("order"), None)
    return faceless.page(call, entity, where, order, show, paging.family_e)


def _storage_row(row: Map) -> Map:
    return faceless.texts(STORAGE, row)


@method("disk.storage.getlist")
def _storages(call: Call) -> Value:
    return _page(call, STORAGE, {}, lambda rows: [_storage_row(row) for row in rows], "ENTITY_TYPE <> 'restapp'")


@on_object(storage="getchildren", folder="getchildren")
def _children(call: Call, folder: Row) -> Value:
    conditions: Map = {"PARENT_ID": folder.id, "DELETED_TYPE": 0}
    return _page(call, OBJECT, conditions, lambda rows: [shown(call, row) for row in rows])


def name_in_data(call: Call) -> str:
    """The `NAME` of `data`, which must not be empty."""
    name = php.text(php.as_map(_need(call, "data")).get("NAME")).strip()
    if not name:
        raise PortalError("DISK_BASE_SERVICE_22001", "Error: required parameter NAME (DISK_BASE_SERVICE_22001)")
    return name


@on_object(storage="addfolder", folder="addsubfolder")
def _add_folder(call: Call, parent: Row) -> Value:
    return again(call, disk_tree.add_folder(call, parent, name_in_data(call)))


@on_object(folder="sharetouser")
def _share(call: Call, folder: Row) -> Value:
    """Share a folder. The sandbox has no rights of its own for shared folders, it checks the arguments only."""
    _need(call, "userId")
    if php.text(_need(call, "taskName")) not in _LEVELS:
        raise PortalError("ACCESS_DENIED", "Access denied")
    return True


@on_object(folder="rename", file="rename")
def _rename(call: Call, row: Row) -> Value:
    wanted = php.text(_need(call, "newName"))
    name = disk_tree.named(call, row.integer("PARENT_ID"), wanted, row.text("TYPE"), unique=False, but=row.id)
    changes: Map = {"NAME": name, "UPDATE_TIME": dates.iso(call.now), "UPDATED_BY": call.user}
    call.storage.update(OBJECT, row.id, changes)
    return again(call, row.id)


@on_object(folder="copyto", file="copyto")
def _copy(call: Call, row: Row) -> Value:
    return again(call, disk_tree.copy(call, row, _record(call, OBJECT, "folder", "targetFolderId")))


@on_object(folder="moveto", file="moveto")
def _move(call: Call, row: Row) -> Value:
    target = _record(call, OBJECT, "folder", "targetFolderId")
    disk_tree.move(call, row, target)
    return {**again(call, row.id), "PARENT_ID": target["ID"]}  # a value just written stays a number


def _no_root(row: Row) -> int:
    if not row["PARENT_ID"]:
        raise PortalError("DISK_OBJ_22000", "Could not delete root folder")
    return row.id


@on_object(folder="markdeleted", file="markdeleted")
def _mark_deleted(call: Call, row: Row) -> Value:
    record = _no_root(row)
    disk_tree.to_bin(call, row)
    return again(call, record)


@on_object(folder="restore", file="restore")
def _restore(call: Call, row: Row) -> Value:
    disk_tree.restore(call, row)
    return {**again(call, row.id), "DELETED_TYPE": 0}


@on_object(folder="deletetree", file="delete")
def _delete(call: Call, row: Row) -> Value:
    disk_tree.remove(call, _no_root(row))
    return True


@on_object(folder="getexternallink", file="getexternallink")
def _public_link(call: Call, row: Row) -> Value:
    import hashlib  # slow to import and rarely needed

    link = row.text("LINK")
    if not link:
        seed = f"{row['ID']}/{call.portal.link_key}".encode()
        link = base64.b32encode(hashlib.sha256(seed).digest()).decode()[:5]
        call.storage.update(OBJECT, row.id, {"LINK": link})
    return f"{call.base}/~{link}"


def _version_row(call: Call, row: Row) -> Map:
    address = call.link("download", {"id": row["OBJECT_ID"], "version": row["ID"]}, "disk")
    return {**faceless.texts(VERSION, row, ("CONTENT",)), "DOWNLOAD_URL": address}


@on_object(file="getversions")
def _versions(call: Call, file: Row) -> Value:
    """The versions of a file, newest first."""
    where = filters.FilterCondition("OBJECT_ID = ?", (file["ID"],))
    shown = partial(_version_row, call)
    return faceless.page(call, VERSION, where, "ID desc", lambda rows: list(map(shown, rows)), paging.family_e)


@on_object(file="restorefromversion")
def _restore_version(call: Call, file: Row) -> Value:
    version = _record(call, VERSION, name="versionId")
    if version["OBJECT_ID"] != file["ID"]:
        raise PortalError("DISK_FILE_22004", "Cannot restore version from another file")
    disk_tree.add_version(call, file.id, disk_tree.content(call, version.id))
    return again(call, file.id)


@method("disk.storage.getforapp", app_context=True)
def _application_storage(call: Call) -> Value:
    code = application(call)
    return _storage_row(disk_tree.storage_of(call, "restapp", code, code))


@method("disk.storage.rename")
def _rename_storage(call: Call) -> Value:
    row, name = _record(call, STORAGE), php.text(_need(call, "newName"))
    if row["ENTITY_TYPE"] != "restapp" or call.caller.application is None:
        raise PortalError("", "Access denied (invalid type of storage)")
    call.storage.update(STORAGE, row.id, {"NAME": name})
    return _storage_row(row | {"NAME": name})


def _fields(kind: str, call: Call) -> Value:
    entity = STORAGE if kind == "storage" else OBJECT
    return {
        field.name: {
            "TYPE": _TYPES.get(field.name) or _TYPES.get(field.type, field.type),
            "USE_IN_FILTER": field.name not in _NOT_FILTERED,
            "USE_IN_SHOW": True,
        }
        for field in entity.columns
        if field.name not in _HIDDEN[kind]
    }


for _kind in _HIDDEN:
    method.add(f"disk.{_kind}.getfields", partial(_fields, _kind))


method.add("disk.storage.get", lambda call: _storage_row(_record(call, STORAGE)))
method.add("disk.storage.gettypes", lambda call: ["user", "common", "group"])
method.add("disk.version.get", lambda call: _version_row(call, _record(call, VERSION)))
method.add("disk.rights.gettasks", lambda call: constant("disk.access_levels"))
