"""`events`, `event.*`: handlers of events and the queue of offline events; for applications only.

Documentation: api-reference/events.
"""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from b24_sandbox import filters, php
from b24_sandbox.answer import RowPage
from b24_sandbox.call import Call
from b24_sandbox.entities.events import HANDLER, OFFLINE_EVENT, names
from b24_sandbox.errors import PortalError, access_denied, wrong_argument
from b24_sandbox.paging import PAGE_SIZE
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable
from b24_sandbox.row import Row
from b24_sandbox.shapes import shape

method = MethodTable("", app_only=True)
register = method.register

_OPERATORS = (">=", "<=", "=", ">", "<", "@", "%")
_SHOWN = ("ID", "TIMESTAMP_X", "EVENT_NAME", "EVENT_DATA", "EVENT_ADDITIONAL", "MESSAGE_ID", "PROCESS_ID", "ERROR")
_FILTERED = frozenset(("ID", "TIMESTAMP_X", "EVENT_NAME", "MESSAGE_ID", "PROCESS_ID", "ERROR"))
_LANGUAGE = filters.Language(
    _OPERATORS,
    lambda name: OFFLINE_EVENT.fields[name] if name in _FILTERED else None,
    lambda name: wrong_argument(f"Unable to filter by {name}", "FILTER"),
)


@method("events")
def _events(call: Call) -> Value:
    sent, known = call.upper_case(), names()
    if "SCOPE" in sent:
        return list(known.get(php.text(sent["SCOPE"]), ()))
    scopes = set(known) if php.truthy(sent.get("FULL")) else call.scopes | {""}
    return [event for scope, events in known.items() if scope in scopes for event in events]


def _event(call: Call, sent: Map) -> str:
    event = php.text(sent.get("EVENT")).upper()
    if not event:
        raise wrong_argument("Argument 'EVENT' is null or empty", "EVENT")
    dynamic = event.startswith("ONCRMDYNAMICITEM") and event.rpartition("_")[2].isdigit()
    if not dynamic and not any(event in events for events in names().values()):
        raise PortalError("ERROR_EVENT_NOT_FOUND", "Event not found")
    return event


def _address(sent: Map) -> str:
    address = php.text(sent.get("HANDLER"))
    if not address:
        raise wrong_argument("Argument 'HANDLER' is null or empty", "HANDLER")
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https"):
        raise PortalError("ERROR_UNSUPPORTED_PROTOCOL", "Unsupported event handler protocol")
    if "." not in (parts.hostname or ""):
        raise PortalError("ERROR_WRONG_HANDLER_URL", "Wrong handler URL")
    return address


def _is_offline(sent: Map) -> bool:
    return php.text(sent.get("EVENT_TYPE")).lower() == "offline"


@method("event.bind")
def _bind(call: Call) -> Value:
    """Bind a handler. Users without administrator rights bind online handlers for themselves only."""
    sent = call.upper_case()
    event = _event(call, sent)
    offline = _is_offline(sent)
    user = php.integer(sent.get("AUTH_TYPE"))
    if offline and not call.admin:
        raise access_denied("Access denied! Offline events binding requires administrator access rights")
    if user not in (0, call.user) and not call.admin:
        raise access_denied("Access denied! Event binding with AUTH_TYPE requires administrator access rights")
    columns: Map = {
        "EVENT_NAME": event,
        "HANDLER": "" if offline else _address(sent),
        "USER_ID": user if call.admin else call.user,
        "CONNECTOR_ID": call.portal.events.connector if offline else "",
        "OFFLINE": int(offline),
    }
    storage = call.storage
    if storage.count(HANDLER, " and ".join(f"{name} = ?" for name in columns), list(columns.values())):
        raise PortalError("ERROR_CORE", "Unable to set event handler: Handler already binded")
    options = json.dumps(php.as_map(sent.get("OPTIONS")))
    storage.insert(HANDLER, {**columns, "OPTIONS": options, "BASE": call.base})
    return True


@method("event.unbind")
def _unbind(call: Call) -> Value:
    sent = call.upper_case()
    event = _event(call, sent)
    offline = _is_offline(sent)
    if offline and not call.admin:
        raise access_denied("Access denied! Offline events unbinding requires administrator access rights")
    where, bound = "EVENT_NAME = ? and OFFLINE = ?", [event, int(offline)]
    if not offline and sent.get("HANDLER"):
        where, bound = f"{where} and HANDLER = ?", [*bound, php.text(sent["HANDLER"])]
    if not call.admin:
        where, bound = f"{where} and USER_ID = ?", [*bound, call.user]
    elif "AUTH_TYPE" in sent:
        where, bound = f"{where} and USER_ID = ?", [*bound, php.integer(sent["AUTH_TYPE"])]
    return {"count": call.storage.delete_all(HANDLER, where, bound)}


@method("event.get")
def _bound(call: Call) -> Value:
    where, bound = ("1", []) if call.admin else ("USER_ID = ?", [call.user])
    rows = call.storage.whole(HANDLER, where, bound)
    return [shape("options.offline_handler" if row["OFFLINE"] else "options.online_handler", row) for row in rows]


