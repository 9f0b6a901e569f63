"""What strangers wrote, as it reaches a model: nothing hidden in it, and said to be data."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.loopback import LoopbackPortal
from tests.server.conftest import CallTool

LETTER = "Hello\u200b \u202eevah\u202c a look\U000e0049\U000e0067 👩‍👩‍👧"


async def test_what_nobody_sees_is_taken_out_and_said(call_tool: CallTool, portal: LoopbackPortal) -> None:
    add: dict[str, Any] = {"method": "crm.lead.add", "params": {"fields": {"TITLE": LETTER}}}
    lead = (await call_tool("call_method", **add))["result"]
    answer = await call_tool("call_method", method="crm.lead.get", params={"id": lead})
    assert answer["result"]["TITLE"] == "Hello evah a look 👩‍👩‍👧"
    assert answer["notice"].endswith("5 invisible characters were taken out.")
    assert list(answer).index("notice") < list(answer).index("result")


@pytest.mark.parametrize("tool", ["call_method", "read_method", "batch_call"])
async def test_answers_with_words_of_strangers_say_that_they_are_data(
    call_tool: CallTool, portal: LoopbackPortal, tool: str
) -> None:
    for method, expected in (("crm.contact.list", True), ("crm.status.list", False), ("crm.lead.fields", False)):
        one = {"method": method}
        answer = await call_tool(tool, **({"commands": {"a": one}} if tool == "batch_call" else one))
        assert ("notice" in answer) is expected, method


async def test_an_empty_answer_says_nothing_of_strangers(call_tool: CallTool, portal: LoopbackPortal) -> None:
    nothing = {"filter": {"ID": 999_999}}
    assert "notice" not in await call_tool("call_method", method="crm.lead.list", params=nothing)


async def test_an_answer_stays_within_its_size_with_the_notice(
    call_tool: CallTool, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_BUDGET", "4000")
    for number in range(30):
        fields = {"TITLE": f"{LETTER} {number} " + "x" * 200}
        await call_tool("call_method", method="crm.lead.add", params={"fields": fields})
    answer = await call_tool(
        "call_method", method="crm.lead.list", params={"select": ["TITLE"], "order": {"ID": "DESC"}}
    )
    assert len(json.dumps(answer, ensure_ascii=False, separators=(",", ":"))) <= 4_000
    assert answer["cut"]["shown"] > 3
