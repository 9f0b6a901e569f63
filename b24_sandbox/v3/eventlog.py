"""The entries of `main.eventlog.*`, whose methods are declared in `objects/eventlog.toml`.

Besides the initial entries of the demonstration company, every announced change of a record adds an entry. Its type is
the name of the event. This is a choice of the sandbox; real portals log other things.
"""

from __future__ import annotations

from b24_sandbox import dates, php
from b24_sandbox.changes import RecordChange
from b24_sandbox.php import Map, Value
from b24_sandbox.storage import Storage
from b24_sandbox.v3.tables import EVENT_LOG

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
