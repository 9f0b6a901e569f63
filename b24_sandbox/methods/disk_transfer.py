"""`disk.*.upload*`: uploads in one step or two, signed downloads.

Documentation: api-reference/files/how-to-{upload,download}-files.
"""

from __future__ import annotations

from urllib.parse import quote

from b24_sandbox import php
from b24_sandbox.call import Call
from b24_sandbox.entities.disk import OBJECT, VERSION
from b24_sandbox.errors import PortalError, present
from b24_sandbox.messages import Response
from b24_sandbox.methods import disk_tree
from b24_sandbox.methods.disk import again, name_in_data, not_found, on_object
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import Registry
from b24_sandbox.row import Row


def _file_sent(call: Call) -> tuple[str, bytes] | None:
    """The name and bytes of `fileContent`: `[name, base64]`, or base64 alone."""
    if call.exact("fileContent") in (None, ""):
        return None
    parts = call.sent.texts("fileContent")
    name, encoded = (parts[0], parts[1]) if len(parts) > 1 else ("", parts[0] if parts else "")
    content = php.base64_decode(encoded)
    if not content:
        raise PortalError("ERROR_COULD_NOT_SAVE_FILE", "Could not save file")
    return name, content


@on_object(storage="uploadfile", folder="uploadfile")
def _upload(call: Call, parent: Row) -> Value:
    """Store the file when its content was sent; otherwise return the upload address."""
    sent, wanted = _file_sent(call), call.exact("generateUniqueName")
    unique = php.truthy(wanted) and wanted not in ("N", "false")
    if sent is None:
        given = call.sent.inner("data").text("NAME")
        ticket: Map = {"folder": parent["ID"], "name": given, "unique": int(unique)}
        return {"field": "file", "uploadUrl": call.link("upload", ticket, "disk")}
    name = name_in_data(call) if call.exact("data") is not None else sent[0]
    return again(call, disk_tree.add_file(call, parent, name, sent[1], unique=unique))


@on_object(file="uploadversion")
def _upload_version(call: Call, row: Row) -> Value:
    sent = _file_sent(call)
    if sent is None:
        return {"field": "file", "uploadUrl": call.link("upload", {"file": row["ID"]}, "disk")}
    disk_tree.add_version(call, row.id, sent[1])
    return again(call, row.id)


def _uploaded(call: Call) -> Value:
    """The second step of an upload at a signed address: the part `file` becomes a file or a version."""
    part = present(call.files.get("file"), PortalError("ERROR_COULD_NOT_SAVE_FILE", "Could not save file"))
    if call.sent.get("file"):
        record = call.sent.integer("file")
        disk_tree.add_version(call, record, part.content)
        return again(call, record)
    parent = present(call.storage.row(OBJECT, call.sent.integer("folder")), not_found(call.sent.get("folder")))
    name = call.sent.text("name") or part.filename
    unique = php.truthy(call.sent.get("unique"))
    return again(call, disk_tree.add_file(call, parent, name, part.content, unique=unique))


def _downloaded(call: Call) -> Response:
    """The bytes of a file or of one of its versions at a signed address."""
    if call.sent.get("version"):
        version = call.storage.row(VERSION, call.sent.integer("version"))
    else:
        row = call.storage.row(OBJECT, call.sent.integer("id")) or Row()
        version = call.storage.row(VERSION, row.integer("FILE_ID"))
        version = None if version is None else Row({**version, "NAME": row["NAME"]})
    if version is None:
        raise not_found(call.sent.get("id"))
    import mimetypes  # reads system tables, so it is imported only for a download

    name = version.text("NAME")
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    plain = "".join(letter if 31 < ord(letter) < 127 and letter not in '"\\' else "_" for letter in name)
    disposition = f"attachment; filename=\"{plain}\"; filename*=utf-8''{quote(name)}"
    body = disk_tree.content(call, version.id)
    return Response(200, kind, body, (("Content-Disposition", disposition),))


def register(registry: Registry) -> None:
    """Register the handlers of signed links of the disk."""
    registry.link("upload", "disk", _uploaded)
    registry.link("download", "disk", _downloaded)
