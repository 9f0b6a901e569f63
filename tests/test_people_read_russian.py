"""Questions, approvals and reports are Russian where the person or the portal is Russian; models read English."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from mcp import Client
from mcp_types import ElicitRequestParams, ElicitResult

from b24_mcp.secrets import Redactor
from b24_mcp.server.mcp_server import build_server
from b24_mcp.texts import language_for, translated
from b24_mcp.texts.catalogue import catalogue

DELETE = {"method": "crm.deal.delete", "params": {"id": 21}}
MANY = {f"d{n}": DELETE | {"params": {"id": n}} for n in range(21, 24)}


async def asked(tool: str, era: Any, **arguments: Any) -> tuple[ElicitRequestParams, dict[str, Any]]:
    """Call a tool, decline its question, and return the question with the answer of the tool."""
    questions: list[ElicitRequestParams] = []

    async def person(context: Any, params: ElicitRequestParams) -> ElicitResult:
        questions.append(params)
        return ElicitResult(action="decline")

    async with Client(build_server(Redactor()), mode=era, elicitation_callback=person) as client:
        (block,) = (await client.call_tool(tool, arguments)).content
    return questions[-1], json.loads(getattr(block, "text", ""))


@pytest.mark.parametrize("era", ["auto", "legacy"])
async def test_a_question_is_russian_on_a_russian_computer_and_the_error_english(
    monkeypatch: pytest.MonkeyPatch, era: str
) -> None:
    monkeypatch.setenv("LC_ALL", "ru_RU.UTF-8")
    question, answer = await asked("call_method", era, **DELETE)
    assert "Ассистент хочет изменить данные в Битрикс24. Портал: песочница. Вызов:" in question.message
    assert "- crm.deal.delete: удаляет или перезаписывает" in question.message
    form = question.model_dump(by_alias=True)["requestedSchema"]
    assert form["properties"]["allow"]["description"] == "Разрешить именно это, один раз"
    assert not re.search("[а-яё]", answer["error"]["message"] + answer["error"]["hint"], re.I)


async def test_a_batch_is_asked_about_in_russian(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "ru_RU.UTF-8")
    question, _ = await asked("batch_call", "auto", commands=MANY)
    assert "Пакет, команд: 3, из них требуют подтверждения: 3:" in question.message
    assert "- crm.deal.delete, раз: 3: удаляет или перезаписывает" in question.message


async def test_a_question_is_english_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    question, _ = await asked("call_method", "auto", **DELETE)
    assert question.message.startswith("An assistant wants to change data in Bitrix24. On the sandbox, call:")


@pytest.mark.parametrize(
    ("host", "language"), [("a.bitrix24.ru", "ru"), ("a.bitrix24.com", "en"), ("A.BITRIX24.KZ", "ru")]
)
def test_the_zone_of_a_portal_decides(host: str, language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.delenv("LANG", raising=False)
    assert language_for(host) == language


@pytest.mark.parametrize("name", catalogue()["sentences"])
def test_a_sentence_is_found_with_any_values(name: str) -> None:
    english, russian = (catalogue()["sentences"][name][language] for language in ("en", "ru"))
    values = {one: f"«{one}» (x; 1)" for one in re.findall(r"\{(\w+)\}", english)}
    assert translated(english.format_map(values), "ru") == russian.format_map(values)
    assert translated(english.format_map(values), "en") == english.format_map(values)


def test_what_is_not_in_the_catalogue_stays_english() -> None:
    assert translated("something else", "ru") == "something else"
    assert translated("", "ru") == ""
