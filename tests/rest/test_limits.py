"""Rate limits are kept: calls wait before they would be refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import anyio
import pytest

from b24_mcp.errors import B24Error
from b24_mcp.rest import Plan, parse_webhook
from b24_mcp.rest.limits.deadline import Deadline
from b24_mcp.rest.limits.limits import Limits
from b24_mcp.state import Bucket, Charge, Turn, open_state
from b24_mcp.state.file import FileState
from tests import fake_portal
from tests.fake_portal import CODE, FakeClock, FakePortal, Reply, open_portal

WEBHOOK = parse_webhook(f"https://acme.bitrix24.com/rest/1/{CODE}/")


class LeakyBucket:
    """The portal's own reckoning, from the documentation: one more for each request, draining all the time."""

    def __init__(self, capacity: float, rate: float) -> None:
        self.capacity, self.rate, self.level, self.at = capacity, rate, 0.0, 0.0

    def accepts(self, now: float) -> bool:
        self.level = max(0.0, self.level - (now - self.at) * self.rate)
        self.at = now
        self.level += 1
        return self.level <= self.capacity


async def take_turn(limits: Limits, clock: FakeClock, *, bulk: bool = False) -> None:
    """One request: it waits until it may be sent, and is answered at once."""
    async with limits.turn(["profile"], Deadline(clock, clock.now() + 1e6, bulk=bulk)):
        pass


@pytest.mark.parametrize(("plan", "capacity", "rate"), [("basic", 50, 2), ("enterprise", 250, 5)])
async def test_many_calls_never_overfill_the_portals_bucket_and_lose_little_time(
    plan: Plan, capacity: int, rate: int
) -> None:
    clock, portals = FakeClock(0.0), LeakyBucket(capacity, rate)
    limits = Limits(WEBHOOK, plan, open_state("memory", clock.now), clock)
    number = capacity * 4
    for _ in range(number):
        await take_turn(limits, clock)
        assert portals.accepts(clock.now())
    assert clock.now() <= 1.1 * (number - capacity) / rate
    await limits.state.aclose()


async def test_a_self_hosted_portal_has_no_limit_of_requests() -> None:
    clock = FakeClock()
    limits = Limits(WEBHOOK, "none", open_state("memory", clock.now), clock)
    for _ in range(500):
        await take_turn(limits, clock)
    assert clock.slept == []
    await limits.state.aclose()


async def test_a_single_call_goes_before_bulk_calls() -> None:
    clock = FakeClock()
    limits = Limits(WEBHOOK, "basic", open_state("memory", clock.now), clock)
    for _ in range(60):
        await take_turn(limits, clock, bulk=True)
    slept = len(clock.slept)
    await take_turn(limits, clock)
    assert [pause for pause in clock.slept[slept:] if pause] == []
    await limits.state.aclose()


async def test_a_wait_longer_than_the_deadline_is_an_error_that_says_when_to_retry() -> None:
    clock, fake = FakeClock(), FakePortal([Reply({"result": 1, "time": {}})] * 60)
    async with open_portal(fake, clock=clock, deadline=0.1, plan="basic") as portal:
        for _ in range(38):
            await portal.call("profile")
        with pytest.raises(B24Error) as caught:
            await portal.call("profile")
    fault = caught.value.fault
    assert (fault.code, fault.kind, fault.executed, fault.retryable) == ("B24MCP_BUSY", "rate_limit", "no", True)
    moment = datetime.fromisoformat(fault.message.split("until ")[1].split(",")[0])
    assert 0 <= moment.timestamp() - clock.now() <= 2
    assert len(fake.requests) == 38


async def test_a_method_without_operating_time_left_waits_until_it_is_restored() -> None:
    clock = FakeClock()
    reset_at = int(clock.now()) + 300
    busy = {"result": 1, "time": {"operating": 478.5, "operating_reset_at": reset_at}}
    fake = FakePortal([Reply(busy), Reply({"result": 2, "time": {}}), Reply({"result": 3, "time": {}})])
    async with open_portal(fake, clock=clock, deadline=1_000) as portal:
        await portal.call("crm.deal.list")
        await portal.call("crm.lead.list")
        assert clock.slept == []
        await portal.call("crm.deal.list")
    assert sum(clock.slept) == pytest.approx(300, abs=1)


async def test_bulk_calls_leave_operating_time_for_single_calls() -> None:
    clock = FakeClock()
    busy = {"result": 1, "time": {"operating": 440, "operating_reset_at": int(clock.now()) + 300}}
    fake = FakePortal([Reply(busy), Reply({"result": 2, "time": {}})])
    async with open_portal(fake, clock=clock, deadline=100) as portal:
        await portal.call("crm.deal.list")
        with pytest.raises(B24Error, match=r"crm\.deal\.list") as caught:
            await portal.call("crm.deal.list", bulk=True)
        assert (await portal.call("crm.deal.list")).result == 2
    assert caught.value.fault.code == "B24MCP_OPERATING"


async def test_working_time_that_lasts_beyond_the_deadline_is_an_error() -> None:
    clock = FakeClock()
    busy = {"result": 1, "time": {"operating": 480, "operating_reset_at": int(clock.now()) + 300}}
    fake = FakePortal([Reply(busy)])
    async with open_portal(fake, clock=clock, deadline=100) as portal:
        await portal.call("crm.deal.list")
        with pytest.raises(B24Error, match=r"crm\.deal\.list") as caught:
            await portal.call("crm.deal.list")
    assert (caught.value.fault.code, caught.value.fault.kind) == ("B24MCP_OPERATING", "operating_limit")
    assert len(fake.requests) == 1


