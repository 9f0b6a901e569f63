"""The writing methods of `mail.message.*`: sending, folders, and records made from messages.

Documentation: api-reference/mail/message. Nothing leaves the portal: a sent message is stored in the folder of sent
messages. Tasks, events, chats and CRM activities are created as version 2 creates them.
"""

from __future__ import annotations

import json
import re
from datetime import datetime

from b24_sandbox import php, values
from b24_sandbox.filters import FilterCondition
from b24_sandbox.php import Map, Value
from b24_sandbox.row import Row
from b24_sandbox.v3 import engine, errors, mail
from b24_sandbox.v3.context import Context
from b24_sandbox.v3.mail import MAILBOX_DTO, MESSAGE_DTO
from b24_sandbox.v3.method import Run
from b24_sandbox.v3.strict import is_int

SENT, SPAM, TRASH = "Sent", "Spam", "Trash"
_FOLDERS = {"spam": SPAM, "delete": TRASH}
_ORIGINALS = {"replyToMessageId": "MESSAGE_REPLY_FAILED", "forwardMessageId": "MESSAGE_FORWARD_FAILED"}
"""Parameters with the message that is answered or forwarded, and the errors for a missing one."""
_ADDRESS = re.compile(r"[^@\s<>,]+@[^@\s<>,]+\Z")
_EMAIL, _FIRST_OWNERS = 4, (("CONTACT", 3), ("COMPANY", 4), ("LEAD", 1))
"""The CRM type of an e-mail activity; kinds of records with addresses, the preferred first."""


def _send(context: Context, params: Map) -> Value:
    """Store a message as sent. Only a reply belongs to an existing thread."""
    original = {name: _original(context, params, name) for name in _ORIGINALS if name in params}
    thread = original["replyToMessageId"]["THREAD_ID"] if "replyToMessageId" in original else None
    recipients = {name: _addresses(params, name) for name in ("to", "cc", "bcc")}
    if not recipients["to"]:
        raise errors.invalid([("to", "NO_RECIPIENTS")])
    if params["from"] not in [sender["email"] for sender in mail.senders(context)]:
        raise errors.invalid([("from", "MESSAGE_SEND_FAILED")])
    mailbox = engine.rows(MAILBOX_DTO, context, FilterCondition("EMAIL = ?", (params["from"],)))[0]
    columns: Map = {
        "MAILBOX_ID": mailbox["ID"],
        "THREAD_ID": thread,
        "FOLDER": SENT,
        "SUBJECT": params["subject"],
        "FIELD_FROM": f"{mailbox['SENDER_NAME']} <{params['from']}>",
        "FIELD_TO": ", ".join(recipients["to"]),
        "FIELD_CC": ", ".join(recipients["cc"]),
        "BODY": params["body"],
    }
    row = engine.stored(MESSAGE_DTO, context, engine.insert(MESSAGE_DTO, context, columns))
    if thread is None:
        engine.change(MESSAGE_DTO, context, row, {"THREAD_ID": row.id})
    return {"success": True, "to": recipients["to"]}


def _original(context: Context, params: Map, name: str) -> Row:
    row = engine.find(MESSAGE_DTO, context, engine.record_id(params, name))
    if row is None:
        raise errors.invalid([(name, _ORIGINALS[name])])
    return row


def _addresses(params: Map, name: str) -> list[str]:
    sent = [address if isinstance(address, str) else "" for address in php.as_list(params.get(name))]
    if not all(_ADDRESS.match(address) for address in sent):
        raise errors.invalid([(name, "RESOLVE_RECIPIENTS_ERROR")])
    return sent


def _move(context: Context, params: Map) -> Value:
    action, sent = php.text(params["action"]), php.as_list(params["messageIds"])
    if action not in ("move", *_FOLDERS):
        raise errors.invalid([("action", "The `action` parameter must be `move`, `spam`, or `delete`")])
    folder = _FOLDERS.get(action) or php.text(params.get("folder"))
    if not folder:
        raise errors.invalid([("folder", "The `folder` parameter is required when `action=move`")])
    if not sent or not all(map(is_int, sent)):
        raise errors.wrong_type("messageIds", "array")
    rows = [row for message in sent if (row := engine.find(MESSAGE_DTO, context, php.integer(message))) is not None]
    if not rows:
        raise errors.invalid([("messageIds", "No accessible messages found")])
    if len({row["MAILBOX_ID"] for row in rows}) > 1:
        raise errors.invalid([("messageIds", "All messages must belong to the same mailbox")])
    if len({row["FOLDER"] for row in rows}) > 1:
        raise errors.invalid([("messageIds", "Select emails from a single folder")])
    mailbox = engine.stored(MAILBOX_DTO, context, rows[0].integer("MAILBOX_ID"))
    if folder not in values.items(mailbox["FOLDERS"]):
        raise errors.invalid([("folder", "The folder does not exist in this mailbox")])
    for row in rows:
        engine.change(MESSAGE_DTO, context, row, {"FOLDER": folder})
    return {"success": True, "movedCount": len(rows), "action": action}


def _message(context: Context, params: Map) -> Row:
    """The message from which a record is made."""
    message = engine.record_id(params, "messageId")
    if message <= 0:
        raise errors.invalid([("messageId", "Field `messageId` must be greater than 0")])
    row = engine.find(MESSAGE_DTO, context, message)
    if row is None:
        raise errors.invalid([("messageId", "The message was deleted or moved to another folder")])
    return row


