"""Network ranges, settings and reports of working time, personal settings of calendars."""

from __future__ import annotations

from tests.sandbox.as_application import AsApplication
from tests.sandbox.conftest import Caller

OFFICE = {"ip_range": "10.1.0.0-10.1.255.255", "name": "Office"}


async def test_network_ranges_replace_the_earlier_ones(write: Caller) -> None:
    assert len(await write.result("timeman.networkrange.get")) == 3
    assert await write.result("timeman.networkrange.set", {"RANGES": [OFFICE]}) == {"result": True}
    assert await write.result("timeman.networkrange.get") == [OFFICE]
    found = await write.result("timeman.networkrange.check", {"IP": "10.1.2.3"})
    assert found == {"ip": "10.1.2.3", "range": OFFICE["ip_range"], "name": "Office"}
    assert await write.result("timeman.networkrange.check", {"IP": "10.2.2.3"}) is False


async def test_one_wrong_range_keeps_all_earlier_ones(write: Caller) -> None:
    wrong = {"ip_range": "a10.0.0.0-10.1.1.1", "name": "Wrong"}
    answer = await write.result("timeman.networkrange.set", {"RANGES": [OFFICE, wrong]})
    assert answer == {"result": False, "error_ranges": [wrong]}
    assert len(await write.result("timeman.networkrange.get")) == 3
    _, refused = await write.refused("timeman.networkrange.set", {"RANGES": "text"})
    assert refused["error"] == "INVALID_FORMAT"


async def test_only_an_administrator_sees_ranges_and_settings(call: Caller) -> None:
    user = AsApplication(call, 2)
    for method in ("networkrange.get", "networkrange.set", "timecontrol.settings.get", "timecontrol.settings.set"):
        assert await user.refused(f"timeman.{method}") == (400, "ACCESS_ERROR")


async def test_settings_of_time_control_keep_their_types(write: Caller) -> None:
    method = "timeman.timecontrol.settings"
    before = await write.result(f"{method}.get")
    sent = {"ACTIVE": "Y", "MINIMUM_IDLE_FOR_REPORT": "20", "REPORT_FULL_TYPE": "user", "REPORT_FULL_USERS": ["2"]}
    assert await write.result(f"{method}.set", sent) is True
    changed = {"active": True, "minimum_idle_for_report": 20, "report_full_type": "user", "report_full_users": [2]}
    assert await write.result(f"{method}.get") == {**before, **changed}


async def test_an_administrator_sees_the_reports_of_all_departments(call: Caller) -> None:
    settings = await call.result("timeman.timecontrol.reports.settings.get")
    assert (settings["user_id"], settings["user_admin"], settings["report_view_type"]) == (1, True, "head")
    assert len(settings["departments"]) == len(await call.result("department.get"))
    department = int(settings["departments"][-1]["id"])
    people = await call.result("timeman.timecontrol.reports.users.get", {"DEPARTMENT_ID": department})
    members = await call.result("user.get", {"FILTER": {"UF_DEPARTMENT": department, "ACTIVE": True}})
    assert sorted(str(person["id"]) for person in people) == sorted(member["ID"] for member in members)


async def test_a_report_covers_one_month_of_one_person(call: Caller) -> None:
    sent = {"USER_ID": 2, "MONTH": 2, "YEAR": 2026}
    report = await call.result("timeman.timecontrol.reports.get", sent)
    assert report["report"]["date_start"] == "2026-02-01T00:00:00+03:00"
    assert report["report"]["date_finish"] == "2026-02-28T23:59:59+03:00"
    assert report["user"]["id"] == 2
    refused = await AsApplication(call, 2).refused("timeman.timecontrol.reports.get", {"USER_ID": 3})
    assert refused == (400, "USER_ACCESS_ERROR")
    _, answer = await call.refused("timeman.timecontrol.report.add", {"REPORT_ID": 1})
    assert answer["error"] == "TEXT_EMPTY"


async def test_everybody_has_one_schedule(call: Caller) -> None:
    assert (await call.result("timeman.schedule.get", {"id": 1}))["SCHEDULE_TYPE"] == "FIXED"
    assert await call.result("timeman.schedule.get", {"id": 2}) == []


async def test_settings_of_calendars_are_personal(write: Caller) -> None:
    before = await write.result("calendar.user.settings.get")
    sent = {"settings": {"view": "week", "unknown": 1}}
    assert await write.result("calendar.user.settings.set", sent) is True
    assert await write.result("calendar.user.settings.get") == {**before, "view": "week"}
    assert await AsApplication(write, 2).result("calendar.user.settings.get") == before
    _, answer = await write.refused("calendar.user.settings.set")
    assert "settings" in answer["error_description"]
