"""Calls about tasks, people, calendars, lists, Drive and the feed that would mean something else to the portal."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from tests.loopback import LoopbackPortal
from tests.server.conftest import CallTool

TASK = {"TITLE": "t", "RESPONSIBLE_ID": 1}
LIST = {"IBLOCK_TYPE_ID": "lists", "IBLOCK_ID": 1}
NEW = {**LIST, "ELEMENT_CODE": "new"}
EVENT = {"type": "user", "ownerId": 1, "name": "x", "section": 1}
DAY = {"from": "2026-12-05", "to": "2026-12-05", "skip_time": "Y"}


@pytest.fixture
def era() -> Literal["auto"]:
    return "auto"


@pytest.fixture(autouse=True)
def without_approval(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("B24_APPROVAL", "off")


@pytest.mark.parametrize(
    ("method", "params", "said"),
    [
        ("tasks.task.add", {"fields": {**TASK, "DEADLINE": 1796080349}}, "2026-12-31T18:00:00+03:00, not a number"),
        ("tasks.task.list", {"filter": {"<=DEADLINE": 1796080349}}, "not a number"),
        ("tasks.task.list", {"filter": {"COMPLETED": False}}, "it is called REAL_STATUS"),
        ("tasks.task.list", {"filter": {"OVERDUE": "Y"}}, "it is called STATUS"),
        ("tasks.task.add", {"fields": {**TASK, "CHECKLIST": ["a"]}}, "task.checklistitem.add"),
        ("calendar.event.add", {**EVENT, "from": 1796080349, "to": 1796083949}, "not a number"),
        ("user.add", {"EMAIL": "x@example.com", "UF_DEPARTMENT": "Маркетинг"}, "must be a number, the id"),
        ("user.update", {"ID": 3, "UF_DEPARTMENT": ["Маркетинг"]}, "must be a number, the id"),
        ("user.update", {"ID": 3, "PERSONAL_BIRTHDAY": "1 May 1990"}, "must be a date like"),
        ("user.update", {"ID": 3, "PERSONAL_GENDER": "male"}, "allowed are M, F"),
        ("user.get", {"filter": {"UF_DEPARTMENT": "Отдел продаж"}}, "must be a number, the id"),
        ("user.get", {"order": {"LAST_NAME": "ASC"}}, "must be a single value"),
        ("department.update", {"ID": 2, "UF_HEAD": "Олег Гаврилов"}, "must be a number, the id"),
        ("lists.element.add", {**NEW, "FIELDS": {"NAME": "x", "PROPERTY_1": "a lot"}}, "must be a number"),
        ("lists.element.add", {**NEW, "FIELDS": {"NAME": "x", "COST": 5}}, "PROPERTY_1 is meant"),
        ("lists.element.get", {**LIST, "FILTER": {"Стоимость": 5}}, "PROPERTY_1 is meant"),
        ("lists.element.get", {**LIST, "FILTER": {">PROPERTY_COST": 5}}, "PROPERTY_1 is meant"),
        ("disk.folder.addsubfolder", {"id": 1, "data": "New folder"}, '{"NAME": …}'),
        ("app.option.set", {"options": "x"}, "must be an object"),
        ("log.blogpost.add", {"POST_MESSAGE": "x", "DEST": "all"}, "SG<X>, U<X>, UA, DR<X>"),
        ("log.blogpost.add", {"POST_MESSAGE": "x", "DEST": ["Отдел продаж"]}, "SG<X>, U<X>, UA, DR<X>"),
    ],
)
async def test_a_call_that_the_portal_would_misread_is_refused_with_what_is_meant(
    call_tool: CallTool, portal: LoopbackPortal, method: str, params: dict[str, Any], said: str
) -> None:
    answer = await call_tool("call_method", method=method, params=params)
    assert answer["error"]["code"] == "B24MCP_PARAMS"
    assert said in answer["error"]["message"]
    assert set(portal.methods) <= {"batch"}


@pytest.mark.parametrize(
    ("method", "params", "version", "said"),
    [
        (
            "calendar.event.add",
            {**EVENT, **DAY, "attendees": [2]},
            "v2",
            'attendees has no effect without is_meeting "Y"',
        ),
        ("user.get", {"filter": {"NAME": "Анна Соколова"}}, "v2", '{"FIND": "Анна Соколова"} finds whole names'),
        ("log.blogpost.add", {"POST_MESSAGE": "x", "DEST": ["all"]}, "v2", "must be a code in one of the forms"),
        (
            "tasks.task.list",
            {"filter": {"DEADLINE": ["2026-12-01", "2026-12-31"]}},
            "v2",
            '">=DEADLINE": …, "<=DEADLINE": …',
        ),
        ("tasks.task.list", {"select": ["*"]}, "v3", "is no name in REST 3.0"),
    ],
)
async def test_a_call_that_may_mean_something_else_is_sent_with_a_warning(
    call_tool: CallTool, portal: LoopbackPortal, method: str, params: dict[str, Any], version: str, said: str
) -> None:
    answer = await call_tool("call_method", method=method, params=params, version=version)
    assert answer["ok"] is True
    assert said in str(answer["warnings"])


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("tasks.task.list", {"filter": {"REAL_STATUS": [2, 3], "<=DEADLINE": "2026-12-31"}}),
        ("calendar.event.add", {**EVENT, **DAY, "is_meeting": "Y", "attendees": [2], "host": 1}),
        ("user.get", {"filter": {"@UF_DEPARTMENT": [2, "5"], "NAME": "Анна", "LAST_NAME": "Соколова"}}),
        ("user.get", {"UF_DEPARTMENT": 2, "sort": "LAST_NAME", "order": "desc"}),
        ("user.update", {"ID": 3, "UF_DEPARTMENT": [2], "PERSONAL_BIRTHDAY": "1990-05-01", "NAME": "Анна Мария"}),
        ("user.update", {"ID": 3, "PERSONAL_GENDER": "F", "PERSONAL_BIRTHDAY": ""}),
        ("department.update", {"ID": 2, "UF_HEAD": "2"}),
        ("lists.element.add", {**NEW, "FIELDS": {"NAME": "x", "PROPERTY_1": {"n0": "100.5"}}}),
        ("lists.element.get", {**LIST, "FILTER": {">=PROPERTY_1": 100}}),
        ("log.blogpost.add", {"POST_MESSAGE": "x", "DEST": ["UA", "U2", "SG3", "DR5"]}),
        ("voximplant.statistic.get", {"SORT": "CALL_START_DATE", "ORDER": "desc"}),
    ],
)
async def test_a_right_call_is_sent_without_a_warning(
    call_tool: CallTool, portal: LoopbackPortal, method: str, params: dict[str, Any]
) -> None:
    answer = await call_tool("call_method", method=method, params=params)
    assert answer["ok"] is True, answer
    assert answer["warnings"] == []


@pytest.mark.parametrize("written", ["{{u.0.ID}}", "${u[0].ID}", "$u.0.ID", "$result.u.ID"])
async def test_a_reference_in_the_form_of_another_program_is_refused_with_the_right_form(
    call_tool: CallTool, portal: LoopbackPortal, written: str
) -> None:
    for name, params in {
        "tasks.task.add": {"fields": {**TASK, "RESPONSIBLE_ID": written}},
        "user.update": {"ID": 3, "UF_DEPARTMENT": [written]},
    }.items():
        commands = {"u": {"method": "user.get"}, "t": {"method": name, "params": params}}
        answer = await call_tool("batch_call", commands=commands)
        assert "$result[name][field]" in answer["error"]["message"]
    assert portal.methods == []
