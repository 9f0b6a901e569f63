"""`disk.*`: storages, folders, files, uploads in one step or two, signed downloads.

Documentation: api-reference/disk, api-reference/files/how-to-{upload,download}-files.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from functools import partial
from urllib.parse import quote

from b24_sandbox import dates, filters, php, values
from b24_sandbox.answer import RowPage
from b24_sandbox.call import Call
from b24_sandbox.entities.disk import OBJECT, STORAGE, VERSION
from b24_sandbox.errors import PortalError, wrong_argument
from b24_sandbox.fields import Entity
from b24_sandbox.messages import Response
from b24_sandbox.methods import disk_tree
from b24_sandbox.paging import PAGE_SIZE
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import Registry
from b24_sandbox.row import Row

_FOLDER_HIDDEN = frozenset(("GLOBAL_CONTENT_VERSION", "FILE_ID", "SIZE", "LINK"))
_FILE_HIDDEN = frozenset(("REAL_OBJECT_ID", "LINK"))
_NOT_FILTERED = frozenset(("MODULE_ID", "ROOT_OBJECT_ID", "REAL_OBJECT_ID", "CREATED_BY", "UPDATED_BY", "DELETED_BY"))
_SPACES = {"user": "/company/personal/user/{}/disk", "group": "/workgroups/group/{}/disk"}
_OBJECT_LANGUAGE = filters.Language(filters.WITHOUT_NOT_LIKE, OBJECT.fields.get)
_STORAGE_LANGUAGE = filters.Language(filters.WITHOUT_NOT_LIKE, STORAGE.fields.get)


def _sent(call: Call, name: str, *, required: bool = True) -> Value:
    """A parameter under its exact name; names of the disk are case-sensitive."""
    value = call.exact(name)
    if value is None and required:
        raise wrong_argument(f"Could not find value for parameter {{{name}}}", name)
    return value


def _not_found(record: Value) -> PortalError:
    return PortalError("ERROR_NOT_FOUND", f"Could not find entity with id `{php.text(record)}`")


def _record(call: Call, entity: Entity, kind: str = "", name: str = "id") -> Row:
    """The record a call names. An object must be of the given `kind`."""
    sent = _sent(call, name)
    row = call.portal.storage.row(entity, php.integer(sent))
    if row is None or (kind and row["TYPE"] != kind):
        raise _not_found(sent)
    return row


def shown(call: Call, row: Map) -> Map:
    """A folder or file in an answer: numbers as text, addresses of this portal."""
    file = row["TYPE"] == "file"
    hidden = _FILE_HIDDEN if file else _FOLDER_HIDDEN
    answer: Map = {
        name: values.show_text(OBJECT.fields[name], row[name]) for name in OBJECT.fields if name not in hidden
    }
    if file:
        answer["DOWNLOAD_URL"] = call.link("download", {"id": row["ID"]}, "disk")
    holder = call.portal.storage.row(STORAGE, php.integer(row["STORAGE_ID"])) or Row()
    space = _SPACES.get(holder.text("ENTITY_TYPE"), "/docs").format(holder.text("ENTITY_ID"))
    inside = "/".join(disk_tree.path(call, row))
    answer["DETAIL_URL"] = f"{call.base}{space}/{'file' if file else 'path'}/{inside}"
    return answer


def _again(call: Call, record: int) -> Map:
    return shown(call, call.portal.storage.row(OBJECT, record) or Row())


def _page(call: Call, entity: Entity, conditions: Map, show: Callable[[Map], Value], extra: str = "1") -> RowPage:
    """One page: exact offset, always counted, empty beyond the end."""
    language = _STORAGE_LANGUAGE if entity is STORAGE else _OBJECT_LANGUAGE
    wanted = {**php.as_map(_sent(call, "filter", required=False)), **conditions}
    where = filters.build(entity, language, wanted, call.now)
    order = filters.order(language.find, php.as_map(_sent(call, "order", required=False)), None)
    storage = call.portal.storage
    sql = f"{where.sql} and {extra}"
    total = storage.count(entity, sql, where.bound)
    offset = max(call.offset, 0)
    rows = storage.rows(entity, [f.name for f in entity.columns], sql, where.bound, order, PAGE_SIZE, offset)
    following = offset + len(rows)
    return RowPage([show(row) for row in rows], following if rows and following < total else None, total)


def _storage_row(row: Map) -> Map:
    return {name: values.show_text(STORAGE.fields[name], row[name]) for name in STORAGE.fields}


def _storages(call: Call) -> Value:
    return _page(call, STORAGE, {}, _storage_row, "ENTITY_TYPE <> 'restapp'")


def _children(call: Call, folder: Value) -> Value:
    return _page(call, OBJECT, {"PARENT_ID": folder, "DELETED_TYPE": 0}, partial(shown, call))


def _root(call: Call) -> Row:
    holder = _record(call, STORAGE)
    return call.portal.storage.row(OBJECT, holder.integer("ROOT_OBJECT_ID")) or Row()


def _folder(call: Call) -> Map:
    return _record(call, OBJECT, "folder")


def _name_in_data(call: Call) -> str:
    data = php.as_map(_sent(call, "data"))
    name = php.text(data.get("NAME")).strip()
    if not name:
        raise PortalError("DISK_BASE_SERVICE_22001", "Error: required parameter NAME (DISK_BASE_SERVICE_22001)")
    return name


def _add_folder(call: Call, parent: Map) -> Value:
    return _again(call, disk_tree.add_folder(call, parent, _name_in_data(call)))


def _file_sent(call: Call) -> tuple[str, bytes] | None:
    """The name and bytes of `fileContent`: `[name, base64]`, or base64 alone."""
    sent = _sent(call, "fileContent", required=False)
    if sent in (None, ""):
        return None
    parts = [php.text(part) for part in php.as_list(sent)]
    name, encoded = (parts[0], parts[1]) if len(parts) > 1 else ("", parts[0] if parts else "")
    content = php.base64_decode(encoded)
    if not content:
        raise PortalError("ERROR_COULD_NOT_SAVE_FILE", "Could not save file")
    return name, content


def _unique(call: Call) -> bool:
    return php.truthy(_sent(call, "generateUniqueName", required=False)) and (
        _sent(call, "generateUniqueName") not in ("N", "false")
    )


def _upload(call: Call, parent: Map) -> Value:
    """Store the file when its content was sent; otherwise return the upload address."""
    sent = _file_sent(call)
    unique = _unique(call)
    if sent is None:
        given = php.text(php.as_map(_sent(call, "data", required=False)).get("NAME"))
        ticket: Map = {"folder": parent["ID"], "name": given, "unique": int(unique)}
        return {"field": "file", "uploadUrl": call.link("upload", ticket, "disk")}
    name = _name_in_data(call) if _sent(call, "data", required=False) is not None else sent[0]
    return _again(call, disk_tree.add_file(call, parent, name, sent[1], unique=unique))


def _upload_version(call: Call) -> Value:
    row = _record(call, OBJECT, "file")
    sent = _file_sent(call)
    if sent is None:
        return {"field": "file", "uploadUrl": call.link("upload", {"file": row["ID"]}, "disk")}
    disk_tree.add_version(call, row.id, sent[1])
    return _again(call, row.id)


def _uploaded(call: Call) -> Value:
    """The second step of an upload at a signed address: the part `file` becomes a file or a version."""
    part = call.files.get("file")
    if part is None:
        raise PortalError("ERROR_COULD_NOT_SAVE_FILE", "Could not save file")
    if call.params.get("file"):
        record = php.integer(call.params["file"])
        disk_tree.add_version(call, record, part.content)
        return _again(call, record)
    parent = call.portal.storage.row(OBJECT, php.integer(call.params.get("folder")))
    if parent is None:
        raise _not_found(call.params.get("folder"))
    name = php.text(call.params.get("name")) or part.filename
    unique = php.truthy(call.params.get("unique"))
    return _again(call, disk_tree.add_file(call, parent, name, part.content, unique=unique))


def _downloaded(call: Call) -> Response:
    """The bytes of a file or of one of its versions at a signed address."""
    storage = call.portal.storage
    if call.params.get("version"):
        version = storage.row(VERSION, php.integer(call.params["version"]))
    else:
        row = storage.row(OBJECT, php.integer(call.params.get("id"))) or Row()
        version = storage.row(VERSION, row.integer("FILE_ID"))
        version = None if version is None else Row({**version, "NAME": row["NAME"]})
    if version is None:
        raise _not_found(call.params.get("id"))
    import mimetypes  # reads system tables, so it is imported only for a download

    name = version.text("NAME")
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    plain = "".join(letter if 31 < ord(letter) < 127 and letter not in '"\\' else "_" for letter in name)
    disposition = f"attachment; filename=\"{plain}\"; filename*=utf-8''{quote(name)}"
    body = version["CONTENT"] if isinstance(version["CONTENT"], bytes) else b""
    return Response(200, kind, body, (("Content-Disposition", disposition),))


_LEVELS = ("disk_access_read", "disk_access_add", "disk_access_edit", "disk_access_full")


def _share(call: Call) -> Value:
    """Share a folder. The sandbox has no rights of its own for shared folders, it checks the arguments only."""
    _folder(call)
    _sent(call, "userId")
    if php.text(_sent(call, "taskName")) not in _LEVELS:
        raise PortalError("ACCESS_DENIED", "Access denied")
    return True


def _rename(call: Call, kind: str) -> Value:
    row = _record(call, OBJECT, kind)
    record = row.id
    wanted = php.text(_sent(call, "newName"))
    name = disk_tree.named(call, row.integer("PARENT_ID"), wanted, kind, unique=False, but=record)
    now = dates.iso(call.now)
    call.portal.storage.update(OBJECT, record, {"NAME": name, "UPDATE_TIME": now, "UPDATED_BY": call.user})
    return _again(call, record)


def _copy(call: Call, kind: str) -> Value:
    row, target = _record(call, OBJECT, kind), _record(call, OBJECT, "folder", "targetFolderId")
    return _again(call, disk_tree.copy(call, row, target))


def _move(call: Call, kind: str) -> Value:
    row, target = _record(call, OBJECT, kind), _record(call, OBJECT, "folder", "targetFolderId")
    disk_tree.move(call, row, target)
    return {**_again(call, row.id), "PARENT_ID": target["ID"]}  # a value just written stays a number


def _no_root(row: Row) -> Map:
    if not row["PARENT_ID"]:
        raise PortalError("DISK_OBJ_22000", "Could not delete root folder")
    return row


def _mark_deleted(call: Call, kind: str) -> Value:
    row = _no_root(_record(call, OBJECT, kind))
    disk_tree.to_bin(call, row)
    return _again(call, php.integer(row["ID"]))


def _restore(call: Call, kind: str) -> Value:
    row = _record(call, OBJECT, kind)
    disk_tree.restore(call, row)
    return {**_again(call, row.id), "DELETED_TYPE": 0}


def _delete(call: Call, kind: str) -> Value:
    disk_tree.remove(call, php.integer(_no_root(_record(call, OBJECT, kind))["ID"]))
    return True


def _public_link(call: Call, kind: str) -> Value:
    row = _record(call, OBJECT, kind)
    import hashlib  # slow to import and rarely needed

    link = row.text("LINK")
    if not link:
        seed = f"{row['ID']}/{call.portal.link_key}".encode()
        link = base64.b32encode(hashlib.sha256(seed).digest()).decode()[:5]
        call.portal.storage.update(OBJECT, row.id, {"LINK": link})
    return f"{call.base}/~{link}"


def _version_row(call: Call, row: Row) -> Map:
    texts: Map = {
        name: values.show_text(VERSION.fields[name], row[name]) for name in VERSION.fields if name != "CONTENT"
    }
    return {**texts, "DOWNLOAD_URL": call.link("download", {"id": row["OBJECT_ID"], "version": row["ID"]}, "disk")}


def _versions(call: Call) -> Value:
    """The versions of a file, newest first."""
    file = _record(call, OBJECT, "file")
    columns = [field.name for field in VERSION.columns if field.name != "CONTENT"]
    storage = call.portal.storage
    total = storage.count(VERSION, "OBJECT_ID = ?", [file["ID"]])
    offset = max(call.offset, 0)
    rows = storage.rows(VERSION, columns, "OBJECT_ID = ?", [file["ID"]], "ID desc", PAGE_SIZE, offset)
    following = offset + len(rows)
    return RowPage([_version_row(call, row) for row in rows], following if rows and following < total else None, total)


def _restore_version(call: Call) -> Value:
    file = _record(call, OBJECT, "file")
    version = _record(call, VERSION, name="versionId")
    if version["OBJECT_ID"] != file["ID"]:
        raise PortalError("DISK_FILE_22004", "Cannot restore version from another file")
    disk_tree.add_version(call, file.id, disk_tree.content(call, version.id))
    return _again(call, file.id)


def _application_storage(call: Call) -> Value:
    application = call.application
    code = "" if application is None else application.client_id
    return _storage_row(disk_tree.storage_of(call, "restapp", code, code))


def _rename_storage(call: Call) -> Value:
    row = _record(call, STORAGE)
    name = php.text(_sent(call, "newName"))
    if row["ENTITY_TYPE"] != "restapp" or call.caller.application is None:
        raise PortalError("", "Access denied (invalid type of storage)")
    call.portal.storage.update(STORAGE, row.id, {"NAME": name})
    return _storage_row(row | {"NAME": name})


def _described(entity: Entity, hidden: frozenset[str]) -> Value:
    kinds = {"user": "integer", "TYPE": "enum", "DELETED_TYPE": "enum"}
    return {
        field.name: {
            "TYPE": kinds.get(field.name) or kinds.get(field.type, field.type),
            "USE_IN_FILTER": field.name not in _NOT_FILTERED,
            "USE_IN_SHOW": True,
        }
        for field in entity.columns
        if field.name not in hidden
    }


def _rights(call: Call) -> Value:
    tasks = (("79", "disk_access_full", "Full Access"), ("75", "disk_access_edit", "Editing"))
    names = (*tasks, ("71", "disk_access_read", "Reading"))
    return [dict(zip(("ID", "NAME", "TITLE"), row, strict=True)) for row in names]


def register(registry: Registry) -> None:
    """Register the methods of the disk."""
    methods: dict[str, Callable[[Call], Value]] = {
        "storage.getlist": _storages,
        "storage.get": lambda call: _storage_row(_record(call, STORAGE)),
        "storage.gettypes": lambda call: ["user", "common", "group"],
        "storage.getfields": lambda call: _described(STORAGE, frozenset()),
        "storage.getchildren": lambda call: _children(call, _record(call, STORAGE)["ROOT_OBJECT_ID"]),
        "storage.rename": _rename_storage,
        "storage.addfolder": lambda call: _add_folder(call, _root(call)),
        "storage.uploadfile": lambda call: _upload(call, _root(call)),
        "folder.get": lambda call: shown(call, _folder(call)),
        "folder.getfields": lambda call: _described(OBJECT, _FOLDER_HIDDEN),
        "folder.getchildren": lambda call: _children(call, _folder(call)["ID"]),
        "folder.addsubfolder": lambda call: _add_folder(call, _folder(call)),
        "folder.uploadfile": lambda call: _upload(call, _folder(call)),
        "folder.deletetree": partial(_delete, kind="folder"),
        "folder.sharetouser": _share,
        "file.get": lambda call: shown(call, _record(call, OBJECT, "file")),
        "file.getfields": lambda call: _described(OBJECT, _FILE_HIDDEN),
        "file.getversions": _versions,
        "file.restorefromversion": _restore_version,
        "file.uploadversion": _upload_version,
        "file.delete": partial(_delete, kind="file"),
        "version.get": lambda call: _version_row(call, _record(call, VERSION)),
        "rights.gettasks": _rights,
    }
    for kind in ("folder", "file"):
        for action, run in (
            ("rename", _rename),
            ("copyto", _copy),
            ("moveto", _move),
            ("markdeleted", _mark_deleted),
            ("restore", _restore),
            ("getexternallink", _public_link),
        ):
            methods[f"{kind}.{action}"] = partial(run, kind=kind)
    for name, run_method in methods.items():
        registry.classic(f"disk.{name}", "disk", run_method)
    registry.classic("disk.storage.getforapp", "disk", _application_storage, app_context=True)
    registry.link("upload", "disk", _uploaded)
    registry.link("download", "disk", _downloaded)
