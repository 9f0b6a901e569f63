"""The check of arguments inside objects and lists: names, required fields, forms and values."""

from __future__ import annotations

from typing import Any

import pytest

from b24_mcp.catalog import Parameter, Problem
from b24_mcp.catalog.arguments.table import check_arguments


def field(name: str, type: str = "string", **more: Any) -> Parameter:
    return Parameter(name, type, more.pop("required", None), **more)


def check(fields: tuple[Parameter, ...], given: object, method: str = "crm.deal.add", **more: Any) -> list[Problem]:
    return check_arguments(method, "v2", [field("fields", "object", fields=fields, **more)], {"fields": given})


def refused(fields: tuple[Parameter, ...], given: object, method: str = "crm.deal.add", **more: Any) -> list[str]:
    found = check(fields, given, method, **more)
    return [f"{problem.field} {problem.message}" for problem in found if problem.certain]


DEAL = (
    field("TITLE"),
    field("OPPORTUNITY", "double"),
    field("STAGE_ID", "crm_status"),
    field("CLOSED", "char", values=("Y", "N")),
    field("CLOSEDATE", "date"),
    field("DEADLINE", "datetime"),
    field("PHONE", "crm_multifield[]", is_list=True),
    field("PROBABILITY", "integer", minimum=0, maximum=100),
    field("KIND", values=("SALE", "SERVICE")),
    field("OPEN_KIND", values=("SALE", "SERVICE"), open_values=True),
    field("FILE", "file"),
    field("ROWS", "object[]", is_list=True, fields=(field("PRODUCT_ID", "integer", required=True), field("PRICE"))),
    field("UF_...", "", pattern=True),
)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"TITEL": "x"}, "fields.TITEL is not a field here; it is called TITLE"),
        ({"OPORTUNITY": 5}, "it is called OPPORTUNITY"),
        ({"OPPORTUNTIYY": 5}, "it is called OPPORTUNITY"),
        ({"STAGE": "WON"}, "it is called STAGE_ID"),
        ({"stageId": "WON"}, "it is called STAGE_ID"),
        ({"title": "x"}, "fields.title is written TITLE"),
        ({"OPPORTUNITY": "five"}, "fields.OPPORTUNITY must be a number"),
        ({"OPPORTUNITY": {"amount": 5}}, "must be a single value, not an object"),
        ({"OPPORTUNITY": [5]}, "must be a single value, not a list"),
        ({"TITLE": ["x"]}, "must be a single value, not a list"),
        ({"CLOSED": False}, 'must be "N"'),
        ({"CLOSED": True}, 'must be "Y"'),
        ({"CLOSED": "yes"}, 'must be "Y"'),
        ({"CLOSED": "maybe"}, "allowed are Y, N"),
        ({"CLOSEDATE": "Friday"}, "must be a date like 2026-12-31"),
        ({"CLOSEDATE": "2026-02-30"}, "there is no such day"),
        ({"DEADLINE": "31/12/2026"}, "must be a date and time with a zone"),
        ({"DEADLINE": "tomorrow"}, "like 2026-12-31T18:00:00+03:00"),
        ({"PHONE": "+49 30 1"}, '[{"VALUE": "…", "VALUE_TYPE": "WORK"}]'),
        ({"PHONE": {"VALUE": "+49 30 1"}}, "fields.PHONE must be a list"),
        ({"PHONE": ["+49 30 1"]}, "fields.PHONE must be a list"),
        ({"PHONE": [{"VALUE": "+49 30 1", "TYPE": "WORK"}]}, "TYPE is called VALUE_TYPE"),
        ({"PROBABILITY": 150}, "must be between 0 and 100"),
        ({"KIND": "SERVISE"}, "SERVICE is meant; allowed are SALE, SERVICE"),
        ({"FILE": "/home/me/offer.pdf"}, 'the content: ["name.ext"'),
        ({"FILE": {"fileData": "offer.pdf"}}, 'fields.FILE.fileData must be {"$file"'),
        ({"ROWS": {"PRODUCT_ID": 1}}, 'must be a list: [{"PRODUCT_ID": …}]'),
        ({"ROWS": [{"PRICE": 1}]}, "fields.ROWS.0.PRODUCT_ID is required but missing"),
        ({"ROWS": [{"PRODUCT_ID": 1, "PRIEC": 1}]}, "fields.ROWS.0.PRIEC is not a field here; it is called PRICE"),
        ({"ROWS": [1, 2]}, "must be a list of objects"),
        ("TITLE=x", "fields must be an object"),
        (["x"], "fields must be an object, not a list"),
    ],
)
def test_a_certain_mistake_inside_fields_is_refused_with_the_right_form(given: object, said: str) -> None:
    assert said in "; ".join(refused(DEAL, given))


