"""`call.followup.*`: recordings, transcriptions and reviews of calls.

Documentation: api-reference/telephony/follow-up. The filter, the order, the cursor and the error codes of these methods
are their own. Texts of the blocks mention users in BBCode.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

from b24_sandbox import dates, php
from b24_sandbox.filters import FilterCondition, joined
from b24_sandbox.php import Map, Value
from b24_sandbox.v3 import engine, errors, objects, strict
from b24_sandbox.v3.context import Context
from b24_sandbox.v3.errors import ApiError
from b24_sandbox.v3.method import Run

PAGE_SIZE, LARGEST_PAGE, LARGEST_HEAVY_PAGE = 50, 200, 20
HEAVY = frozenset(("transcription", "overview", "insights"))
BASIC = ("callId", "callType", "initiatorId", "startDate", "endDate", "durationSeconds")
BLOCKS = ("transcription", "overview", "summary", "insights", "evaluation")
_PARTS = {
    "transcription": "language segments",
    "overview": "topic detailedTakeaways meetingType agenda agreements actionItems meetings",
    "insights": "speakerEvaluationAvailable speakerAnalysis meetingStrengths meetingWeaknesses speechStyleInfluence"
    " engagementLevel areasOfResponsibility finalRecommendations",
    "evaluation": "efficiencyValue calendar criteria",
}

FOLLOW_UP_DTO = objects.dto("followup", "FollowUpDto")

_DATES = ("startDate", "endDate", "createdAt")
_PATHS = frozenset(f"{block}.{part}" for block, parts in _PARTS.items() for part in parts.split())
_MENTION = re.compile(r"\[USER=(\d+)\](.*?)\[/USER\]")
_FORMATS = {"bb": r"\g<0>", "html": r'<a href="/company/personal/user/\1/">\2</a>', "none": r"\2"}


def _selected(params: Map, default: tuple[str, ...]) -> tuple[str, ...]:
    """The selected properties and paths. An empty selection is the basic data of a call."""
    sent = params.get("select")
    if sent is None:
        return default
    if sent in ([], {}):
        return BASIC
    if not isinstance(sent, list) or not all(isinstance(name, str) for name in sent):
        raise errors.invalid_select(sent)
    for name in sent:
        if name not in FOLLOW_UP_DTO.properties and name not in _PATHS:
            raise ApiError("invalid_select_field", f"Invalid field in select: {name}")
    return ("callId", *sent)


def _mentions(params: Map) -> str:
    form = params.get("mentionFormat")
    if form is None:
        return _FORMATS["bb"]
    if form not in _FORMATS:
        raise errors.invalid([("mentionFormat", f"Allowed values: {', '.join(_FORMATS)}")])
    return _FORMATS[php.text(form)]


def _shown(row: Map, names: tuple[str, ...], mention: str) -> Map:
    """A follow-up with the selected properties. A missing block is `null`."""
    data: Map = json.loads(_mentioned(php.text(row["DATA"]), mention))
    shown: Map = {}
    for name in names:
        block, _, part = name.partition(".")
        if not part:
            shown[block] = _value(row, block, data)
        elif isinstance(data.get(block), dict):
            shown[block] = {**php.as_map(shown.get(block)), part: php.as_map(data[block]).get(part)}
        else:
            shown[block] = None
    return shown


def _mentioned(data: str, form: str) -> str:
    """Replace mentions in JSON text. The replacement is encoded for JSON."""
    return _MENTION.sub(lambda found: json.dumps(found.expand(form), ensure_ascii=False)[1:-1], data)


def _value(row: Map, name: str, data: Map) -> Value:
    prop = FOLLOW_UP_DTO.properties[name]
    if name in _DATES:
        return None if row[prop.column] is None else _utc(row[prop.column]).isoformat()
    if prop.column:
        return FOLLOW_UP_DTO.shown(prop, row[prop.column])
    if name == "durationSeconds":
        ended = row["END_DATE"] is not None
        return int((_utc(row["END_DATE"]) - _utc(row["START_DATE"])).total_seconds()) if ended else None
    if name == "outcomes":
        return [block for block in BLOCKS if data.get(block)]
    return data.get(name, [] if prop.type == "array" else None)


def _utc(moment: Value) -> datetime:
    return datetime.fromisoformat(php.text(moment)).astimezone(UTC)


def _get(context: Context, params: Map) -> Value:
    """One follow-up. Ordinary users cannot distinguish a missing call from a foreign one."""
    names = _selected(params, tuple(FOLLOW_UP_DTO.properties))
    mention = _mentions(params)
    call = engine.record_id(params, "callId")
    row = engine.find(FOLLOW_UP_DTO, context, call)
    if row is None:
        foreign = ApiError("access_denied", "No access to follow-up data", 403)
        raise errors.not_found(call) if context.admin else foreign
    return {"item": _shown(row, names, mention)}


def _list(context: Context, params: Map) -> Value:
    names, mention = _selected(params, BASIC), _mentions(params)
    if params.get("filter") is None:
        raise errors.missing("filter")
    descending = _descending(params.get("order"))
    parts = _conditions(php.as_map(params["filter"]))
    limit, after = _page(params.get("pagination"), heavy=any(name.partition(".")[0] in HEAVY for name in names))
    if after is not None:
        parts.append(FilterCondition(f"(START_DATE, ID) {'<' if descending else '>'} (?, ?)", after))
    direction = "desc" if descending else "asc"
    ordered = f"START_DATE {direction}, ID {direction}"
    found = engine.rows(FOLLOW_UP_DTO, context, joined(parts), ordered, limit + 1)
    shown, more = found[:limit], len(found) > limit
    cursor: Map | None = None
    if more:
        last = _utc(shown[-1]["START_DATE"])
        cursor = {"startDate": last.isoformat(timespec="microseconds"), "id": shown[-1]["ID"]}
    return {"items": [_shown(row, names, mention) for row in shown], "hasMore": more, "afterCursor": cursor}


def _descending(sent: Value) -> bool:
    if sent is None or sent in ([], {}):
        return True
    direction = sent.get("startDate") if isinstance(sent, dict) and len(sent) == 1 else None
    if direction not in ("asc", "desc"):
        raise ApiError("invalid_order", "The order must be an object with startDate: asc or desc")
    return bool(direction == "desc")


def _conditions(sent: Map) -> list[FilterCondition]:
    """The period, which is required, and the participant."""
    period = php.as_map(sent.get("startDate"))
    begin, end = _moment(period.get("from")), _moment(period.get("to"))
    if begin is None or end is None or end < begin:
        raise ApiError("invalid_date_range", "filter.startDate requires from and to in ISO 8601 format, from <= to")
    parts = [FilterCondition("START_DATE between ? and ?", (begin, end))]
    participant = sent.get("participantId")
    if participant is not None:
        if not strict.is_int(participant):
            raise errors.wrong_type("filter.participantId", "int")
        parts.append(FilterCondition(FOLLOW_UP_DTO.visible, (participant,)))
    return parts


def _moment(sent: Value) -> str | None:
    """The stored form of a date-time, or `None` for another value."""
    if not strict.of_type("datetime", sent):
        return None
    return dates.stored_moment(php.text(sent), 0)


def _page(sent: Value, *, heavy: bool) -> tuple[int, tuple[Value, ...] | None]:
    """The limit and the position after which the page begins."""
    largest = LARGEST_HEAVY_PAGE if heavy else LARGEST_PAGE
    page = php.as_map(sent)
    limit = PAGE_SIZE if page.get("limit") is None else page["limit"]
    after = php.as_map(page.get("afterCursor"))
    place = (_moment(after.get("startDate")), after.get("id")) if after else None
    wrong_place = place is not None and (place[0] is None or not strict.is_int(place[1]))
    if (
        (sent is not None and not php.is_array(sent))
        or not strict.is_int(limit)
        or php.integer(limit) < 1
        or wrong_place
    ):
        raise ApiError("invalid_pagination", "pagination requires a positive limit and the cursor of the last answer")
    return min(php.integer(limit), largest), place


BODIES: dict[str, Run] = {"call.followup.get": _get, "call.followup.list": _list}
