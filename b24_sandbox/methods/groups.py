"""`sonet_group.*` and `socialnetwork.api.workgroup.*`: workgroups and projects.

Parameters of `sonet_group.*` are read under UPPER-case names only. Documentation: api-reference/sonet-group.
"""

from __future__ import annotations

from b24_sandbox import engine, errors, filters, paging, php, values
from b24_sandbox.call import Call
from b24_sandbox.entities.groups import GROUP, MEMBER
from b24_sandbox.errors import PortalError
from b24_sandbox.faces import Face, ListQuery
from b24_sandbox.methods.group_members import existing, group_id, may_manage, member_of, wrong
from b24_sandbox.people import person
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable
from b24_sandbox.row import Row
from b24_sandbox.shapes import constant, shape

method = MethodTable("sonet_group")
register = method.register
api = method.controller("Bitrix\\Socialnetwork\\Controller\\Workgroup")

_NOT_LISTED = ("SCRUM_", "PROJECT_DATE", "IMAGE", "AVATAR", "LANDING", "INITIATE_PERMS", "NUMBER_OF_MODERATORS")
_LISTED = [name for name in GROUP.fields if not name.startswith(_NOT_LISTED)]
_SELECTABLE = [name for name in GROUP.fields if name != "SITE_ID"]


def _query(call: Call) -> ListQuery:
    conditions = call.sent.inner("FILTER")
    if call.sent.integer("GROUP_ID"):
        conditions["ID"] = call.params["GROUP_ID"]
    return ListQuery(conditions, call.sent.inner("ORDER"), None)


def _with_subject(call: Call, rows: list[Row], shown: list[Map]) -> None:
    for group in shown:
        group["SUBJECT_NAME"], group["IS_EXTRANET"] = "Рабочие группы", "N"


def _values(call: Call, new: bool) -> Map:
    if new and not call.sent.text("NAME").strip():
        raise wrong("Cannot create group")
    return call.params


FACE = Face(
    GROUP,
    GROUP.fields,
    {name: name for name in _LISTED},
    values.show_text,
    paging.family_a,
    filters.Language(("!><", "><", "?", *filters.OPERATORS), GROUP.fields.get),
    _query,
    group_id,
    _values,
    lambda: wrong("Wrong group ID"),
    lambda field: field.title,
    default_order="ID desc",
    star=frozenset(_LISTED),
    decorate_list=_with_subject,
)


def _announce(call: Call, verb: str, group: int) -> int:
    call.portal.changes.announce(f"ONSONETGROUP{verb}", {"ID": group}, call.user)
    return group


@method("sonet_group.create")
def _create(call: Call) -> Value:
    group = engine.create(FACE, call, _values(call, True))
    row = call.storage.row(GROUP, group) or Row()
    call.storage.insert(MEMBER, {"GROUP_ID": group, "USER_ID": row["OWNER_ID"], "ROLE": "A"})
    return _announce(call, "ADD", group)


@method("sonet_group.update")
def _update(call: Call) -> Value:
    group = group_id(call)
    if call.storage.row(GROUP, group) is not None and not may_manage(call, group, "A"):
        raise wrong("User has no permissions to update group")
    engine.change(FACE, call, group, _values(call, False))
    return _announce(call, "UPDATE", group)


@method("sonet_group.delete")
def _delete(call: Call) -> Value:
    group = existing(call).id
    if not may_manage(call, group, "A"):
        raise wrong("User has no permissions to delete group")
    call.storage.delete_all(MEMBER, "GROUP_ID = ?", [group])
    call.storage.delete(GROUP, group)
    _announce(call, "DELETE", group)
    return True


@method("sonet_group.feature.access")
def _feature_access(call: Call) -> Value:
    row, operations = existing(call, words="Wrong socialnetwork group ID"), php.as_map(constant("groups.operations"))
    feature = call.sent.text("FEATURE")
    if feature not in operations:
        raise wrong("Wrong feature")
    if call.sent.text("OPERATION") not in php.as_list(operations[feature]):
        raise wrong("Wrong operation")
    return call.admin or member_of(call, row["ID"], call.user) is not None


def _api_query(call: Call) -> ListQuery:
    plain = [name for name in call.sent.texts("select") if name in _SELECTABLE]
    return ListQuery(call.sent.inner("filter"), call.sent.inner("order"), plain or None)


def _kind(row: Row) -> str:
    return "scrum" if row["SCRUM_MASTER_ID"] else "project" if row["PROJECT"] == "Y" else "group"


def _with_kind(call: Call, rows: list[Row], shown: list[Map]) -> None:
    """Add `TYPE` and `AVATAR`, which are not columns, when they are selected."""
    wanted = call.sent.texts("select")
    for row, group in zip(rows, shown, strict=True):
        if "TYPE" in wanted:
            group["type"] = _kind(call.storage.row(GROUP, row.id) or Row())
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
    lambda call: call.sent.integer("id"),
    lambda call, new: {},
    errors.not_found,
    lambda field: field.title,
    envelope="workgroups",
    star=frozenset(_SELECTABLE),
    decorate_list=_with_kind,
)


@api("socialnetwork.api.workgroup.get")
def _api_get(call: Call) -> Value:
    """One group with numbers as numbers. Most additional words of `select` give empty values."""
    params, storage = call.sent.inner("params"), call.storage
    group = params.integer("groupId")
    if not group:
        raise PortalError("SONET_CONTROLLER_WORKGROUP_EMPTY", "No value for the workgroup ID was provided.")
    row = storage.row(GROUP, group)
    if row is None:
        raise PortalError("SONET_CONTROLLER_WORKGROUP_NOT_FOUND", "Workgroup not found.")
    shown: Map = dict(row)
    select = params.texts("select")
    if "LIST_OF_MEMBERS" in select:
        members = storage.whole(MEMBER, "GROUP_ID = ?", [group])
        shown["LIST_OF_MEMBERS"] = [shape("groups.api_member", member) for member in members]
    if "OWNER_DATA" in select:
        shown["OWNER_DATA"] = shape("groups.owner", person(call.portal, row.integer("OWNER_ID")))
    if "TAGS" in select:
        shown["TAGS"] = [tag.strip() for tag in row.text("KEYWORDS").split(",") if tag.strip()]
    return shown


method.add("sonet_group.get", lambda call: engine.list_page(FACE, call))
api.add("socialnetwork.api.workgroup.list", lambda call: engine.list_page(API_FACE, call))