@pytest.mark.parametrize("charged", ["inner", "outer"])
async def test_both_ways_of_charging_a_batch_are_watched(charged: str) -> None:
    clock = FakeClock()
    spent = {"operating": 479.0, "operating_reset_at": int(clock.now()) + 50}
    inner = {"a": spent} if charged == "inner" else {"a": {"operating": 0}}
    outer = spent if charged == "outer" else {"operating": 0}
    body: dict[str, Any] = {"result": {"result": {"a": 1}, "result_error": [], "result_time": inner}, "time": outer}
    fake = FakePortal([Reply(body), Reply(body)])
    async with open_portal(fake, clock=clock, deadline=100) as portal:
        await portal.batch({"a": {"method": "crm.deal.list"}})
        assert clock.slept == []
        await portal.batch({"a": {"method": "crm.deal.list"}})
    assert sum(clock.slept) == pytest.approx(50, abs=1)


async def test_a_refusal_by_the_portal_makes_every_process_wait(tmp_path: Path) -> None:
    clock, shared = FakeClock(), str(tmp_path / "limits.db")
    refused = Reply({"error": "QUERY_LIMIT_EXCEEDED", "error_description": "x"}, 503)
    async with open_portal(
        FakePortal([refused]), clock=clock, plan="basic", state=open_state(shared, clock.now)
    ) as portal:
        with pytest.raises(B24Error):
            await portal.call("profile")
    fake = FakePortal([Reply({"result": 1})])
    async with open_portal(
        fake, clock=clock, plan="basic", state=open_state(shared, clock.now), deadline=100
    ) as portal:
        await portal.call("profile")
    assert sum(clock.slept) > 0


async def test_a_wait_of_seconds_is_reported() -> None:
    told: list[tuple[float, float, str]] = []

    async def on_wait(waited: float, whole: float, why: str) -> None:
        told.append((waited, whole, why))

    clock = FakeClock()
    busy = {"result": 1, "time": {"operating": 480, "operating_reset_at": int(clock.now()) + 12}}
    fake = FakePortal([Reply(busy), Reply({"result": 2})])
    async with open_portal(fake, clock=clock, deadline=100) as portal:
        await portal.call("crm.deal.list", on_wait=on_wait)
        assert told == []
        await portal.call("crm.deal.list", on_wait=on_wait)
    assert [round(waited) for waited, _, _ in told] == [0, 5, 10]
    assert "crm.deal.list" in told[0][2]


async def test_a_cancelled_wait_releases_its_place() -> None:
    class EndlessClock(FakeClock):
        async def sleep(self, seconds: float) -> None:
            if seconds:
                await anyio.sleep_forever()

    clock = EndlessClock()
    state = open_state("memory", clock.now)
    limits = Limits(WEBHOOK, "basic", state, clock)
    for _ in range(38):
        await take_turn(limits, clock)
    with anyio.move_on_after(0.05):
        await take_turn(limits, clock)
    turn = await state.take(limits._bucket_key, Bucket(38, 2), keep_free=0, longest_wait=100)
    assert turn.wait == pytest.approx(0.5)
    await state.aclose()


class CountingState(FileState):
    """A state that records which of its methods are called."""

    def __init__(self) -> None:
        super().__init__(":memory:")
        self.asked: list[str] = []

    async def take(self, key: str, bucket: Bucket, *, keep_free: float, longest_wait: float) -> Turn:
        self.asked.append("take")
        return await super().take(key, bucket, keep_free=keep_free, longest_wait=longest_wait)

    async def level(self, key: str, bucket: Bucket) -> float:
        self.asked.append("level")
        return await super().level(key, bucket)

    async def charges(self, keys: Iterable[str]) -> Mapping[str, Charge]:
        self.asked.append("charges")
        return await super().charges(keys)

    async def charge(self, key: str, charge: Charge) -> None:
        self.asked.append("charge")
        await super().charge(key, charge)


def _worked(seconds: float) -> Reply:
    return Reply({"result": 1, "time": {"operating": seconds, "operating_reset_at": 9, "finish": 1}})


async def test_a_call_of_a_method_that_works_little_asks_the_state_for_its_place_only() -> None:
    state = CountingState()
    async with open_portal(FakePortal([_worked(1)] * 2), plan="basic", state=state, deadline=10) as portal:
        for _ in range(2):
            await portal.call("profile")
    assert state.asked == ["charges", "take", "take"]


async def test_working_time_is_recorded_once_it_matters_and_asked_before_each_call_then() -> None:
    state = CountingState()
    async with open_portal(FakePortal([_worked(100)] * 2), plan="basic", state=state, deadline=10) as portal:
        for _ in range(2):
            await portal.call("profile")
    assert state.asked == ["charges", "take", "charge"] * 2


async def test_a_batch_records_the_working_time_of_each_method_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(fake_portal.TIME, "operating", 100.0)
    state = CountingState()
    fake = FakePortal(methods={"profile": lambda _: 1, "crm.deal.get": lambda _: {"ID": "5"}})
    commands: dict[str, Any] = {name: {"method": "profile"} for name in "abc"}
    commands["d"] = {"method": "crm.deal.get", "params": {"id": 5}}
    async with open_portal(fake, plan="basic", state=state, deadline=10) as portal:
        await portal.batch(commands)
    assert state.asked == ["charges", "take", "charge", "charge", "charge"]


async def test_calls_go_on_when_the_shared_state_cannot_be_used(caplog: pytest.LogCaptureFixture) -> None:
    fake = FakePortal([Reply({"result": 1, "time": {"operating": 1}})] * 3)
    state = open_state("/proc/no/such/place/limits.db")
    async with open_portal(fake, plan="basic", state=state, deadline=10) as portal:
        for _ in range(3):
            assert (await portal.call("profile")).result == 1
    assert [record.levelname for record in caplog.records] == ["WARNING"]
