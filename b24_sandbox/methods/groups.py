"""`sonet_group.*` and `socialnetwork.api.workgroup.*`: workgroups, projects and their members.

Parameters of `sonet_group.*` are read under UPPER-case names only. Documentation: api-reference/sonet-group.
"""

from __future__ import annotations

from functools import partial

from b24_sandbox import engine, errors, filters, paging, php, values
from b24_sandbox.call import Call
from b24_sandbox.entities.groups import GROUP, MEMBER
from b24_sandbox.entities.staff import USER
from b24_sandbox.errors import PortalError
from b24_sandbox.faces import Face, ListQuery
from b24_sandbox.fields import Field
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import Registry
from b24_sandbox.row import Row

_NOT_LISTED = ("SCRUM_", "PROJECT_DATE", "IMAGE", "AVATAR", "LANDING", "INITIATE_PERMS", "NUMBER_OF_MODERATORS")
_LISTED = [name for name in GROUP.fields if not name.startswith(_NOT_LISTED)]
_SELECTABLE = [name for name in GROUP.fields if name != "SITE_ID"]
_OPERATIONS = {
    "blog": "view_post premoderate_post write_post moderate_post full_post view_comment write_comment full_comment",
    "tasks": "view view_all sort create_tasks edit_tasks delete_tasks",
    "files": "view write_limited write",
    "calendar": "view write",
    "photo": "view write",
    "forum": "view sonet_full full newtopic answer",
    "chat": "view",
    "search": "view",
}
_ROLES = frozenset("AEK")


def _wrong(words: str) -> PortalError:
    return PortalError("", words)


def _group_id(call: Call, name: str = "GROUP_ID", words: str = "Wrong group ID") -> int:
    group = php.integer(call.params.get(name))
    if group <= 0:
        raise _wrong(words)
    return group


def _existing(call: Call, name: str = "GROUP_ID", words: str = "Wrong group ID") -> Row:
    row = call.portal.storage.row(GROUP, _group_id(call, name, words))
    if row is None:
        raise _wrong("Socialnetwork group not found")
    return row


def _query(call: Call) -> ListQuery:
    conditions = php.as_map(call.params.get("FILTER"))
    if php.integer(call.params.get("GROUP_ID")):
        conditions = {**conditions, "ID": call.params["GROUP_ID"]}
    return ListQuery(conditions, php.as_map(call.params.get("ORDER")), None)


def _with_subject(call: Call, rows: list[Row], shown: list[Map]) -> None:
    for group in shown:
        group["SUBJECT_NAME"], group["IS_EXTRANET"] = "Рабочие группы", "N"


def _values(call: Call, new: bool) -> Map:
    if new and not php.text(call.params.get("NAME")).strip():
        raise _wrong("Cannot create group")
    return call.params


def _title(field: Field) -> Value:
    return field.title


FACE = Face(
    GROUP,
    GROUP.fields,
    {name: name for name in _LISTED},
    values.show_text,
    paging.family_a,
    filters.Language(("!><", "><", "?", *filters.OPERATORS), GROUP.fields.get),
    _query,
    _group_id,
    _values,
    lambda: _wrong("Wrong group ID"),
    _title,
    default_order="ID desc",
    star=frozenset(_LISTED),
    decorate_list=_with_subject,
)


def _announce(call: Call, verb: str, group: int) -> None:
    call.portal.changes.announce(f"ONSONETGROUP{verb}", {"ID": group}, call.user)


def _create(call: Call) -> Value:
    group = engine.create(FACE, call, _values(call, True))
    row = call.portal.storage.row(GROUP, group) or Row()
    call.portal.storage.insert(MEMBER, {"GROUP_ID": group, "USER_ID": row["OWNER_ID"], "ROLE": "A"})
    _announce(call, "ADD", group)
    return group


def _update(call: Call) -> Value:
    group = _group_id(call)
    if call.portal.storage.row(GROUP, group) is not None and not _may_manage(call, group, "A"):
        raise _wrong("User has no permissions to update group")
    engine.change(FACE, call, group, _values(call, False))
    _announce(call, "UPDATE", group)
    return group


def _delete(call: Call) -> Value:
    row = _existing(call)
    group = row.id
    if not _may_manage(call, group, "A"):
        raise _wrong("User has no permissions to delete group")
    storage = call.portal.storage
    for member in storage.rows(MEMBER, ["ID"], "GROUP_ID = ?", [group]):
        storage.delete(MEMBER, member.id)
    storage.delete(GROUP, group)
    _announce(call, "DELETE", group)
    return True


