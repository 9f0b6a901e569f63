"""`find_methods` and `describe_method`, the checks before a call, and completion of method names."""

from __future__ import annotations

import json

import pytest
from mcp import Client
from mcp_types import ResourceTemplateReference

from tests.loopback import LoopbackPortal
from tests.server.conftest import CallTool


async def test_an_intent_leads_to_methods_with_the_facts_to_choose_by(call_tool: CallTool) -> None:
    answer = await call_tool("find_methods", query="put a task on hold", limit=3)
    first = answer["methods"][0]
    assert first["method"] in ("tasks.task.pause", "tasks.task.defer")
    assert set(first) == {"method", "version", "summary", "signature", "effect", "scope"}
    assert (first["version"], first["signature"], first["effect"]) == ("v2", "taskId*", "write")


async def test_a_russian_question_is_answered_in_russian(call_tool: CallTool) -> None:
    answer = await call_tool("find_methods", query="склады", limit=1)
    assert answer["methods"][0]["method"] == "catalog.store.list"
    assert "склад" in answer["methods"][0]["summary"].lower()


async def test_a_deprecated_method_is_found_and_marked(call_tool: CallTool) -> None:
    answer = await call_tool("find_methods", query="crm.invoice.add")
    found = {method["method"]: method for method in answer["methods"]}
    assert found["crm.invoice.add"]["deprecated"] is True


