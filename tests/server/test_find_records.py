"""`find_records` through an MCP client on the sandbox: questions of people, and what cannot be searched."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from b24_mcp.secrets import Redactor
from b24_mcp.server.mcp_server import build_server
from b24_mcp.server.tools.listed import tools_for
from b24_sandbox.entities.crm import COMPANY, CONTACT
from tests.loopback import SECRET, LoopbackPortal
from tests.server.conftest import CallTool

QUESTIONS = Path(__file__).parents[1] / "app" / "finding_questions.jsonl"
MOST_REQUESTS = 3
RIGHT, OF = 57, 60
"""How many of the questions are answered. The goal is nine of ten."""


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """A client of one protocol generation: what is found does not depend on it."""
    async with Client(build_server(Redactor())) as connected:
        yield connected


async def ids_found(call_tool: CallTool, text: str, **arguments: Any) -> list[tuple[str, int]]:
    answer = await call_tool("find_records", text=text, **arguments)
    return [(one["kind"], one["id"]) for one in answer["found"]]


async def add(call_tool: CallTool, method: str, **params: Any) -> Any:
    answer = await call_tool("call_method", method=method, params=params)
    assert answer["ok"], answer
    return answer["result"]


async def make_company_records(call_tool: CallTool) -> None:
    """Add what the sandbox does not have from the start: a smart process with items, and a quote."""
    await add(call_tool, "crm.type.add", fields={"title": "Заказ поставщику", "entityTypeId": 1030})
    for title in ("Поставка шпинделей, осень", "Autumn bearings order"):
        await add(call_tool, "crm.item.add", entityTypeId=1030, fields={"title": title})
    await add(call_tool, "crm.quote.add", fields={"TITLE": "Предложение для Kestrel Doors"})


async def test_questions_of_people_find_the_record_among_the_first_three(
    call_tool: CallTool, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slow, because every question is asked of one whole portal."""
    monkeypatch.setenv("B24_PLAN", "none")  # so many questions at once would have to wait for the rate limit
    await make_company_records(call_tool)
    questions = [json.loads(line) for line in QUESTIONS.read_text("utf-8").splitlines()]
    missed = []
    for question in questions:
        before = len(portal.calls)
        answer = await call_tool("find_records", text=question["ask"])
        sent = portal.methods[before:]
        assert len(sent) <= MOST_REQUESTS, question
        assert set(sent) <= {"batch"}, question
        assert answer["requests"] == len(sent)
        first = answer["found"][:3]
        wanted = question.get("ids", [])
        if not any(
            one["kind"] == question["kind"] and (one["id"] in wanted or one["title"] == question.get("title"))
            for one in first
        ):
            missed.append(question["ask"])
    assert len(questions) == OF
    assert len(missed) <= OF - RIGHT, missed


async def test_a_record_comes_with_its_stage_person_company_and_link(
    call_tool: CallTool, portal: LoopbackPortal
) -> None:
    answer = await call_tool("find_records", text="deal 1")
    assert answer["found"][0] == {
        "kind": "deal",
        "id": 1,
        "title": "Форматно-раскроечный станок №1001",
        "stage": "Сделка успешна",
        "person": "Анна Соколова",
        "company": "АО «Оникс-Техно»",
        "match": "id",
        "link": f"{portal.origin}/crm/deal/details/1/",
    }
    assert SECRET not in json.dumps(answer)


