"""`humanresources.node.*` except `add`: the structure of the company, over the departments of version 2.

Documentation: api-reference/departments/node. Add, edit and move answer with the bare object. The portal has
departments and no teams: lists of teams are empty, and teams cannot be created.
"""

from __future__ import annotations

import json

from b24_sandbox import dates, php
from b24_sandbox.entities.staff import DEPARTMENT, USER
from b24_sandbox.filters import ALWAYS, NEVER, FilterCondition
from b24_sandbox.php import Map, Value
from b24_sandbox.row import Row
from b24_sandbox.v3 import engine, errors, objects, query
from b24_sandbox.v3.context import Context
from b24_sandbox.v3.method import Run
from b24_sandbox.v3.tables import NODE_EXTRA

TYPES = ("DEPARTMENT", "TEAM")
COLORS = ("blue", "green", "cyan", "orange", "purple", "pink")
HEAD, DEPUTY, EMPLOYEE = ROLES = ("MEMBER_HEAD", "MEMBER_DEPUTY_HEAD", "MEMBER_EMPLOYEE")
ROLES_KEY = "roles"
"""The key of heads and deputies among the extras of a department. Version 2 knows one head and no deputies."""

_INSIDE = "exists (select 1 from json_each(UF_DEPARTMENT) where json_each.value = ?)"


def profile(person: Row) -> Map:
    """A user as objects of the structure show them."""
    return {
        "userId": person["ID"],
        "name": f"{php.text(person['NAME'])} {php.text(person['LAST_NAME'])}".strip(),
        "workPosition": person.text("WORK_POSITION"),
        "avatar": None,
        "url": f"/company/personal/user/{person['ID']}/",
    }


def members(context: Context, node: Value) -> list[Row]:
    """The active users of a department."""
    columns = ["ID", "NAME", "LAST_NAME", "WORK_POSITION"]
    return context.storage.rows(USER, columns, f"ACTIVE = 1 and {_INSIDE}", [node])


def roles(context: Context, row: Row) -> dict[int, str]:
    """The heads and deputies of a department: user id -> role. Other members are employees."""
    extra = context.storage.row(NODE_EXTRA, row.id) or Row()
    kept = php.as_map(json.loads(extra.text("DATA") or "{}").get(ROLES_KEY))
    found = {php.integer(user): php.text(role) for user, role in kept.items()}
    head: dict[int, str] = {row.integer("UF_HEAD"): HEAD} if row["UF_HEAD"] is not None else {}
    return {**found, **head}


def _members(context: Context, row: Row) -> Value:
    special = roles(context, row)
    people = members(context, row["ID"])
    return [{**profile(person), "role": special.get(person.id, EMPLOYEE)} for person in people]


def _size(context: Context, row: Row) -> Value:
    return context.storage.count(USER, f"ACTIVE = 1 and {_INSIDE}", [row["ID"]])


NODE_DTO = objects.dto("structure", "NodeDto", {"userCount": _size, "members": _members})


def node_type(params: Map) -> str:
    """The required type of an element of the structure."""
    sent = php.text(params["type"])
    if sent not in TYPES:
        raise errors.invalid([("type", "Unknown type of a structure element")])
    return sent


def _list(context: Context, params: Map) -> Value:
    return engine.list_page(NODE_DTO, context, params, ALWAYS if node_type(params) == "DEPARTMENT" else NEVER)


def _children(context: Context, params: Map) -> Value:
    parent = engine.record_id(params)
    engine.stored(NODE_DTO, context, parent)
    return engine.list_page(NODE_DTO, context, params, FilterCondition("PARENT = ?", (parent,)))


def _count(context: Context, params: Map) -> Value:
    return {"departments": context.storage.count(DEPARTMENT), "teams": 0}


def described(params: Map) -> Map:
    """The checked values stored beside the department: description and colour."""
    kept: Map = {name: params[name] for name in ("description", "colorName") if params.get(name) is not None}
    if kept.get("colorName", "blue") not in COLORS:
        raise errors.invalid([("colorName", "Unknown colour")])
    return kept


def _edit(context: Context, params: Map) -> Value:
    node = engine.record_id(params)
    extras = described(params)
    columns: Map = {"NAME": params["name"]} if params.get("name") is not None else {}
    if not columns and not extras:
        wanted = "At least one of the following fields must be provided: name, description, colorName."
        raise errors.invalid([("name", wanted)])
    check_editor(context)
    return _changed(context, node, columns, extras)


def _move(context: Context, params: Map) -> Value:
    node, parent = engine.record_id(params), engine.record_id(params, "parentId")
    check_editor(context)
    above: Value = engine.stored(NODE_DTO, context, parent)["ID"]
    seen: set[int] = set()
    while above is not None and php.integer(above) not in seen:  # a branch cannot be moved below itself
        seen.add(php.integer(above))
        above = (context.storage.row(DEPARTMENT, php.integer(above)) or Row()).get("PARENT")
    if node in seen:
        raise errors.invalid([("parentId", "An element cannot be moved below itself")])
    return _changed(context, node, {"PARENT": parent}, {})


def _changed(context: Context, node: int, columns: Map, extras: Map) -> Value:
    row = engine.stored(NODE_DTO, context, node)
    engine.change(NODE_DTO, context, row, columns, {**extras, "updatedAt": dates.iso(context.now)})
    return shown_node(context, node, NODE_DTO.default)


def check_editor(context: Context) -> None:
    """Refuse a user who may not change the structure."""
    if not context.admin:
        raise errors.access_denied()


def shown_node(context: Context, node: int, names: list[str]) -> Value:
    """A department as writing methods answer: the bare object."""
    chosen = query.selection(NODE_DTO, None, names)
    return engine.show(NODE_DTO, context, [engine.stored(NODE_DTO, context, node)], chosen)[0]


BODIES: dict[str, Run] = {
    "humanresources.node.list": _list,
    "humanresources.node.search": _list,
    "humanresources.node.children": _children,
    "humanresources.node.count": _count,
    "humanresources.node.edit": _edit,
    "humanresources.node.move": _move,
}
