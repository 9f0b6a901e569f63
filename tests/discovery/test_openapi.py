"""The OpenAPI document of a portal: its methods are read, and malformed documents are harmless."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24_mcp.catalog.arguments.table import check_arguments
from b24_mcp.catalog.facts import MethodFacts
from b24_mcp.discovery.openapi import PortalMethod, read_openapi
from tests.discovery.documents import body, document, operation


def only(written: Any) -> PortalMethod:
    (method,) = read_openapi(written)
    return method


def facts(written: Any) -> MethodFacts:
    return only(written).facts


def test_a_method_has_its_parameters_with_types_and_what_is_required() -> None:
    get = facts(
        document(
            crm__deal__get=operation(
                body(
                    ["id"],
                    id={"type": "integer", "example": 1},
                    select={"type": "array", "items": {"type": "string"}},
                    price={"type": "float"},
                    since={"type": "string", "format": "date-time"},
                    day={"type": "string", "format": "date"},
                    mode={"type": "string", "enum": ["a", "b", 3, None]},
                    odd={"type": "unknown"},
                )
            )
        )
    )
    assert (get.method, get.version, get.page) == ("crm.deal.get", "v3", None)
    assert [(p.name, p.type, p.required, p.is_list) for p in get.params] == [
        ("id", "integer", True, False),
        ("select", "array", False, True),
        ("price", "number", False, False),
        ("since", "datetime", False, False),
        ("day", "date", False, False),
        ("mode", "string", False, False),
        ("odd", "", False, False),
    ]
    assert get.params[5].values == ("a", "b", "3")


@pytest.mark.parametrize(
    ("schema", "required"),
    [
        ({"type": "integer", "example": 1}, True),
        ({"type": "string", "example": "string"}, True),
        ({"type": "integer"}, True),
        ({"type": "object", "properties": {"a": {}}, "example": {"a": 1}}, True),
        ({"type": "integer", "example": 50}, None),
        ({"type": "string", "example": ""}, None),
        ({"type": "boolean", "example": True}, None),
        ({"type": "boolean", "example": False}, None),
        ({"type": "array", "example": []}, None),
    ],
)
def test_a_parameter_with_a_default_is_not_required_although_portals_mark_it(
    schema: Any, required: bool | None
) -> None:
    (parameter,) = facts(document(a__b=operation(body(["x"], x=schema)))).params
    assert parameter.required is required


def test_fields_come_through_links_and_from_all_parts_of_a_schema() -> None:
    schemas = {
        "Base": body(["title"], id={"type": "integer"}, title={"type": "string"}),
        "Deal": {"allOf": [{"$ref": "#/components/schemas/Base"}, body(stage={"type": "string"})]},
    }
    add = facts(document(schemas, a__add=operation(body(["fields"], fields={"$ref": "#/components/schemas/Deal"}))))
    (fields,) = add.params
    assert (fields.type, fields.required) == ("object", True)
    assert {(field.name, field.required) for field in fields.fields} == {
        ("id", False),
        ("title", True),
        ("stage", False),
    }


def test_the_fields_of_the_items_of_a_list_are_fields_of_the_parameter() -> None:
    rows = {"type": "array", "items": body(id={"type": "integer"})}
    (parameter,) = facts(document(a__b=operation(body(rows=rows)))).params
    assert (parameter.is_list, [field.name for field in parameter.fields]) == (True, ["id"])


def test_an_array_of_php_may_be_a_map_and_a_filter_may_not() -> None:
    anything = body(data={"type": "array"}, filter={"type": "array"})
    params = facts(document(a__b=operation(anything))).params
    assert [p.type for p in params] == ["array|object", "array"]
    refused = {
        problem.field for problem in check_arguments("a.b", "v3", params, {"data": {"x": 1}, "filter": {"x": 1}})
    }
    assert refused == {"filter"}


@pytest.mark.parametrize(
    "schema",
    [
        {"oneOf": [{"type": "integer"}, {"type": "string"}]},
        {"anyOf": [{"type": "integer"}, {"type": "string"}, {"type": "null"}]},
        {"type": ["integer", "string", "null"]},
    ],
)
def test_alternatives_are_a_union(schema: Any) -> None:
    (parameter,) = facts(document(a__b=operation(body(x=schema)))).params
    assert parameter.type == "integer|string"


def test_circular_and_broken_links_are_ignored() -> None:
    schemas = {
        "A": {"$ref": "#/components/schemas/B"},
        "B": {"$ref": "#/components/schemas/A"},
        "Node": body(
            parent={"$ref": "#/components/schemas/Node"}, children={"type": "array", "items": {"$ref": "Node"}}
        ),
    }
    links = body(
        a={"$ref": "#/components/schemas/A"},
        node={"$ref": "#/components/schemas/Node"},
        gone={"$ref": "#/components/schemas/Gone"},
        away={"$ref": "https://elsewhere.example/schema.json"},
        nothing={"$ref": None},
    )
    params = {p.name: p for p in facts(document(schemas, a__b=operation(links))).params}
    assert set(params) == {"a", "node", "gone", "away", "nothing"}
    assert [field.name for field in params["node"].fields] == ["parent", "children"]
    assert params["gone"].type == ""


@pytest.mark.parametrize(
    ("result", "form"),
    [
        (body(item={"type": "object"}), {"kind": "object", "keys": ["item"]}),
        (
            body(items={"type": "array"}, hasMore={}),
            {"kind": "object", "keys": ["items", "hasMore"], "list_key": "items"},
        ),
        (body(rows={"type": "array"}), {"kind": "object", "keys": ["rows"], "list_key": "rows"}),
        ({"type": "array", "items": {}}, {"kind": "object", "list_key": "items", "keys": ["items"]}),
        ({"type": "boolean"}, {"kind": "boolean"}),
        ({"type": "object"}, {"kind": "unknown"}),
        ({}, {"kind": "unknown"}),
        (None, {"kind": "unknown"}),
    ],
)
def test_the_result_is_what_the_portal_sends(result: Any, form: Any) -> None:
    assert only(document(a__b=operation(None, result))).facts.result.to_json() == form


@pytest.mark.parametrize(
    ("properties", "paging"),
    [
        ({"pagination": {"type": "object"}}, "pagination"),
        ({"cursor": {"type": "object"}}, "tail"),
        ({"cursor": {"type": "string"}}, "cursor"),
        ({}, "none"),
    ],
)
def test_paging_follows_from_the_parameters(properties: Any, paging: str) -> None:
    assert facts(document(a__list=operation(body(**properties), {"type": "array"}))).paging == paging


def test_titles_are_one_bounded_line_without_html() -> None:
    said = only(document(a__b=operation(summary="<b>Merge</b>\n deals.", description="Joins " + "x" * 900)))
    assert said.title.startswith("Merge deals. Joins xxx")
    assert len(said.title) == 200
    assert not said.is_russian
    assert only(document(a__b=operation(summary="Объединить сделки"))).is_russian
    assert only(document(a__b=operation(summary={"en": "no text"}))).title == ""


@pytest.mark.parametrize(
    ("name", "tags", "scope"),
    [
        ("tasks__task__get", ["tasks"], ("tasks",)),
        ("tasks__task__get", ["vendor.zoo"], ("vendor.zoo",)),
        ("tasks__task__get", [], ("tasks",)),
        ("tasks__task__get", "tasks", ("tasks",)),
        ("tasks__task__get", [{"a": 1}], ("tasks",)),
        ("rest__scope__list", ["rest"], ()),
        ("scopes", None, ()),
    ],
)
def test_the_scope_is_that_of_the_module(name: str, tags: Any, scope: tuple[str, ...]) -> None:
    assert facts(document(**{name: operation(tags=tags)})).scope == scope


def test_a_deprecated_method_is_marked() -> None:
    assert facts(document(a__b=operation(deprecated=True))).deprecated
    assert not facts(document(a__b=operation(deprecated="no"))).deprecated


def test_a_method_with_only_a_name_is_read() -> None:
    assert facts({"paths": {"/tasks.task.get": {}}}).method == "tasks.task.get"
    assert facts({"paths": {"/documentation": {"get": operation()}}}).params == ()


@pytest.mark.parametrize(
    "path", ["", "/", "/../admin", "/a b", "/a.json", "/" + "a" * 200, "/crm/deal", "/batch", "/a?b=1", "/а.б"]
)
def test_a_path_that_is_not_a_method_name_is_left_out(path: str) -> None:
    assert read_openapi({"paths": {path: {"post": operation()}}}) == []


@pytest.mark.parametrize(
    "nothing", [None, [], {}, "", 0, {"paths": []}, {"paths": "x"}, {"paths": None}, [{"paths": {}}]]
)
def test_anything_but_a_document_has_no_methods(nothing: Any) -> None:
    assert read_openapi(nothing) == []


def test_a_huge_document_takes_bounded_time_and_space() -> None:
    wide: Any = {f"f{number}": {"$ref": "#/components/schemas/Wide"} for number in range(2_000)}
    methods = {f"a__m{number}": operation(body(**wide)) for number in range(300)}
    started = time.process_time()
    found = read_openapi(document({"Wide": body(**wide)}, **methods))
    assert len(found) == 300
    assert all(len(method.facts.params) == 400 for method in found)
    assert time.process_time() - started < 30
    many: Any = {"paths": {f"/a.m{number}": {} for number in range(20_000)}}
    assert len(read_openapi(many)) == 5_000


def test_all_parameters_are_read_before_the_fields_of_the_first() -> None:
    fields: Any = {f"f{number}": {"type": "string"} for number in range(1_000)}
    first = body(**fields)
    (a, b) = facts(document(a__b=operation(body(first=first, last={"type": "string"})))).params
    assert (a.name, b.name, len(a.fields)) == ("first", "last", 398)


words = st.sampled_from(
    ["$ref", "allOf", "oneOf", "anyOf", "type", "properties", "items", "required", "enum", "post", "get", "responses",
     "200", "content", "application/json", "schema", "requestBody", "summary", "result", "object", "array", "string",
     "paths", "components", "schemas", "/a.b", "A", "#/components/schemas/A", "example", "pagination", "cursor"]
)  # fmt: skip
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | words
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words | st.text(max_size=4), inner, max_size=5),
    max_leaves=40,
)


@given(anything)
def test_any_json_is_read_without_an_exception(written: Any) -> None:
    read_openapi(written)


@given(anything, anything, anything)
def test_any_schema_is_read_without_an_exception(request: Any, result: Any, schema: Any) -> None:
    written = document({"A": schema}, a__b=operation(request, result))
    method = facts(written)
    assert method.method == "a.b"
    check_arguments("a.b", "v3", method.params, {"x": 1, "filter": []})


@given(anything, anything)
def test_any_operation_is_read_without_an_exception(item: Any, schemas: Any) -> None:
    for method in read_openapi({"paths": {"/a.b": item, "/c.d": {"post": item}}, "components": {"schemas": schemas}}):
        assert method.key in ("a.b", "c.d")
