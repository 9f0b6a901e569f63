"""`im.user.*`, `im.department.*`, `im.search.*`: users as the messenger shows them.

Parameters have UPPER-case names. Documentation: api-reference/chats/{users,departments,search}.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from b24_sandbox import dates, php, values
from b24_sandbox.answer import RowPage
from b24_sandbox.call import Call
from b24_sandbox.entities.staff import DEPARTMENT, USER
from b24_sandbox.errors import PortalError
from b24_sandbox.methods.records_by_code import RecordsByCode
from b24_sandbox.people import full_name, person
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable
from b24_sandbox.row import Row
from b24_sandbox.shapes import constant, shape

method = MethodTable("im")
register = method.register

Item = TypeVar("Item")

_STATUSES = ("online", "dnd", "away", "break")
_STATUS = RecordsByCode("im_status")
_IDLE = RecordsByCode("im_idle")
_LONGEST_AWAY = 60 * 24 * 365
"""Minutes."""


def color_of(number: int = 0) -> str:
    """The colour of a user; without a number that of a chat without a colour."""
    colors = php.as_list(constant("im.colors"))
    return php.text(colors[number % len(colors)])


def card(row: Row) -> Map:
    """A user as chats show them."""
    phones: Value = {"work_phone": row["WORK_PHONE"]} if row["WORK_PHONE"] else False
    gender = row.text("PERSONAL_GENDER") or "M"
    return shape("im.user", row, name=full_name(row), color=color_of(row.id), gender=gender, phones=phones)


def cards(call: Call, people: Iterable[int]) -> list[Map]:
    """The cards of these users in their order, without unknown ones."""
    found = (call.storage.row(USER, user) for user in people)
    return [card(row) for row in found if row is not None]


def authors(call: Call, rows: Iterable[Row]) -> list[Map]:
    """The cards of the authors of messages or notifications."""
    return cards(call, sorted({row.integer("AUTHOR_ID") for row in rows}))


@method("im.user.get")
def _user_get(call: Call) -> Value:
    row = call.storage.row(USER, call.upper.integer("ID") if call.upper.text("ID") else call.user)
    if row is None:
        raise PortalError("USER_NOT_EXISTS", "User is not exists")
    return card(row)


@method("im.user.list.get")
def _user_list(call: Call) -> Value:
    """Users keyed by id, or as a list with `RESULT_TYPE` `array`. Unknown ones are `null`."""
    sent = call.upper
    if not php.is_array(sent.get("ID")) or not sent.many("ID"):
        raise PortalError("INVALID_FORMAT", "A wrong format for the ID parameter is passed")
    shown: Map = {str(user): next(iter(cards(call, [user])), None) for user in sent.integers("ID")}
    return list(shown.values()) if sent.get("RESULT_TYPE") == "array" else shown


@method("im.user.status.get")
def _status_get(call: Call) -> Value:
    status = _STATUS.get(call, str(call.user))
    return "online" if status is None else status.data["status"]


@method("im.user.status.set")
def _status_set(call: Call) -> Value:
    status = call.upper.text("STATUS")
    if status not in _STATUSES:
        raise PortalError("STATUS_ERROR", "Incorrect status")
    _STATUS.put(call, str(call.user), {"status": status})
    return True


@method("im.user.status.idle.start")
def _idle_start(call: Call) -> Value:
    """Mark the caller as away since `AGO` minutes."""
    since = call.now - 60 * min(max(call.upper.integer("AGO"), 0), _LONGEST_AWAY)
    _IDLE.put(call, str(call.user), {"since": dates.iso(since)})
    return True


@method("im.user.status.idle.end")
def _idle_end(call: Call) -> Value:
    away = _IDLE.get(call, str(call.user))
    if away is not None:
        _IDLE.remove(call, away)
    return True


def window(call: Call, size: int = 10) -> tuple[int, int]:
    """`LIMIT` (at most 50) and `OFFSET`."""
    limit = call.upper.integer("LIMIT") or size
    return min(max(limit, 1), 50), max(call.upper.integer("OFFSET"), 0)


def paged(call: Call, rows: Sequence[Item], size: int = 10) -> tuple[Sequence[Item], int, int | None]:
    """A part of a list, the total count, and the offset of the next part."""
    limit, offset = window(call, size)
    part = rows[offset : offset + limit]
    following = offset + len(part)
    return part, len(rows), following if part and following < len(rows) else None


def search_words(call: Call, least: int = 3) -> str:
    """The words of `FIND`: at least `least` characters.

    Raises:
        PortalError: `FIND_SHORT` for fewer.
    """
    words = call.upper.text("FIND").strip()
    if len(words) < least:
        raise PortalError("FIND_SHORT", "Too short a search phrase.")
    return words


@method("im.search.user.list")
def _search_users(call: Call) -> Value:
    """Users whose name, surname or position contains the words, keyed by id."""
    where, bound = "ACTIVE = 1", []
    for word in search_words(call).split():
        where += " and (contains(NAME, ?) or contains(LAST_NAME, ?) or contains(WORK_POSITION, ?))"
        bound += [word] * 3
    part, total, following = paged(call, call.storage.whole(USER, where, bound))
    return RowPage({str(row["ID"]): card(row) for row in part}, following, total)


@method("im.search.department.list")
def _search_departments(call: Call) -> Value:
    rows = call.storage.whole(DEPARTMENT, "contains(NAME, ?)", [search_words(call)])
    part, total, following = paged(call, rows)
    return RowPage([shape("im.department", row) for row in part], following, total)


def _departments(call: Call) -> list[Row]:
    wanted = call.upper.integers("ID")
    if not wanted:
        raise PortalError("ID_EMPTY", "Department ID can't be empty")
    rows = (call.storage.row(DEPARTMENT, department) for department in wanted)
    return [row for row in rows if row is not None]


def _with_people(call: Call, people: Sequence[int]) -> Value:
    return cards(call, people) if call.upper.text("USER_DATA") == "Y" else list(people)


def _members_of(call: Call, department: Value) -> list[int]:
    inside = "ACTIVE = 1 and exists (select 1 from json_each(UF_DEPARTMENT) where json_each.value = ?)"
    return call.storage.ids(USER, inside, [department])


@method("im.department.employees.get")
def _employees(call: Call) -> Value:
    return {str(row["ID"]): _with_people(call, _members_of(call, row["ID"])) for row in _departments(call)}


@method("im.department.managers.get")
def _managers(call: Call) -> Value:
    return {
        str(row["ID"]): _with_people(call, [row.integer("UF_HEAD")] if row["UF_HEAD"] else [])
        for row in _departments(call)
    }


@method("im.department.colleagues.list")
def _colleagues(call: Call) -> Value:
    """The users of the caller's departments."""
    own = values.items(person(call.portal, call.user)["UF_DEPARTMENT"])
    people = {user for department in own for user in _members_of(call, department)} - {call.user}
    part, total, following = paged(call, sorted(people))
    return RowPage(_with_people(call, part), following, total)


method.add("im.department.get", lambda call: [shape("im.department", row) for row in _departments(call)])