@pytest.mark.parametrize(
    "given",
    [
        {"TITLE": "x", "OPPORTUNITY": "1000.50", "STAGE_ID": "C1:NEW", "CLOSED": "Y", "UF_CRM_1": ["a"]},
        {"OPPORTUNITY": None, "CLOSEDATE": "", "PHONE": []},
        {"CLOSEDATE": "2026-12-31", "DEADLINE": "2026-12-31T18:00:00+03:00"},
        {"CLOSEDATE": "31.12.2026", "DEADLINE": "2026-12-31 18:00:00+03:00"},
        {"PHONE": [{"VALUE": "+49 30 1", "VALUE_TYPE": "WORK"}, {"ID": 5, "DELETE": "Y"}]},
        {"PHONE": {"0": {"VALUE": "+49 30 1"}}},
        {"PROBABILITY": "50", "OPEN_KIND": "OTHER"},
        {"FILE": ["a.pdf", "JVBERi0="]},
        {"FILE": {"fileData": ["a.pdf", "/9j/4AAQSkZJRgABAQ=="]}},
        {"FILE": {"$file": "a.pdf"}},
        {"ROWS": [{"PRODUCT_ID": 1}], "ASSIGNED_BY_ID": 1},
        {},
    ],
)
def test_right_fields_are_accepted(given: object) -> None:
    assert refused(DEAL, given) == []


def test_an_unknown_field_is_a_warning_that_says_what_happens() -> None:
    (problem,) = check(DEAL, {"TITLE": "x", "FAVOURITE": 5})
    assert (problem.field, problem.certain) == ("fields.FAVOURITE", False)
    assert "ignores names" in problem.message


def test_a_date_and_time_without_a_zone_and_a_read_only_field_are_warnings() -> None:
    fields = (field("DEADLINE", "datetime"), field("ID", "integer", read_only=True), field("NAME", longest=3))
    found = check(fields, {"DEADLINE": "2026-12-31T18:00:00", "ID": 5, "NAME": "long"})
    assert [problem.certain for problem in found] == [False, False, False]
    assert "no time zone" in found[0].message
    assert "filled in by the portal" in found[1].message
    assert "longer than 3" in found[2].message


def test_fields_that_are_required_and_groups_of_which_one_is_required() -> None:
    fields = (field("NAME", required=True), field("ID"), field("CODE"))
    assert refused(fields, {"ID": 1}) == ["fields.NAME is required but missing"]
    assert refused(fields, {"NMAE": 1}) == ["fields.NMAE is not a field here; it is called NAME"]
    assert refused(fields, {"NAME": "x"}, one_of=(("ID", "CODE"),)) == ["fields.ID or CODE is required"]
    assert refused(fields, {"NAME": "x", "CODE": 1}, one_of=(("ID", "CODE"),)) == []


def test_a_pattern_covers_the_names_that_fit_it_and_no_others() -> None:
    fields = (field("title"), field("propertyN", "", pattern=True))
    assert refused(fields, {"title": "x", "property258": 1}, "catalog.product.add") == []
    assert refused(fields, {"titel": "x", "property258": 1}, "catalog.product.add") != []
    anything = (field("title"), field("<key>", "", pattern=True))
    assert check(anything, {"titel": "x", "other": 1}, "catalog.product.add") == []


def test_other_documented_spellings_of_a_name_are_accepted() -> None:
    fields = (field("isRecurring", also=("isReccurring",)),)
    assert check(fields, {"isReccurring": "Y"}, "crm.item.add") == []


def test_names_inside_objects_are_checked_at_any_depth() -> None:
    deep = (field("order", "object", fields=(field("basket", "object", fields=(field("price", "double"),)),)),)
    assert refused(deep, {"order": {"basket": {"prise": 1}}}, "sale.order.add") == [
        "fields.order.basket.prise is not a field here; it is called price"
    ]
    assert refused(deep, {"order": {"basket": {"price": "much"}}}, "sale.order.add") == [
        "fields.order.basket.price must be a number"
    ]


def test_a_reference_of_a_batch_may_stand_for_any_value() -> None:
    from b24_mcp.catalog.arguments.table import ParameterTable

    table = ParameterTable("crm.deal.add", "v2", [field("fields", "object", fields=DEAL)])
    params = {"fields": {"OPPORTUNITY": "$result[a][OPPORTUNITY]", "CLOSED": "$result[a][CLOSED]"}}
    assert table.check(params, refers=True) == []
    assert [problem.certain for problem in table.check(params)] == [True, True]


def test_a_map_of_objects_by_names_of_the_caller_is_checked_object_by_object() -> None:
    fields = (field("buttons", "object", fields=(field("title", required=True), field("type"))),)
    assert refused(fields, {"buttons": {"first": {"title": "x"}}}, "crm.activity.configurable.add") == []
    assert refused(fields, {"buttons": {"first": {"type": "x"}}}, "crm.activity.configurable.add") == [
        "fields.buttons.first.title is required but missing"
    ]
