"""Limits of the portal (requests, operating time) and its simulated latency."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from b24_sandbox.app import USER_WEBHOOK
from tests.sandbox.conftest import NOW, Caller, opened
from tests.sandbox.test_oauth import Clock

READ = "server.time"


async def statuses(caller: Caller, count: int, method: str = READ) -> list[int]:
    return [(await caller.http.get(caller.base + method)).status_code for _ in range(count)]


@pytest.mark.parametrize(("plan", "burst", "rate"), [("basic", 50, 2), ("enterprise", 250, 5)])
async def test_a_burst_fills_the_bucket_and_it_leaks_every_second(plan: str, burst: int, rate: int) -> None:
    clock = Clock()
    async with opened(empty=True, plan=plan, clock=clock) as call:
        assert await statuses(call, burst + 1) == [200] * burst + [503]
        clock.now += 1
        assert await statuses(call, rate + 1) == [200] * rate + [503]


async def test_a_full_bucket_always_answers_in_json() -> None:
    async with opened(empty=True, plan="basic", clock=Clock()) as call:
        await statuses(call, 50)
        response = await call.http.get(f"{call.base}{READ}.xml")
    assert response.status_code == 503
    assert response.headers["Content-Type"].startswith("application/json")
    assert response.json() == {"error": "QUERY_LIMIT_EXCEEDED", "error_description": "Too many requests"}
    assert "Retry-After" not in response.headers


async def test_the_bucket_is_shared_by_all_credentials_and_counts_unknown_methods() -> None:
    async with opened(plan="basic", clock=Clock()) as call:
        await statuses(call, 49)
        await call.http.get(call.base + "no.such.method")
        response = await call.http.get(f"/rest/{USER_WEBHOOK}/{READ}")
    assert response.status_code == 503


async def test_a_batch_counts_as_one_request() -> None:
    async with opened(empty=True, plan="basic", clock=Clock()) as call:
        await call.batch([READ] * 50)
        assert await statuses(call, 50) == [200] * 49 + [503]


async def test_refused_requests_do_not_fill_the_bucket() -> None:
    clock = Clock()
    async with opened(empty=True, plan="basic", clock=clock) as call:
        await statuses(call, 150)
        clock.now += 25
        assert await statuses(call, 51) == [200] * 50 + [503]


async def test_without_a_plan_requests_are_unlimited() -> None:
    async with opened(empty=True, clock=Clock()) as call:
        assert set(await statuses(call, 300)) == {200}


async def operating(caller: Caller, method: str = READ) -> tuple[float, int]:
    time = (await caller(method))["time"]
    return time["operating"], time["operating_reset_at"]


async def test_operating_time_is_summed_by_method_and_expires_after_ten_minutes() -> None:
    clock = Clock()
    async with opened(empty=True, clock=clock, cost=2.0) as call:
        assert await operating(call) == (2, int(NOW) + 600)
        clock.now += 300
        assert await operating(call) == (4, int(NOW) + 600)
        assert await operating(call, "profile") == (2, int(NOW) + 900)
        clock.now += 300
        assert await operating(call) == (4, int(NOW) + 900)


async def test_cost_sets_the_reported_duration_of_a_call() -> None:
    async with opened(empty=True, clock=Clock(), cost=2.5) as call:
        time = (await call(READ))["time"]
    assert (time["duration"], time["processing"], time["finish"] - time["start"]) == (2.5, 2.5, 2.5)


async def test_calls_of_a_tenth_of_a_second_are_not_charged() -> None:
    async with opened(empty=True, clock=Clock(), cost=0.1) as call:
        assert [await operating(call) for _ in range(3)] == [(0, int(NOW) + 600)] * 3


async def test_a_method_is_blocked_when_more_than_480_seconds_are_spent() -> None:
    clock = Clock()
    async with opened(clock=clock, cost=240.0) as call:
        assert await statuses(call, 4) == [200, 200, 200, 429]  # exactly 480 is allowed
        response = await call.http.get(call.base + READ)
        others = await call.http.get(call.base + "profile")
        another = await call.http.get(f"/rest/{USER_WEBHOOK}/{READ}")
        clock.now += 600
        later = await call.http.get(call.base + READ)
    assert response.json() == {
        "error": "OPERATION_TIME_LIMIT",
        "error_description": "Method is blocked due to operation time limit.",
    }
    assert [others.status_code, another.status_code, later.status_code] == [200, 200, 200]


async def test_another_case_of_the_method_name_shares_the_limit() -> None:
    async with opened(empty=True, clock=Clock(), cost=500.0) as call:
        assert await statuses(call, 1) == [200]
        assert await statuses(call, 1, "SERVER.Time") == [429]


async def test_a_wrong_secret_is_refused_before_the_limit() -> None:
    async with opened(empty=True, clock=Clock(), cost=500.0) as call:
        await statuses(call, 2)
        assert (await call.http.get(f"/rest/1/wrong/{READ}")).status_code == 401


def spent(batch: dict[str, Any]) -> tuple[float, list[float]]:
    inner = [entry["operating"] for entry in batch["result"]["result_time"]]
    return batch["time"]["operating"], inner


async def test_a_batch_is_charged_to_its_commands() -> None:
    async with opened(empty=True, clock=Clock(), cost=3.0) as call:
        assert spent(await call("batch", {"cmd": [READ, READ, "profile"]})) == (0, [3, 6, 3])
        assert await operating(call) == (9, int(NOW) + 600)


async def test_a_batch_may_be_charged_to_the_name_batch() -> None:
    async with opened(empty=True, clock=Clock(), cost=3.0, accounting="batch") as call:
        assert spent(await call("batch", {"cmd": [READ, READ]})) == (3, [0, 0])
        assert spent(await call("batch", {"cmd": [READ]})) == (6, [0])


async def test_a_single_call_is_charged_when_batches_are_charged_to_their_name() -> None:
    async with opened(empty=True, clock=Clock(), cost=500.0, accounting="batch") as call:
        assert await statuses(call, 2) == [200, 429]
        assert (await call.batch([READ]))["result"]  # inside a batch the method is not checked


async def test_a_blocked_method_fails_only_its_command() -> None:
    async with opened(empty=True, clock=Clock(), cost=500.0) as call:
        result = await call.batch({"a": READ, "b": READ, "c": "profile"})
    assert set(result["result"]) == {"a", "c"}
    assert result["result_error"]["b"]["error"] == "OPERATION_TIME_LIMIT"


class Waits:
    """A replacement of `asyncio.sleep` that records the delay and waits for the gate."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.gate = anyio.Event()

    async def sleep(self, seconds: float) -> None:
        self.seconds.append(seconds)
        if seconds >= 1:
            await self.gate.wait()


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Waits:
    waits = Waits()
    monkeypatch.setattr("asyncio.sleep", waits.sleep)
    return waits


