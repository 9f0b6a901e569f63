"""Calls of the most used methods: certain mistakes are refused with the right name or form, correct calls pass."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from b24_mcp.app.planning import CallRequest, plan_checked
from b24_mcp.catalog import known_methods
from b24_mcp.catalog.tables import read_table
from b24_mcp.errors import B24Error

_HERE = Path(__file__).parent


def lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (_HERE / name).read_text("utf-8").splitlines()]


def refusal(method: str, params: object, version: Any = "auto") -> str:
    """Return what is said when a call is refused; empty when it is not."""
    try:
        plan_checked(CallRequest(method, params, version))  # type: ignore[arg-type]  # JSON of a test
    except B24Error as exc:
        found = [f"{problem.field} {problem.message}" for problem in exc.fault.validation]
        return "; ".join([exc.fault.message, *found])
    return ""


def test_everyday_mistakes_are_refused_with_the_right_name_or_form() -> None:
    missed = []
    for line in lines("everyday_mistakes.jsonl"):
        said = refusal(line["method"], line["params"], line.get("version", "auto"))
        if line["right"].lower() not in said.lower():
            missed.append((line, said))
    assert missed == []


def test_correct_everyday_calls_are_not_refused() -> None:
    calls = lines("everyday_calls.jsonl")
    refused = [
        (line, said) for line in calls if (said := refusal(line["method"], line["params"], line.get("version", "auto")))
    ]
    assert refused == []


@pytest.mark.parametrize(
    ("method", "params", "said"),
    [
        ("crm.deal.add", {"fields": {"AMOUNT": 5}}, "fields.AMOUNT is not a field here; it is called OPPORTUNITY"),
        ("tasks.task.update", {"taskId": 5, "fields": {"DUE_DATE": ""}}, "it is called DEADLINE"),
        ("crm.item.list", {"entityTypeId": 2, "filter": {">createdAt": "2026-01-01"}}, "it is called createdTime"),
        ("crm.deal.list", {"filter": {"DEAL_ID": 5}}, "it is called ID"),
        ("crm.deal.list", {"filter": {"DATE_CREATE_FROM": "2026-01-01"}}, 'it is written ">=DATE_CREATE"'),
        ("crm.deal.list", {"filter": {"DATE_CREATE__lt": "2026-01-01"}}, 'it is written "<DATE_CREATE"'),
        ("crm.deal.list", {"STAGE_ID": "WON"}, 'it belongs into filter: {"filter": {"STAGE_ID": …}}'),
        ("crm.deal.add", {"UF_CRM_1": "x"}, 'it belongs into fields: {"fields": {"UF_CRM_1": …}}'),
        ("crm.deal.add", {"deal": {"TITLE": "x"}}, "it is called fields"),
        ("department.get", {"filter": {"NAME": "x"}}, "NAME stand at the top, without it"),
        ("crm.deal.add", {"fields": {"ASSIGNED_BY_ID": "John Smith"}}, "must be a number, the id"),
        ("im.message.add", {"DIALOG_ID": "Sales", "MESSAGE": "x"}, 'like "chat42"'),
        ("crm.deal.list", {"filter": {"OPPORTUNITY": "> 1000"}}, '{">OPPORTUNITY": …}'),
        ("catalog.product.list", {"filter": {"$or": [{"id": 1}, {"id": 2}]}}, '"LOGIC": "OR"'),
        ("crm.deal.list", {"filter": {"$or": [{"ID": 1}, {"ID": 2}]}}, "crm.item.list"),
        ("crm.deal.list", {"filter": {"field": "STAGE_ID", "value": "WON"}}, '{"STAGE_ID": …}'),
        ("crm.deal.list", {"order": {"ID": -1}}, "must be asc or desc"),
        ("crm.deal.add", {"fields": {"OPENED": "yes"}}, 'must be "Y"'),
        ("disk.folder.uploadfile", {"id": 5, "data": {"NAME": "a"}, "fileContent": "text"}, "base64"),
        ("catalog.extra.list", {"order": {"name": "ascending"}}, "must be asc or desc"),
        ("crm.deal.add", {"fields": {"PRODUCTS": []}}, "product rows are set with crm.deal.productrows.set"),
        ("tasks.task.add", {"fields": {"TITLE": "x", "RESPONSIBLE_ID": 1, "DEAL_ID": 5}}, "UF_CRM_TASK"),
        ("imopenlines.config.update", {"CONFIG_ID": 1, "PARAMS": {"NAME": "x"}}, "LINE_NAME is meant"),
        ("landing.landing.copy", {"lid": 5, "siteId": 3}, "toSiteId is meant"),
        ("catalog.extra.list", {"filter": {"percent": 5}}, "percentage is meant"),
        ("crm.dealcategory.stage.list", {"categoryId": 1}, "it is called id"),
        ("landing.repo.getList", {"filter": {"NAME": "x"}}, 'it belongs into params: {"params": {"filter": …}}'),
        ("lists.get.iblock.type.id", {"x": 1}, "IBLOCK_ID or IBLOCK_CODE is required"),
        (
            "bizproc.robot.add",
            {"CODE": "r", "HANDLER": "https://x.example", "NAME": "n", "PROPERTIES": {"a": {"Type": "strng"}}},
            "PROPERTIES.a.Type is not an allowed value (strng): string is meant",
        ),
        ("entity.rights", {"ENTITY": "menu", "ACCESS": {"U1": "Q"}}, "ACCESS.U1 is not an allowed value"),
        (
            "calendar.event.add",
            {"type": "user", "ownerId": 1, "name": "x", "section": 1, "to": "2026-12-31"},
            "from or from_ts is required",
        ),
    ],
)
def test_a_mistake_of_each_kind_is_refused_with_what_is_right(method: str, params: object, said: str) -> None:
    assert said in refusal(method, params)


@pytest.mark.parametrize(
    ("filter", "said"),
    [
        (["status", "=", 5], 'is a list of conditions: [["status", "=", 5]]'),
        ([["status", "==", 5]], "is an unknown operator"),
        ([["assigneeId", "=", 5]], "it is called responsibleId"),
    ],
)
def test_a_condition_of_rest_3_in_another_form_is_refused(filter: object, said: str) -> None:
    assert said in refusal("tasks.task.list", {"filter": filter}, "v3")


def test_a_filter_of_a_method_of_rest_3_that_takes_none_is_refused() -> None:
    assert "filter is not taken by this method" in refusal("note.collection.list", {"filter": []}, "v3")


def test_a_list_with_a_cursor_is_read_with_the_cursor_of_the_answer() -> None:
    assert '"afterCursor": the nextCursor' in refusal("note.collection.list", {"limit": 5}, "v3")


def test_names_given_to_a_method_without_parameters_are_warned_about() -> None:
    planned = plan_checked(CallRequest("department.fields", {"ID": 5}))
    assert planned.warnings == ("ID is not documented for this method",)


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("crm.lead.add", {"fields": {"TITLE": "x", "NAME": "y"}}),  # both are documented
        ("crm.deal.add", {"fields": {"TITLE": "x", "NAME": "y"}}),  # what it may stand for is given
        ("crm.deal.update", {"id": 5, "fields": {"ASSIGNED_BY_ID": "", "CONTACT_ID": None}}),
        ("crm.deal.list", {"filter": {"ASSIGNED_BY_ID": ["1", 2], "!CONTACT_ID": False}}),
        ("tasks.task.add", {"fields": {"TITLE": "x", "RESPONSIBLE_ID": 1, "TAGS": ["a"]}}),
        ("crm.contact.update", {"id": 5, "fields": {"PHONE": [{"ID": 7, "DELETE": "Y"}]}}),
        ("department.get", {"ID": [1, 2]}),
    ],
)
def test_what_only_looks_like_such_a_mistake_passes(method: str, params: object) -> None:
    assert refusal(method, params) == ""


def test_a_text_between_percent_signs_is_warned_about_in_a_filter() -> None:
    planned = plan_checked(CallRequest("crm.deal.list", {"filter": {"TITLE": "%acme%"}}))
    assert any('{"%TITLE": "acme"}' in warning for warning in planned.warnings)


def test_each_synonym_is_written_as_it_is_compared_and_stands_for_documented_names() -> None:
    documented = {name.lower().replace("_", "") for name in _names()}
    for row in read_table("synonyms"):
        words = row["words"].split()
        assert words == [word.lower().replace("_", "") for word in words]
        assert len(set(words)) == len(words)
        assert row["place"] in ("", "top")
        assert {name.lower().replace("_", "") for name in row["names"].split()} <= documented, row


def _names() -> set[str]:
    catalogue = known_methods()
    versions = [(name, version) for name in catalogue.names for version in catalogue.versions(name)]
    methods = [catalogue.method(name, version) for name, version in versions]
    waiting = [parameter for method in methods if method is not None for parameter in method.facts.params]
    found = set()
    while waiting:
        parameter = waiting.pop()
        found.add(parameter.name)
        waiting += parameter.fields
    return found
