"""Texts by outsiders reach a model without hidden characters and marked as data."""

from __future__ import annotations

import json
import threading
from typing import Any

import anyio
import pytest
from mcp import Client

from b24_mcp.secrets import Redactor
from b24_mcp.server.mcp_server import build_server
from tests.loopback import LoopbackPortal
from tests.server.conftest import CallTool

LETTER = "Hello\u200b \u202eevah\u202c a look\U000e0049\U000e0067 👩‍👩‍👧"


async def test_invisible_characters_are_removed_and_reported(call_tool: CallTool, portal: LoopbackPortal) -> None:
    add: dict[str, Any] = {"method": "crm.lead.add", "params": {"fields": {"TITLE": LETTER}}}
    lead = (await call_tool("call_method", **add))["result"]
    answer = await call_tool("call_method", method="crm.lead.get", params={"id": lead})
    assert answer["result"]["TITLE"] == "Hello evah a look 👩‍👩‍👧"
    assert answer["notice"].endswith("5 invisible characters were removed.")
    assert list(answer).index("notice") < list(answer).index("result")


@pytest.mark.parametrize("tool", ["call_method", "read_method", "batch_call"])
async def test_answers_with_texts_by_outsiders_say_that_they_are_data(
    call_tool: CallTool, portal: LoopbackPortal, tool: str
) -> None:
    for method, expected in (("crm.contact.list", True), ("crm.status.list", False), ("crm.lead.fields", False)):
        one = {"method": method}
        answer = await call_tool(tool, **({"commands": {"a": one}} if tool == "batch_call" else one))
        assert ("notice" in answer) is expected, method


async def test_an_empty_answer_has_no_notice_about_outsiders(call_tool: CallTool, portal: LoopbackPortal) -> None:
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


WORST = '\\\\"%25&amp;{% include [<a/ =41\u200b'


class SlowRedactor(Redactor):
    """A redactor that finishes a long text only after other work was done."""

    def __init__(self) -> None:
        super().__init__(["k3y9zqA1b2c3D4e5"])
        self.began = threading.Event()
        self.released = threading.Event()

    def redact(self, text: str) -> str:
        if len(text) > 1_000_000:
            self.began.set()
            assert self.released.wait(60), "nothing else was answered while a long text was redacted"
        return super().redact(text)


async def test_a_long_answer_delays_no_other_caller(portal: LoopbackPortal) -> None:
    redactor = SlowRedactor()
    done: list[str] = []
    async with Client(build_server(redactor)) as client:
        fields = {"TITLE": "long", "COMMENTS": WORST * (5_000_000 // len(WORST))}
        params = {"fields": fields}

        async def call_long() -> None:
            await client.call_tool("call_method", {"method": "crm.lead.add", "params": params, "dry_run": True})
            done.append("long")

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(call_long)
            await anyio.to_thread.run_sync(redactor.began.wait, 60)
            for _ in range(5):
                await client.call_tool("call_method", {"method": "profile"})
                done.append("quick")
            redactor.released.set()
    assert done == ["quick"] * 5 + ["long"]


async def test_a_secret_is_masked_before_a_long_text_is_cut(
    portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_BUDGET", "4000")
    secret = "kzyxzqavbwcuDset"  # all letters: its beginning alone looks like a word
    async with Client(build_server(Redactor([secret]))) as client:
        for before in range(1_700, 1_850, 3):
            title = "x " * (before // 2) + secret * 40 + "y" * 4_000
            add = {"method": "crm.lead.add", "params": {"fields": {"TITLE": title}}, "dry_run": True}
            result = await client.call_tool("call_method", add)
            text = getattr(result.content[0], "text", "")
            assert secret[:6] not in text
