"""What users, departments, calls and widgets decide: rights, required values, what happens to members."""

from __future__ import annotations

import pytest

from tests.sandbox.conftest import Caller
from tests.sandbox.test_workgroups import _as_application

DENIED = {"error": "ERROR_CORE", "error_description": "access_denied"}


async def test_users_are_written_by_an_administrator(write: Caller) -> None:
    user = write.as_user()
    new = {"EMAIL": "new@example.com", "UF_DEPARTMENT": [1]}
    for method, sent in (("user.add", new), ("user.update", {"ID": 3, "NAME": "Иван"})):
        assert (await user.refused(method, sent))[1] == DENIED
    person = await write.result("user.add", new)
    assert await write.result("user.update", {"ID": person, "NAME": "Иван"}) is True
    assert (await user.result("user.get", {"ID": person}))[0]["NAME"] == "Иван"


async def test_fields_of_users_are_managed_by_an_administrator(write: Caller) -> None:
    field = await write.result("user.userfield.add", {"fields": {"FIELD_NAME": "NOTE", "USER_TYPE_ID": "string"}})
    user = write.as_user()
    for action, sent in (
        ("add", {"fields": {"FIELD_NAME": "TWO", "USER_TYPE_ID": "string"}}),
        ("list", {}),
        ("update", {"id": field, "fields": {"SORT": 5}}),
        ("delete", {"id": field}),
    ):
        _, answer = await user.refused(f"user.userfield.{action}", sent)
        assert answer == {"error": "", "error_description": "Access denied."}
    assert [row["FIELD_NAME"] for row in await write.result("user.userfield.list")] == ["UF_USR_NOTE"]
    assert await write.result("user.userfield.delete", {"id": field}) is True


@pytest.mark.parametrize(
    ("method", "sent"),
    [
        ("department.add", {"NAME": "Сервис", "PARENT": 1}),
        ("department.update", {"ID": 3, "NAME": "Сервис"}),
        ("department.delete", {"ID": 3}),
    ],
)
async def test_departments_are_changed_by_an_administrator(write: Caller, method: str, sent: dict[str, object]) -> None:
    _, answer = await write.as_user().refused(method, sent)
    assert answer == {"error": "ERROR_CORE", "error_description": "Access denied"}
    await write.result(method, sent)


async def test_each_webhook_acts_as_its_owner(write: Caller) -> None:
    user = write.as_user()
    assert (await write.result("profile"))["ADMIN"] is True
    assert (await user.result("profile"))["ADMIN"] is False
    assert (await user.result("user.current"))["ID"] == "4"
    assert await user.result("user.admin") is False


async def test_departments_of_a_deleted_one_move_to_its_parent(write: Caller) -> None:
    middle = await write.result("department.add", {"NAME": "Сервис", "PARENT": 2})
    lower = await write.result("department.add", {"NAME": "Ремонт", "PARENT": middle})
    person = await write.result("user.add", {"EMAIL": "a@example.com", "UF_DEPARTMENT": [middle, 1]})
    await write.result("department.delete", {"ID": middle})
    assert (await write.result("department.get", {"ID": lower}))[0]["PARENT"] == "2"
    assert (await write.result("user.get", {"ID": person}))[0]["UF_DEPARTMENT"] == [1, 2]


@pytest.mark.parametrize("name", ["", "  "])
async def test_a_department_has_a_name(write: Caller, name: str) -> None:
    _, answer = await write.refused("department.add", {"NAME": name, "PARENT": 1})
    assert answer["error"] == "ERROR_CORE"


async def _registered(write: Caller, **more: object) -> dict[str, object]:
    sent = {"USER_ID": 3, "PHONE_NUMBER": "+74950000000", "TYPE": 1, **more}
    answer: dict[str, object] = await _as_application(write, "telephony.externalCall.register", sent)
    return answer


