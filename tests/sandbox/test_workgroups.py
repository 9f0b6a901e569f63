"""Workgroups and their members, options of applications, working days."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import Caller


async def test_groups_are_a_bare_list_newest_first_with_numbers_as_text(call: Caller) -> None:
    answer = await call("sonet_group.get", {})
    assert [row["ID"] for row in answer["result"]] == ["4", "3", "2", "1"]
    assert answer["total"] == 4
    sales = answer["result"][-1]
    assert (sales["NAME"], sales["OWNER_ID"], sales["NUMBER_OF_MEMBERS"], sales["IS_EXTRANET"]) == (
        "Продажи",
        "2",
        "6",
        "N",
    )


async def test_only_upper_case_names_are_read(call: Caller) -> None:
    assert (await call("sonet_group.get", {"FILTER": {"%NAME": "прода"}}))["total"] == 1
    assert (await call("sonet_group.get", {"filter": {"%NAME": "прода"}}))["total"] == 4


async def test_a_group_is_created_updated_and_deleted(write: Caller) -> None:
    group = await write.result("sonet_group.create", {"NAME": "Склад", "PROJECT": "Y", "OPENED": "Y"})
    assert group == 5
    row = (await write.result("sonet_group.get", {"GROUP_ID": group}))[0]
    assert (row["PROJECT"], row["OPENED"], row["OWNER_ID"]) == ("Y", "Y", "1")
    assert await write.result("sonet_group.user.get", {"ID": group}) == [{"USER_ID": "1", "ROLE": "A"}]
    assert await write.result("sonet_group.update", {"GROUP_ID": group, "NAME": "Склад 2"}) == group
    assert await write.result("sonet_group.delete", {"GROUP_ID": group}) is True
    status, answer = await write.refused("sonet_group.update", {"GROUP_ID": group, "NAME": "x"})
    assert (status, answer) == (400, {"error": "", "error_description": "Wrong group ID"})
    _, answer = await write.refused("sonet_group.create", {})
    assert answer == {"error": "", "error_description": "Cannot create group"}


async def test_members_are_added_removed_and_change_roles(write: Caller) -> None:
    assert await write.result("sonet_group.user.add", {"GROUP_ID": 1, "USER_ID": [3, 9, 10]}) == ["9", "10"]
    assert await write.result("sonet_group.user.update", {"GROUP_ID": 1, "USER_ID": 9, "ROLE": "E"}) == ["9"]
    assert await write.result("sonet_group.user.delete", {"GROUP_ID": 1, "USER_ID": [2, 10]}) == ["10"]
    assert (await write.result("sonet_group.get", {"GROUP_ID": 1}))[0]["NUMBER_OF_MEMBERS"] == "7"
    _, answer = await write.refused("sonet_group.user.update", {"GROUP_ID": 1, "USER_ID": 9, "ROLE": "X"})
    assert answer["error_description"] == "Incorrect role code"
    _, answer = await write.refused("sonet_group.user.get", {"ID": 99})
    assert answer["error_description"] == "Socialnetwork group not found"
    assert await write.result("sonet_group.setowner", {"GROUP_ID": 1, "USER_ID": 3}) is True
    roles = {row["USER_ID"]: row["ROLE"] for row in await write.result("sonet_group.user.get", {"ID": 1})}
    assert (roles["3"], roles["2"]) == ("A", "E")


async def test_a_feature_and_its_operation_must_exist(call: Caller) -> None:
    right = {"GROUP_ID": 1, "FEATURE": "blog", "OPERATION": "write_post"}
    assert await call.result("sonet_group.feature.access", right) is True
    _, answer = await call.refused("sonet_group.feature.access", {**right, "FEATURE": "x"})
    assert answer["error_description"] == "Wrong feature"
    _, answer = await call.refused("sonet_group.feature.access", {**right, "OPERATION": "x"})
    assert answer["error_description"] == "Wrong operation"


async def test_the_controller_shows_groups_in_camel_case_without_total_on_a_negative_start(call: Caller) -> None:
    sent = {"filter": {"%NAME": "Выставка"}, "select": ["ID", "NAME", "TYPE"]}
    answer = await call("socialnetwork.api.workgroup.list", sent)
    assert answer["result"] == {"workgroups": [{"id": "2", "name": "Выставка «Инструмент»", "type": "project"}]}
    fast = await call("socialnetwork.api.workgroup.list", {"start": -1})
    assert not {"total", "next"} & set(fast)
    one = await call.result("socialnetwork.api.workgroup.get", {"params": {"groupId": 2}})
    assert (one["ID"], one["NAME"], one["PROJECT"]) == (2, "Выставка «Инструмент»", "Y")
    _, answer = await call.refused("socialnetwork.api.workgroup.get", {"params": {}})
    assert answer["error"] == "SONET_CONTROLLER_WORKGROUP_EMPTY"


async def _as_application(write: Caller, method: str, params: object, user: int = 1) -> Any:
    token = write.sandbox.portal.oauth.issue(user).access_token
    response = await write.http.post(f"/rest/{method}?auth={token}", json=params)
    return response.json()


async def test_options_belong_to_an_application_or_to_its_user(write: Caller) -> None:
    status, answer = await write.refused("app.option.get")
    assert (status, answer["error"], answer["error_description"]) == (
        403,
        "ACCESS_DENIED",
        "Application context required",
    )
    await _as_application(write, "app.option.set", {"options": {"a": "1", "b": [1, 2]}})
    assert (await _as_application(write, "app.option.get", {}))["result"] == {"a": "1", "b": [1, 2]}
    assert (await _as_application(write, "app.option.get", {"option": "a"}))["result"] == "1"
    await _as_application(write, "user.option.set", {"options": {"a": "мой"}}, user=3)
    assert (await _as_application(write, "user.option.get", {"option": "a"}, user=3))["result"] == "мой"
    assert (await _as_application(write, "user.option.get", {}))["result"] == []
    refused = await _as_application(write, "app.option.set", {"options": {"a": "2"}}, user=3)
    assert refused["error_description"] == "Administrator authorization required"
    empty = await _as_application(write, "app.option.set", {"options": {}})
    assert empty["error"] == "ArgumentNullException"


async def test_names_of_access_codes_are_returned(call: Caller) -> None:
    names = await call.result("access.name", {"ACCESS": ["U3", "D2", "AU", "X9"]})
    assert (names["U3"]["name"], names["D2"]["name"]) == ("Анна Соколова", "Отдел продаж")
    assert names["AU"]["provider_id"] == "other"
    assert "X9" not in names


async def test_a_working_day_is_started_paused_and_closed(write: Caller) -> None:
    assert (await write.result("timeman.status", {"USER_ID": 1}))["STATUS"] == "CLOSED"
    opened = await write.result("timeman.open", {"USER_ID": 1, "TIME": "2026-03-01T09:00:00+03:00"})
    assert (opened["STATUS"], opened["TIME_START"], opened["TIME_FINISH"]) == (
        "OPENED",
        "2026-03-01T09:00:00+03:00",
        None,
    )
    assert (await write.result("timeman.pause", {"USER_ID": 1}))["STATUS"] == "PAUSED"
    closed = await write.result("timeman.close", {"USER_ID": 1})
    assert (closed["STATUS"], closed["DURATION"]) == ("CLOSED", "03:00:00")
    _, answer = await write.refused("timeman.status", {"USER_ID": 999})
    assert answer == {"error": "", "error_description": "User not found"}


@pytest.mark.parametrize("time", ["2026-02-27T09:00:00+03:00", "nonsense"])
async def test_a_time_on_another_day_is_refused(write: Caller, time: str) -> None:
    _, answer = await write.refused("timeman.open", {"TIME": time})
    assert answer["error"] == "WRONG_DATETIME"
