"""The check of the arguments of list methods: filter, select, order and paging."""

from __future__ import annotations

from typing import Any

import pytest

from b24_mcp.catalog import Parameter, Problem, known_methods
from b24_mcp.catalog.arguments.table import ParameterTable


def field(name: str, type: str = "string", **more: Any) -> Parameter:
    return Parameter(name, type, more.pop("required", None), **more)


FIELDS = (
    field("ID", "integer"),
    field("TITLE"),
    field("STAGE_ID"),
    field("CLOSED", "char", values=("Y", "N")),
    field("DATE_CREATE", "datetime"),
    field("UF_...", "", pattern=True),
)
LIST = [
    field("filter", "object", fields=FIELDS),
    field("select", "string[]", is_list=True, fields=FIELDS),
    field("order", "object", fields=FIELDS),
    field("start", "integer"),
]


def check(params: dict[str, Any], method: str = "crm.deal.list", paging: str | None = "A") -> list[Problem]:
    return ParameterTable(method, "v2", LIST, paging).check(params)


def refused(params: dict[str, Any], method: str = "crm.deal.list", paging: str | None = "A") -> list[str]:
    return [f"{problem.field} {problem.message}" for problem in check(params, method, paging) if problem.certain]


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"filter": {"STAGE": "WON"}}, "filter.STAGE is not a field that can be filtered by; it is called STAGE_ID"),
        ({"filter": {"%TITLES": "x"}}, "it is called TITLE"),
        ({"filter": {"title": "x"}}, "filter.title is written TITLE"),
        ({"filter": {"stageId": "x"}}, "it is called STAGE_ID"),
        ({"filter": {"CLOSED": False}}, 'must be "N"'),
        ({"filter": {"ID": "five"}}, "must be a number"),
        ({"filter": {"ID": [1, "two"]}}, "filter.ID.1 must be a number"),
        ({"filter": {">=DATE_CREATE": "yesterday"}}, "must be a date and time"),
        ({"filter": {"ID": {">": 5}}}, '{">ID": …}'),
        ({"filter": {"ID": {"$gte": 5}}}, '{">=ID": …}'),
        ({"filter": {"=>ID": 5}}, 'it is written ">=ID"'),
        ({"filter": {"ID>": 5}}, 'it is written ">ID"'),
        ({"filter": {"LOGIC": "OR", "0": {"ID": 1}, "1": {"ID": 2}}}, "crm.item.list with entityTypeId 2"),
        ({"filter": {"0": {"LOGIC": "OR", "0": {"ID": 1}}}}, "crm.item.list with entityTypeId 2"),
        ({"filter": [{"ID": 1}, {"ID": 2}]}, "crm.item.list with entityTypeId 2"),
        ({"filter": {"$or": [{"ID": 1}, {"ID": 2}]}}, "crm.item.list with entityTypeId 2"),
        ({"filter": {"><ID": [1, 5]}}, "two conditions, with >= and with <="),
        ({"order": "TITLE desc"}, '{"TITLE": "DESC"}'),
        ({"order": [{"TITLE": "desc"}]}, '{"TITLE": "DESC"}'),
        ({"filter": "Ivan"}, "filter must be an object"),
        ({"filter": ["ID", 5]}, "filter must be an object"),
        ({"select": ["ID", "TITEL"]}, "select.TITEL is not a field here; it is called TITLE"),
        ({"select": "TITLE"}, "must be a list"),
        ({"order": {"TITEL": "ASC"}}, "order.TITEL is not a field here; it is called TITLE"),
        ({"order": {"TITLE": "up"}}, "must be asc or desc"),
        ({"order": ["TITLE"]}, "must be an object"),
        ({"page": 2}, '"start": 0, 50, 100'),
        ({"limit": 10}, '"start": 0, 50, 100'),
        ({"OFFSET": 50}, '"start": 0, 50, 100'),
    ],
)
def test_a_certain_mistake_in_a_list_is_refused_with_the_right_form(params: dict[str, Any], said: str) -> None:
    assert said in "; ".join(refused(params))


