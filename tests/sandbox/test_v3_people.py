"""REST 3.0: members of departments, employees, and the chats of departments."""

from __future__ import annotations

import pytest

from b24_sandbox.app import USER_WEBHOOK
from tests.sandbox.rest_v3 import REQUEST, V3, fields

MEMBER, EMPLOYEE = "humanresources.node.member", "humanresources.employee"
LINK = "humanresources.node.communication"
SALES, EXPORT, SERVICE, IT = 2, 3, 4, 7


async def _people(v3: V3, node: int) -> dict[int, str]:
    item = (await v3.result("humanresources.node.get", {"id": node, "select": ["members"]}))["item"]
    return {member["userId"]: member["role"].removeprefix("MEMBER_") for member in item["members"]}


async def test_users_join_a_department_and_keep_their_own(v3: V3) -> None:
    sent = {"nodeId": IT, "userIds": [3, 4], "role": "MEMBER_EMPLOYEE"}
    assert await v3.result(f"{MEMBER}.add", sent) == {"success": True}
    assert await _people(v3, IT) == {3: "EMPLOYEE", 4: "EMPLOYEE", 18: "HEAD", 19: "EMPLOYEE"}
    assert (await v3.old("user.get", {"ID": 3}))[0]["UF_DEPARTMENT"] == [SALES, IT]
    await v3.result(f"{MEMBER}.add", {**sent, "userIds": [3], "role": "MEMBER_DEPUTY_HEAD"})
    assert (await _people(v3, IT))[3] == "DEPUTY_HEAD"


async def test_a_member_and_a_new_department_are_written_with_the_rules_of_version_2(v3: V3) -> None:
    await v3.result(f"{MEMBER}.add", {"nodeId": IT, "userIds": [3], "role": "MEMBER_EMPLOYEE"})
    assert (await v3.old("user.get", {"ID": 3}))[0]["TIMESTAMP_X"] == "01.03.2026 12:00:00"
    new = {"type": "DEPARTMENT", "name": "A", "parentId": IT}
    node = (await v3.result("humanresources.node.add", new))["id"]
    assert (await v3.old("department.get", {"ID": node}))[0]["SORT"] == 500


async def test_a_new_head_is_the_head_in_version_2(v3: V3) -> None:
    await v3.result(f"{MEMBER}.set", {"nodeId": IT, "userIds": {"MEMBER_HEAD": [19], "MEMBER_EMPLOYEE": [18]}})
    assert await _people(v3, IT) == {18: "EMPLOYEE", 19: "HEAD"}
    assert (await v3.old("department.get", {"ID": IT}))[0]["UF_HEAD"] == "19"


async def test_a_set_replaces_all_members(v3: V3) -> None:
    given = {"MEMBER_HEAD": [18, 3], "MEMBER_DEPUTY_HEAD": [3, 4], "MEMBER_EMPLOYEE": []}
    assert await v3.result(f"{MEMBER}.set", {"nodeId": IT, "userIds": given}) == {"success": True}
    assert await _people(v3, IT) == {3: "HEAD", 4: "DEPUTY_HEAD", 18: "HEAD"}
    assert (await v3.old("department.get", {"ID": IT}))[0]["UF_HEAD"] == "18"
    assert (await v3.old("user.get", {"ID": 19}))[0]["UF_DEPARTMENT"] == []


async def test_moved_users_leave_their_departments_and_roles(v3: V3) -> None:
    assert await v3.result(f"{MEMBER}.move", {"nodeId": IT, "userIds": [8]}) == {"success": True}
    assert await _people(v3, EXPORT) == {9: "EMPLOYEE"}
    assert (await _people(v3, IT))[8] == "EMPLOYEE"
    assert (await _people(v3, IT))[18] == "HEAD"
    assert (await v3.old("user.get", {"ID": 8}))[0]["UF_DEPARTMENT"] == [IT]
    assert "UF_HEAD" not in (await v3.old("department.get", {"ID": EXPORT}))[0]


async def test_users_are_removed_when_they_are_members(v3: V3) -> None:
    result = await v3.result(f"{MEMBER}.remove", {"nodeId": EXPORT, "userIds": [8, 3, 999]})
    missing = [{"userId": user, "reason": "Not found in this node"} for user in (3, 999)]
    assert result == {"removed": [8], "failed": missing}
    assert await _people(v3, EXPORT) == {9: "EMPLOYEE"}


