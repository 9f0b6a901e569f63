"""What workgroups decide: who may change a group and its members."""

from __future__ import annotations

import pytest

from tests.sandbox.conftest import Caller


async def _group(write: Caller, *members: int) -> int:
    group = await write.result("sonet_group.create", {"NAME": "Склад"})
    if members:
        await write.result("sonet_group.user.add", {"GROUP_ID": group, "USER_ID": list(members)})
    return int(group)


async def _roles(write: Caller, group: int) -> dict[str, str]:
    return {row["USER_ID"]: row["ROLE"] for row in await write.result("sonet_group.user.get", {"ID": group})}


async def test_a_new_group_has_the_defaults_of_the_portal(write: Caller) -> None:
    row = (await write.result("sonet_group.get", {"GROUP_ID": await _group(write)}))[0]
    names = ("ACTIVE", "VISIBLE", "OPENED", "CLOSED", "PROJECT", "OWNER_ID", "NUMBER_OF_MEMBERS", "SUBJECT_ID")
    assert [row[name] for name in names] == ["Y", "Y", "N", "N", "N", "1", "1", "1"]


@pytest.mark.parametrize(
    ("method", "sent", "text"),
    [
        ("user.add", {"USER_ID": [7]}, "No permissions to add users"),
        ("user.update", {"USER_ID": [3], "ROLE": "E"}, "No permissions to update users role"),
        ("user.delete", {"USER_ID": [3]}, "No permissions to update users role"),
        ("update", {"NAME": "Чужая"}, "User has no permissions to update group"),
        ("delete", {}, "User has no permissions to delete group"),
        ("setowner", {"USER_ID": 3}, "Insufficient permissions to complete the operation."),
    ],
)
@pytest.mark.parametrize("member", [True, False])
async def test_a_plain_member_or_a_stranger_changes_nothing(
    write: Caller, method: str, sent: dict[str, object], text: str, member: bool
) -> None:
    group = await _group(write, 3, *([4] if member else []))
    before = await _roles(write, group)
    _, answer = await write.as_user().refused(f"sonet_group.{method}", {"GROUP_ID": group, **sent})
    assert answer == {"error": "", "error_description": text}
    assert await _roles(write, group) == before


async def test_a_moderator_changes_members_but_not_the_group(write: Caller) -> None:
    group = await _group(write, 3, 4)
    await write.result("sonet_group.user.update", {"GROUP_ID": group, "USER_ID": [4], "ROLE": "E"})
    user = write.as_user()
    assert await user.result("sonet_group.user.add", {"GROUP_ID": group, "USER_ID": [7]}) == ["7"]
    assert await user.result("sonet_group.user.delete", {"GROUP_ID": group, "USER_ID": [3]}) == ["3"]
    await user.refused("sonet_group.update", {"GROUP_ID": group, "NAME": "Новая"})


async def test_an_owner_changes_the_group(write: Caller) -> None:
    user = write.as_user()
    group = await _group(user)
    assert await user.result("sonet_group.update", {"GROUP_ID": group, "NAME": "Новая"}) == group
    assert await user.result("sonet_group.delete", {"GROUP_ID": group}) is True


async def test_an_owner_stays_and_keeps_the_role(write: Caller) -> None:
    group = await _group(write, 3)
    assert await write.result("sonet_group.user.delete", {"GROUP_ID": group, "USER_ID": [1, 3]}) == ["3"]
    assert await write.result("sonet_group.user.update", {"GROUP_ID": group, "USER_ID": [1], "ROLE": "K"}) == []
    _, answer = await write.refused("sonet_group.user.update", {"GROUP_ID": group, "USER_ID": [1], "ROLE": "A"})
    assert answer["error_description"] == "Incorrect role code"
    assert await _roles(write, group) == {"1": "A"}


async def test_an_invited_or_asking_user_is_no_member_yet(write: Caller) -> None:
    group = await _group(write)
    assert await write.result("sonet_group.user.invite", {"GROUP_ID": group, "USER_ID": [3]}) == ["3"]
    assert await write.as_user().result("sonet_group.user.request", {"GROUP_ID": group}) is True
    assert await _roles(write, group) == {"1": "A", "3": "Z", "4": "Z"}
    row = (await write.result("sonet_group.get", {"GROUP_ID": group}))[0]
    assert row["NUMBER_OF_MEMBERS"] == "1"


async def test_members_are_deleted_with_their_group(write: Caller) -> None:
    group = await _group(write, 4)
    user = write.as_user()
    assert str(group) in [row["GROUP_ID"] for row in await user.result("sonet_group.user.groups")]
    await write.result("sonet_group.delete", {"GROUP_ID": group})
    assert str(group) not in [row["GROUP_ID"] for row in await user.result("sonet_group.user.groups")]


async def test_features_are_open_to_members_only(write: Caller) -> None:
    group = await _group(write, 4)
    right = {"GROUP_ID": group, "FEATURE": "blog", "OPERATION": "view_post"}
    user = write.as_user()
    assert await user.result("sonet_group.feature.access", right) is True
    await write.result("sonet_group.user.delete", {"GROUP_ID": group, "USER_ID": [4]})
    assert await user.result("sonet_group.feature.access", right) is False
    assert await write.result("sonet_group.feature.access", right) is True
