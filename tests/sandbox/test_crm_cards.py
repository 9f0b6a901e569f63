"""Views of the cards of CRM items."""

from __future__ import annotations

import pytest

from tests.sandbox.conftest import Caller

SECTION = {"name": "main", "title": "Main", "type": "section", "elements": [{"name": "TITLE", "optionFlags": 1}]}
SHOWN = [{**SECTION, "elements": [{"name": "TITLE", "optionFlags": "1"}]}]


@pytest.mark.parametrize("word", ["deal", "lead", "contact", "company"])
async def test_a_personal_view_is_kept_until_it_is_reset(write: Caller, word: str) -> None:
    prefix = f"crm.{word}.details.configuration."
    assert await write.result(prefix + "get") is None
    assert await write.result(prefix + "set", {"scope": "P", "data": [SECTION]}) is True
    assert await write.result(prefix + "get", {"scope": "P", "userId": 1}) == SHOWN
    assert await write.result(prefix + "get", {"scope": "C"}) != SHOWN
    assert await write.result(prefix + "reset") is True
    assert await write.result(prefix + "get") is None


async def test_classic_and_item_methods_read_the_same_view(write: Caller) -> None:
    await write.result("crm.item.details.configuration.set", {"entityTypeId": 2, "scope": "C", "data": [SECTION]})
    assert await write.result("crm.deal.details.configuration.get", {"scope": "C"}) == SHOWN
    other = {"entityTypeId": 2, "scope": "C", "extras": {"dealCategoryId": 5}}
    assert await write.result("crm.item.details.configuration.get", other) != SHOWN


async def test_forcing_the_common_view_deletes_personal_views(write: Caller) -> None:
    await write.result("crm.deal.details.configuration.set", {"userId": 3, "data": [SECTION]})
    assert await write.result("crm.deal.details.configuration.forceCommonScopeForAll") is True
    assert await write.result("crm.deal.details.configuration.get", {"userId": 3}) is None


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "Parameter 'data' must be array."),
        ("x", "Parameter 'data' must be array."),
        ([], "There are no data to write."),
        ({"a": SECTION}, "The data must be indexed array."),
        ([{**SECTION, "name": ""}], "Section at index 0 does not have name."),
        ([SECTION, {**SECTION, "title": ""}], "Section at index 1 does not have title."),
        ([{**SECTION, "type": "x"}], "Section at index 0 have type 'x'. The expected type is 'section'."),
        ([{**SECTION, "elements": [{}]}], "Element at index 0 in section at index 0 does not have name."),
    ],
)
async def test_an_invalid_view_is_refused(call: Caller, data: object, message: str) -> None:
    _, answer = await call.refused("crm.item.details.configuration.set", {"entityTypeId": 3, "data": data})
    assert answer == {"error": "", "error_description": message}


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({}, "Parameter 'entityTypeId' is not defined"),
        ({"entityTypeId": 9999}, "The entity type '9999' is not supported in current context."),
    ],
)
async def test_items_of_an_unknown_type_have_no_view(call: Caller, params: object, message: str) -> None:
    status, answer = await call.refused("crm.item.details.configuration.get", params)
    assert (status, answer) == (400, {"error": "", "error_description": message})