@pytest.mark.parametrize(
    ("method", "sent", "names"),
    [
        ("add", {}, ["nodeId", "userIds", "role"]),
        ("add", {"nodeId": IT, "userIds": [], "role": "MEMBER_HEAD"}, ["userIds"]),
        ("add", {"nodeId": IT, "userIds": ["3"], "role": "MEMBER_HEAD"}, ["userIds"]),
        ("add", {"nodeId": IT, "userIds": [999], "role": "MEMBER_HEAD"}, ["userIds"]),
        ("add", {"nodeId": IT, "userIds": [3], "role": "MEMBER_TEAM_HEAD"}, ["role"]),
        ("add", {"nodeId": IT, "userIds": [3], "role": "OWNER"}, ["role"]),
        ("move", {"nodeId": IT, "userIds": [3], "role": "OWNER"}, ["role"]),
        ("set", {"nodeId": IT, "userIds": {"MEMBER_OWNER": [3]}}, ["userIds"]),
        ("set", {"nodeId": IT, "userIds": {}}, ["userIds"]),
        ("set", {"nodeId": IT, "userIds": {"MEMBER_HEAD": 5}}, ["userIds"]),
        ("remove", {"nodeId": IT}, ["userIds"]),
        ("remove", {"nodeId": "7", "userIds": [3]}, ["nodeId"]),
    ],
)
async def test_invalid_changes_of_members_are_refused(reads: V3, method: str, sent: object, names: list[str]) -> None:
    refused = await reads.refused(f"{MEMBER}.{method}", sent)
    assert (refused[1], fields(refused[2])) == (REQUEST, names)


async def test_only_administrators_change_existing_departments(reads: V3) -> None:
    sent = {"nodeId": IT, "userIds": [3], "role": "MEMBER_EMPLOYEE"}
    seller = V3(reads.sandbox, reads.http, USER_WEBHOOK)
    for method in ("add", "move", "remove"):
        assert (await seller.refused(f"{MEMBER}.{method}", sent))[:2] == (403, "ACCESSDENIEDEXCEPTION")
        missing = await reads.refused(f"{MEMBER}.{method}", {**sent, "nodeId": 999})
        assert missing[:2] == (400, "ENTITYNOTFOUNDEXCEPTION")


async def test_employees_are_active_users_of_departments(v3: V3) -> None:
    assert await v3.result(f"{EMPLOYEE}.count") == {"total": 19}
    await v3.result(f"{MEMBER}.remove", {"nodeId": SALES, "userIds": [4]})
    assert await v3.result(f"{EMPLOYEE}.count") == {"total": 18}
    former = V3(v3.sandbox, v3.http, USER_WEBHOOK)
    for method, sent in (
        ("count", {}),
        ("multidepartment", {}),
        ("search", {"name": "a"}),
        ("subordinates", {"id": 1}),
    ):
        assert (await former.refused(f"{EMPLOYEE}.{method}", sent))[:2] == (403, "ACCESSDENIEDEXCEPTION")


async def test_employees_of_several_departments_are_listed(v3: V3) -> None:
    assert await v3.result(f"{EMPLOYEE}.multidepartment") == {"employees": [], "total": 0}
    await v3.result(f"{MEMBER}.add", {"nodeId": IT, "userIds": [9], "role": "MEMBER_EMPLOYEE"})
    assert await v3.result(f"{EMPLOYEE}.multidepartment") == {
        "employees": [
            {
                "userId": 9,
                "name": "Daniel Kruger",
                "workPosition": "Account manager",
                "departments": [{"id": EXPORT, "name": "Продажи: экспорт"}, {"id": IT, "name": "ИТ"}],
            }
        ],
        "total": 1,
    }


async def test_employees_are_found_by_name(reads: V3) -> None:
    found = await reads.items(f"{EMPLOYEE}.search", {"name": "bennett laura"})
    assert found == [
        {
            "userId": 8,
            "name": "Laura Bennett",
            "workPosition": "Head of export sales",
            "avatar": None,
            "url": "/company/personal/user/8/",
            "departments": [{"id": EXPORT, "name": "Продажи: экспорт"}],
            "teams": [],
        }
    ]
    chosen = {"name": "ов", "nodeId": SERVICE, "select": ["userId"]}
    assert await reads.items(f"{EMPLOYEE}.search", chosen) == [{"userId": 12}, {"userId": 13}]
    assert await reads.items(f"{EMPLOYEE}.search", {"name": "Кирилл"}) == []  # has left the company


async def test_invalid_searches_of_employees_are_refused(reads: V3) -> None:
    for sent in ({}, {"name": " "}, {"name": 5}):
        refused = await reads.refused(f"{EMPLOYEE}.search", sent)
        assert (refused[1], fields(refused[2])) == (REQUEST, ["name"])
    unknown = await reads.refused(f"{EMPLOYEE}.search", {"name": "a", "select": ["salary"]})
    assert unknown[1] == "UNKNOWNDTOPROPERTYEXCEPTION"
    assert (await reads.refused(f"{EMPLOYEE}.search", {"name": "a", "select": 5}))[1] == "INVALIDSELECTEXCEPTION"


