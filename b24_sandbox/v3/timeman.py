"""`timeman.record.*`: working days of one employee at a time (documentation: api-reference/timeman/record)."""

from __future__ import annotations

from b24_sandbox.php import Map, Value
from b24_sandbox.v3 import engine, errors, filter
from b24_sandbox.v3.context import Context
from b24_sandbox.v3.dto import Dto, parse_properties
from b24_sandbox.v3.method import declared, fields_of
from b24_sandbox.v3.tables import TIME_RECORD

SCOPE = "timeman"

RECORD_DTO = Dto(
    "RecordDto",
    TIME_RECORD,
    parse_properties("""
id int sd ID
userId int fsd USER_ID
startTime datetime fsd START_TIME
endTime datetime sd END_TIME
duration int sd DURATION
breakLength int d BREAK_LENGTH
state string d STATE
isApproved bool d IS_APPROVED
"""),
)


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


_TABLE = "list items | filter:array* select:array order:object pagination:object | Working time of an employee"

METHODS = [
    *declared("timeman.record", SCOPE, RECORD_DTO, _TABLE, {"list": _list}),
    *fields_of("timeman.record", SCOPE, RECORD_DTO),
]