async def test_the_same_external_call_is_registered_once(write: Caller) -> None:
    first = await _registered(write, EXTERNAL_CALL_ID="a")
    assert (await _registered(write, EXTERNAL_CALL_ID="a"))["result"] == first["result"]
    assert (await _registered(write, EXTERNAL_CALL_ID="b"))["result"] != first["result"]
    assert (await _registered(write))["result"] != (await _registered(write))["result"]
    call = first["result"]["CALL_ID"]  # type: ignore[index]
    await _as_application(write, "telephony.externalCall.finish", {"CALL_ID": call, "USER_ID": 3, "DURATION": 5})
    assert (await _registered(write, EXTERNAL_CALL_ID="a"))["result"] != first["result"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"TYPE": 5},
        {"TYPE": 0},
        {"PHONE_NUMBER": "нет"},
        {"CALL_START_DATE": "вчера в обед"},
        {"USER_ID": 99_999},
    ],
)
async def test_a_call_with_a_wrong_value_is_not_registered(write: Caller, wrong: dict[str, object]) -> None:
    assert (await _registered(write, **wrong))["error"] == "ERROR_CORE"


@pytest.mark.parametrize(
    ("sent", "code", "status"),
    [
        ({"DURATION": 9}, "200", 1),
        ({"DURATION": 0}, "304", 0),
        ({"DURATION": 9, "STATUS_CODE": "486"}, "486", 0),
    ],
)
async def test_the_duration_decides_the_outcome_of_a_call(
    write: Caller, sent: dict[str, object], code: str, status: int
) -> None:
    call = (await _registered(write))["result"]["CALL_ID"]  # type: ignore[index]
    answer = await _as_application(write, "telephony.externalCall.finish", {"CALL_ID": call, "USER_ID": 3, **sent})
    assert (answer["result"]["CALL_FAILED_CODE"], answer["result"]["CALL_STATUS"]) == (code, status)


async def test_only_finished_calls_are_counted(write: Caller) -> None:
    before = (await write("voximplant.statistic.get"))["total"]
    call = (await _registered(write))["result"]["CALL_ID"]  # type: ignore[index]
    assert (await write("voximplant.statistic.get"))["total"] == before
    await _as_application(write, "telephony.externalCall.finish", {"CALL_ID": call, "USER_ID": 3, "DURATION": 9})
    found = await write("voximplant.statistic.get", {"FILTER": {"CALL_ID": call}})
    assert (found["total"], found["result"][0]["CALL_DURATION"]) == (1, "9")


async def test_widgets_are_bound_by_an_administrator(write: Caller) -> None:
    sent = {"PLACEMENT": "CRM_DEAL_DETAIL_TAB", "HANDLER": "https://example.com/p"}
    for method in ("placement.bind", "placement.unbind"):
        assert (await _as_application(write, method, sent, user=4))["error"] == "ACCESS_DENIED"
    assert (await _as_application(write, "placement.bind", sent))["result"] is True
    other = {**sent, "HANDLER": "https://example.com/q"}
    assert (await _as_application(write, "placement.bind", other))["result"] is True
    assert (await _as_application(write, "placement.unbind", sent))["result"] == {"count": 1}
    left = (await _as_application(write, "placement.get", {}))["result"]
    assert [row["handler"] for row in left] == ["https://example.com/q"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"PLACEMENT": ""}, "ERROR_ARGUMENT"),
        ({"PLACEMENT": "NOWHERE"}, "ERROR_PLACEMENT_NOT_FOUND"),
        ({"HANDLER": ""}, "ERROR_ARGUMENT"),
        ({"HANDLER": "ftp://example.com"}, "ERROR_UNSUPPORTED_PROTOCOL"),
    ],
)
async def test_a_widget_needs_a_known_place_and_an_address(write: Caller, change: dict[str, str], code: str) -> None:
    sent = {"PLACEMENT": "CRM_DEAL_DETAIL_TAB", "HANDLER": "https://example.com/p", **change}
    assert (await _as_application(write, "placement.bind", sent))["error"] == code


@pytest.mark.parametrize(("order", "rising"), [({}, True), ({"ORDER": "ASC"}, True), ({"ORDER": "DESC"}, False)])
async def test_users_are_sorted_upwards_unless_the_order_says_otherwise(
    call: Caller, order: dict[str, str], rising: bool
) -> None:
    names = [row["LAST_NAME"] for row in await call.result("user.get", {"SORT": "LAST_NAME", **order})]
    assert len(set(names)) > 5
    assert names == sorted(names, reverse=not rising)
