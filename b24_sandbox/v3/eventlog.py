"""`main.eventlog.*`: the log of actions on the portal, for administrators.

Documentation: api-reference/event-log; which fields can be filtered and sorted is measured behaviour. Besides the
initial entries of the demonstration company, every announced change of a record adds an entry. Its type is the name of
the event. This is a choice of the sandbox; real portals log other things.
"""

from __future__ import annotations

from functools import partial

from b24_sandbox import dates, php
from b24_sandbox.changes import RecordChange
from b24_sandbox.php import Map, Value
from b24_sandbox.storage import Storage
from b24_sandbox.v3 import engine
from b24_sandbox.v3.dto import Dto, parse_properties
from b24_sandbox.v3.method import Run, declared, fields_of
from b24_sandbox.v3.tables import EVENT_LOG

SCOPE = "main"

EVENT_LOG_DTO = Dto(
    "EventLogDto",
    EVENT_LOG,
    parse_properties("""
id int fsd ID
timestampX datetime fsd TIMESTAMP_X
severity string d SEVERITY
auditTypeId string fsd AUDIT_TYPE_ID
moduleId string d MODULE_ID
itemId string d ITEM_ID
remoteAddr string d REMOTE_ADDR
userAgent string d USER_AGENT
requestUri string d REQUEST_URI
siteId string d SITE_ID
userId int fsd USER_ID
guestId int fsd GUEST_ID
description string d DESCRIPTION
"""),
)

_MODULES = {"ONCRM": "crm", "ONTASK": "tasks", "ONUSER": "main", "ONIM": "im", "ONCALENDAR": "calendar"}


def entry(now: float, user: int, kind: str, module: str, item: str, description: str = "") -> Map:
    """Build a row of the log."""
    return {
        "TIMESTAMP_X": dates.iso(now),
        "SEVERITY": "SECURITY" if module == "main" else "INFO",
        "AUDIT_TYPE_ID": kind,
        "MODULE_ID": module,
        "ITEM_ID": item,
        "REMOTE_ADDR": "127.0.0.1",
        "USER_AGENT": "",
        "REQUEST_URI": "/rest/",
        "SITE_ID": "s1",
        "USER_ID": user,
        "GUEST_ID": 0,
        "DESCRIPTION": description,
    }


def log_change(storage: Storage, now: float, change: RecordChange) -> None:
    """Log an announced change."""
    module = next((name for prefix, name in _MODULES.items() if change.event.startswith(prefix)), "rest")
    storage.insert(EVENT_LOG, entry(now, change.user, change.event.removeprefix("ON"), module, _item(change.data)))


def _item(data: Map) -> str:
    """The id in an event's data; families use different keys."""
    waiting: list[Value] = [data]
    while waiting:
        value = waiting.pop(0)
        if isinstance(value, dict):
            if not php.is_array(value.get("ID")) and value.get("ID") is not None:
                return php.text(value["ID"])
            waiting.extend(value.values())
    return ""


_TABLE = """
get item a | id:integer* select:array | One entry of the event log
list items a | filter:array select:array order:object pagination:object | Entries of the event log
tail items a | filter:array select:array cursor:object | What is new in the event log
"""
_BODIES: dict[str, Run] = {
    "get": partial(engine.get, EVENT_LOG_DTO),
    "list": partial(engine.list_page, EVENT_LOG_DTO),
    "tail": partial(engine.tail, EVENT_LOG_DTO),
}

METHODS = [
    *declared("main.eventlog", SCOPE, EVENT_LOG_DTO, _TABLE, _BODIES),
    *fields_of("main.eventlog", SCOPE, EVENT_LOG_DTO, admin=True),
]
