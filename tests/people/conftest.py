"""A portal with people, and the logins of a server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from b24_mcp.app.people_logins import PeopleLogins
from b24_sandbox import Sandbox
from tests.fake_portal import FakeClock
from tests.people.kit import Portal


@pytest.fixture
def people(tmp_path: Path) -> Iterator[Portal]:
    clock = FakeClock()
    sandbox = Sandbox(clock=clock.now)
    yield Portal(tmp_path, sandbox, clock)
    sandbox.close()


@pytest.fixture
async def logins(people: Portal) -> AsyncIterator[PeopleLogins]:
    opened = people.logins()
    yield opened
    await opened.aclose()
