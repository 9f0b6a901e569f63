"""Several servers share the logins of clients: each step can go to another one."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest

from b24_mcp.state import open_state
from tests.server.http.people.world import ANNA, FakeLogin, Ticker, World, answered, open_world


@pytest.fixture(autouse=True)
def no_blocking_calls() -> None:
    """Allow blocking calls: the client of Redis reads its own version from a file with the first connection."""


@pytest.mark.parametrize("store", ["file", "redis"])
async def test_any_replica_handles_any_step(store: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    setting = request.getfixturevalue("redis_url") if store == "redis" else str(tmp_path / "state.db")
    login, clock = FakeLogin(ANNA), Ticker()
    async with (
        open_world(open_state(setting), login=login, clock=clock) as one,
        open_world(open_state(setting), login=login, clock=clock) as two,
    ):
        begun = two.request((await one.register())["client_id"])
        first, second = one.browser(), two.browser()
        page = await first.open(begun.url)
        second.http.cookies = first.http.cookies
        code = answered(await second.send(page))["code"]
        tokens = (await one.redeem(begun, code)).json()
        assert await two.call(tokens["access_token"]) == 200
        tokens = (await two.renew(begun.client_id, tokens["refresh_token"])).json()
        assert await one.call(tokens["access_token"]) == 200
        (client,) = await two.server.grants.of(ANNA)
        assert await two.server.grants.revoke(ANNA, client.id)
        assert await one.call(tokens["access_token"]) == 401


async def test_one_of_two_replicas_accepts_a_code(redis_url: str) -> None:
    login, clock = FakeLogin(ANNA), Ticker()
    async with (
        open_world(open_state(redis_url), login=login, clock=clock) as one,
        open_world(open_state(redis_url), login=login, clock=clock) as two,
    ):
        begun = one.request((await one.register())["client_id"])
        code = await one.code(begun)
        answers: list[int] = []

        async def redeem(world: World) -> None:
            answers.append((await world.redeem(begun, code)).status_code)

        async with anyio.create_task_group() as tasks:
            for world in (one, two) * 5:
                tasks.start_soon(redeem, world)
        assert answers.count(200) <= 1
        assert await one.server.grants.of(ANNA) == []
