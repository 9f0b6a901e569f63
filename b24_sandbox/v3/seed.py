"""The part of the demonstration company that only REST 3.0 shows: event log and `company.toml`.

It is written on first use, not when the portal is created, because most sandboxes do not need it.
"""

from __future__ import annotations

import json
import tomllib
import uuid
from collections.abc import Mapping
from pathlib import Path
from random import Random

from b24_sandbox import dates, php, values
from b24_sandbox.entities.staff import DEPARTMENT, USER
from b24_sandbox.fields import Entity
from b24_sandbox.php import Map, Value
from b24_sandbox.storage import Storage
from b24_sandbox.v3.eventlog import entry
from b24_sandbox.v3.followup import BLOCKS
from b24_sandbox.v3.tables import (
    COLLECTION,
    EVENT_LOG,
    FOLLOW_UP,
    MAIL_CONTACT,
    MAIL_MESSAGE,
    MAILBOX,
    NODE_EXTRA,
    NOTE_DOCUMENT,
    NOTE_FILE,
)

ENTRIES = 240
EMPLOYEES = tuple(range(1, 20))
_DAY, _HOUR = 86400.0, 3600.0
_KINDS = ("USER_AUTHORIZE", "USER_AUTHORIZE", "USER_AUTHORIZE", "USER_LOGOUT", "USER_EDIT", "MODULE_RIGHTS_CHANGED")


def fill(storage: Storage, now: float, *, company: bool) -> None:
    """Write the data unless it exists. Without the company it is only the first entry of the log."""
    if storage.count(EVENT_LOG):
        return
    random = Random(24_30)  # noqa: S311 (invented data, not secrets)
    first = entry(now - 90 * _DAY, 1, "USER_AUTHORIZE", "main", "1")
    columns = list(first)
    log = [first]
    storage.begin()
    if company:
        for number in range(1, ENTRIES):
            user = random.choice(EMPLOYEES)
            moment = now - (90 * _DAY) * (1 - number / ENTRIES)
            log.append(entry(moment, user, random.choice(_KINDS), "main", str(user)))
        _write_company(storage, now)
    founded = dates.iso(now - 430 * _DAY)
    data = json.dumps({"createdAt": founded, "updatedAt": founded})
    storage.insert_many(NODE_EXTRA, ("ID", "DATA"), [(row["ID"], data) for row in storage.rows(DEPARTMENT, ["ID"])])
    storage.insert_many(EVENT_LOG, columns, [[row[name] for name in columns] for row in log])
    storage.commit()


def _write_company(storage: Storage, now: float) -> None:
    """Write `company.toml`. Dates are counted back from `now` (Unix seconds)."""
    data: Map = tomllib.loads(Path(__file__).with_name("company.toml").read_text("utf-8"))
    defaults = php.as_map(data["defaults"])
    for entity in (COLLECTION, NOTE_DOCUMENT, NOTE_FILE, MAILBOX, MAIL_MESSAGE, MAIL_CONTACT):
        for row in php.as_list(data[entity.name]):
            columns = {**php.as_map(defaults.get(entity.name)), **php.as_map(row)}
            storage.insert(entity, {name: _stored(entity, name, value, now) for name, value in columns.items()})
    people = {row["ID"]: row for row in storage.rows(USER, ["ID", "NAME", "LAST_NAME", "WORK_POSITION"])}
    for call in php.as_list(data["call"]):
        storage.insert(FOLLOW_UP, _call(php.as_map(call), people, now))


def _stored(entity: Entity, name: str, value: Value, now: float) -> Value:
    field = entity.fields[name]
    return dates.iso(now - php.integer(value) * _DAY) if field.type == "datetime" else values.stored(field, value, now)


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