def _made(context: Context, name: str, params: Map) -> Value:
    """Run a method of version 2 that creates a record. Its refusal is a validation error."""
    with errors.validating():
        return context.perform(name, params)


def _task(context: Context, params: Map) -> Value:
    row = _message(context, params)
    fields: Map = {
        "TITLE": params.get("title") or row["SUBJECT"],
        "DESCRIPTION": row["BODY"] if params.get("description") is None else params["description"],
        "RESPONSIBLE_ID": context.user if params.get("responsibleId") is None else params["responsibleId"],
    }
    task = php.as_map(php.as_map(_made(context, "tasks.task.add", {"fields": fields})).get("task"))
    return {"success": True, "taskId": php.integer(task.get("id")), "messageId": row["ID"]}


def _event(context: Context, params: Map) -> Value:
    row = _message(context, params)
    wrong = [name for name in ("dateFrom", "dateTo") if not _is_moment(php.text(params[name]))]
    if wrong:
        raise errors.invalid([(name, "The date must have the format `Y-m-d H:i:s`") for name in wrong])
    fields: Map = {
        "type": "user",
        "ownerId": context.user,
        "name": params.get("name") or row["SUBJECT"],
        "description": params.get("description") or "",
        "from": params["dateFrom"],
        "to": params["dateTo"],
    }
    event = php.integer(_made(context, "calendar.event.add", fields))
    return {"success": True, "eventId": event, "messageId": row["ID"]}


def _is_moment(text: str) -> bool:
    try:
        datetime.strptime(text, "%Y-%m-%d %H:%M:%S")
    except ValueError:
        return False
    return True


def _chat(context: Context, params: Map) -> Value:
    """A message has one chat: a second call answers with the first one."""
    row = _message(context, params)
    existing = row["CHAT_ID"] is not None
    chat = php.integer(row["CHAT_ID"])
    if not existing:
        fields: Map = {"TYPE": "CHAT", "TITLE": row["SUBJECT"], "MESSAGE": row["BODY"]}
        chat = php.integer(_made(context, "im.chat.add", fields))
        engine.change(MESSAGE_DTO, context, row, {"CHAT_ID": chat})
    return {"success": True, "chatId": chat, "messageId": row["ID"], "existing": existing}


def _post(context: Context, params: Map) -> Value:
    row = _message(context, params)
    title = params.get("title") or row["SUBJECT"]
    post = _made(context, "log.blogpost.add", {"POST_TITLE": title, "POST_MESSAGE": row["BODY"]})
    return {"success": True, "postId": php.integer(post), "messageId": row["ID"]}


def _activity(context: Context, params: Map) -> Value:
    """Add a message to the CRM. The sender is found by address; an unknown one becomes a lead."""
    row = _message(context, params)
    if row["ACTIVITY_ID"] is not None:
        return True
    address = php.text(row["FIELD_FROM"]).rpartition("<")[2].rstrip(">")
    kind, owner = _owner(context, address) or (1, _lead(context, row, address))
    fields: Map = {
        "TYPE_ID": _EMAIL,
        "SUBJECT": row["SUBJECT"],
        "DESCRIPTION": row["BODY"],
        "DIRECTION": 2 if row["FOLDER"] == SENT else 1,
        "START_TIME": row["SENT_AT"],
        "COMPLETED": "Y",
        "RESPONSIBLE_ID": context.user,
        "OWNER_TYPE_ID": kind,
        "OWNER_ID": owner,
        "COMMUNICATIONS": [{"VALUE": address, "ENTITY_TYPE_ID": kind, "ENTITY_ID": owner}],
    }
    activity = php.integer(_made(context, "crm.activity.add", {"fields": fields}))
    bound = json.dumps([{"entityType": "CRM_ACTIVITY", "entityId": activity}])
    engine.change(MESSAGE_DTO, context, row, {"ACTIVITY_ID": activity, "BINDINGS": bound})
    return True


def _owner(context: Context, address: str) -> tuple[int, int] | None:
    found = php.as_map(_made(context, "crm.duplicate.findbycomm", {"type": "EMAIL", "values": [address]}))
    return next(
        ((kind, php.integer(php.as_list(found[name])[0])) for name, kind in _FIRST_OWNERS if found.get(name)), None
    )


def _lead(context: Context, row: Map, address: str) -> int:
    fields: Map = {"TITLE": row["SUBJECT"], "EMAIL": [{"VALUE": address, "VALUE_TYPE": "WORK"}]}
    return php.integer(_made(context, "crm.lead.add", {"fields": fields}))


def _no_activity(context: Context, params: Map) -> Value:
    row = _message(context, params)
    if row["ACTIVITY_ID"] is not None:
        _made(context, "crm.activity.delete", {"id": row["ACTIVITY_ID"]})
    engine.change(MESSAGE_DTO, context, row, {"ACTIVITY_ID": None, "BINDINGS": "[]"})
    return True


BODIES: dict[str, Run] = {
    "mail.message.send": _send,
    "mail.message.reply": _send,
    "mail.message.forward": _send,
    "mail.message.movetofolder": _move,
    "mail.message.createtask": _task,
    "mail.message.createcalendarevent": _event,
    "mail.message.createchat": _chat,
    "mail.message.createfeedpost": _post,
    "mail.message.createcrmactivity": _activity,
    "mail.message.removecrmactivity": _no_activity,
}
