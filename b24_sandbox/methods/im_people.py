"""`im.user.*`, `im.department.*`, `im.search.*`: users as the messenger shows them.

Parameters have UPPER-case names. Documentation: api-reference/chats/{users,departments,search}.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from b24_sandbox import php, values
from b24_sandbox.answer import RowPage
from b24_sandbox.call import Call
from b24_sandbox.entities.groups import OPTION
from b24_sandbox.entities.staff import DEPARTMENT, USER
from b24_sandbox.errors import PortalError
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import Registry
from b24_sandbox.row import Row

COLORS = ("#df532d", "#64a513", "#4ba984", "#4ba5c3", "#3e99ce", "#8474c8", "#1eb4aa", "#f76187", "#58cc47", "#ab7761")
_STATUSES = ("online", "dnd", "away", "break")
_STATUS = "im_status"
_COLUMNS = [field.name for field in USER.columns]


def card(row: Map) -> Map:
    """A user as chats show them."""
    name, last_name = php.text(row["NAME"]), php.text(row["LAST_NAME"])
    user = php.integer(row["ID"])
    return {
        "id": user,
        "active": bool(row["ACTIVE"]),
        "name": f"{name} {last_name}".strip(),
        "first_name": name,
        "last_name": last_name,
        "work_position": php.text(row["WORK_POSITION"]),
        "color": COLORS[user % len(COLORS)],
        "avatar": "",
        "avatar_hr": "",
        "gender": php.text(row["PERSONAL_GENDER"]) or "M",
        "birthday": "",
        "extranet": False,
        "network": False,
        "bot": False,
        "connector": False,
        "external_auth_id": "default",
        "status": "online",
        "idle": False,
        "last_activity_date": row["LAST_ACTIVITY_DATE"] or False,
        "mobile_last_date": False,
        "desktop_last_date": False,
        "absent": False,
        "departments": values.items(row["UF_DEPARTMENT"]),
        "phones": {"work_phone": row["WORK_PHONE"]} if row["WORK_PHONE"] else False,
        "type": "user",
    }


def cards(call: Call, people: Iterable[int]) -> list[Map]:
    """The cards of these users in their order, without unknown ones."""
    found = ((user, call.portal.storage.row(USER, user)) for user in people)
    return [card(row) for _, row in found if row is not None]


def _user_get(call: Call) -> Value:
    sent = call.upper_case().get("ID")
    user = call.user if sent in (None, "") else php.integer(sent)
    row = call.portal.storage.row(USER, user)
    if row is None:
        raise PortalError("USER_NOT_EXISTS", "User is not exists")
    return card(row)


def _user_list(call: Call) -> Value:
    """Users keyed by id, or as a list with `RESULT_TYPE` `array`. Unknown ones are `null`."""
    sent = call.upper_case().get("ID")
    if not php.is_array(sent) or not php.as_list(sent):
        raise PortalError("INVALID_FORMAT", "A wrong format for the ID parameter is passed")
    shown: Map = {}
    for user in map(php.integer, php.as_list(sent)):
        row = call.portal.storage.row(USER, user)
        shown[str(user)] = None if row is None else card(row)
    return list(shown.values()) if call.upper_case().get("RESULT_TYPE") == "array" else shown


def _status_row(call: Call) -> list[Row]:
    # The negative id keeps it apart from options that an application stores for the user.
    return call.portal.storage.rows(OPTION, ["ID", "VALUE"], "USER_ID = ? and NAME = ?", [-call.user, _STATUS])


def _status_get(call: Call) -> Value:
    found = _status_row(call)
    return found[0]["VALUE"] if found else "online"


def _status_set(call: Call) -> Value:
    status = php.text(call.upper_case().get("STATUS"))
    if status not in _STATUSES:
        raise PortalError("STATUS_ERROR", "Incorrect status")
    found, storage = _status_row(call), call.portal.storage
    if found:
        storage.update(OPTION, found[0].id, {"VALUE": status})
    else:
        storage.insert(OPTION, {"USER_ID": -call.user, "NAME": _STATUS, "VALUE": status})
    return True


def window(call: Call, size: int = 10) -> tuple[int, int]:
    """`LIMIT` (at most 50) and `OFFSET`."""
    sent = call.upper_case()
    limit = php.integer(sent.get("LIMIT")) or size
    return min(max(limit, 1), 50), max(php.integer(sent.get("OFFSET")), 0)


def paged(call: Call, rows: Sequence[Map], size: int = 10) -> tuple[Sequence[Map], int, int | None]:
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
    words = php.text(call.upper_case().get("FIND")).strip()
    if len(words) < least:
        raise PortalError("FIND_SHORT", "Too short a search phrase.")
    return words


def _search_users(call: Call) -> Value:
    """Users whose name, surname or position contains the words, keyed by id."""
    where, bound = "ACTIVE = 1", []
    for word in search_words(call).split():
        where += " and (contains(NAME, ?) or contains(LAST_NAME, ?) or contains(WORK_POSITION, ?))"
        bound += [word] * 3
    rows = call.portal.storage.rows(USER, _COLUMNS, where, bound)
    part, total, following = paged(call, rows)
    return RowPage({str(row["ID"]): card(row) for row in part}, following, total)


def _department(row: Map) -> Map:
    return {
        "id": row["ID"],
        "name": row["NAME"],
        "full_name": row["NAME"],
        "manager_user_id": row["UF_HEAD"] or 0,
    }


def _departments(call: Call) -> list[Map]:
    wanted = [php.integer(item) for item in php.as_list(call.upper_case().get("ID"))]
    if not wanted:
        raise PortalError("ID_EMPTY", "Department ID can't be empty")
    rows = (call.portal.storage.row(DEPARTMENT, department) for department in wanted)
    return [row for row in rows if row is not None]


def _with_people(call: Call, people: list[int]) -> Value:
    if php.text(call.upper_case().get("USER_DATA")) == "Y":
        return cards(call, people)
    return list(people)


def _members_of(call: Call, department: Value) -> list[int]:
    inside = "ACTIVE = 1 and exists (select 1 from json_each(UF_DEPARTMENT) where json_each.value = ?)"
    return [row.id for row in call.portal.storage.rows(USER, ["ID"], inside, [department])]


def _employees(call: Call) -> Value:
    return {str(row["ID"]): _with_people(call, _members_of(call, row["ID"])) for row in _departments(call)}


def _managers(call: Call) -> Value:
    return {
        str(row["ID"]): _with_people(call, [php.integer(row["UF_HEAD"])] if row["UF_HEAD"] else [])
        for row in _departments(call)
    }


def _colleagues(call: Call) -> Value:
    """The users of the caller's departments."""
    own = call.portal.storage.row(USER, call.user) or Row()
    people = sorted(
        {user for department in values.items(own["UF_DEPARTMENT"]) for user in _members_of(call, department)}
    )
    rows: list[Map] = [{"ID": user} for user in people if user != call.user]
    part, total, following = paged(call, rows)
    return RowPage(_with_people(call, [php.integer(row["ID"]) for row in part]), following, total)


def _search_departments(call: Call) -> Value:
    columns = ["ID", "NAME", "UF_HEAD"]
    rows = call.portal.storage.rows(DEPARTMENT, columns, "contains(NAME, ?)", [search_words(call)])
    part, total, following = paged(call, rows)
    return RowPage([_department(row) for row in part], following, total)


def register(registry: Registry) -> None:
    """Register the methods of users in the messenger."""
    for name, run in (
        ("user.get", _user_get),
        ("user.list.get", _user_list),
        ("user.status.get", _status_get),
        ("user.status.set", _status_set),
        ("search.user.list", _search_users),
        ("search.department.list", _search_departments),
        ("department.get", lambda call: [_department(row) for row in _departments(call)]),
        ("department.employees.get", _employees),
        ("department.managers.get", _managers),
        ("department.colleagues.list", _colleagues),
    ):
        registry.classic(f"im.{name}", "im", run)
