"""REST 3.0: the structure of the company, over the departments of version 2."""

from __future__ import annotations

import pytest

from b24_sandbox.app import USER_WEBHOOK
from tests.sandbox.rest_v3 import REQUEST, V3, fields

NODE = "humanresources.node"


async def test_departments_are_listed_by_type(reads: V3) -> None:
    items = await reads.items(f"{NODE}.list", {"type": "DEPARTMENT", "select": ["id", "parentId", "accessCode"]})
    assert items[:2] == [
        {"id": 1, "parentId": None, "accessCode": "DR1"},
        {"id": 2, "parentId": 1, "accessCode": "DR2"},
    ]
    assert await reads.items(f"{NODE}.list", {"type": "TEAM"}) == []
    for sent in ({}, {"type": "GROUP"}, {"type": 5}):
        _, code, error = await reads.refused(f"{NODE}.list", sent)
        assert (code, fields(error)) == (REQUEST, ["type"])


async def test_members_are_shown_when_selected(reads: V3) -> None:
    whole = (await reads.result(f"{NODE}.get", {"id": 3}))["item"]
    assert "members" not in whole
    assert (whole["type"], whole["userCount"], whole["structureId"]) == ("DEPARTMENT", 2, 1)
    item = (await reads.result(f"{NODE}.get", {"id": 3, "select": ["members"]}))["item"]
    assert [(member["userId"], member["role"]) for member in item["members"]] == [
        (8, "MEMBER_HEAD"),
        (9, "MEMBER_EMPLOYEE"),
    ]


async def test_an_unknown_name_in_select_is_refused(reads: V3) -> None:
    assert (await reads.refused(f"{NODE}.get", {"id": 3, "select": ["nope"]}))[1] == "UNKNOWNDTOPROPERTYEXCEPTION"
    assert (await reads.refused(f"{NODE}.get", {"id": 999}))[1] == "ENTITYNOTFOUNDEXCEPTION"


async def test_children_are_searched_and_counted(reads: V3) -> None:
    assert await reads.ids(f"{NODE}.children", {"id": 2}) == [3]
    assert await reads.ids(f"{NODE}.search", {"type": "DEPARTMENT", "name": "ПРОДАЖ"}) == [2, 3]
    assert await reads.ids(f"{NODE}.search", {"type": "DEPARTMENT", "name": "ПРОДАЖ", "parentId": 2}) == [3]
    assert await reads.result(f"{NODE}.count") == {"departments": 7, "teams": 0}


async def test_an_added_department_is_returned_bare_and_visible_in_version_2(v3: V3) -> None:
    people = {"MEMBER_HEAD": [5], "MEMBER_EMPLOYEE": [6]}
    sent = {"type": "DEPARTMENT", "name": "Design", "parentId": 1, "description": "Draws", "userIds": people}
    node = await v3.result(f"{NODE}.add", {**sent, "moveUsersToNode": True})
    assert (node["name"], node["description"], node["userCount"]) == ("Design", "Draws", 2)
    assert [member["role"] for member in node["members"]] == ["MEMBER_HEAD", "MEMBER_EMPLOYEE"]
    assert node["createdAt"] == node["updatedAt"] == "2026-03-01T12:00:00+03:00"
    old = (await v3.old("department.get", {"ID": node["id"]}))[0]
    assert (old["NAME"], old["PARENT"], old["UF_HEAD"]) == ("Design", "1", "5")
    assert (await v3.old("user.get", {"ID": 6}))[0]["UF_DEPARTMENT"] == [node["id"]]


async def test_a_department_can_be_edited_and_moved(v3: V3) -> None:
    node = await v3.result(f"{NODE}.edit", {"id": 3, "description": "Abroad", "colorName": "pink"})
    assert (node["description"], node["colorName"], node["updatedAt"]) == (
        "Abroad",
        "pink",
        "2026-03-01T12:00:00+03:00",
    )
    moved = await v3.result(f"{NODE}.move", {"id": 3, "parentId": 5})
    assert (moved["parentId"], moved["description"]) == (5, "Abroad")


@pytest.mark.parametrize(
    ("method", "sent", "field"),
    [
        ("add", {"type": "DEPARTMENT", "parentId": 1}, "name"),
        ("add", {"type": "DEPARTMENT", "name": "A"}, "parentId"),
        ("add", {"type": "DEPARTMENT", "name": "A", "parentId": 1, "userIds": {"MEMBER_HEAD": [999]}}, "userIds"),
        ("edit", {"id": 3}, "name"),
        ("edit", {"id": 3, "colorName": "red"}, "colorName"),
        ("edit", {"id": "3", "name": "A"}, "id"),
        ("move", {"id": 3}, "parentId"),
        ("move", {"id": 2, "parentId": 3}, "parentId"),
    ],
)
async def test_invalid_departments_are_refused(reads: V3, method: str, sent: object, field: str) -> None:
    status, code, error = await reads.refused(f"{NODE}.{method}", sent)
    assert (status, code, fields(error)) == (400, REQUEST, [field])


async def test_only_an_administrator_can_change_the_structure(reads: V3) -> None:
    seller = V3(reads.sandbox, reads.http, USER_WEBHOOK)
    assert (await seller.refused(f"{NODE}.move", {"id": 3, "parentId": 1}))[:2] == (403, "ACCESSDENIEDEXCEPTION")
    assert await seller.ids(f"{NODE}.children", {"id": 2}) == [3]
