"""Calls of the CRM whose values the portal would read as something else, or ignore."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from tests.loopback import LoopbackPortal
from tests.server.conftest import CallTool

PHONE = {"NAME": "Anna", "PHONE": [{"VALUE": "+79990001122", "VALUE_TYPE": "work"}]}


@pytest.fixture
def era() -> Literal["auto"]:
    return "auto"


@pytest.mark.parametrize(
    ("method", "params", "said"),
    [
        ("crm.lead.add", {"fields": {"TITLE": "x", "OPPORTUNITY": "1 500,00"}}, "1500.00"),
        ("crm.item.add", {"entityTypeId": 2, "fields": {"title": "x", "opportunity": "1\u00a0000"}}, "1000"),
        ("crm.deal.productrows.set", {"id": 1, "rows": [{"PRODUCT_ID": 1, "PRICE": "100,50"}]}, "100.50"),
        ("crm.deal.update", {"id": 1, "fields": {"OPPORTUNITY": "$1'200"}}, "1200"),
        ("crm.deal.update", {"id": 1, "fields": {"OPPORTUNITY": "-3 000 EUR"}}, "-3000"),
    ],
)
async def test_an_amount_with_separators_is_refused_with_the_plain_number(
    call_tool: CallTool, portal: LoopbackPortal, method: str, params: dict[str, Any], said: str
) -> None:
    error = (await call_tool("call_method", method=method, params=params))["error"]
    assert error["executed"] == "no"
    assert "crm." not in "".join(portal.methods)
    assert f"like {said}" in error["message"]


async def test_an_amount_in_a_filter_is_refused_with_the_plain_number(
    call_tool: CallTool, portal: LoopbackPortal
) -> None:
    answer = await call_tool("list_records", method="crm.deal.list", params={"filter": {">OPPORTUNITY": "100 000"}})
    assert "like 100000" in answer["error"]["message"]


@pytest.mark.parametrize(("method", "type_id"), [("crm.deal.list", 2), ("crm.lead.list", 1), ("crm.quote.list", 7)])
async def test_joined_conditions_are_refused_where_the_portal_ignores_them(
    call_tool: CallTool, portal: LoopbackPortal, method: str, type_id: int
) -> None:
    params = {"filter": {"LOGIC": "OR", "0": {"TITLE": "a"}, "1": {"TITLE": "b"}}}
    error = (await call_tool("call_method", method=method, params=params))["error"]
    assert f"crm.item.list with entityTypeId {type_id} takes groups" in error["message"]
    either = {"entityTypeId": type_id, "filter": {"logic": "OR", "0": {"id": 1}, "1": {"id": 2}}}
    answer = await call_tool("call_method", method="crm.item.list", params=either)
    assert answer["ok"] is True
    assert answer["warnings"] == []


async def test_a_value_near_a_documented_one_is_sent_with_a_warning(
    call_tool: CallTool, portal: LoopbackPortal
) -> None:
    answer = await call_tool("call_method", method="crm.contact.add", params={"fields": PHONE})
    assert answer["ok"] is True
    assert "WORK is meant" in "; ".join(answer["warnings"])
