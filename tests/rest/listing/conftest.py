"""A sandbox with more deals than fit in one request, and a portal client for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import pytest

from b24_mcp.rest import Portal
from b24_sandbox import LoggedCall, Sandbox
from tests.fake_portal import open_portal

DEALS = 7_000


@dataclass
class Opened:
    """A portal client for a sandbox, and the calls that the sandbox received."""

    portal: Portal
    sandbox: Sandbox
    calls: list[LoggedCall] = field(default_factory=list)


@pytest.fixture(scope="session")
def company() -> Iterator[tuple[Sandbox, list[LoggedCall]]]:
    calls: list[LoggedCall] = []
    sandbox = Sandbox(deals=DEALS, log=calls.append)
    yield sandbox, calls
    sandbox.close()


@pytest.fixture
async def opened(company: tuple[Sandbox, list[LoggedCall]]) -> AsyncIterator[Opened]:
    sandbox, calls = company
    calls.clear()
    async with open_portal(sandbox, f"http://127.0.0.1:8000/rest/{sandbox.webhook}/") as portal:
        yield Opened(portal, sandbox, calls)
