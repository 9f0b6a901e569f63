"""Positional methods: each documented one has its order, and any order of names gives the same call."""

from __future__ import annotations

import itertools
import json
from importlib.resources import files
from typing import Any

import pytest

from b24_mcp.catalog import arguments_of, arrange, known_methods

_LINES = files("b24_mcp.catalog").joinpath("data/methods.jsonl").read_text("utf-8").splitlines()
DOCUMENTED = {
    facts["method"]: [parameter["name"] for parameter in facts["params"]]
    for facts in map(json.loads, _LINES)
    if facts.get("positional")
}
_A_VALUE = {"integer": 7, "string": "text", "object": {"ID": 1}, "array": ["ID"], "any": "x"}


@pytest.mark.parametrize(("method", "names"), DOCUMENTED.items(), ids=DOCUMENTED)
def test_a_documented_positional_method_has_its_arguments_in_the_documented_order(method: str, names: Any) -> None:
    assert [argument.name for argument in arguments_of(method) or ()] == names


def test_a_method_with_named_parameters_is_not_positional() -> None:
    for name in (
        "crm.deal.list",
        "tasks.task.add",
        "task.stages.get",
        "task.item.userfield.get",
        "task.dependence.add",
    ):
        assert known_methods().method(name) is not None
        assert arguments_of(name) is None


@pytest.mark.parametrize("method", DOCUMENTED)
def test_any_order_of_the_names_gives_the_same_values(method: str) -> None:
    arguments = arguments_of(method) or ()
    params = {argument.names[-1].lower(): _A_VALUE[argument.kind] for argument in arguments}
    expected = [_A_VALUE[argument.kind] for argument in arguments]
    for names in itertools.permutations(params):
        assert arrange(method, {name: params[name] for name in names}).values == expected
    assert arrange(method, expected).problems == {}


@pytest.mark.parametrize(
    ("method", "params", "values"),
    [
        ("task.item.list", {"select": ["ID"]}, [{}, {}, {}, ["ID"]]),
        ("task.items.getlist", {"SELECT": ["ID"], "ORDER": {"ID": "asc"}}, [{"ID": "asc"}, {}, ["ID"]]),
        ("task.commentitem.getlist", {"FILTER": {"AUTHOR_ID": 1}, "TASKID": 5}, [5, {}, {"AUTHOR_ID": 1}]),
        ("task.elapseditem.getlist", {"SELECT": ["ID"], "taskId": 5}, [5, {}, {}, ["ID"]]),
        ("task.elapseditem.getlist", {"FILTER": {"USER_ID": 1}}, [{}, {"USER_ID": 1}]),
        ("task.checklistitem.complete", {"1": 2, "0": 5}, [5, 2]),
        ("task.logitem.list", {"taskId": 5}, [5]),
        ("task.planner.getlist", {}, []),
    ],
)
def test_gaps_are_filled_with_empty_values(method: str, params: Any, values: list[Any]) -> None:
    assert arrange(method, params).values == values


@pytest.mark.parametrize(
    ("method", "params", "field", "words"),
    [
        ("task.checklistitem.complete", {"ITEMID": 2, "TASKS": 5}, "TASKS", "is not a parameter"),
        ("task.checklistitem.complete", {"ITEMSID": 2, "TASKID": 5}, "ITEMSID", "it is called ITEMID"),
        ("task.checklistitem.complete", {"ITEMID": 2}, "TASKID", "missing"),
        ("task.checklistitem.complete", {"ITEMID": 2, "TASKID": 5, "TASK_ID": 6}, "TASK_ID", "twice"),
        ("task.checklistitem.complete", {"TASKID": 5, "ITEMID": [2]}, "ITEMID (place 2)", "a whole number"),
        ("task.checklistitem.complete", {"TASKID": True, "ITEMID": 2}, "TASKID (place 1)", "a whole number"),
        ("task.checklistitem.complete", [5], "ITEMID (place 2)", "missing"),
        ("task.checklistitem.complete", [5, 2, 3], "place 3", "one too many"),
        ("task.commentitem.add", [{"POST_MESSAGE": "t"}, 5], "TASKID (place 1)", "a whole number"),
        ("task.commentitem.add", [5, "text"], "FIELDS (place 2)", "an object"),
        ("task.comment.add", [5, {"POST_MESSAGE": "t"}], "COMMENTTEXT (place 2)", "a text"),
        ("task.elapseditem.getlist", {"start": 50}, "start", "is not a parameter"),
    ],
)
def test_values_that_do_not_fit_are_reported(method: str, params: Any, field: str, words: str) -> None:
    problems = arrange(method, params).problems
    assert words in problems[field]


def test_references_are_not_checked() -> None:
    assert arrange("task.checklistitem.complete", {"ITEMID": "$result[a]", "TASKID": 5}, {"ITEMID"}).problems == {}
    assert arrange("task.checklistitem.complete", [5, "$result[a]"], {1}).problems == {}
