"""Questions, approvals and reports are Russian where the person or the portal is Russian; models read English."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp import Client
from mcp_types import ElicitRequestParams, ElicitResult

from b24_mcp.cli.callback import PATH, Callback
from b24_mcp.secrets import Redactor
from b24_mcp.server.mcp_server import build_server
from b24_mcp.texts import language_for, translated
from b24_mcp.texts.catalogue import catalogue

ROOT = Path(__file__).parent.parent
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


def test_each_sentence_is_still_said_in_the_program() -> None:
    """A sentence that changed in the program would silently stay English."""
    said = [*(ROOT / "b24_mcp").rglob("*.py"), *(ROOT / "b24_mcp" / "catalog" / "data").glob("*s_*.tsv")]
    sources = "".join(path.read_text("utf-8") for path in sorted(said))
    program = re.sub(r'"\s*\n\s*(?:else )?f?"', "", sources)  # a long text is written on several lines
    parts = [
        re.sub(r"^(?:it|Please|please) ", "", part.strip()).removeprefix("'s ").strip(" .")
        for name, said in catalogue()["sentences"].items()
        if not name.startswith("skew_")  # the word in its middle is a value in the program
        # The kinds of risks are joined where a call has several.
        for part in re.split(r"\{\w+\}|[:;,()]" + ("| and " if name.startswith("kinds_") else ""), said["en"])
    ]
    assert [part for part in parts if part not in program] == []


def test_what_a_call_does_is_said_in_russian_for_every_method() -> None:
    """A person who reads the question is to see why it is asked."""
    notes = set()
    for pattern, column in (("effects_*.tsv", 3), ("risks_*.tsv", 4)):
        for path in (ROOT / "b24_mcp" / "catalog" / "data").glob(pattern):
            rows = [line.split("\t") for line in path.read_text("utf-8").splitlines()]
            notes |= {cells[column] for cells in rows if len(cells) > column and cells[column]}
    assert len(notes) > 200
    assert [note for note in sorted(notes) if not re.search("[а-яё]", translated(note, "ru"))] == []


async def test_every_reason_of_a_question_is_russian(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "ru_RU.UTF-8")
    params = {"EMAIL": "x@example.com"}
    question, _ = await asked("call_method", "auto", method="user.add", params=params)
    reason = question.message.splitlines()[1]
    assert "меняются люди или права доступа (новый человек приглашается по почте" in reason
    assert not re.search("[a-z]{3,}", reason.removeprefix("- user.add:"))


@pytest.mark.parametrize(
    ("english", "russian"),
    [
        ("another person owns the chat, another person owns the group", "владельцем чата"),
        ("customers automatically receive these texts, or answers of a bot, a toggle", "клиенты автоматически"),
        ("a toggle, a toggle, a toggle, and 3 more reasons", "и ещё причин: 3"),
    ],
)
def test_a_list_of_reasons_is_translated_entry_by_entry(english: str, russian: str) -> None:
    said = translated(english, "ru")
    assert russian in said
    assert not re.search("[a-z]{3,}", said)


def test_a_text_of_several_sentences_is_translated_as_far_as_it_is_known() -> None:
    said = "Nothing was executed. Something new. Check the address."
    assert translated(said, "ru") == "Ничего не выполнено. Something new. Проверьте адрес."


def run(*arguments: str, typed: str = "", **settings: str) -> str:
    """Run this checkout as a person with these settings, and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "b24_mcp", *arguments],
        cwd=ROOT,
        env=dict(os.environ) | settings,
        input=typed,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout


def test_doctor_speaks_russian_on_a_russian_computer(tmp_path: Path) -> None:
    report = run("doctor", LC_ALL="ru_RU.UTF-8", HOME=str(tmp_path), B24_FOO="1")
    assert "портал sandbox   sandbox.invalid отвечает: вы Марина Левченко, администратор" in report
    assert "→ Задайте B24_WEBHOOK_URL или выполните b24-mcp portals add NAME." in report
    assert "B24_FOO (из окружения): у b24-mcp нет такой настройки" in report
    english = [line for line in report.splitlines()[1:] if not re.search("[а-яё]", line) and "/" not in line]
    assert english == []


@pytest.mark.parametrize(
    "settings",
    [
        {"B24_WEBHOOK_URL": "http://127.0.0.1:9/rest/1/abcdefghijklm/"},
        {"B24_WEBHOOK_URL": "http://acme.bitrix24.ru/x"},
        {"B24_WEBHOOK_URL": "https://acme.bitrix24.ru/x"},
        {"B24_ACCESS": "all"},
    ],
)
def test_what_is_wrong_is_said_in_russian_too(tmp_path: Path, settings: dict[str, str]) -> None:
    report = run("doctor", LC_ALL="ru_RU.UTF-8", HOME=str(tmp_path), **settings).splitlines()
    wrong = next(number for number, line in enumerate(report) if line.startswith("✘"))
    for line in report[wrong : wrong + 2]:
        assert not re.search(r"\b(?:is|the|it|a|Please|Nothing|Check)\b", line), line


def test_the_json_of_doctor_is_the_same_in_every_language(tmp_path: Path) -> None:
    reports = [
        run("doctor", "--json", "--offline", LC_ALL=one, HOME=str(tmp_path)) for one in ("C.UTF-8", "ru_RU.UTF-8")
    ]
    assert reports[0] == reports[1] != ""


def test_connect_asks_in_russian_and_takes_no_as_no(tmp_path: Path) -> None:
    printed = run("connect", "cursor", typed="n\n", LC_ALL="ru_RU.UTF-8", HOME=str(tmp_path))
    assert "Записать это изменение? [y/N]" in printed
    assert "Ничего не изменено." in printed
    assert not (tmp_path / ".cursor").exists()


def test_the_page_after_a_login_is_russian(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "ru_RU.UTF-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with Callback(port, parse=str) as callback, ThreadPoolExecutor(1) as browser:
        read = browser.submit(httpx.get, f"http://127.0.0.1:{port}{PATH}?code=1", trust_env=False)
        assert callback.wait(10) == "code=1"
        callback.answer("Logged in", "b24-mcp has the tokens. You can close this page.")
        page = read.result(10).text
    assert '<html lang="ru">' in page
    assert "Вход выполнен" in page


def test_what_is_not_in_the_catalogue_stays_english() -> None:
    assert translated("something else", "ru") == "something else"
    assert translated("", "ru") == ""