async def test_latency_applies_per_request_and_per_answered_row(waits: Waits) -> None:
    async with opened(latency=0.25, row_latency=0.01) as call:
        await call("crm.deal.list")
        await call("crm.item.list", {"entityTypeId": 2, "filter": {"id": [1, 2, 3]}})
        await call.batch({"a": "crm.deal.list?filter[ID]=1", "b": "crm.deal.list?filter[ID]=2", "c": READ})
        await call(READ)
    assert waits.seconds == [0.25, 0.5, 0.25, 0.03, 0.25, 0.02, 0.25]


async def test_latency_applies_per_row_skipped_by_an_offset(waits: Waits) -> None:
    async with opened(offset_latency=0.001) as call:
        await call("crm.deal.list", {"start": 150})
        await call("crm.deal.list", {"start": 0})
        await call.batch({"a": "crm.deal.list?start=100", "b": "crm.deal.list?start=50&select[]=ID"})
    assert waits.seconds == [0.15, pytest.approx(0.15)]


async def test_a_sandbox_starts_with_the_requested_number_of_deals() -> None:
    async with opened(deals=1_234) as call:
        assert (await call("crm.deal.list"))["total"] == 1_234


async def test_latency_does_not_block_other_requests(waits: Waits) -> None:
    async with opened(row_latency=1.0) as call, anyio.create_task_group() as tasks:
        tasks.start_soon(call, "crm.deal.list")
        while not waits.seconds:
            await anyio.lowlevel.checkpoint()
        with anyio.fail_after(10):
            assert "result" in await call(READ)
        waits.gate.set()
