"""`humanresources.node.member.*` and `humanresources.employee.*`: people of the company structure.

Documentation: api-reference/departments/node-member, api-reference/departments/employee. The portal has no teams.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import partial

from b24_sandbox import php, records, values
from b24_sandbox.entities.staff import DEPARTMENT, USER
from b24_sandbox.filters import ALWAYS, NEVER, FilterCondition, joined
from b24_sandbox.php import Map, Value
from b24_sandbox.row import Row
from b24_sandbox.v3 import engine, errors, objects, query
from b24_sandbox.v3.context import Context
from b24_sandbox.v3.method import Run
from b24_sandbox.v3.strict import is_int
from b24_sandbox.v3.structure import (
    EMPLOYEE,
    HEAD,
    NODE_DTO,
    ROLES,
    ROLES_KEY,
    check_editor,
    members,
    roles,
)

TEAM_ROLES = ("MEMBER_TEAM_HEAD", "MEMBER_TEAM_DEPUTY_HEAD", "MEMBER_TEAM_EMPLOYEE")
_ALLOWED = ", ".join(ROLES)


def _departments(context: Context, row: Row) -> Value:
    return [{"id": node["ID"], "name": node["NAME"]} for node in _nodes_of(context, row)]


def _nodes_of(context: Context, row: Map) -> list[Row]:
    inside = "ID in (select value from json_each(?))"
    return context.storage.rows(DEPARTMENT, ["ID", "NAME", "UF_HEAD"], inside, [row["UF_DEPARTMENT"] or "[]"])


EMPLOYEE_DTO = objects.dto("structure", "EmployeeDto", {"departments": _departments})


def _node(context: Context, params: Map, people: Iterable[int] = ()) -> Row:
    """The department that a change of members names. `people` must exist."""
    check_editor(context)
    row = engine.stored(NODE_DTO, context, engine.record_id(params, "nodeId"))
    check_users(context, people)
    return row


def check_users(context: Context, people: Iterable[int]) -> None:
    """Refuse users that do not exist."""
    if any(context.storage.row(USER, user) is None for user in people):
        raise errors.invalid([("userIds", "A user was not found")])


def _users(sent: Value) -> list[int]:
    """A list of users that must not be empty."""
    if not isinstance(sent, list) or not sent or not all(map(is_int, sent)):
        raise errors.invalid([("userIds", 'Parameter "userIds" is required and must be a non-empty array.')])
    return [php.integer(user) for user in dict.fromkeys(sent)]


def _role(params: Map) -> str:
    role = EMPLOYEE if params.get("role") is None else php.text(params["role"])
    if role in TEAM_ROLES:
        raise errors.invalid([("role", f"Invalid role `{role}`. Allowed: `{_ALLOWED}`.")])
    if role not in ROLES:
        raise errors.invalid([("role", f"Role `{role}` not found.")])
    return role


def assign(context: Context, node: int, given: dict[int, str], kept: dict[int, str]) -> None:
    """Write the roles of a department: `kept` from before, then `given`. Version 2 sees the first head only."""
    special = {user: role for user, role in {**kept, **given}.items() if role != EMPLOYEE}
    heads = [user for user, role in special.items() if role == HEAD]
    first = heads[0] if heads else None
    others = {str(user): role for user, role in special.items() if user != first}
    engine.change(NODE_DTO, context, engine.stored(NODE_DTO, context, node), {"UF_HEAD": first}, {ROLES_KEY: others})


def _belongs(context: Context, user: int) -> list[Value]:
    return values.items((context.storage.row(USER, user) or Row()).get("UF_DEPARTMENT"))


def enter(context: Context, user: int, node: int) -> None:
    """Add a user to a department."""
    nodes = _belongs(context, user)
    if node not in nodes:
        _place(context, user, [*nodes, node])


def _place(context: Context, user: int, nodes: list[Value]) -> None:
    row = context.storage.row(USER, user)
    if row is not None:
        records.change(EMPLOYEE_DTO, context, row, {"UF_DEPARTMENT": json.dumps(nodes)})


def _leave(context: Context, user: int, node: int) -> None:
    _place(context, user, [other for other in _belongs(context, user) if other != node])


def dismiss(context: Context, user: int, node: int) -> None:
    """End the membership and the role of a user in a department."""
    row = context.storage.row(DEPARTMENT, node)
    if row is not None and user in (before := roles(context, row)):
        assign(context, node, {}, {other: role for other, role in before.items() if other != user})
    _leave(context, user, node)


def transfer(context: Context, user: int, node: int) -> None:
    """Move a user to a department from all others."""
    for other in _belongs(context, user):
        if other != node:
            dismiss(context, user, php.integer(other))
    enter(context, user, node)


def _join(place: Callable[[Context, int, int], None], context: Context, params: Map) -> Value:
    """Add users to a department, or move them there, with one role."""
    role, people = _role(params), _users(params["userIds"])
    row = _node(context, params, people)
    for user in people:
        place(context, user, row.id)
    assign(context, row.id, dict.fromkeys(people, role), roles(context, row))
    return {"success": True}


def given_roles(sent: Map) -> dict[int, str]:
    """Parse lists of users by role: user id -> role. A user of two roles keeps the higher one."""
    unknown = [role for role in sent if role not in ROLES]
    if unknown:
        raise errors.invalid([("userIds", f"Invalid roles: {', '.join(unknown)}. Allowed: {_ALLOWED}.")])
    given: dict[int, str] = {}
    for role in ROLES:
        if sent.get(role) not in (None, [], {}):
            for user in _users(sent[role]):
                given.setdefault(user, role)
    return given


def _set(context: Context, params: Map) -> Value:
    given = given_roles(php.as_map(params["userIds"]))
    _users(list(given))
    node = php.integer(_node(context, params, given)["ID"])
    for person in members(context, node):
        if person["ID"] not in given:
            _leave(context, person.id, node)
    for user in given:
        enter(context, user, node)
    assign(context, node, given, {})
    return {"success": True}


def _remove(context: Context, params: Map) -> Value:
    people = _users(params["userIds"])
    node = php.integer(_node(context, params)["ID"])
    removed = [user for user in people if node in _belongs(context, user)]
    for user in removed:
        dismiss(context, user, node)
    failed = [{"userId": user, "reason": "Not found in this node"} for user in people if user not in removed]
    return {"removed": removed, "failed": failed}


def _employees(context: Context, where: FilterCondition = ALWAYS) -> list[Row]:
    """The employees of the company, for an employee."""
    if not _belongs(context, context.user):
        raise errors.access_denied()
    return engine.rows(EMPLOYEE_DTO, context, where)


def _count(context: Context, params: Map) -> Value:
    return {"total": len(_employees(context))}


def _several(context: Context, params: Map) -> Value:
    chosen = query.selection(EMPLOYEE_DTO, ["userId", "name", "workPosition", "departments"], [])
    found = _employees(context, FilterCondition("json_array_length(UF_DEPARTMENT) > 1"))
    return {"employees": engine.show(EMPLOYEE_DTO, context, found, chosen), "total": len(found)}


def _search(context: Context, params: Map) -> Value:
    chosen = query.selection(EMPLOYEE_DTO, params.get("select"), EMPLOYEE_DTO.default)
    name = php.text(params["name"]).strip()
    if not name:
        raise errors.invalid([("name", 'Parameter "name" is required.')])
    full = "contains(coalesce(NAME, '') || ' ' || coalesce(LAST_NAME, ''), ?)"
    parts = [FilterCondition(full, (word,)) for word in name.split()]
    if params.get("nodeId") is not None:
        inside = "exists (select 1 from json_each(UF_DEPARTMENT) where json_each.value = ?)"
        parts.append(FilterCondition(inside, (params["nodeId"],)))
    found = _employees(context, joined(parts))
    return {"items": engine.show(EMPLOYEE_DTO, context, found, chosen)}


def _subordinates(context: Context, params: Map) -> Value:
    """The departments that a user leads. A deputy has no authority over the heads."""
    user = engine.record_id(params)
    if user <= 0:
        raise errors.invalid([("id", 'Parameter "id" is required and must be a positive integer.')])
    _employees(context, NEVER)
    shown: list[Value] = []
    for node in _nodes_of(context, context.storage.row(USER, user) or {"UF_DEPARTMENT": "[]"}):
        special = roles(context, node)
        role = special.get(user, EMPLOYEE)
        if role != EMPLOYEE:
            above = {user} if role == HEAD else {other for other in special if special[other] == HEAD} | {user}
            below = [person for person in members(context, node["ID"]) if person["ID"] not in above]
            described: Map = {"nodeId": node["ID"], "name": node["NAME"], "role": role.removeprefix("MEMBER_")}
            shown.append({**described, "subordinatesCount": len(below)})
    return {"userId": user, "departments": shown}


BODIES: dict[str, Run] = {
    "humanresources.node.member.add": partial(_join, enter),
    "humanresources.node.member.set": _set,
    "humanresources.node.member.move": partial(_join, transfer),
    "humanresources.node.member.remove": _remove,
    "humanresources.employee.count": _count,
    "humanresources.employee.multidepartment": _several,
    "humanresources.employee.search": _search,
    "humanresources.employee.subordinates": _subordinates,
}