@pytest.mark.parametrize(
    "params",
    [
        {"filter": {">ID": 5, "!STAGE_ID": ["WON", "LOSE"], "%TITLE": "x", "!%TITLE": "y", "=UF_CRM_1": 1}},
        {"filter": {"@ID": [1, 2], "ASSIGNED_BY.NAME": "x"}},
        {"filter": {}, "select": ["*", "UF_*", "ID"], "order": {"ID": "asc", "TITLE": "DESC"}, "start": -1},
        {"filter": [], "select": [], "order": []},
    ],
)
def test_right_lists_are_accepted_without_a_warning(params: dict[str, Any]) -> None:
    assert check(params) == []


@pytest.mark.parametrize(
    "conditions",
    [
        {"0": {"LOGIC": "OR", "0": {"ID": 1}, "1": {">=DATE_CREATE": "2026-12-31"}}},
        [{"LOGIC": "OR", "0": {"ID": 1}, "1": {"ID": 2}}],
        {"><ID": [1, 5]},
    ],
)
def test_conditions_are_joined_where_a_method_takes_groups(conditions: Any) -> None:
    assert refused({"filter": conditions}, "entity.item.get", "B") == []


def test_a_mistake_in_a_group_of_conditions_is_found() -> None:
    wrong = refused({"filter": {"LOGIC": "XOR", "0": {"TITEL": 1}}}, "entity.item.get", "B")
    assert "must be AND or OR" in "; ".join(wrong)
    assert "filter.0.TITEL is not a field" in "; ".join(wrong)


def test_an_unknown_name_in_a_filter_is_warned_about_since_the_portal_returns_everything() -> None:
    (problem,) = check({"filter": {"NO_SUCH_FIELD": 3}})
    assert not problem.certain
    assert "returns everything" in problem.message


def test_a_family_has_operators_of_its_own() -> None:
    assert "TITLE and TAG match parts" in "; ".join(refused({"filter": {"%TITLE": "x"}}, "tasks.task.list", "B"))
    assert refused({"filter": {">=ID": 1, "!TITLE": "x"}}, "tasks.task.list", "B") == []


def test_names_of_pages_are_refused_only_where_they_are_not_documented() -> None:
    documented = ParameterTable("a.list", "v2", [*LIST, field("limit", "integer")], "B")
    assert documented.check({"limit": 5}) == []
    assert [problem.certain for problem in documented.check({"page": 5})] == [True]
    assert [problem.certain for problem in ParameterTable("a.get", "v2", LIST).check({"limit": 5})] == [False]
    tasks = known_methods().method("tasks.task.list", "v3")
    assert tasks is not None
    (problem,) = tasks.parameters.check({"start": 50})
    assert '"pagination": {"limit": 50, "offset": 0}' in problem.message


def test_conditions_of_the_user_filter_may_stand_beside_it() -> None:
    users = known_methods().method("user.get")
    assert users is not None
    assert users.parameters.check({"ID": [1, 2], "!NAME": "x"}) == []


def test_names_in_conditions_of_rest_3_are_checked() -> None:
    named = (field("id", "integer"), field("title"))
    table = ParameterTable("tasks.task.list", "v3", [field("filter", "array", is_list=True, fields=named)])
    (problem,) = table.check({"filter": [["titel", "=", "x"], ["id", ">", 5]]})
    assert (problem.certain, problem.message) == (True, "is not a field that can be filtered by; it is called title")
    nested = table.check({"filter": [{"logic": "or", "conditions": [["titel", "x"]]}]})
    assert [problem.certain for problem in nested] == [True]


def test_usual_arguments_are_recognised_without_a_closer_look() -> None:
    table = ParameterTable("crm.deal.list", "v2", LIST, "A")
    assert (
        table.is_usual({"filter": {">ID": 5, "STAGE_ID": ["NEW"]}, "select": ["ID"], "order": {"ID": "ASC"}}) is False
    )
    assert table.is_usual({"filter": {">ID": 5, "STAGE_ID": "NEW"}, "select": ["ID"], "order": {"ID": "ASC"}})
    assert not table.is_usual({"filter": {"STAGE": "NEW"}})
    assert not table.is_usual({"select": ["TITEL"]})
    assert not table.is_usual({"page": 1})
