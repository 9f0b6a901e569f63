"""`humanresources.node.communication.*`: chats, channels and collabs of departments.

Documentation: api-reference/departments/node-communication. A collab is a workgroup. Defaults are created as version 2
creates chats and groups.
"""

from __future__ import annotations

from b24_sandbox import php
from b24_sandbox.entities.groups import GROUP, MEMBER
from b24_sandbox.entities.im import CHAT, CHAT_MEMBER
from b24_sandbox.entities.staff import DEPARTMENT
from b24_sandbox.php import Map, Value
from b24_sandbox.row import Row
from b24_sandbox.v3 import engine, errors
from b24_sandbox.v3.context import Context
from b24_sandbox.v3.method import Run
from b24_sandbox.v3.strict import is_int
from b24_sandbox.v3.structure import NODE_DTO, check_editor, members
from b24_sandbox.v3.tables import NODE_LINK

KINDS = {"CHAT": ("chats", "Private chat"), "CHANNEL": ("channels", "Private channel"), "COLLAB": ("collabs", "Collab")}
"""Kind -> its list in answers, its subtitle."""


def _list(context: Context, params: Map) -> Value:
    node = engine.record_id(params)
    engine.stored(NODE_DTO, context, node)
    answer: Map = {}
    for kind, (name, _) in KINDS.items():
        links = context.storage.rows(
            NODE_LINK, ["TARGET_ID", "ORIGINAL_NODE_ID"], "NODE_ID = ? and KIND = ?", [node, kind]
        )
        shown = [_shown(context, kind, link) for link in links if _accessible(context, kind, link["TARGET_ID"])]
        answer |= {name: shown, f"{name}NoAccess": len(links) - len(shown)}
    return answer


def _accessible(context: Context, kind: str, target: Value) -> bool:
    table, column = (MEMBER, "GROUP_ID") if kind == "COLLAB" else (CHAT_MEMBER, "CHAT_ID")
    return context.storage.count(table, f"{column} = ? and USER_ID = ?", [target, context.user]) > 0


def _shown(context: Context, kind: str, link: Map) -> Map:
    target = php.integer(link["TARGET_ID"])
    row = context.storage.row(GROUP if kind == "COLLAB" else CHAT, target) or Row()
    shown: Map = {
        "id": target,
        "dialogId": f"chat{target}",
        "type": kind,
        "title": php.text(row.get("NAME" if kind == "COLLAB" else "TITLE")),
        "subtitle": KINDS[kind][1],
        "avatar": None if kind == "COLLAB" else "",
        "hasAccess": True,
        "originalNodeId": link["ORIGINAL_NODE_ID"],
    }
    return shown if kind == "COLLAB" else {**shown, "color": php.text(row.get("COLOR")), "isExtranet": False}


def _edit(context: Context, params: Map) -> Value:
    kind = php.text(params["communicationType"])
    if kind not in KINDS:
        raise errors.invalid([("communicationType", f"Invalid value. Allowed: {', '.join(KINDS)}.")])
    check_editor(context)
    row = engine.stored(NODE_DTO, context, engine.record_id(params, "nodeId"))
    bound, removed = targets(context, params, "ids", kind), _ids(params, "removeIds")
    node = row.id
    if params.get("createDefault") is True:
        bound.append(create_default(context, kind, row))
    below = _below(context, node) if params.get("withChildren") is True else []
    for department in [node, *below]:
        original = None if department == node else node
        bind(context, department, kind, bound, removed, original)
    return {"success": True}


def _ids(params: Map, name: str) -> list[int]:
    sent = php.as_list(params.get(name))
    if not all(map(is_int, sent)):
        raise errors.wrong_type(name, "array")
    return [php.integer(target) for target in sent]


def targets(context: Context, params: Map, name: str, kind: str) -> list[int]:
    """The existing communications that a parameter names."""
    found = _ids(params, name)
    if any(context.storage.row(GROUP if kind == "COLLAB" else CHAT, target) is None for target in found):
        raise errors.invalid([(name, "A communication was not found")])
    return found


def bind(
    context: Context, node: int, kind: str, bound: list[int], removed: list[int], original: int | None = None
) -> None:
    """Bind and unbind communications of one kind."""
    where = "NODE_ID = ? and KIND = ? and TARGET_ID = ?"
    for target in removed:
        for link in context.storage.rows(NODE_LINK, ["ID"], where, [node, kind, target]):
            context.storage.delete(NODE_LINK, link.id)
    for target in bound:
        if not context.storage.count(NODE_LINK, where, [node, kind, target]):
            columns: Map = {"NODE_ID": node, "KIND": kind, "TARGET_ID": target, "ORIGINAL_NODE_ID": original}
            context.storage.insert(NODE_LINK, columns)


def _below(context: Context, node: int) -> list[int]:
    """The departments below a department, at any depth."""
    found: list[int] = []
    waiting = [node]
    while waiting:
        rows = context.storage.rows(DEPARTMENT, ["ID"], "PARENT = ?", [waiting.pop()])
        fresh = [row.id for row in rows if row["ID"] not in (node, *found)]
        found.extend(fresh)
        waiting.extend(fresh)
    return found


def create_default(context: Context, kind: str, row: Map) -> int:
    """Create the default communication of a department with its members."""
    name = php.text(row["NAME"])
    people: list[Value] = [person["ID"] for person in members(context, row["ID"])]
    if kind != "COLLAB":
        return php.integer(context.perform("im.chat.add", {"TYPE": "CHAT", "TITLE": name, "USERS": people}))
    group = php.integer(context.perform("sonet_group.create", {"NAME": name}))
    for user in people:
        if user != context.user:
            context.storage.insert(MEMBER, {"GROUP_ID": group, "USER_ID": user, "ROLE": "K"})
    return group


BODIES: dict[str, Run] = {
    "humanresources.node.communication.list": _list,
    "humanresources.node.communication.edit": _edit,
}
