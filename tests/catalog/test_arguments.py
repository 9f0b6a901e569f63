"""The check of arguments: it refuses certain mistakes, names the right spelling, and accepts what is unusual."""

from __future__ import annotations

from typing import Any

import pytest

from b24_mcp.catalog import Problem, known_methods
from b24_mcp.catalog.arguments.table import check_arguments


def problems(method: str, params: dict[str, Any], version: str | None = None) -> list[Problem]:
    known = known_methods().method(method, version)
    assert known is not None
    found = known.parameters.check(params)
    assert found == check_arguments(known.name, known.version, known.facts.params, params)
    return found


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
        ("calendar.section.add", {"type": "user"}, "is required"),
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
            {"IBLOCK_TYPE_ID": "lists", "IBLOCK_ID": 1, "ELEMENT_CODE": "a", "FIELDS": {"NAME": "x", "PROPERTY_5": 1}},
        ),
    ],
)
def test_documented_parameters_and_custom_fields_are_accepted(method: str, params: dict[str, Any]) -> None:
    assert refused(method, params) == []


def test_a_v2_filter_is_refused_in_v3_and_the_message_has_the_v3_form() -> None:
    assert '[["id", ">", 5]]' in "; ".join(refused("tasks.task.list", {"filter": {">id": 5}}, "v3"))
    assert (
        refused("tasks.task.list", {"filter": [["id", ">", 5]], "select": ["id"], "order": {"id": "asc"}}, "v3") == []
    )


def test_a_v3_filter_is_refused_in_v2_and_the_message_has_the_v2_form() -> None:
    assert '{">ID": 5}' in "; ".join(refused("crm.deal.list", {"filter": [["id", ">", 5]]}))


def test_a_family_decides_where_the_letter_case_of_names_counts() -> None:
    assert refused("crm.deal.update", {"ID": 1, "FIELDS": {"TITLE": "x"}}) == []
    assert refused("crm.deal.update", {"ID": 1, "FIELDS": {"title": "x"}}) == ["FIELDS.title is written TITLE"]
    assert refused("disk.folder.get", {"ID": 1}) == ["ID is written id"]
    assert refused("crm.item.get", {"entityTypeId": 2, "ID": 1}) == ["ID is written id"]
    assert refused("catalog.vat.add", {"fields": {"NAME": "x", "rate": 5}}) == ["fields.NAME is written name"]
    assert refused("tasks.task.add", {"fields": {"title": "x", "responsible_id": 1}}) == []
    assert "is written taskId" in "; ".join(refused("tasks.task.get", {"TASKID": 1}))


def test_an_undocumented_parameter_is_a_warning() -> None:
    assert [problem.certain for problem in problems("crm.deal.get", {"id": 5, "wholly_new": 1})] == [False]