@pytest.mark.parametrize(
    ("text", "kind", "link"),
    [
        ("Марат Назаров", "contact", "/crm/contact/details/3/"),
        ("Северный мост", "company", "/crm/company/details/119/"),
        ("lead 6", "lead", "/crm/lead/details/6/"),
        ("invoice 3", "invoice", "/crm/type/31/details/3/"),
        ("task 20", "task", "/workgroups/group/1/tasks/task/view/20/"),
        ("task 3", "task", "/company/personal/user/{person}/tasks/task/view/3/"),
        ("Daniel Kruger", "user", "/company/personal/user/9/"),
        ("Export customers", "group", "/workgroups/group/3/"),
        ("Export desk", "chat", "/online/?IM_DIALOG=chat4"),
        (
            "Warranty.txt",
            "file",
            "/docs/file/%D0%98%D0%BD%D1%81%D1%82%D1%80%D1%83%D0%BA%D1%86%D0%B8%D0%B8/Warranty.txt",
        ),
        ("Шпиндель 9 кВт", "product", "/crm/catalog/24/product/22/"),
    ],
)
async def test_each_kind_has_the_link_of_its_page(
    call_tool: CallTool, portal: LoopbackPortal, text: str, kind: str, link: str
) -> None:
    answer = await call_tool("find_records", text=text, kinds=[kind])
    found = answer["found"][0]
    if "{person}" in link:
        task = await call_tool("read_method", method="tasks.task.get", params={"taskId": 3})
        link = link.format(person=task["result"]["task"]["responsibleId"])
    assert (found["kind"], found["link"]) == (kind, portal.origin + link)


async def test_a_phone_is_found_in_every_usual_writing(call_tool: CallTool, portal: LoopbackPortal) -> None:
    stored = await add(
        call_tool,
        "crm.contact.add",
        fields={
            "NAME": "Jana",
            "LAST_NAME": "Testova",
            "PHONE": [{"VALUE": "8 (912) 345-67-89", "VALUE_TYPE": "WORK"}],
        },
    )
    usual = ("+7 912 345-67-89", "89123456789", "9123456789", "7(912)3456789", "345-67-89", "звонил 8-912-345-67-89")
    for written in usual:
        assert (await ids_found(call_tool, written))[0] == ("contact", stored), written


async def test_a_german_number_is_found_with_and_without_plus(call_tool: CallTool, portal: LoopbackPortal) -> None:
    phone = [{"VALUE": "+49 171 5550123", "VALUE_TYPE": "WORK"}]
    stored = await add(call_tool, "crm.company.add", fields={"TITLE": "Werkstatt Nord", "PHONE": phone})
    for written in ("+491715550123", "0049 171 5550123", "49 171 555 01 23", "0171 5550123"):
        assert (await ids_found(call_tool, written))[:1] == [("company", stored)], written


async def test_kinds_may_be_named_in_both_languages_and_as_one_text(
    call_tool: CallTool, portal: LoopbackPortal
) -> None:
    assert await ids_found(call_tool, "Edge bander", kinds=["товары"]) == [("product", 8)]
    found = await ids_found(call_tool, "Назаров", kinds="contacts, user")
    assert {kind for kind, _ in found} == {"contact"}


async def test_null_and_empty_values_are_not_given_and_a_number_is_a_text(
    call_tool: CallTool, portal: LoopbackPortal
) -> None:
    plain = await call_tool("find_records", text="17")
    assert (await call_tool("find_records", text=17, kinds=None, limit=None))["found"] == plain["found"]
    assert (await call_tool("find_records", text="17", kinds="", limit=5))["found"] == plain["found"]
    assert plain["found"][0]["kind"] == "deal"


async def test_only_the_named_smart_process_is_searched(call_tool: CallTool, portal: LoopbackPortal) -> None:
    await make_company_records(call_tool)
    assert [kind for kind, _ in await ids_found(call_tool, "осень", kinds=["dynamic:1030"])] == ["dynamic:1030"]
    assert await ids_found(call_tool, "осень", kinds=["deal"]) == []


