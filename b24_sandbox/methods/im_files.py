"""`im.v2.File.*`, `im.disk.file.commit`: files in chats, which are files of the disk.

Documentation: api-reference/chats/files, api-reference/chat-bots/chat-bots-v2/im.v2/files.
"""

from __future__ import annotations

import base64
import binascii

from b24_sandbox import dates, php
from b24_sandbox.call import Call
from b24_sandbox.entities.disk import OBJECT
from b24_sandbox.errors import PortalError, missing_parameter, present
from b24_sandbox.methods import disk_tree
from b24_sandbox.methods.im_chats import chat_folder, chat_of, dialog_named, dialog_of, say
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable
from b24_sandbox.row import Row

method = MethodTable("im")
register = method.register

_LARGEST = 100 << 20
_IMAGES = ("gif", "jpg", "jpeg", "png", "webp")


def _card(call: Call, chat: Row, row: Row) -> Map:
    """A file as chats show it. Its addresses need a session in the browser."""
    name = row.text("NAME")
    ending = name.rpartition(".")[2].lower()
    address = f"{call.base}/bitrix/services/main/ajax.php?action=disk.api.file.download&SITE_ID=s1&fileId={row['ID']}"
    is_image = ending in _IMAGES
    return {
        "id": row.id,
        "chatId": chat.id,
        "date": dates.iso(call.now),
        "type": "image" if is_image else "file",
        "name": name,
        "extension": ending,
        "size": row.integer("SIZE"),
        "image": {"height": 1, "width": 1} if is_image else False,
        "status": "done",
        "progress": 100,
        "authorId": call.user,
        "urlPreview": address if is_image else "",
        "urlShow": address,
        "urlDownload": address,
    }


def _dialog(call: Call) -> Row:
    """The chat of `dialogId`, with the refusals of this generation of methods."""
    dialog = present(call.exact("dialogId"), missing_parameter("dialogId"))
    try:
        return dialog_named(call, php.text(dialog))
    except PortalError as refusal:
        if refusal.status == 403:
            raise PortalError("ACCESS_DENIED", "Access denied") from None
        raise PortalError("CHAT_NOT_FOUND", "CHAT_NOT_FOUND") from None


@method("im.v2.File.upload")
def _upload(call: Call) -> Value:
    present(call.exact("dialogId"), missing_parameter("dialogId"))
    present(call.exact("fields"), missing_parameter("fields"))
    fields = call.sent.inner("fields")
    name, encoded = fields.text("name"), fields.text("content")
    if not name or not encoded:
        raise PortalError("FILE_EMPTY", "File name and content are required")
    try:
        content = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise PortalError("FILE_INVALID_CONTENT", "Invalid base64 content") from None
    if len(content) > _LARGEST:
        raise PortalError("FILE_TOO_LARGE", "File size exceeds 100 MB")
    chat = _dialog(call)
    folder = call.storage.row(OBJECT, chat_folder(call, chat)) or Row()
    row = call.storage.row(OBJECT, disk_tree.add_file(call, folder, name, content, unique=True)) or Row()
    message = say(call, chat.id, call.user, fields.text("message"), 0)
    dialog = php.text(call.exact("dialogId"))
    return {"file": _card(call, chat, row), "messageId": message, "chatId": chat.id, "dialogId": dialog}


@method("im.v2.File.download")
def _download(call: Call) -> Value:
    _dialog(call)
    present(call.exact("fileId"), missing_parameter("fileId"))
    row = call.storage.row(OBJECT, call.sent.integer("fileId"))
    if row is None or row["TYPE"] != "file":
        raise PortalError("FILE_NOT_FOUND", "File not found")
    return {"downloadUrl": call.link("download", {"id": row["ID"]}, "disk")}


@method("im.disk.file.commit")
def _commit(call: Call) -> Value:
    """Send files of the disk to a chat. One that is not in the folder of the chat is copied there."""
    sent = call.upper
    if not sent.text("CHAT_ID") and not sent.text("DIALOG_ID"):
        raise PortalError("CHAT_ID_EMPTY", "Chat ID can't be empty")
    chat = dialog_of(call) if sent.text("DIALOG_ID") else chat_of(call)
    uploaded = sent.get("UPLOAD_ID")
    numbers = [php.integer(number) for number in php.as_list(uploaded or sent.get("FILE_ID") or sent.get("DISK_ID"))]
    if not numbers:
        raise PortalError("FILES_ERROR", "List of files is not specified")
    folder = call.storage.row(OBJECT, chat_folder(call, chat)) or Row()
    shown: Map = {}
    kept: list[Value] = []
    for number in numbers:
        row = present(call.storage.row(OBJECT, number), PortalError("SAVE_ERROR", "Error during saving file to chat"))
        if row["TYPE"] != "file":
            raise PortalError("SAVE_ERROR", "Error during saving file to chat")
        if row["PARENT_ID"] != folder.id:
            content = disk_tree.content(call, row.integer("FILE_ID"))
            made = disk_tree.add_file(call, folder, row.text("NAME"), content, unique=True)
            row = call.storage.row(OBJECT, made) or Row()
        shown[f"{'upload' if uploaded else 'disk'}{number}"] = _card(call, chat, row)
        kept.append(php.text(row["ID"]))
    message = say(call, chat.id, call.user, sent.text("MESSAGE"), 0)
    return {"FILES": shown, "DISK_ID": kept, "MESSAGE_ID": message}