def _members(call: Call) -> Value:
    row = _existing(call, "ID", "Wrong socialnetwork group ID")
    found = call.portal.storage.rows(MEMBER, ["USER_ID", "ROLE"], "GROUP_ID = ?", [row["ID"]])
    return [{"USER_ID": member.text("USER_ID"), "ROLE": member["ROLE"]} for member in found]


def _people(call: Call) -> list[int]:
    people = [php.integer(item) for item in php.as_list(call.params.get("USER_ID"))]
    known = [user for user in people if call.portal.storage.row(USER, user) is not None]
    if not known:
        raise _wrong("Wrong user IDs")
    return known


def _membership(call: Call, group: Value, user: int) -> Map | None:
    where = "GROUP_ID = ? and USER_ID = ?"
    found = call.portal.storage.rows(MEMBER, ["ID", "ROLE"], where, [group, user])
    return found[0] if found else None


def _counted(call: Call, group: Value) -> None:
    storage = call.portal.storage
    members = storage.count(MEMBER, "GROUP_ID = ? and ROLE in ('A', 'E', 'K')", [group])
    moderators = storage.count(MEMBER, "GROUP_ID = ? and ROLE in ('A', 'E')", [group])
    counts: Map = {"NUMBER_OF_MEMBERS": members, "NUMBER_OF_MODERATORS": moderators}
    storage.update(GROUP, php.integer(group), counts)


def _may_manage(call: Call, group: Value, roles: str) -> bool:
    """Whether the caller is an administrator or has one of `roles` in the group."""
    member = _membership(call, group, call.user)
    return call.admin or (member is not None and php.text(member["ROLE"]) in roles)


def _join(call: Call, role: str) -> Value:
    """Add members. The answer does not contain users who were members already."""
    row = _existing(call)
    if role == "K" and not _may_manage(call, row["ID"], "AE"):
        raise _wrong("No permissions to add users")
    added = [user for user in _people(call) if _membership(call, row["ID"], user) is None]
    for user in added:
        call.portal.storage.insert(MEMBER, {"GROUP_ID": row["ID"], "USER_ID": user, "ROLE": role})
    _counted(call, row["ID"])
    return [str(user) for user in added]


def _request(call: Call) -> Value:
    """Request membership for the caller. A member gets the same answer."""
    row = _existing(call)
    if _membership(call, row["ID"], call.user) is None:
        call.portal.storage.insert(MEMBER, {"GROUP_ID": row["ID"], "USER_ID": call.user, "ROLE": "Z"})
    return True


def _leave(call: Call) -> Value:
    """Remove members. The owner always stays."""
    row = _existing(call)
    if not _may_manage(call, row["ID"], "AE"):
        raise _wrong("No permissions to update users role")
    gone = []
    for user in _people(call):
        member = _membership(call, row["ID"], user)
        if member is not None and member["ROLE"] != "A":
            call.portal.storage.delete(MEMBER, php.integer(member["ID"]))
            gone.append(str(user))
    _counted(call, row["ID"])
    return gone


def _change_role(call: Call) -> Value:
    row = _existing(call)
    if not _may_manage(call, row["ID"], "AE"):
        raise _wrong("No permissions to update users role")
    role = php.text(call.params.get("ROLE"))
    if role not in _ROLES - {"A"}:
        raise _wrong("Incorrect role code")
    changed = []
    for user in _people(call):
        member = _membership(call, row["ID"], user)
        if member is not None and member["ROLE"] != "A":
            call.portal.storage.update(MEMBER, php.integer(member["ID"]), {"ROLE": role})
            changed.append(str(user))
    _counted(call, row["ID"])
    return changed


def _mine(call: Call) -> Value:
    storage = call.portal.storage
    found = storage.rows(MEMBER, ["GROUP_ID", "ROLE"], "USER_ID = ?", [call.user], "GROUP_ID")
    groups = [(member, storage.row(GROUP, member.integer("GROUP_ID")) or Row()) for member in found]
    return [
        {
            "GROUP_ID": member.text("GROUP_ID"),
            "GROUP_NAME": group.get("NAME"),
            "ROLE": member["ROLE"],
            "GROUP_IMAGE_ID": None,
            "GROUP_IMAGE": "",
        }
        for member, group in groups
    ]


def _set_owner(call: Call) -> Value:
    row = call.portal.storage.row(GROUP, php.integer(call.params.get("GROUP_ID")))
    if row is None:
        raise _wrong("Invalid workgroup/project ID")
    user = php.integer(call.params.get("USER_ID"))
    if call.portal.storage.row(USER, user) is None:
        raise _wrong("Invalid user ID")
    if not _may_manage(call, row["ID"], "A"):
        raise _wrong("Insufficient permissions to complete the operation.")
    storage = call.portal.storage
    for member in storage.rows(MEMBER, ["ID"], "GROUP_ID = ? and ROLE = 'A'", [row["ID"]]):
        storage.update(MEMBER, member.id, {"ROLE": "E"})
    known = _membership(call, row["ID"], user)
    if known is None:
        storage.insert(MEMBER, {"GROUP_ID": row["ID"], "USER_ID": user, "ROLE": "A"})
    else:
        storage.update(MEMBER, php.integer(known["ID"]), {"ROLE": "A"})
    storage.update(GROUP, row.id, {"OWNER_ID": user})
    _counted(call, row["ID"])
    return True