async def test_a_named_smart_process_needs_no_list_of_them(
    call_tool: CallTool, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_DENY", "crm.type.list")
    await make_company_records(call_tool)
    assert [kind for kind, _ in await ids_found(call_tool, "осень", kinds=["dynamic:1030"])] == ["dynamic:1030"]
    answer = await call_tool("find_records", text="осень")
    assert answer["not_searched"]["the portal did not list its smart processes"] == ["dynamic"]


async def test_a_smart_process_that_the_portal_lacks_is_named(call_tool: CallTool, portal: LoopbackPortal) -> None:
    answer = await call_tool("find_records", text="осень", kinds=["dynamic:999"])
    assert (answer["found"], list(answer["not_searched"].values())) == ([], [["dynamic:999"]])


async def test_an_unknown_kind_is_refused_with_the_right_names(call_tool: CallTool, portal: LoopbackPortal) -> None:
    answer = await call_tool("find_records", text="Anna", kinds=["warehouse"])
    assert answer["error"]["code"] == "B24MCP_ARGUMENTS"
    assert "deal, contact" in answer["error"]["hint"]
    assert portal.calls == []


@pytest.mark.parametrize("text", ["", "  ", "а", "Z", "%", "'\"", "$[]"])
async def test_a_text_of_one_letter_or_none_is_refused_without_a_request(
    call_tool: CallTool, portal: LoopbackPortal, text: str
) -> None:
    answer = await call_tool("find_records", text=text)
    assert answer["error"]["code"] == "B24MCP_ARGUMENTS"
    assert answer["error"]["executed"] == "no"
    assert portal.calls == []


@pytest.mark.parametrize(
    "name",
    ["100% Sure_Thing", 'O\'Brien & "Sons"', "$result[c0][items][0][id] Ltd", "<b>Bold</b> Co", "Rock #1; drop table"],
)
async def test_characters_with_a_meaning_elsewhere_are_only_text(
    call_tool: CallTool, portal: LoopbackPortal, name: str
) -> None:
    portal.sandbox.portal.storage.insert(COMPANY, {"TITLE": name})
    before = len(portal.calls)
    answer = await call_tool("find_records", text=name, kinds=["company"])
    assert len(portal.calls) - before <= MOST_REQUESTS
    assert answer["found"][0]["id"] > 120, answer
    assert len(answer["found"]) <= 5


async def test_patterns_in_a_question_do_not_return_the_whole_table(
    call_tool: CallTool, portal: LoopbackPortal
) -> None:
    answer = await call_tool("find_records", text="%ов%_%", kinds=["contact"], limit=20)
    assert all("ов" in one["title"].lower() for one in answer["found"])


async def test_without_the_crm_scope_the_rest_is_searched_and_the_reason_said(
    call_tool: CallTool, portal: LoopbackPortal
) -> None:
    portal.sandbox.portal.scopes -= {"crm"}
    answer = await call_tool("find_records", text="Анна Соколова")
    assert [(one["kind"], one["id"]) for one in answer["found"]] == [("user", 3)]
    missing = answer["not_searched"]["scope not granted"]
    assert {"deal", "contact", "company", "lead", "invoice", "quote", "product"} <= set(missing)
    assert answer["requests"] <= MOST_REQUESTS


async def test_methods_that_the_rules_forbid_are_not_called_and_named(
    call_tool: CallTool, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_DENY", "user.*,crm.item.*")
    answer = await call_tool("find_records", text="Анна Соколова")
    reasons = answer["not_searched"]
    assert reasons["B24_DENY forbids user.search"] == ["user"]
    assert "contact" in reasons["B24_DENY forbids crm.item.list"]
    assert answer["found"] == []


async def test_an_allow_list_limits_what_is_searched(
    call_tool: CallTool, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_ALLOW", "tasks.*")
    answer = await call_tool("find_records", text="прайс-лист 1348")
    assert answer["found"][0]["kind"] == "task"
    assert "group" in answer["not_searched"]["B24_ALLOW does not include sonet_group.get"]


async def test_many_matches_are_bounded_and_said(call_tool: CallTool, portal: LoopbackPortal) -> None:
    storage = portal.sandbox.portal.storage
    storage.insert_many(CONTACT, ("NAME", "LAST_NAME"), [("Олег", f"Иванов{number}") for number in range(3_000)])
    began = time.perf_counter()
    answer = await call_tool("find_records", text="Олег")
    assert time.perf_counter() - began < 30
    assert [one["kind"] for one in answer["found"]].count("contact") == 5
    assert answer["more"]["more match than were read (the newest 50): add a word"] == ["contact"]
    assert (await call_tool("find_records", text="Олег Иванов2999"))["found"][0]["title"] == "Олег Иванов2999"
    assert len(json.dumps(answer, ensure_ascii=False)) < 6_000


async def test_the_very_name_is_found_among_thousands_that_contain_it(
    call_tool: CallTool, portal: LoopbackPortal
) -> None:
    wanted = await add(call_tool, "crm.contact.add", fields={"NAME": "Ким", "LAST_NAME": "Ли"})
    storage = portal.sandbox.portal.storage
    storage.insert_many(CONTACT, ("NAME", "LAST_NAME"), [("Кимберли", "Линдберг")] * 200)
    assert (await ids_found(call_tool, "Ли Ким"))[0] == ("contact", wanted)


async def test_a_portal_that_fails_is_an_error(call_tool: CallTool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("B24_WEBHOOK_URL", "http://127.0.0.1:9/rest/1/code12345/")
    monkeypatch.setenv("B24_DEADLINE", "2")
    answer = await call_tool("find_records", text="Anna Sokolova")
    assert not answer["ok"]
    assert answer["error"]["executed"] == "no"


async def test_what_was_written_is_found_at_once(call_tool: CallTool, portal: LoopbackPortal) -> None:
    assert await ids_found(call_tool, "Quasar Holding") == []
    made = await add(call_tool, "crm.company.add", fields={"TITLE": "Quasar Holding"})
    assert await ids_found(call_tool, "Quasar Holding") == [("company", made)]


def test_every_level_has_the_tool_first() -> None:
    for level in ("read", "write", "full"):
        first = tools_for(level)[0]
        assert first.name == "find_records"
        assert first.annotations is not None
        assert first.annotations.read_only_hint


async def test_answers_of_calls_lists_and_batches_lead_into_the_portal(
    call_tool: CallTool, portal: LoopbackPortal
) -> None:
    read = await call_tool("read_method", method="crm.deal.get", params={"id": 5})
    assert read["link"] == f"{portal.origin}/crm/deal/details/5/"
    made = await call_tool("call_method", method="crm.deal.add", params={"fields": {"TITLE": "x"}})
    assert made["link"] == f"{portal.origin}/crm/deal/details/{made['result']}/"
    page = await call_tool("read_method", method="crm.deal.list", params={"select": ["ID", "TITLE"]})
    assert page["link"] == f"{portal.origin}/crm/deal/details/{{ID}}/"
    whole = await call_tool("list_records", method="crm.lead.list", params={"select": ["ID", "TITLE"]})
    assert whole["link"] == f"{portal.origin}/crm/lead/details/{{ID}}/"
    assert list(whole).index("link") < list(whole).index("columns")
    commands = {"a": {"method": "user.current"}, "b": {"method": "crm.company.get", "params": {"id": 2}}}
    several = await call_tool("batch_call", commands=commands)
    assert several["links"] == {
        "a": f"{portal.origin}/company/personal/user/1/",
        "b": f"{portal.origin}/crm/company/details/2/",
    }
    for answer in (read, made, page, whole, several):
        assert SECRET not in json.dumps(answer)


async def test_a_large_batch_has_one_link_for_each_method(call_tool: CallTool, portal: LoopbackPortal) -> None:
    commands = {f"d{number}": {"method": "crm.deal.get", "params": {"id": number}} for number in range(1, 41)}
    answer = await call_tool("batch_call", commands=commands)
    assert answer["links"] == {"crm.deal.get": f"{portal.origin}/crm/deal/details/{{ID}}/"}


@pytest.mark.parametrize(
    ("query", "leads"),
    [("find a contact by phone", True), ("найти сделку по названию", True), ("create a deal", False)],
)
async def test_find_methods_leads_to_find_records(call_tool: CallTool, query: str, leads: bool) -> None:
    answer = await call_tool("find_methods", query=query)
    assert ("find_records" in answer.get("hint", "")) is leads
