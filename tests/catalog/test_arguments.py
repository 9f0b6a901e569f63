"""Arguments are checked: certain mistakes refused with the right name, the unusual let through."""

from __future__ import annotations

from typing import Any

import pytest

from b24_mcp.catalog import Problem, check_arguments, known_methods


def problems(method: str, params: dict[str, Any], version: str | None = None) -> list[Problem]:
    known = known_methods().method(method, version)
    assert known is not None
    return check_arguments(known.name, known.version, known.facts.params, params)


def refused(method: str, params: dict[str, Any], version: str | None = None) -> list[str]:
    return [f"{problem.field} {problem.message}" for problem in problems(method, params, version) if problem.certain]


@pytest.mark.parametrize(
    ("method", "params", "said"),
    [
        ("crm.item.list", {"entityTypeID": 2}, "entityTypeId"),
        ("crm.item.list", {"entitytypeid": 2}, "entityTypeId"),
        ("crm.item.get", {"entityTypeId": 2}, "id is required"),
        ("crm.deal.get", {}, "id is required"),
        ("crm.deal.update", {"id": 1, "field": {"TITLE": "x"}}, "fields"),
        ("crm.deal.update", {"id": 1, "fileds": {"TITLE": "x"}}, "fields"),
        ("crm.deal.update", {"id": 1, "fields": "TITLE=x"}, "must be an object"),
        ("crm.deal.list", {"filters": {"ID": 1}}, "filter"),
        ("crm.deal.list", {"select": "ID"}, "must be a list"),
        ("tasks.task.get", {"task_id": 1}, "taskId"),
        ("calendar.event.add", {"type": "user"}, "is required"),
    ],
)
def test_a_certain_mistake_is_refused_with_the_right_name(method: str, params: dict[str, Any], said: str) -> None:
    assert said in "; ".join(refused(method, params))


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("crm.deal.get", {"ID": 5}),
        ("crm.deal.get", {"id": "5"}),
        ("crm.deal.list", {"FILTER": {">ID": 1}, "select": ["ID", "UF_CRM_1"], "start": -1}),
        ("crm.deal.add", {"fields": {"TITLE": "x", "UF_CRM_123": 1, "PARENT_ID_128": 3}}),
        ("crm.item.add", {"entityTypeId": 2, "fields": {"title": "x", "ufCrm1_abc": 1}}),
        ("user.get", {"filter": {"ACTIVE": True}}),
        ("user.get", {"ID": 1}),
        (
            "lists.element.add",
            {"IBLOCK_TYPE_ID": "lists", "IBLOCK_ID": 1, "ELEMENT_CODE": "a", "FIELDS": {"PROPERTY_5": 1}},
        ),
    ],
)
def test_what_is_documented_or_somebodys_own_is_let_through(method: str, params: dict[str, Any]) -> None:
    assert refused(method, params) == []


def test_a_filter_of_the_old_api_is_refused_in_rest_3_with_the_right_one() -> None:
    assert '[["id", ">", 5]]' in "; ".join(refused("tasks.task.list", {"filter": {">id": 5}}, "v3"))
    assert (
        refused("tasks.task.list", {"filter": [["id", ">", 5]], "select": ["id"], "order": {"id": "asc"}}, "v3") == []
    )


def test_what_nobody_documented_is_a_warning() -> None:
    assert [problem.certain for problem in problems("crm.deal.get", {"id": 5, "wholly_new": 1})] == [False]
