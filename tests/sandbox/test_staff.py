"""Users, departments and the methods for any credentials."""

from __future__ import annotations

import re

import pytest

from tests.sandbox.conftest import Caller


async def test_users_have_text_ids_boolean_flags_and_lists_of_numbers(call: Caller) -> None:
    person = (await call.result("user.get", {"ID": 3}))[0]
    assert (person["ID"], person["ACTIVE"], person["UF_DEPARTMENT"]) == ("3", True, [2])
    assert re.fullmatch(r"\d\d\.\d\d\.\d{4} \d\d:\d\d:\d\d", person["TIMESTAMP_X"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", person["LAST_ACTIVITY_DATE"])
    assert person["PERSONAL_WWW"] == ""


async def test_users_are_filtered_sorted_and_selected(call: Caller) -> None:
    answer = await call(
        "user.get", {"FILTER": {"UF_DEPARTMENT": 2}, "sort": "LAST_NAME", "order": "DESC", "select": ["LAST_NAME"]}
    )
    names = [person["LAST_NAME"] for person in answer["result"]]
    assert names == sorted(names, reverse=True)
    assert all(set(person) == {"ID", "LAST_NAME"} for person in answer["result"])
    assert answer["total"] == len(names) == 7


@pytest.mark.parametrize("active", [True, "true", "Y", "1", 1])
async def test_active_excludes_former_staff(call: Caller, active: object) -> None:
    assert (await call("user.get", {"FILTER": {"ACTIVE": active}}))["total"] == 19
    former = await call.result("user.get", {"FILTER": {"ACTIVE": False}})
    assert [(person["ID"], person["ACTIVE"]) for person in former] == [("20", False)]


async def test_unknown_filter_keys_of_users_are_ignored(call: Caller) -> None:
    assert (await call("user.get", {"FILTER": {"NO_SUCH": 1}}))["total"] == 20


async def test_search_is_case_insensitive_over_several_fields(call: Caller) -> None:
    found = await call.result("user.search", {"FIND": "соколова"})
    assert [person["ID"] for person in found] == ["3"]
    assert len(await call.result("user.search", {"FIND": "менеджер"})) >= 5
    assert [person["ID"] for person in await call.result("user.search", {"NAME": "Laura"})] == ["8"]


async def test_a_new_user_requires_a_unique_e_mail(write: Caller) -> None:
    _, answer = await write.refused("user.add", {"EMAIL": "no"})
    assert answer == {"error": "ERROR_ARGUMENT", "error_description": "wrong_email", "argument": ""}
    added = await write.result("user.add", {"EMAIL": "new@example.com", "NAME": "Нина", "UF_DEPARTMENT": [4]})
    assert added == 21
    _, answer = await write.refused("user.add", {"EMAIL": "NEW@example.com"})
    assert answer["error"] == "ERROR_ARGUMENT"
    assert await write.result("user.update", {"ID": added, "WORK_POSITION": "Инженер", "ACTIVE": "N"}) is True
    person = (await write.result("user.get", {"ID": added}))[0]
    assert (person["WORK_POSITION"], person["ACTIVE"], person["NAME"]) == ("Инженер", False, "Нина")


async def test_an_update_of_an_unknown_user_is_denied(call: Caller) -> None:
    assert await call.refused("user.update", {"ID": 999, "NAME": "x"}) == (
        400,
        {"error": "ERROR_CORE", "error_description": "access_denied"},
    )


async def test_the_webhook_acts_as_the_administrator(call: Caller) -> None:
    assert await call.result("user.admin") is True
    profile = await call.result("profile")
    assert (profile["ID"], profile["ADMIN"]) == ("1", True)
    assert (await call.result("user.current"))["ID"] == "1"
    assert (await call.result("user.fields"))["NAME"] == "First name"


async def test_departments_are_a_tree_with_text_ids(call: Caller) -> None:
    departments = {row["ID"]: row for row in await call.result("department.get")}
    assert departments["2"] == {"ID": "2", "NAME": "Отдел продаж", "SORT": 200, "PARENT": "1", "UF_HEAD": "2"}
    assert "PARENT" not in departments["1"]
    assert all(row["PARENT"] in departments for number, row in departments.items() if number != "1")


async def test_departments_are_filtered_by_plain_parameters(call: Caller) -> None:
    assert [row["ID"] for row in await call.result("department.get", {"PARENT": 2})] == ["3"]
    assert [row["ID"] for row in await call.result("department.get", {"ID": [5, 6]})] == ["5", "6"]
    ordered = await call.result("department.get", {"sort": "ID", "order": "DESC"})
    assert ordered[0]["ID"] == "7"


async def test_users_of_a_deleted_department_move_to_the_parent(write: Caller) -> None:
    added = await write.result("department.add", {"NAME": "Склад", "PARENT": 4})
    assert await write.result("department.update", {"ID": added, "NAME": "Склад и доставка"}) is True
    assert (await write.result("department.get", {"ID": added}))[0]["SORT"] == 500
    assert await write.result("department.delete", {"ID": 2}) is True
    assert (await write.result("user.get", {"ID": 3}))[0]["UF_DEPARTMENT"] == [1]
    assert (await write.result("department.get", {"ID": 3}))[0]["PARENT"] == "1"
    _, answer = await write.refused("department.delete", {"ID": 2})
    assert answer == {"error": "ERROR_CORE", "error_description": "Department not found"}
    _, answer = await write.refused("department.add", {"PARENT": 1})
    assert answer["error"] == "ERROR_CORE"


async def test_method_get_checks_only_the_class_of_a_controller(call: Caller) -> None:
    async def known(name: str) -> object:
        return (await call.result("method.get", {"name": name}))["isExisting"]

    assert await known("crm.deal.list") is True
    assert await known("crm.item.nonsense") is True
    assert await known("crm.nonsense.list") is False
    assert await known("CRM.deal.list") is False


async def test_method_get_reports_whether_the_scope_is_granted(write: Caller) -> None:
    write.sandbox.portal.scopes = frozenset(("task",))
    assert await write.result("method.get", {"name": "crm.deal.list"}) == {"isExisting": True, "isAvailable": False}


async def test_methods_lists_classic_names_only(call: Caller) -> None:
    names = await call.result("methods")
    assert {"crm.deal.add", "user.get", "batch"} <= set(names)
    assert not {"crm.item.list", "tasks.task.list"} & set(names)
    assert set(await call.result("methods", {"scope": "department"})) == {
        f"department.{action}" for action in ("get", "add", "update", "delete", "fields")
    }


async def test_features_and_scopes_are_listed(call: Caller) -> None:
    assert await call.result("feature.get", {"CODE": "rest_auth_connector"}) == {"value": "Y"}
    assert await call.result("feature.get", {"CODE": "rest_offline_extended"}) == {"value": "N"}
    _, answer = await call.refused("feature.get")
    assert answer == {"error": "CODE_EMPTY", "error_description": "CODE can't be empty"}
    scopes = await call.result("scope")
    assert {"crm", "department", "disk", "task", "user"} <= set(scopes)
    assert scopes == sorted(scopes)
    assert (await call.result("app.info"))["SCOPE"] == scopes


async def test_a_new_field_of_users_stores_values(write: Caller) -> None:
    field = {"FIELD_NAME": "HOBBY", "USER_TYPE_ID": "string", "LABEL": "Увлечение"}
    record = await write.result("user.userfield.add", {"fields": field})
    listed = await write.result("user.userfield.list", {"order": {"ID": "ASC"}})
    assert [(row["ID"], row["FIELD_NAME"]) for row in listed] == [(str(record), "UF_USR_HOBBY")]
    assert await write.result("user.update", {"ID": 3, "UF_USR_HOBBY": "лыжи"}) is True
    found = await write.result("user.get", {"FILTER": {"UF_USR_HOBBY": "лыжи"}})
    assert [(person["ID"], person["UF_USR_HOBBY"]) for person in found] == [("3", "лыжи")]
    assert await write.result("user.userfield.delete", {"id": record}) is True
    assert "UF_USR_HOBBY" not in (await write.result("user.get", {"ID": 3}))[0]
