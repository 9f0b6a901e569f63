"""`timeman.record.list`: working days of one employee at a time (documentation: api-reference/timeman/record)."""

from __future__ import annotations

from datetime import datetime

from b24_sandbox import dates
from b24_sandbox.php import Map, Value
from b24_sandbox.row import Row
from b24_sandbox.v3 import engine, errors, filter, objects
from b24_sandbox.v3.context import Context
from b24_sandbox.v3.method import Run


def _duration(context: Context, row: Row) -> Value:
    """The seconds worked, once the day is over."""
    if row["TIME_FINISH"] is None:
        return None
    begin, end = (datetime.fromisoformat(row.text(name)) for name in ("TIME_START", "TIME_FINISH"))
    return int((end - begin).total_seconds()) - row.integer("LEAKS")


def _state(context: Context, row: Row) -> Value:
    """The state; a day that was not closed has expired."""
    open_before = row["STATUS"] == "OPENED" and row.text("TIME_START")[:10] != dates.iso(context.now)[:10]
    return "EXPIRED" if open_before else row["STATUS"]


RECORD_DTO = objects.dto("timeman", "RecordDto", {"duration": _duration, "state": _state})


def _list(context: Context, params: Map) -> Value:
    sent = params.get("filter")
    filter.compile_filter(RECORD_DTO, sent)
    people = filter.equal_values(sent, "userId")
    if not people:
        raise errors.missing("filter.userId")
    if len(set(map(str, people))) > 1:
        raise errors.invalid_filter("several different `userId` in one request")
    if not context.admin and people[0] != context.user:
        raise errors.access_denied()
    return engine.list_page(RECORD_DTO, context, params)


BODIES: dict[str, Run] = {"timeman.record.list": _list}
