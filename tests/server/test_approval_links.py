"""Approval on a page that the client opens (URL elicitation): where people log in, in both protocol generations."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp_types import ElicitRequestURLParams, ElicitResult

from b24_mcp.access import Approvals, PendingApproval, approvals
from b24_mcp.app.approval import APPROVAL_PAGE
from b24_mcp.secrets import Redactor
from b24_mcp.server.mcp_server import build_server
from b24_mcp.state import open_state
from tests.loopback import LoopbackPortal
from tests.server.test_access import sent

PAGE = "https://mcp.example.com/approve/"
DELETE: dict[str, Any] = {"method": "crm.deal.delete", "params": {"id": 5}}
Call = Callable[..., Awaitable[Any]]


class Opener:
    """A person whose client opens pages, and who then does `then` with the code of the question."""

    def __init__(self, action: str, then: Callable[[Approvals, str], Awaitable[object]] | None = None) -> None:
        self.action, self.then = action, then
        self.opened: list[ElicitRequestURLParams] = []
        self.at_once = True
        self.tasks: Any = None
        self.approvals: Any = None

    async def __call__(self, context: Any, params: Any) -> ElicitResult:
        assert isinstance(params, ElicitRequestURLParams), params
        self.opened.append(params)
        if self.then is not None:
            code = params.url.removeprefix(PAGE)
            if self.at_once:
                await self.then(self.approvals, code)
            else:  # while the call waits
                self.tasks.start_soon(self._later, code)
        return ElicitResult.model_validate({"action": self.action})

    async def _later(self, code: str) -> None:
        await anyio.lowlevel.checkpoint()
        assert self.then is not None
        await self.then(self.approvals, code)


@pytest.fixture
async def shared(tmp_path: Path) -> AsyncIterator[Approvals]:
    state = open_state(str(tmp_path / "state" / "limits.db"))
    yield Approvals(state)
    await state.aclose()


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls come from a server where people log in, which looks for the answer all the time."""
    monkeypatch.setattr(approvals, "_PAUSE", 0.0)


async def made(person: Opener, era: Any, shared: Approvals, times: int = 1) -> list[Any]:
    """Make the same call several times with a client of the person. Return the answers."""
    token = APPROVAL_PAGE.set(PAGE)
    person.approvals = shared
    answers = []
    try:
        async with (
            anyio.create_task_group() as person.tasks,
            Client(build_server(Redactor()), mode=era, elicitation_callback=person) as client,
        ):
            for _ in range(times):
                (block,) = (await client.call_tool("call_method", DELETE)).content
                answers.append(json.loads(getattr(block, "text", "")))
    finally:
        APPROVAL_PAGE.reset(token)
    return answers


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_call_goes_on_when_the_person_approves_on_the_page(
    portal: LoopbackPortal, page: None, era: Any, shared: Approvals, at_once: bool
) -> None:
    person = Opener("accept", lambda pending, code: pending.approve(code))
    person.at_once = at_once
    (answer,) = await made(person, era, shared)
    assert answer["ok"] is True, answer
    assert sent(portal) == ["crm.deal.delete"]
    (asked,) = person.opened
    assert "crm.deal.delete" in asked.message
    assert '{"id": 5}' in asked.message
    assert asked.url.startswith(PAGE)


async def test_a_call_that_the_person_declines_on_the_page_is_not_made(
    portal: LoopbackPortal, page: None, era: Any, shared: Approvals
) -> None:
    person = Opener("accept", lambda pending, code: pending.decline(code))
    (answer,) = await made(person, era, shared)
    assert answer["error"]["code"] == "B24MCP_DECLINED"
    assert "The person declined this call" in answer["error"]["message"]
    assert sent(portal) == []


@pytest.mark.parametrize(("action", "code"), [("decline", "B24MCP_DECLINED"), ("cancel", "B24MCP_APPROVAL")])
async def test_a_page_that_was_not_opened_approves_nothing_and_is_named_in_the_error(
    portal: LoopbackPortal, page: None, era: Any, shared: Approvals, action: str, code: str
) -> None:
    person = Opener(action)
    (answer,) = await made(person, era, shared)
    assert answer["error"]["code"] == code
    assert person.opened[0].url in answer["error"]["hint"]
    assert sent(portal) == []


async def test_a_page_that_stays_open_ends_the_wait_and_the_same_call_passes_after_the_approval(
    portal: LoopbackPortal, page: None, era: Any, shared: Approvals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_DEADLINE", "0.2")
    person = Opener("accept")
    (answer,) = await made(person, era, shared)
    assert answer["error"]["code"] == "B24MCP_APPROVAL"
    assert "has not answered there yet" in answer["error"]["message"]
    assert person.opened[0].url in answer["error"]["hint"]
    assert sent(portal) == []
    monkeypatch.setenv("B24_DEADLINE", "55")
    await shared.approve(person.opened[0].url.removeprefix(PAGE))
    later = Opener("accept")
    (answer,) = await made(later, era, shared)
    assert answer["ok"] is True, answer
    assert sent(portal) == ["crm.deal.delete"]
    assert later.opened == []


async def test_opening_the_page_alone_is_no_approval(
    portal: LoopbackPortal, page: None, era: Any, shared: Approvals, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that accepts every question by itself approves nothing."""
    monkeypatch.setenv("B24_DEADLINE", "0.1")
    for answer in await made(Opener("accept"), era, shared, times=2):
        assert answer["error"]["code"] == "B24MCP_APPROVAL"
    assert sent(portal) == []


async def test_a_wait_does_not_end_before_the_answer_is_stored(shared: Approvals) -> None:
    """The answer arrives in two steps: the code stops waiting, then the approval is stored."""
    looks: list[float] = []

    async def goes_on(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 1:
            await shared.store.take_note(f"approval:waiting:{code}", shared.now())
        if len(looks) == 3:
            await shared.store.put_note(f"approval:request:{code}", stored, shared.now(), seconds=600)

    code = await shared.ask(PendingApproval("digest", "ann", "client", "portal", "Delete?"))
    stored = await shared.store.read_note(f"approval:waiting:{code}", shared.now()) or ""
    assert "Delete?" in stored
    await Approvals(shared.store, shared.now, goes_on).wait_for_answer(code, 600)
    assert len(looks) == 3


async def test_a_call_that_is_repeated_while_its_answer_is_stored_keeps_its_code(shared: Approvals) -> None:
    request = PendingApproval("digest", "ann", "client", "portal", "Delete?")
    code = await shared.ask(request)
    stored = await shared.store.take_note(f"approval:waiting:{code}", shared.now()) or ""

    async def goes_on(seconds: float) -> None:
        await shared.store.put_note(f"approval:request:{code}", stored, shared.now(), seconds=600)

    assert await Approvals(shared.store, shared.now, goes_on).ask(request) == code


@pytest.mark.parametrize("approved", [True, False])
async def test_a_call_whose_answer_was_used_gets_another_code_at_once(shared: Approvals, approved: bool) -> None:
    async def never(seconds: float) -> None:
        raise AssertionError

    asking = Approvals(shared.store, shared.now, never)
    request = PendingApproval("digest", "ann", "client", "portal", "Delete?")
    code = await asking.ask(request)
    assert await (asking.approve if approved else asking.decline)(code)
    assert await (asking.use if approved else asking.learn_decline)("digest")
    assert await asking.ask(request) != code
