"""Risky calls as a client and a user see them at level `write`."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
from mcp import Client
from mcp_types import ElicitRequestParams, ElicitResult

from b24_mcp.catalog.probes import FACT_PROBES
from b24_mcp.secrets import Redactor
from b24_mcp.server.mcp_server import build_server
from b24_sandbox import LoggedCall
from tests.access.calls import ORDINARY, RISKY, Call, read_calls, with_values
from tests.loopback import LoopbackPortal
from tests.server.conftest import Answer

Era = Literal["auto", "legacy"]
MONEY = [call for call in RISKY if "money" in call.kinds]
ME: dict[str, Any] = {"method": "profile"}
MEANINGS = ["leave the portal", "access rights change", "money is involved", "is installed"]
REFERENCE = "$result[me][ID]"


class Asked:
    """A client whose user declines or accepts every question."""

    def __init__(self, client: Client, questions: list[str]) -> None:
        self.client, self.questions = client, questions

    async def call(self, tool: str, **arguments: Any) -> Answer:
        (block,) = (await self.client.call_tool(tool, arguments)).content
        answer: Answer = json.loads(getattr(block, "text", ""))
        return answer

    async def code_of(self, tool: str, **arguments: Any) -> str:
        """The code of the error of a call, or an empty text."""
        answer = await self.call(tool, **arguments)
        return str(answer.get("error", {}).get("code", ""))


@asynccontextmanager
async def opened(era: Era, *, allow: bool = False) -> AsyncIterator[Asked]:
    questions: list[str] = []

    async def person(context: Any, params: ElicitRequestParams) -> ElicitResult:
        questions.append(params.message)
        return ElicitResult(action="accept", content={"allow": True}) if allow else ElicitResult(action="decline")

    async with Client(build_server(Redactor()), mode=era, elicitation_callback=person) as client:
        yield Asked(client, questions)


def sent(portal: LoopbackPortal) -> list[str]:
    """The methods that reached the portal, without probes."""
    return [call.method for call in portal.calls if not is_probe(call)]


def is_probe(call: LoggedCall) -> bool:
    """Whether the program asked by itself: for the methods of the portal, or for its fields, stages and types."""
    if call.method != "batch":
        return call.method == "rest.documentation.openapi"
    commands = call.params["cmd"]
    assert isinstance(commands, dict)
    return all(str(command).partition("?")[0] in FACT_PROBES for command in commands.values())


def in_batch(call: Call, params: Any = None) -> dict[str, Any]:
    """A batch of a read and the call."""
    return {"commands": {"me": ME, "it": call.arguments | ({} if params is None else {"params": params})}}


async def test_every_risky_call_needs_approval_and_is_not_sent_without(era: Era, portal: LoopbackPortal) -> None:
    async with opened(era) as person:
        for call in RISKY:
            assert await person.code_of("call_method", **call.arguments) == "B24MCP_DECLINED", call
            assert await person.code_of("batch_call", **in_batch(call)) == "B24MCP_DECLINED", call
            refers = in_batch(call, with_values(call.params, lambda _: REFERENCE))
            assert await person.code_of("batch_call", **refers, validate=False) == "B24MCP_DECLINED", call
    assert len(person.questions) == 3 * len(RISKY)
    assert sent(portal) == []


async def test_no_disguised_call_reaches_the_portal_without_approval(era: Era, portal: LoopbackPortal) -> None:
    refused = {"B24MCP_DECLINED", "B24MCP_PARAMS", "B24MCP_REFERENCE"}
    async with opened(era) as person:
        for call in read_calls("disguised_calls.jsonl"):
            assert await person.code_of("call_method", **call.arguments, validate=False) in refused, call
            assert await person.code_of("batch_call", **in_batch(call), validate=False) in refused, call
    assert person.questions
    assert sent(portal) == []


async def test_a_client_that_cannot_ask_gets_a_code_and_the_risk_for_each_risky_call(
    era: Era, portal: LoopbackPortal
) -> None:
    async with Client(build_server(Redactor()), mode=era) as client:
        for call in RISKY:
            answer = await Asked(client, []).call("call_method", **call.arguments)
            assert answer["error"]["code"] == "B24MCP_APPROVAL", call
            assert any(meaning in answer["error"]["message"] for meaning in MEANINGS), call
            assert "b24-mcp approve" in answer["error"]["hint"]
    assert sent(portal) == []


async def test_ordinary_writes_are_sent_without_approval(era: Era, portal: LoopbackPortal) -> None:
    async with opened(era) as person:
        for call in ORDINARY:
            assert await person.code_of("call_method", **call.arguments) not in ("B24MCP_DECLINED", "B24MCP_APPROVAL")
            assert sent(portal)[-1] == call.method
            answer = await person.call("batch_call", **in_batch(call))
            assert answer["summary"]["requests"] == 1, call
    assert person.questions == []


async def test_a_reference_to_a_record_does_not_make_an_ordinary_write_risky(era: Era, portal: LoopbackPortal) -> None:
    commands = {
        "me": ME,
        "city": {"method": "user.update", "params": {"ID": REFERENCE, "PERSONAL_CITY": "Riga"}},
        "call": {
            "method": "crm.activity.add",
            "params": {"fields": {"OWNER_ID": REFERENCE, "OWNER_TYPE_ID": 2, "TYPE_ID": 2, "SUBJECT": "Call"}},
        },
    }
    async with opened(era) as person:
        answer = await person.call("batch_call", commands=commands)
    assert answer["summary"]["not_run"] == 0
    assert person.questions == []


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("crm.activity.add", {"fields": "$result[me]"}),
        ("crm.activity.add", {"fields": {"TYPE_ID": "$result[me][ID]"}}),
        ("lists.update", {"IBLOCK_TYPE_ID": "lists", "params": "$result[me]"}),
        ("user.update", {"ID": 1, "fields": "$result[me]"}),
    ],
)
async def test_a_reference_that_may_become_a_risky_parameter_needs_approval(
    era: Era, portal: LoopbackPortal, method: str, params: dict[str, Any]
) -> None:
    async with opened(era) as person:
        answer = await person.code_of(
            "batch_call", commands={"me": ME, "it": {"method": method, "params": params}}, validate=False
        )
    assert answer == "B24MCP_DECLINED"
    assert sent(portal) == []


async def test_only_the_selected_kinds_of_risk_need_approval(
    era: Era, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_RISKS", "money")
    async with opened(era) as person:
        for call in RISKY:
            dry = await person.call("call_method", **call.arguments, dry_run=True)
            has_money = any("money" in risk["kinds"] for risk in dry["risks"])
            assert has_money or "money" not in call.kinds, call
            code = await person.code_of("call_method", **call.arguments)
            assert (code == "B24MCP_DECLINED") is has_money, call
    assert len(MONEY) <= len(person.questions) < len(RISKY)


async def test_with_no_selected_kind_only_destructive_calls_need_approval(
    era: Era, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_RISKS", "none")
    async with opened(era) as person:
        for call in RISKY:
            assert await person.code_of("call_method", **call.arguments) != "B24MCP_DECLINED"
        assert person.questions == []
        await person.call("call_method", method="crm.deal.delete", params={"id": 1})
    assert len(person.questions) == 1


@pytest.mark.parametrize("value", ["monye", " , ", "none,money", "all", "NONE", "money;rights"])
async def test_an_unreadable_list_of_risks_refuses_every_call(
    era: Era, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("B24_RISKS", value)
    async with opened(era) as person:
        answer = await person.call("call_method", method="profile")
    assert answer["error"]["code"] == "B24MCP_SETTINGS"
    assert "B24_RISKS" in answer["error"]["message"]
    assert sent(portal) == []


async def test_level_full_asks_nothing_and_level_read_refuses(
    era: Era, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_ACCESS", "full")
    async with Client(build_server(Redactor(), level="full"), mode=era) as client:
        assert await Asked(client, []).code_of("call_method", **RISKY[0].arguments) != "B24MCP_APPROVAL"
    assert sent(portal) == [RISKY[0].method]
    monkeypatch.setenv("B24_ACCESS", "read")
    async with Client(build_server(Redactor(), level="read"), mode=era) as client:
        assert await Asked(client, []).code_of("read_method", **RISKY[0].arguments) == "B24MCP_POLICY"
    assert sent(portal) == [RISKY[0].method]


async def test_an_approved_risky_call_is_sent_alone_and_in_a_batch(era: Era, portal: LoopbackPortal) -> None:
    call = Call("user.update", {"ID": 1, "EMAIL": "ann@example.com"})
    async with opened(era, allow=True) as person:
        await person.call("call_method", **call.arguments)
        await person.call("batch_call", **in_batch(call, {"ID": REFERENCE, "EMAIL": "ann@example.com"}))
    assert sent(portal) == ["user.update", "batch", "batch"], "the reference is resolved before the write is sent"
    assert len(person.questions) == 2


async def test_the_question_names_each_risk_with_its_reason_and_groups_equal_calls(
    era: Era, portal: LoopbackPortal
) -> None:
    bind = {
        f"b{n}": {"method": "event.bind", "params": {"event": "E", "handler": f"https://x.example/{n}"}} for n in (1, 2)
    }
    add = {"new": {"method": "user.add", "params": {"EMAIL": "a@example.com", "UF_DEPARTMENT": [1]}}}
    async with opened(era) as person:
        await person.call("batch_call", commands=bind | add, validate=False)
    (asked,) = person.questions
    assert asked.count("event.bind") == 1
    assert "event.bind, 2 times: data or calls leave the portal (" in asked
    assert "https://x.example/1" in asked
    assert "https://x.example/2" in asked
    assert "people or access rights change" in asked.partition("user.add: ")[2].partition("\n")[0]


async def test_calls_that_do_not_fit_into_the_question_are_counted(era: Era, portal: LoopbackPortal) -> None:
    bind = {
        f"b{n}": {"method": "event.bind", "params": {"event": "E", "handler": f"https://x.example/{n}{'y' * 300}"}}
        for n in range(40)
    }
    add = {"new": {"method": "user.add", "params": {"EMAIL": "a@example.com", "UF_DEPARTMENT": [1]}}}
    async with opened(era) as person:
        await person.call("batch_call", commands=bind | add, validate=False)
    (asked,) = person.questions
    assert "event.bind, 40 times" in asked
    assert "× event.bind, not shown here" in asked
    assert "1 × user.add, not shown here" in asked
    assert len(asked) < 4_000


async def test_a_description_shows_the_risks_their_conditions_and_reasons(era: Era, portal: LoopbackPortal) -> None:
    async with opened(era) as person:
        described = await person.call("describe_method", method="crm.activity.add")
        plain = await person.call("describe_method", method="tasks.task.list")
    assert any(
        risk["kinds"] == ["outside"] and "TYPE_ID" in risk["when"] and risk["why"] for risk in described["risks"]
    )
    assert "risks" not in plain


async def test_a_dry_run_shows_effect_risk_and_reason_of_each_call(era: Era, portal: LoopbackPortal) -> None:
    call = Call("user.update", {"ID": 1, "EMAIL": "ann@example.com"})
    async with opened(era) as person:
        alone = await person.call("call_method", **call.arguments, dry_run=True)
        city = Call("user.update", {"ID": 1, "PERSONAL_CITY": "Riga"})
        batch = await person.call("batch_call", commands={"a": call.arguments, "b": city.arguments}, dry_run=True)
    for form in (alone, batch["commands"]["a"]):
        assert form["effect"] == "write"
        (risk,) = form["risks"]
        assert "rights" in risk["kinds"]
        assert risk["why"] in form["needs_approval"]
    assert "risks" not in batch["commands"]["b"]
    assert "needs_approval" not in batch["commands"]["b"]
    assert (sent(portal), person.questions) == ([], [])


async def test_the_audit_log_records_the_kinds_of_risk(
    era: Era, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("B24_AUDIT", str(tmp_path / "trail"))
    async with opened(era, allow=True) as person:
        await person.call("call_method", method="user.update", params={"ID": 1, "EMAIL": "ann@example.com"})
        await person.call("call_method", method="user.update", params={"ID": 1, "PERSONAL_CITY": "Riga"})
    (file,) = (tmp_path / "trail").iterdir()
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert [line.get("risks") for line in lines] == [["rights"], ["rights"], None, None]