async def test_subordinates_are_counted_by_department(v3: V3) -> None:
    head = {"nodeId": SALES, "name": "Отдел продаж", "role": "HEAD", "subordinatesCount": 5}
    assert await v3.result(f"{EMPLOYEE}.subordinates", {"id": 2}) == {"userId": 2, "departments": [head]}
    assert await v3.result(f"{EMPLOYEE}.subordinates", {"id": 5}) == {"userId": 5, "departments": []}
    await v3.result(f"{MEMBER}.add", {"nodeId": SALES, "userIds": [3], "role": "MEMBER_DEPUTY_HEAD"})
    deputy = {**head, "role": "DEPUTY_HEAD", "subordinatesCount": 4}
    assert await v3.result(f"{EMPLOYEE}.subordinates", {"id": 3}) == {"userId": 3, "departments": [deputy]}
    for sent in ({}, {"id": 0}, {"id": "2"}):
        assert fields((await v3.refused(f"{EMPLOYEE}.subordinates", sent))[2]) == ["id"]


@pytest.mark.parametrize(
    ("prefix", "names"),
    [
        (MEMBER, "userId name workPosition role avatar url"),
        (EMPLOYEE, "userId name workPosition avatar url departments teams"),
    ],
)
async def test_the_fields_of_people_are_described(reads: V3, prefix: str, names: str) -> None:
    assert [item["name"] for item in await reads.items(f"{prefix}.field.list")] == names.split()
    assert (await reads.result(f"{prefix}.field.get", {"name": "userId"}))["item"]["type"] == "int"


async def test_a_department_without_chats_has_empty_lists(reads: V3) -> None:
    assert await reads.result(f"{LINK}.list", {"id": IT}) == {
        "chats": [],
        "chatsNoAccess": 0,
        "channels": [],
        "channelsNoAccess": 0,
        "collabs": [],
        "collabsNoAccess": 0,
    }
    assert (await reads.refused(f"{LINK}.list", {"id": 999}))[:2] == (400, "ENTITYNOTFOUNDEXCEPTION")
    assert fields((await reads.refused(f"{LINK}.list"))[2]) == ["id"]


async def test_chats_are_bound_and_unbound(v3: V3) -> None:
    chat = await v3.old("im.chat.add", {"TITLE": "Duty", "COLOR": "RED", "USERS": [18]})
    sent = {"nodeId": IT, "communicationType": "CHAT", "ids": [chat]}
    assert await v3.result(f"{LINK}.edit", sent) == {"success": True}
    assert await v3.result(f"{LINK}.edit", sent) == {"success": True}
    shown = (await v3.result(f"{LINK}.list", {"id": IT}))["chats"]
    assert shown == [
        {
            "id": chat,
            "dialogId": f"chat{chat}",
            "type": "CHAT",
            "title": "Duty",
            "subtitle": "Private chat",
            "avatar": "",
            "hasAccess": True,
            "originalNodeId": None,
            "color": shown[0]["color"],
            "isExtranet": False,
        }
    ]
    seller = V3(v3.sandbox, v3.http, USER_WEBHOOK)
    hidden = await seller.result(f"{LINK}.list", {"id": IT})
    assert (hidden["chats"], hidden["chatsNoAccess"]) == ([], 1)
    await v3.result(f"{LINK}.edit", {"nodeId": IT, "communicationType": "CHANNEL", "removeIds": [chat]})
    assert len((await v3.result(f"{LINK}.list", {"id": IT}))["chats"]) == 1
    await v3.result(f"{LINK}.edit", {"nodeId": IT, "communicationType": "CHAT", "removeIds": [chat]})
    assert (await v3.result(f"{LINK}.list", {"id": IT}))["chats"] == []


async def test_a_default_chat_has_the_members_and_reaches_departments_below(v3: V3) -> None:
    sent = {"nodeId": SALES, "communicationType": "CHANNEL", "createDefault": True, "withChildren": True}
    await v3.result(f"{LINK}.edit", sent)
    chat = (await v3.result(f"{LINK}.list", {"id": SALES}))["channels"][0]
    assert (chat["title"], chat["originalNodeId"]) == ("Отдел продаж", None)
    assert {2, 3, 4, 5, 6, 7} < set(await v3.old("im.chat.user.list", {"CHAT_ID": chat["id"]}))
    assert (await v3.result(f"{LINK}.list", {"id": EXPORT}))["channels"] == [{**chat, "originalNodeId": SALES}]
    assert (await v3.result(f"{LINK}.list", {"id": SERVICE}))["channels"] == []