def _feature_access(call: Call) -> Value:
    row = _existing(call, words="Wrong socialnetwork group ID")
    feature = php.text(call.params.get("FEATURE"))
    if feature not in _OPERATIONS:
        raise _wrong("Wrong feature")
    if php.text(call.params.get("OPERATION")) not in _OPERATIONS[feature].split():
        raise _wrong("Wrong operation")
    return call.admin or _membership(call, row["ID"], call.user) is not None


def _api_query(call: Call) -> ListQuery:
    select = [php.text(name) for name in php.as_list(call.exact("select"))]
    plain = [name for name in select if name in _SELECTABLE]
    return ListQuery(php.as_map(call.exact("filter")), php.as_map(call.exact("order")), plain or None)


def _kind(row: Row) -> str:
    return "scrum" if row["SCRUM_MASTER_ID"] else "project" if row["PROJECT"] == "Y" else "group"


def _with_kind(call: Call, rows: list[Row], shown: list[Map]) -> None:
    """Add `TYPE` and `AVATAR`, which are not columns, when they are selected."""
    wanted = {php.text(name) for name in php.as_list(call.exact("select"))}
    for row, group in zip(rows, shown, strict=True):
        if "TYPE" in wanted:
            group["type"] = _kind(call.portal.storage.row(GROUP, row.id) or Row())
        if "AVATAR" in wanted:
            group["avatar"] = ""


API_FACE = Face(
    GROUP,
    GROUP.fields,
    {name: GROUP.fields[name].camel for name in _SELECTABLE},
    values.show_text,
    paging.family_b,
    filters.Language(filters.OPERATORS, GROUP.fields.get),
    _api_query,
    lambda call: php.integer(call.exact("id")),
    lambda call, new: {},
    errors.not_found,
    _title,
    envelope="workgroups",
    star=frozenset(_SELECTABLE),
    decorate_list=_with_kind,
)


def _api_get(call: Call) -> Value:
    """One group with numbers as numbers. Most additional words of `select` give empty values."""
    params = php.as_map(call.exact("params"))
    group = php.integer(params.get("groupId"))
    if not group:
        raise PortalError("SONET_CONTROLLER_WORKGROUP_EMPTY", "No value for the workgroup ID was provided.")
    row = call.portal.storage.row(GROUP, group)
    if row is None:
        raise PortalError("SONET_CONTROLLER_WORKGROUP_NOT_FOUND", "Workgroup not found.")
    shown: Map = dict(row)
    select = {php.text(name) for name in php.as_list(params.get("select"))}
    if "LIST_OF_MEMBERS" in select:
        found = call.portal.storage.rows(MEMBER, ["USER_ID", "ROLE"], "GROUP_ID = ?", [group])
        shown["LIST_OF_MEMBERS"] = [{"id": member["USER_ID"], "role": member["ROLE"]} for member in found]
    if "OWNER_DATA" in select:
        owner = call.portal.storage.row(USER, row.integer("OWNER_ID")) or Row()
        shown["OWNER_DATA"] = {"ID": owner.get("ID"), "NAME": owner.get("NAME"), "LAST_NAME": owner.get("LAST_NAME")}
    if "TAGS" in select:
        shown["TAGS"] = [tag.strip() for tag in row.text("KEYWORDS").split(",") if tag.strip()]
    return shown


def register(registry: Registry) -> None:
    """Register the methods of workgroups."""
    for name, run in (
        ("get", partial(engine.list_page, FACE)),
        ("create", _create),
        ("update", _update),
        ("delete", _delete),
        ("setowner", _set_owner),
        ("feature.access", _feature_access),
        ("user.get", _members),
        ("user.add", partial(_join, role="K")),
        ("user.invite", partial(_join, role="Z")),
        ("user.request", _request),
        ("user.update", _change_role),
        ("user.delete", _leave),
        ("user.groups", _mine),
    ):
        registry.classic(f"sonet_group.{name}", "sonet_group", run)
    registry.controller(
        "socialnetwork.api.workgroup",
        "Bitrix\\Socialnetwork\\Controller\\Workgroup",
        "sonet_group",
        {"list": partial(engine.list_page, API_FACE), "get": _api_get},
    )