async def test_finding_methods_works_without_a_portal(call_tool: CallTool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("B24_WEBHOOK_URL", "nonsense")
    assert (await call_tool("find_methods", query="deal"))["methods"]
    described = await call_tool("describe_method", method="crm.deal.get")
    assert described["available"] is None


@pytest.mark.parametrize("query", ["", "😀", "?" * 5_000])
async def test_a_question_without_content_gets_advice(call_tool: CallTool, query: str) -> None:
    answer = await call_tool("find_methods", query=query)
    assert answer["methods"] == []
    assert answer["hint"]


@pytest.mark.parametrize("query", ["order a pizza", "закажи пиццу", "train a neural network"])
async def test_a_question_that_no_method_fits_says_so(call_tool: CallTool, query: str) -> None:
    assert "No method fits" in (await call_tool("find_methods", query=query))["hint"]


async def test_a_question_that_a_method_fits_has_no_such_hint(call_tool: CallTool) -> None:
    assert "hint" not in await call_tool("find_methods", query="put a task on hold")


async def test_the_error_for_an_unknown_scope_lists_existing_ones(call_tool: CallTool) -> None:
    error = (await call_tool("find_methods", query="deal", scope="crn"))["error"]
    assert "crm" in error["hint"]


async def test_a_method_is_described_exactly(call_tool: CallTool, portal: LoopbackPortal) -> None:
    answer = await call_tool("describe_method", method="CRM.ITEM.GET")
    assert (answer["method"], answer["version"], answer["effect"]) == ("crm.item.get", "v2", "read")
    required = {parameter["name"] for parameter in answer["params"] if parameter.get("required") is True}
    assert required == {"entityTypeId", "id"}
    assert answer["scope"] == ["crm"]
    assert answer["page"].startswith("api-reference/crm/universal/")
    assert answer["available"] is True


async def test_a_method_that_the_portal_lacks_is_marked_with_the_reason(
    call_tool: CallTool, portal: LoopbackPortal
) -> None:
    described = await call_tool("describe_method", method="rpa.item.list")
    assert (described["available"], described["why_not_available"]) == (False, "not on this portal")


async def test_a_method_for_applications_is_marked_for_a_webhook(call_tool: CallTool, portal: LoopbackPortal) -> None:
    described = await call_tool("describe_method", method="event.bind")
    assert described["available"] is False
    assert "application" in described["why_not_available"]


async def test_a_search_marks_methods_that_the_webhook_may_not_call(
    call_tool: CallTool, portal: LoopbackPortal
) -> None:
    await call_tool("call_method", method="profile")
    for _ in range(20):  # the scopes are asked for in the background
        hits = (await call_tool("find_methods", query="booking.v1.booking.list"))["methods"]
        if "available" in hits[0]:
            break
    assert (hits[0]["available"], hits[0]["why_not_available"]) == (False, "scope not granted")
    bound = (await call_tool("find_methods", query="event.bind"))["methods"]
    assert "application" in bound[0]["why_not_available"]
    granted = (await call_tool("find_methods", query="crm.deal.list"))["methods"]
    assert "available" not in granted[0]


async def test_a_description_fits_into_its_limit_and_says_how_to_see_more(call_tool: CallTool) -> None:
    whole = await call_tool("describe_method", method="crm.item.add")
    assert len(json.dumps(whole, ensure_ascii=False, separators=(",", ":"))) < 4_200
    assert "entityTypeId=" in whole["more"]
    deals = await call_tool("describe_method", method="crm.item.add", of="entityTypeId=2")
    names = json.dumps(deals["params"])
    assert "probability" in names
    assert "honorific" not in names


async def test_a_description_can_be_limited_to_a_parameter_or_a_word(call_tool: CallTool) -> None:
    one = await call_tool("describe_method", method="tasks.task.list", of="filter")
    assert [parameter["name"] for parameter in one["params"]] == ["filter"]
    word = await call_tool("describe_method", method="tasks.task.list", of="deadline")
    assert "DEADLINE" in json.dumps(word["params"])
    assert "GROUP_ID" not in json.dumps(word["params"])
    error = (await call_tool("describe_method", method="tasks.task.list", of="zzz"))["error"]
    assert error["kind"] == "validation"
    assert "filter" in error["message"]


async def test_a_long_description_keeps_what_the_fields_of_a_filter_mean(call_tool: CallTool) -> None:
    params = {one["name"]: one for one in (await call_tool("describe_method", method="tasks.task.list"))["params"]}
    assert "fields" not in params["select"]
    assert "names" in params["select"]["text"]
    assert "REAL_STATUS" in params["filter"]["fields"]
    assert "2 waiting" in params["filter"]["fields"]


async def test_a_description_warns_of_traps_and_says_what_numbers_mean(call_tool: CallTool) -> None:
    rows = await call_tool("describe_method", method="crm.item.productrow.add")
    assert any("after discount and with tax" in note for note in rows["notes"])
    assert "2 percent in discountRate" in json.dumps(rows["params"])


async def test_a_description_has_no_empty_facts(call_tool: CallTool) -> None:
    for method in ("crm.deal.add", "tasks.task.list", "im.message.add"):
        assert "null" not in json.dumps((await call_tool("describe_method", method=method))["params"])


async def test_a_classic_method_is_not_called_deprecated(call_tool: CallTool) -> None:
    classic = await call_tool("describe_method", method="crm.deal.add")
    assert "deprecated" not in classic
    assert classic["classic"].startswith("still works")
    assert classic["replaced_by"] == ["crm.item.add"]


async def test_an_event_is_described_found_and_read_by_its_name(call_tool: CallTool) -> None:
    described = await call_tool("describe_method", method="ONCRMDEALADD")
    assert (described["event"], described["scope"]) == ("onCrmDealAdd", ["crm"])
    assert "event.bind" in described["bind"]
    assert "auth[application_token]" in described["request"]
    assert [field["name"] for field in described["data"][0]["fields"]] == ["ID"]
    found = await call_tool("find_methods", query="webhook when a deal is created")
    assert found["events"][0]["event"] == "onCrmDealAdd"
    read = await call_tool("read_doc", page="onCrmDealAdd")
    assert read["event"] == "onCrmDealAdd"
    error = (await call_tool("describe_method", method="onCrmDealCreate"))["error"]
    assert "onCrmDealAdd" in error["hint"]


async def test_a_question_in_another_language_is_answered_with_the_languages_that_work(call_tool: CallTool) -> None:
    assert "English or Russian" in (await call_tool("find_methods", query="すべての取引を表示"))["hint"]


async def test_a_method_of_both_generations_can_be_asked_for_in_each(call_tool: CallTool) -> None:
    old = await call_tool("describe_method", method="tasks.task.get")
    new = await call_tool("describe_method", method="tasks.task.get", version="v3")
    assert (old["version"], old["also_in"], new["version"]) == ("v2", ["v3"], "v3")
    assert {parameter["name"] for parameter in old["params"]} != {parameter["name"] for parameter in new["params"]}


async def test_the_error_for_an_unknown_method_names_similar_ones(call_tool: CallTool, portal: LoopbackPortal) -> None:
    described = (await call_tool("describe_method", method="crm.dael.add"))["error"]
    assert (described["kind"], described["executed"]) == ("unknown_method", "no")
    assert "crm.deal.add" in described["hint"]
    called = (await call_tool("call_method", method="crm.dael.add"))["error"]
    assert (called["code"], called["executed"]) == ("B24MCP_UNKNOWN_METHOD", "no")
    assert "crm.deal.add" in called["hint"]
    assert "crm.dael.add" not in portal.methods


async def test_a_certain_mistake_is_refused_before_anything_is_sent(
    call_tool: CallTool, portal: LoopbackPortal
) -> None:
    wrong = {"id": 1, "filds": {"TITLE": "x"}}
    error = (await call_tool("call_method", method="crm.deal.update", params=wrong))["error"]
    assert (error["code"], error["kind"], error["executed"]) == ("B24MCP_PARAMS", "validation", "no")
    assert error["validation"] == [
        {"field": "filds", "message": "is not a parameter of this method; it is called fields"}
    ]
    in_batch = {"a": {"method": "crm.deal.get"}, "b": {"method": "crm.deal.update", "params": wrong}}
    error = (await call_tool("batch_call", commands=in_batch))["error"]
    assert "Command 'a'" in error["message"]
    assert portal.calls == []


async def test_the_check_of_arguments_can_be_switched_off(call_tool: CallTool, portal: LoopbackPortal) -> None:
    answer = await call_tool("call_method", method="crm.deal.get", params={}, validate=False)
    assert answer["error"]["code"] != "B24MCP_PARAMS"
    assert portal.methods == ["crm.deal.get"]


async def test_an_unusual_argument_passes_with_a_warning(call_tool: CallTool, portal: LoopbackPortal) -> None:
    answer = await call_tool("call_method", method="crm.deal.get", params={"id": 1, "brandNew": 1})
    assert answer["ok"] is True
    assert answer["warnings"] == ["brandNew is not documented for this method"]


async def test_a_reference_may_stand_for_any_parameter(call_tool: CallTool, portal: LoopbackPortal) -> None:
    commands = {
        "deal": {"method": "crm.deal.list", "params": {"select": ["ID"], "filter": {"ID": 3}}},
        "read": {"method": "crm.deal.list", "params": {"filter": "$result[deal][0]"}},
    }
    answer = await call_tool("batch_call", commands=commands)
    assert answer["results"]["read"]["result"][0]["ID"] == "3"


async def test_names_of_methods_are_completed(client: Client) -> None:
    reference = ResourceTemplateReference(type="ref/resource", uri="b24://method/{method}")
    result = await client.complete(reference, {"name": "method", "value": "crm.deal.l"})
    assert result.completion.values[0] == "crm.deal.list"


async def test_a_method_can_be_read_as_a_resource(client: Client) -> None:
    (content,) = (await client.read_resource("b24://method/crm.deal.list")).contents
    assert json.loads(getattr(content, "text", ""))["method"] == "crm.deal.list"
