"""`sonet_group.user.*`, `sonet_group.setowner`: the members of workgroups. Documentation: api-reference/sonet-group."""

from __future__ import annotations

from collections.abc import Callable

from b24_sandbox.call import Call
from b24_sandbox.entities.groups import GROUP, MEMBER
from b24_sandbox.entities.staff import USER
from b24_sandbox.errors import PortalError, present
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable
from b24_sandbox.row import Row
from b24_sandbox.shapes import shape

method = MethodTable("sonet_group")
register = method.register


def wrong(words: str) -> PortalError:
    """An error of workgroups: its code is empty."""
    return PortalError("", words)


def group_id(call: Call, name: str = "GROUP_ID", words: str = "Wrong group ID") -> int:
    """The id of the group that a call names, which need not exist."""
    group = call.sent.integer(name)
    if group <= 0:
        raise wrong(words)
    return group


def existing(call: Call, name: str = "GROUP_ID", words: str = "Wrong group ID") -> Row:
    """The group that a call names."""
    return present(call.storage.row(GROUP, group_id(call, name, words)), wrong("Socialnetwork group not found"))


def member_of(call: Call, group: Value, user: int) -> Row | None:
    """The membership of a user in a group, or `None`."""
    return call.storage.first(MEMBER, "GROUP_ID = ? and USER_ID = ?", [group, user])


def may_manage(call: Call, group: Value, roles: str) -> bool:
    """Whether the caller is an administrator or has one of `roles` in the group."""
    member = member_of(call, group, call.user)
    return call.admin or (member is not None and member.text("ROLE") in roles)


def _managed(call: Call, refusal: str) -> Row:
    """The group of a call, whose members the caller may change."""
    row = existing(call)
    if not may_manage(call, row["ID"], "AE"):
        raise wrong(refusal)
    return row


@method("sonet_group.user.get")
def _get(call: Call) -> Value:
    row = existing(call, "ID", "Wrong socialnetwork group ID")
    found = call.storage.whole(MEMBER, "GROUP_ID = ?", [row["ID"]])
    return [shape("groups.member", member) for member in found]


def _people(call: Call) -> list[int]:
    known = [user for user in call.sent.integers("USER_ID") if call.storage.row(USER, user) is not None]
    if not known:
        raise wrong("Wrong user IDs")
    return known


def _counted(call: Call, group: Row) -> None:
    members = call.storage.count(MEMBER, "GROUP_ID = ? and ROLE in ('A', 'E', 'K')", [group.id])
    moderators = call.storage.count(MEMBER, "GROUP_ID = ? and ROLE in ('A', 'E')", [group.id])
    call.storage.update(GROUP, group.id, {"NUMBER_OF_MEMBERS": members, "NUMBER_OF_MODERATORS": moderators})


def _insert(call: Call, group: Row, user: int, role: str) -> None:
    call.storage.insert(MEMBER, {"GROUP_ID": group["ID"], "USER_ID": user, "ROLE": role})


def _join(call: Call, row: Row, role: str) -> Value:
    """Add members. The answer does not contain users who were members already."""
    added = [user for user in _people(call) if member_of(call, row["ID"], user) is None]
    for user in added:
        _insert(call, row, user, role)
    _counted(call, row)
    return [str(user) for user in added]


@method("sonet_group.user.add")
def _add(call: Call) -> Value:
    return _join(call, _managed(call, "No permissions to add users"), "K")


@method("sonet_group.user.request")
def _request(call: Call) -> Value:
    """Request membership for the caller. A member gets the same answer."""
    row = existing(call)
    if member_of(call, row["ID"], call.user) is None:
        _insert(call, row, call.user, "Z")
    return True


def _each_member(call: Call, row: Row, change: Callable[[int], None]) -> Value:
    """Change the memberships of users and return the users. The owner always stays."""
    changed = []
    for user in _people(call):
        member = member_of(call, row["ID"], user)
        if member is not None and member["ROLE"] != "A":
            change(member.id)
            changed.append(str(user))
    _counted(call, row)
    return changed


@method("sonet_group.user.delete")
def _leave(call: Call) -> Value:
    row = _managed(call, "No permissions to update users role")
    return _each_member(call, row, lambda member: call.storage.delete(MEMBER, member))


@method("sonet_group.user.update")
def _change_role(call: Call) -> Value:
    row = _managed(call, "No permissions to update users role")
    changes: Map = {"ROLE": call.sent.text("ROLE")}
    if changes["ROLE"] not in ("E", "K"):
        raise wrong("Incorrect role code")
    return _each_member(call, row, lambda member: call.storage.update(MEMBER, member, changes))


@method("sonet_group.user.groups")
def _mine(call: Call) -> Value:
    shown: list[Map] = []
    for member in call.storage.whole(MEMBER, "USER_ID = ?", [call.user], "GROUP_ID"):
        group = call.storage.row(GROUP, member.integer("GROUP_ID"))
        shown.append(shape("groups.mine", group, group=member["GROUP_ID"], role=member["ROLE"]))
    return shown


@method("sonet_group.setowner")
def _set_owner(call: Call) -> Value:
    storage, user = call.storage, call.sent.integer("USER_ID")
    row = present(storage.row(GROUP, call.sent.integer("GROUP_ID")), wrong("Invalid workgroup/project ID"))
    present(storage.row(USER, user), wrong("Invalid user ID"))
    if not may_manage(call, row["ID"], "A"):
        raise wrong("Insufficient permissions to complete the operation.")
    for owner in storage.ids(MEMBER, "GROUP_ID = ? and ROLE = 'A'", [row["ID"]]):
        storage.update(MEMBER, owner, {"ROLE": "E"})
    known = member_of(call, row["ID"], user)
    if known is None:
        _insert(call, row, user, "A")
    else:
        storage.update(MEMBER, known.id, {"ROLE": "A"})
    storage.update(GROUP, row.id, {"OWNER_ID": user})
    _counted(call, row)
    return True


method.add("sonet_group.user.invite", lambda call: _join(call, existing(call), "Z"))
