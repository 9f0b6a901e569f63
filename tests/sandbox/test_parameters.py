"""Merging of query, form and JSON; PHP brackets; case of keys; positional arguments."""

from __future__ import annotations

import json
from typing import Any

import pytest

from b24_sandbox import php
from tests.sandbox.conftest import Caller


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("a=1&a=2", {"a": "2"}),
        ("a[]=1&a[]=2", {"a": ["1", "2"]}),
        ("a[b][c]=1&a[b][d]=2", {"a": {"b": {"c": "1", "d": "2"}}}),
        ("filter[>ID]=5", {"filter": {">ID": "5"}}),
        ("a.b c=1", {"a_b_c": "1"}),
        ("a[b.c]=1", {"a": {"b.c": "1"}}),
        ("a[5]=x&a[]=y", {"a": {"5": "x", "6": "y"}}),
        ("a=1&a[b]=2", {"a": {"b": "2"}}),
        ("a[b=1", {"a_b": "1"}),
        ("a[[.=1", {"a___": "1"}),
        ("[a]=1", {}),
        ("=1&&b", {"b": ""}),
        ("a%5B0%5D=x+y%21", {"a": ["x y!"]}),
        ("a[b]tail=1", {"a": {"b": "1"}}),
    ],
)
def test_query_strings_are_parsed_like_php(query: str, expected: dict[str, Any]) -> None:
    assert php.parse_query(query) == expected


async def test_json_keys_replace_query_keys_without_a_deep_merge(call: Caller) -> None:
    response = await call.http.post(
        call.base + "crm.deal.list?filter[ID]=1&select[]=TITLE", json={"filter": {"ID": 2}, "select": ["ID"]}
    )
    assert response.json()["result"] == [{"ID": "2"}]


@pytest.mark.parametrize("body", ["{broken", '"text"', "5", "null", "[" * 100_000])
async def test_malformed_or_scalar_json_is_ignored(call: Caller, body: str) -> None:
    response = await call.http.post(
        call.base + "crm.deal.list?filter[ID]=1", content=body, headers={"Content-Type": "application/json"}
    )
    assert response.json()["total"] == 1


async def test_json_without_its_content_type_runs_the_method_without_parameters(call: Caller) -> None:
    body = json.dumps({"filter": {"ID": 1}})
    answer = (
        await call.http.post(call.base + "crm.deal.list", content=body, headers={"Content-Type": "text/plain"})
    ).json()
    assert answer["total"] == 400


async def test_a_body_of_any_other_type_is_read_as_a_query_string(call: Caller) -> None:
    answer = (await call.http.post(call.base + "crm.deal.list", content=b"filter[ID]=1")).json()
    assert answer["total"] == 1


async def test_form_fields_and_multipart_fields_are_parameters(call: Caller) -> None:
    form = await call.http.post(call.base + "crm.deal.list", data={"filter[ID]": "1"})
    parts = await call.http.post(
        call.base + "crm.deal.list", data={"filter[ID]": "1"}, files={"ignored": ("a.txt", b"content")}
    )
    assert (form.json()["total"], parts.json()["total"]) == (1, 1)


async def test_a_json_content_type_may_have_a_prefix(call: Caller) -> None:
    answer = (
        await call.http.post(
            call.base + "crm.deal.list",
            content=b'{"filter":{"ID":1}}',
            headers={"Content-Type": "application/vnd.api+json; charset=utf-8"},
        )
    ).json()
    assert answer["total"] == 1


@pytest.mark.parametrize("key", ["filter", "FILTER", "Filter", "arFilter"])
async def test_classic_crm_accepts_several_spellings_of_a_parameter(call: Caller, key: str) -> None:
    assert (await call("crm.deal.list", {key: {"ID": 1}}))["total"] == 1


async def test_controllers_accept_the_documented_spelling_only(call: Caller) -> None:
    status, answer = await call.refused("crm.item.get", {"entitytypeid": 2, "ID": 1})
    assert (status, answer["error"]) == (400, "100")
    assert answer["error_description"] == "Could not find value for parameter {entityTypeId}"


async def test_user_methods_read_parameters_in_any_case(call: Caller) -> None:
    for params in ({"filter": {"ID": 2}}, {"FILTER": {"ID": 2}}, {"id": 2}):
        assert [person["ID"] for person in await call.result("user.get", params)] == ["2"]


async def test_start_is_a_lower_case_key_and_invalid_values_are_zero(call: Caller) -> None:
    assert (await call("crm.deal.list", {"start": "50 rows"}))["next"] == 100
    assert (await call("crm.deal.list", {"START": 50}))["next"] == 50
    assert (await call("crm.deal.list", {"start": "many"}))["next"] == 50


async def test_reserved_parameters_never_reach_a_positional_method(write: Caller) -> None:
    response = await write.http.post(
        write.base + "task.elapseditem.add?auth=x&state=y&sessid=z", json=[7, {"SECONDS": 60, "COMMENT_TEXT": "t"}]
    )
    assert isinstance(response.json()["result"], int)


@pytest.mark.parametrize("body", [[3], {"taskId": 3}, {"whatever": 3}, {"0": 3}])
async def test_positional_methods_ignore_the_names_of_arguments(call: Caller, body: object) -> None:
    assert (await call.result("task.item.getdata", body))["ID"] == "3"


async def test_any_query_parameter_shifts_positional_arguments(call: Caller) -> None:
    response = await call.http.post(call.base + "task.item.getdata?bx24_request_id=abc", json=[3])
    answer = response.json()
    assert (response.status_code, answer["error"]) == (400, "ERROR_CORE")
    assert answer["error_description"].startswith("TASKS_ERROR_EXCEPTION_#256; Param #0 (taskId) for method")


async def test_a_value_equal_to_the_name_of_a_positional_method_is_dropped(call: Caller) -> None:
    assert (await call.result("task.item.getdata", {"m": "/rest/task.item.getdata.json", "id": 3}))["ID"] == "3"


async def test_unknown_parameters_are_tolerated(call: Caller) -> None:
    assert (await call("crm.deal.get", {"id": 1, "bx24_sdk_ver": "1"}))["result"]["ID"] == "1"
