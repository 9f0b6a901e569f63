"""`timeman.record.list`: working days of one employee at a time (documentation: api-reference/timeman/record)."""

from __future__ import annotations

from b24_sandbox.php import Map, Value
from b24_sandbox.v3 import engine, errors, filter, objects
from b24_sandbox.v3.context import Context
from b24_sandbox.v3.method import Run

RECORD_DTO = objects.dto("timeman", "RecordDto")


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
