"""`humanresources.node.add`: a new department with its members and communications.

Documentation: api-reference/departments/node/humanresources-node-add. Teams cannot be created.
"""

from __future__ import annotations

from b24_sandbox import dates, php
from b24_sandbox.php import Map, Value
from b24_sandbox.v3 import engine, errors
from b24_sandbox.v3.context import Context
from b24_sandbox.v3.method import Run
from b24_sandbox.v3.structure import NODE_DTO, check_editor, described, node_type, shown_node
from b24_sandbox.v3.structure_links import KINDS, bind, create_default, targets
from b24_sandbox.v3.structure_members import assign, check_users, enter, given_roles, transfer

SETTINGS = ("BUSINESS_PROC_AUTHORITY", "REPORTS_AUTHORITY")
AUTHORITIES = (
    "HEAD", "DEPUTY_HEAD", "ALL_DEPARTMENT_HEADS", "EMPLOYEE", "TEAM_HEAD", "TEAM_DEPUTY", "TEAM_EMPLOYEE",
)  # fmt: skip


def _add(context: Context, params: Map) -> Value:
    kind, name, parent = node_type(params), php.text(params["name"]), engine.record_id(params, "parentId")
    if not name.strip():
        raise errors.missing("name")
    people = given_roles(php.as_map(params.get("userIds")))
    extras = described(params)
    _check_settings(php.as_map(params.get("settings")))
    check_editor(context)
    row = engine.stored(NODE_DTO, context, parent)
    check_users(context, people)
    bound = {link: targets(context, params, f"binding{link.capitalize()}Ids", link) for link in KINDS}
    if kind == "TEAM":
        raise errors.access_denied()
    now = dates.iso(context.now)
    columns: Map = {"NAME": name, "PARENT": row["ID"], "UF_HEAD": None}
    node = engine.insert(NODE_DTO, context, columns, {**extras, "createdAt": now, "updatedAt": now})
    join = transfer if params.get("moveUsersToNode") is True else enter
    for user in people:
        join(context, user, node)
    assign(context, node, people, {})
    for link, existing in bound.items():
        if params.get(f"create{link.capitalize()}") is True:
            existing.append(create_default(context, link, {"ID": node, "NAME": name}))
        bind(context, node, link, existing, [])
    return shown_node(context, node, [*NODE_DTO.default, "members"])


def _check_settings(sent: Map) -> None:
    """Refuse unknown settings. They are not stored, because no method shows them."""
    for name, allowed in sent.items():
        if name not in SETTINGS or any(role not in AUTHORITIES for role in php.as_list(allowed)):
            raise errors.invalid([("settings", f"Unknown setting `{name}` or unknown role in it")])


BODIES: dict[str, Run] = {"humanresources.node.add": _add}