@method("event.test")
def _test(call: Call) -> Value:
    """Announce the event `ONAPPTEST` with the sent data."""
    data: Map = {"QUERY": dict(call.params)}
    call.portal.changes.announce("ONAPPTEST", data, call.user)
    return True


def _administrator(call: Call) -> None:
    if not call.admin:
        raise access_denied()


def _queue_where(call: Call, sent: Map) -> filters.FilterCondition:
    condition = filters.build(OFFLINE_EVENT, _LANGUAGE, php.as_map(sent.get("FILTER")), call.now)
    connector = call.portal.events.connector
    return filters.joined([condition, filters.FilterCondition("coalesce(CONNECTOR_ID, '') = ?", (connector,))])


def _queued(call: Call, sent: Map, where: filters.FilterCondition, limit: int, offset: int) -> list[Row]:
    wanted = php.as_map(sent.get("ORDER"))
    order = filters.order(
        _LANGUAGE.find, wanted, lambda name, direction: wrong_argument(f"Unable to sort by {name}", "ORDER"), "ID asc"
    )
    return call.storage.rows(OFFLINE_EVENT, list(_SHOWN), where.sql, where.bound, order, limit, offset)


def _record(row: Row) -> Map:
    return {
        "ID": row.text("ID"),
        "TIMESTAMP_X": row["TIMESTAMP_X"],
        "EVENT_NAME": row["EVENT_NAME"],
        "EVENT_DATA": json.loads(row.text("EVENT_DATA")) or False,
        "EVENT_ADDITIONAL": json.loads(row.text("EVENT_ADDITIONAL")),
        "MESSAGE_ID": row["MESSAGE_ID"],
    }


@method("event.offline.list")
def _offline_list(call: Call) -> Value:
    """List queued events without removing them; the offset is exact."""
    _administrator(call)
    sent = call.upper_case()
    where = _queue_where(call, sent)
    total = call.storage.count(OFFLINE_EVENT, where.sql, where.bound)
    offset = max(call.offset, 0)
    rows = _queued(call, sent, where, PAGE_SIZE, offset)
    shown = [{**_record(row), "PROCESS_ID": row.text("PROCESS_ID"), "ERROR": row.text("ERROR")} for row in rows]
    following = offset + len(rows)
    return RowPage(shown, following if rows and following < total else None, total)


@method("event.offline.get")
def _offline_get(call: Call) -> Value:
    """Return the first records, which are removed at once, or reserved under a number with `clear=0`."""
    _administrator(call)
    sent = call.upper_case()
    process = php.text(sent.get("PROCESS_ID"))
    parts = [_queue_where(call, sent), filters.FilterCondition("coalesce(PROCESS_ID, '') = ?", (process,))]
    if not php.truthy(sent.get("ERROR")):
        parts.append(filters.FilterCondition("coalesce(ERROR, 0) = 0"))
    limit = php.integer(sent.get("LIMIT")) if "LIMIT" in sent else PAGE_SIZE
    rows = _queued(call, sent, filters.joined(parts), min(max(limit, 1), PAGE_SIZE), 0)
    storage = call.storage
    if php.truthy(sent.get("CLEAR", 1)):
        for row in rows:
            storage.delete(OFFLINE_EVENT, row.id)
        return {"process_id": None, "events": [_record(row) for row in rows]}
    if not process:
        import hashlib  # slow to import and rarely needed

        seed = f"{call.now}/{call.portal.next_nonce()}/{[row['ID'] for row in rows]}".encode()
        process = hashlib.md5(seed, usedforsecurity=False).hexdigest()
    for row in rows:
        storage.update(OFFLINE_EVENT, row.id, {"PROCESS_ID": process})
    return {"process_id": process, "events": [_record(row) for row in rows]}


def _reserved(call: Call, *, by_id: bool) -> list[int]:
    """The records of a reserved package, all or the named ones."""
    _administrator(call)
    sent = call.upper_case()
    process = php.text(sent.get("PROCESS_ID"))
    if not process:
        raise wrong_argument("Argument 'PROCESS_ID' is null or empty", "PROCESS_ID")
    rows = call.storage.rows(OFFLINE_EVENT, ["ID", "MESSAGE_ID"], "PROCESS_ID = ?", [process])
    if by_id and sent.get("ID"):
        ids = {php.integer(item) for item in php.as_list(sent["ID"])}
        return [row.id for row in rows if row["ID"] in ids]
    if sent.get("MESSAGE_ID"):
        messages = {php.text(item) for item in php.as_list(sent["MESSAGE_ID"])}
        return [row.id for row in rows if row["MESSAGE_ID"] in messages]
    return [row.id for row in rows]


@method("event.offline.clear")
def _offline_clear(call: Call) -> Value:
    for record in _reserved(call, by_id=True):
        call.storage.delete(OFFLINE_EVENT, record)
    return True


@method("event.offline.error")
def _offline_error(call: Call) -> Value:
    """Mark records of a package as failed. They leave the package and stay available to requests for failed ones."""
    for record in _reserved(call, by_id=False):
        call.storage.update(OFFLINE_EVENT, record, {"ERROR": 1, "PROCESS_ID": ""})
    return True
