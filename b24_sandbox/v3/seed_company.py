"""Write `company.toml`: pages of knowledge bases, mailboxes with messages, follow-ups of calls."""

from __future__ import annotations

import json
import tomllib
import uuid
from collections.abc import Mapping
from pathlib import Path

from b24_sandbox import dates, php
from b24_sandbox.entities.staff import USER
from b24_sandbox.php import Map, Value
from b24_sandbox.storage import Storage
from b24_sandbox.v3.followup import BLOCKS
from b24_sandbox.v3.tables import (
    COLLECTION,
    FOLLOW_UP,
    MAIL_CONTACT,
    MAIL_MESSAGE,
    MAILBOX,
    NOTE_DOCUMENT,
    NOTE_FILE,
)

_DAY, _HOUR = 86400.0, 3600.0
_FOLDERS = json.dumps(["INBOX", "Sent", "Drafts", "Spam", "Trash", "Archive"])


def write_company(storage: Storage, now: float) -> None:
    """Write the data. Dates are counted back from `now` (Unix seconds)."""
    data: Map = tomllib.loads(Path(__file__).with_name("company.toml").read_text(encoding="utf-8"))

    def entries(name: str) -> list[Map]:
        return [php.as_map(entry) for entry in php.as_list(data[name])]

    collections = {row["NAME"]: row["ID"] for row in storage.rows(COLLECTION, ["ID", "NAME"])}
    for position, entry in enumerate(entries("document"), start=1):
        storage.insert(NOTE_DOCUMENT, _document(entry, position, collections[entry["collection"]], now))
    for entry in entries("file"):
        names = {"id": "ID", "document": "DOCUMENT_ID", "name": "NAME", "size": "SIZE", "mime": "MIME_TYPE"}
        columns = {column: entry[name] for name, column in names.items()}
        storage.insert(NOTE_FILE, {**columns, "ASSET_TYPE": entry["type"]})
    for entry in entries("mailbox"):
        columns = {column: entry[name] for name, column in _MAILBOX.items()}
        storage.insert(MAILBOX, {**columns, "USERS": json.dumps(entry["users"]), "FOLDERS": _FOLDERS})
    for entry in entries("message"):
        storage.insert(MAIL_MESSAGE, _message(entry, now))
    for entry in entries("contact"):
        for number, user in enumerate(php.as_list(entry["users"])):
            record = php.integer(entry["id"]) + number
            storage.insert(
                MAIL_CONTACT, {"ID": record, "USER_ID": user, "EMAIL": entry["email"], "NAME": entry["name"]}
            )
    people = {row["ID"]: row for row in storage.rows(USER, ["ID", "NAME", "LAST_NAME", "WORK_POSITION"])}
    for entry in entries("call"):
        storage.insert(FOLLOW_UP, _call(entry, people, now))


_MAILBOX = {"id": "ID", "name": "NAME", "email": "EMAIL", "sender": "SENDER_NAME"}


def _document(entry: Map, position: int, collection: Value, now: float) -> Map:
    made = dates.iso(now - (120 - position) * _DAY)
    return {
        "ID": entry["id"],
        "COLLECTION_ID": collection,
        "PARENT_ID": entry.get("parent"),
        "TITLE": entry["title"],
        "MARKDOWN": entry["markdown"],
        "POSITION": position,
        "STATE": "active",
        "CREATED_BY": 1,
        "CREATED_AT": made,
        "UPDATED_BY": 1,
        "UPDATED_AT": made,
    }


def _message(entry: Map, now: float) -> Map:
    return {
        "ID": entry["id"],
        "MAILBOX_ID": entry["mailbox"],
        "THREAD_ID": entry.get("thread", entry["id"]),
        "FOLDER": entry["folder"],
        "SUBJECT": entry["subject"],
        "FIELD_FROM": f"{entry['name']} <{entry['from']}>",
        "FIELD_TO": entry["to"],
        "FIELD_CC": entry.get("cc", ""),
        "SENT_AT": dates.iso(now - php.integer(entry["days"]) * _DAY),
        "IS_SEEN": "N" if entry.get("unread") else "Y",
        "HAS_ATTACHMENTS": "Y" if entry.get("attachments") else "N",
        "BINDINGS": "[]",
        "BODY": entry["body"],
    }


def _call(entry: Map, people: Mapping[Value, Map], now: float) -> Map:
    start = now - php.integer(entry["days"]) * _DAY
    seconds = php.integer(entry["minutes"]) * 60
    users, record = php.as_list(entry["users"]), entry["id"]
    participants: list[Value] = [
        {
            "userId": user,
            "talkedSeconds": talked,
            "name": f"{people[user]['NAME']} {people[user]['LAST_NAME']}",
            "avatar": "",
            "workPosition": people[user]["WORK_POSITION"],
        }
        for user, talked in zip(users, php.as_list(entry["talked"]), strict=True)
    ]
    data = {"participants": participants, "tracks": [_track(record, seconds, start)]}
    data |= {block: entry.get(block) for block in BLOCKS}
    return {
        "ID": record,
        "CALL_TYPE": entry["type"],
        "INITIATOR_ID": entry["initiator"],
        "START_DATE": dates.iso(start),
        "END_DATE": dates.iso(start + seconds),
        "UUID": str(uuid.uuid5(uuid.NAMESPACE_URL, f"call/{record}")),
        "LANGUAGE": entry.get("language"),
        "VERSION": entry["version"],
        "CREATED_AT": dates.iso(start + _HOUR),
        "USERS": json.dumps(users),
        "DATA": json.dumps(data, ensure_ascii=False),
    }


def _track(call: Value, seconds: int, start: float) -> Map:
    name = f"call-{call}.mp4"
    address = f"/bitrix/services/main/ajax.php?action=call.Track.download&callId={call}"
    return {
        "trackId": php.integer(call) + 1000,
        "type": "track_pack",
        "fileId": php.integer(call) + 2000,
        "diskFileId": None,
        "duration": seconds,
        "fileSize": seconds * 16_000,
        "fileName": name,
        "mimeType": "video/mp4",
        "callId": call,
        "relUrl": address,
        "url": address,
        "dateCreate": dates.iso(start + seconds),
    }
