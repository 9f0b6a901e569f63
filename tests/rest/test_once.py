"""A write is executed once, and its `executed` is never a false `no` or `yes`.

Every call meets a random sequence of faults. The portal records what it executed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from b24_mcp.catalog import Version
from b24_mcp.errors import B24Error
from b24_mcp.rest import Failed, NotRun, Portal, PortalOptions, Succeeded, parse_webhook
from b24_mcp.state import SharedState, open_state
from tests.fake_portal import CODE, FakeClock, Reply

ADDRESS = f"https://acme.bitrix24.de/rest/1/{CODE}/"
_V3_LIMIT = {"code": "BITRIX_REST_V3_EXCEPTION_RATELIMITEXCEPTION", "message": "Too many requests"}
REPLIES = {
    "limit": Reply({"error": "QUERY_LIMIT_EXCEEDED", "error_description": "x"}, 503),
    "v3 limit": Reply({"error": _V3_LIMIT}, 429),
    "token": Reply({"error": "expired_token", "error_description": "x"}, 401),
    "denied": Reply({"error": "ACCESS_DENIED", "error_description": "x"}, 403),
    "waf": Reply("<html>Forbidden</html>", 403, "text/html"),
}
# A fault, and whether the call was executed in spite of it.
FAULTS = st.sampled_from(
    [
        *((name, False) for name in ("refused", *REPLIES)),
        *((name, ran) for name in ("cut", "html", "gateway", "broken", "large", "slow") for ran in (False, True)),
    ]
)


@dataclass
class Scripted:
    """A portal that executes a write, or not, and then answers or fails as the script says.

    It honours keys as the documentation says: two requests with one key that are under way at once both run.
    """

    clock: FakeClock
    script: list[tuple[str, bool]] = field(default_factory=list)
    honours: bool = True
    executed: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    stored: dict[str, tuple[float, Any]] = field(default_factory=dict)
    overlaps: int = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        fault, runs = self.script.pop(0) if self.script else ("", True)
        if fault == "refused":
            raise httpx.ConnectError("connection refused")
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
        key = headers.get("idempotency-key")
        result = self._run(json.loads(body), key, fault) if runs else None
        if fault == "cut":
            raise httpx.ReadError("cut")
        if fault == "slow":
            await self.clock.sleep(50)
            raise httpx.ReadTimeout("slow")
        reply = REPLIES.get(fault) or {
            "html": Reply("<html>", 200, "text/html"),
            "gateway": Reply("<html>", 504, "text/html"),
            "broken": Reply(b'{"result":[1,'),
            "large": Reply({"result": "x" * 5000}),
        }.get(fault, Reply({"result": result}))
        sent = [(b"content-type", (reply.content_type or "").encode())]
        if key is not None and self.honours:
            sent.append((b"idempotency-key", key.encode()))
        await send({"type": "http.response.start", "status": reply.status, "headers": sent})
        await send({"type": "http.response.body", "body": reply.content()})

    def _run(self, body: Any, key: str | None, fault: str) -> Any:
        if key is not None:
            self.keys.append(key)
        if "cmd" in body:
            markers = [text.rpartition("=")[2] for text in body["cmd"].values()]
            self.executed += markers
            return {"result": dict.fromkeys(body["cmd"], 1), "result_error": []}
        if key is not None and self.honours and key in self.stored:
            until, stored = self.stored[key]
            if until <= self.clock.time:
                return stored
            self.overlaps += 1
        result = {"item": {"id": len(self.executed) + 1}}
        self.executed.append(body["fields"]["title"])
        if key is not None:
            # If the response was lost, the portal may still be working for as long as a request may take.
            busy = 59.0 if fault in ("cut", "gateway", "slow") else 0.0
            self.stored[key] = (self.clock.time + busy, result)
        return result


@contextmanager
def scene(script: list[tuple[str, bool]], **changes: Any) -> Iterator[Scripted]:
    yield Scripted(FakeClock(), list(script), **changes)


def opened(portal: Scripted, deadline: float = 55.0, state: SharedState | None = None) -> Portal:
    options = PortalOptions(plan="none", deadline=deadline, largest_answer=1000)
    return Portal(parse_webhook(ADDRESS), options, clock=portal.clock, app=portal, state=state)


async def told(portal: Portal, marker: str = "m", version: Version = "v3") -> Any:
    method = "tasks.task.add" if version == "v3" else "crm.deal.add"
    try:
        return (await portal.call(method, {"fields": {"title": marker}}, version=version)).result
    except B24Error as exc:
        return exc.fault


def check(said: Any, times: int) -> None:
    """Compare the reported outcome with how often the portal executed the call."""
    executed = getattr(said, "executed", "yes")
    assert executed != "no" or times == 0
    assert executed != "yes" or times == 1
    assert times <= 1


@given(st.lists(FAULTS, max_size=6), st.sampled_from(["v2", "v3"]), st.booleans(), st.sampled_from([20.0, 55.0, 300.0]))
@settings(max_examples=150, deadline=None)
def test_the_reported_outcome_of_a_single_write_is_true(
    script: list[tuple[str, bool]], version: Version, honours: bool, deadline: float
) -> None:
    async def play() -> None:
        with scene(script, honours=honours) as portal:
            begin = portal.clock.time
            client = opened(portal, deadline)
            said = await told(client, version=version)
            await client.aclose()
            check(said, len(portal.executed))
            assert portal.overlaps == 0
            assert portal.clock.time - begin <= deadline + 50  # one response may still have been in transit

    anyio.run(play)


@given(st.lists(FAULTS, max_size=8), st.lists(st.sampled_from([0.0, 10.0, 61.0]), min_size=3, max_size=3))
@settings(max_examples=100, deadline=None)
def test_exactly_the_same_call_made_again_is_executed_once(script: list[tuple[str, bool]], pauses: list[float]) -> None:
    async def play() -> None:
        state = open_state("memory")
        with scene([]) as portal:
            client = opened(portal, state=state)
            await told(client, "shows that keys are honoured")
            portal.executed.clear()
            portal.script = list(script)
            known = 0
            for pause in pauses:
                said = await told(client)
                if getattr(said, "executed", "yes") != "unknown":
                    known += getattr(said, "executed", "yes") == "yes"
                    break
                portal.clock.time += pause
                client = opened(portal, state=state)  # another process
            assert len(portal.executed) <= 1
            assert len(portal.executed) >= known
            assert portal.overlaps == 0
            await client.aclose()

    anyio.run(play)


@given(st.lists(FAULTS, max_size=5), st.booleans())
@settings(max_examples=100, deadline=None)
def test_the_reported_outcomes_of_a_batch_are_true(script: list[tuple[str, bool]], halt: bool) -> None:
    async def play() -> None:
        with scene(script) as portal:
            client = opened(portal)
            commands = {f"c{n}": {"method": "crm.deal.add", "params": {"title": f"m{n}"}} for n in range(3)}
            answer = await client.batch(commands, halt=halt)
            await client.aclose()
            for number, outcome in enumerate(answer.outcomes.values()):
                times = portal.executed.count(f"m{number}")
                if isinstance(outcome, Succeeded):
                    assert times == 1
                elif isinstance(outcome, NotRun):
                    assert times == 0
                else:
                    check(outcome.error.fault, times)

    anyio.run(play)


async def test_no_connection_after_a_cut_does_not_make_it_a_no() -> None:
    with scene([("", True), ("cut", True), *[("refused", False)] * 5]) as portal:
        client = opened(portal, deadline=300)
        await told(client, "first")
        fault = await told(client)
        await client.aclose()
    assert (fault.code, fault.executed) == ("B24MCP_NO_CONNECTION", "unknown")
    assert "An earlier try may have been executed" in fault.message


async def test_a_key_is_repeated_only_if_no_try_of_the_call_can_still_run() -> None:
    with scene([("", True), ("cut", True)]) as portal:
        client = opened(portal, deadline=100)
        await told(client, "first")
        begin = portal.clock.time
        assert await told(client) == {"item": {"id": 2}}
        await client.aclose()
    assert portal.clock.time - begin >= 60
    assert portal.executed == ["first", "m"]


async def test_after_an_answer_a_key_is_repeated_at_once() -> None:
    with scene([("", True), ("html", True)]) as portal:
        client = opened(portal)
        await told(client, "first")
        begin = portal.clock.time
        assert await told(client) == {"item": {"id": 2}}
        await client.aclose()
    assert portal.clock.time - begin < 5


async def test_an_unknown_outcome_says_from_when_the_same_call_is_executed_once(tmp_path: Path) -> None:
    place = str(tmp_path / "state.db")
    with scene([("", True), ("cut", True)]) as portal:
        client = opened(portal, state=open_state(place))
        await told(client, "first")
        moment = datetime.fromtimestamp(portal.clock.time + 60, UTC).isoformat()
        fault = await told(client)
        await client.aclose()
        assert (fault.executed, fault.retryable) == ("unknown", True)
        assert moment in fault.hint
        other = opened(portal, state=open_state(place))
        portal.clock.time += 10
        begin = portal.clock.time
        assert await told(other) == {"item": {"id": 2}}
        assert portal.clock.time - begin >= 50
        assert portal.executed == ["first", "m"]
        # Known now: the same call once more is a new one.
        assert await told(other) == {"item": {"id": 3}}
        await other.aclose()
    assert portal.executed == ["first", "m", "m"]


async def test_the_same_call_too_early_for_its_deadline_is_not_sent() -> None:
    with scene([("", True), ("cut", True)]) as portal:
        client = opened(portal, deadline=20)
        await told(client, "first")
        await told(client)
        keys = len(portal.keys)
        fault = await told(client)
        await client.aclose()
    assert (fault.code, fault.executed) == ("B24MCP_STILL_RUNNING", "unknown")
    assert len(portal.keys) == keys


async def test_the_same_call_is_found_whatever_the_order_of_its_names() -> None:
    with scene([("", True), ("cut", True)]) as portal:
        client = opened(portal)
        await told(client, "first")
        with pytest.raises(B24Error):
            await client.call("tasks.task.add", {"fields": {"title": "m", "a": {"x": 1, "y": 2}}}, version="v3")
        portal.clock.time += 61
        await client.call("tasks.task.add", {"fields": {"a": {"y": 2, "x": 1}, "title": "m"}}, version="v3")
        await client.aclose()
    assert portal.executed == ["first", "m"]


async def test_that_keys_are_honoured_is_known_to_the_next_process(tmp_path: Path) -> None:
    place = str(tmp_path / "state.db")
    with scene([]) as portal:
        client = opened(portal, state=open_state(place))
        await told(client, "first")
        await client.aclose()
        portal.script = [("html", True)]
        client = opened(portal, state=open_state(place))
        assert await told(client) == {"item": {"id": 2}}
        await client.aclose()
    assert portal.executed == ["first", "m"]


async def test_keys_work_in_redis(redis_url: str) -> None:
    with scene([("", True), ("cut", True)]) as portal:
        client = opened(portal, state=open_state(redis_url))
        await told(client, "first")
        assert (await told(client)).executed == "unknown"
        await client.aclose()
        portal.clock.time += 61
        client = opened(portal, state=open_state(redis_url))
        assert await told(client) == {"item": {"id": 2}}
        await client.aclose()
    assert portal.executed == ["first", "m"]


async def test_keys_are_kept_in_the_process_if_the_state_cannot_be_used(tmp_path: Path) -> None:
    with scene([("", True), ("cut", True)]) as portal:
        client = opened(portal, state=open_state(str(tmp_path)))  # a folder is not a database
        await told(client, "first")
        await told(client)
        portal.clock.time += 61
        assert await told(client) == {"item": {"id": 2}}
    assert portal.executed == ["first", "m"]


async def test_a_cancelled_write_keeps_its_key() -> None:
    with scene([]) as portal:
        client = opened(portal)
        await told(client, "first")
        with anyio.CancelScope() as scope:

            async def cancelling(*asgi: Any) -> None:
                portal.script = [("cut", True)]
                scope.cancel()
                try:
                    await portal(*asgi)
                except httpx.ReadError:
                    await anyio.sleep_forever()

            client._sender._transport = None
            client._sender._app = cancelling
            await told(client)
        assert scope.cancelled_caught
        client._sender._transport, client._sender._app = None, portal
        portal.clock.time += 61
        assert await told(client) == {"item": {"id": 2}}
        await client.aclose()
    assert portal.executed == ["first", "m"]


@pytest.mark.parametrize("version", ["v2", "v3"])
async def test_an_answer_beyond_the_size_leaves_a_write_unknown(version: Version) -> None:
    with scene([("large", True)], honours=False) as portal:
        client = opened(portal)
        fault = await told(client, version=version)
        await client.aclose()
    assert (fault.code, fault.executed) == ("B24MCP_TOO_LARGE", "unknown")


async def test_an_answer_beyond_the_size_leaves_each_write_of_a_batch_unknown() -> None:
    with scene([("large", True)]) as portal:
        client = opened(portal)
        answer = await client.batch({name: {"method": "crm.deal.add", "params": {"title": name}} for name in "ab"})
        await client.aclose()
    outcomes = list(answer.outcomes.values())
    assert [type(outcome) for outcome in outcomes] == [Failed, Failed]
    assert {outcome.error.fault.executed for outcome in outcomes if isinstance(outcome, Failed)} == {"unknown"}


async def test_a_call_ends_at_its_deadline_whatever_the_portal_does() -> None:
    with scene([("slow", True), ("slow", True)]) as portal:
        begin = portal.clock.time
        client = opened(portal, deadline=40)
        fault = await told(client, version="v2")
        await client.aclose()
    assert (fault.code, fault.executed) == ("B24MCP_TIMEOUT", "unknown")
    assert "40 seconds" in fault.message
    assert portal.clock.time - begin == 50  # the one sleep of the portal; nothing more was waited for