async def test_a_collab_is_a_workgroup(v3: V3) -> None:
    await v3.result(f"{LINK}.edit", {"nodeId": IT, "communicationType": "COLLAB", "createDefault": True})
    collab = (await v3.result(f"{LINK}.list", {"id": IT}))["collabs"][0]
    assert (collab["title"], collab["type"], collab["avatar"], "color" in collab) == ("ИТ", "COLLAB", None, False)
    members = await v3.old("sonet_group.user.get", {"ID": collab["id"]})
    assert {member["USER_ID"] for member in members} == {"1", "18", "19"}


@pytest.mark.parametrize(
    ("sent", "names"),
    [
        ({}, ["nodeId", "communicationType"]),
        ({"nodeId": IT, "communicationType": "EMAIL"}, ["communicationType"]),
        ({"nodeId": IT, "communicationType": "CHAT", "ids": ["5"]}, ["ids"]),
        ({"nodeId": IT, "communicationType": "CHAT", "ids": [99999]}, ["ids"]),
        ({"nodeId": IT, "communicationType": "CHAT", "withChildren": "Y"}, ["withChildren"]),
    ],
)
async def test_invalid_changes_of_chats_are_refused(reads: V3, sent: object, names: list[str]) -> None:
    refused = await reads.refused(f"{LINK}.edit", sent)
    assert (refused[1], fields(refused[2])) == (REQUEST, names)


async def test_only_administrators_change_the_chats_of_departments(reads: V3) -> None:
    sent = {"nodeId": IT, "communicationType": "CHAT"}
    seller = V3(reads.sandbox, reads.http, USER_WEBHOOK)
    assert (await seller.refused(f"{LINK}.edit", sent))[:2] == (403, "ACCESSDENIEDEXCEPTION")
    assert (await reads.refused(f"{LINK}.edit", {**sent, "nodeId": 999}))[:2] == (400, "ENTITYNOTFOUNDEXCEPTION")


async def test_a_new_department_has_members_with_roles(v3: V3) -> None:
    people = {"MEMBER_HEAD": [9], "MEMBER_DEPUTY_HEAD": [3], "MEMBER_EMPLOYEE": [8]}
    sent = {"type": "DEPARTMENT", "name": "Fairs", "parentId": 1, "userIds": people, "colorName": "green"}
    item = await v3.result("humanresources.node.add", {**sent, "moveUsersToNode": True})
    assert (item["name"], item["userCount"], item["colorName"]) == ("Fairs", 3, "green")
    assert {member["userId"]: member["role"] for member in item["members"]} == {
        3: "MEMBER_DEPUTY_HEAD",
        8: "MEMBER_EMPLOYEE",
        9: "MEMBER_HEAD",
    }
    assert await _people(v3, EXPORT) == {}
    assert (await v3.result("humanresources.node.get", {"id": SALES}))["item"]["userCount"] == 5


async def test_a_new_department_has_communications(v3: V3) -> None:
    chat = await v3.old("im.chat.add", {"TITLE": "Duty"})
    sent = {"type": "DEPARTMENT", "name": "Fairs", "parentId": 1, "bindingChatIds": [chat], "createChannel": True}
    node = (await v3.result("humanresources.node.add", sent))["id"]
    links = await v3.result(f"{LINK}.list", {"id": node})
    assert [link["title"] for link in links["chats"]] == ["Duty"]
    assert [link["title"] for link in links["channels"]] == ["Fairs"]
    assert links["collabs"] == []


@pytest.mark.parametrize(
    ("sent", "names"),
    [
        ({"bindingChatIds": [99999]}, ["bindingChatIds"]),
        ({"createCollab": "Y"}, ["createCollab"]),
        ({"settings": {"COLOR": ["HEAD"]}}, ["settings"]),
        ({"settings": {"REPORTS_AUTHORITY": ["BOSS"]}}, ["settings"]),
        ({"userIds": {"MEMBER_TEAM_HEAD": [3]}}, ["userIds"]),
    ],
)
async def test_invalid_parts_of_a_new_department_are_refused(
    reads: V3, sent: dict[str, object], names: list[str]
) -> None:
    whole = {"type": "DEPARTMENT", "name": "Fairs", "parentId": 1, **sent}
    refused = await reads.refused("humanresources.node.add", whole)
    assert (refused[1], fields(refused[2])) == (REQUEST, names)
    assert "Fairs" not in [
        item["name"] for item in await reads.items("humanresources.node.list", {"type": "DEPARTMENT"})
    ]
