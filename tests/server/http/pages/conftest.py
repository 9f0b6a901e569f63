"""A server where people log in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.loopback import LoopbackPortal, loopback_portal
from tests.server.http.pages.kit import HOME, PeopleServer, people_server, set_people


@pytest.fixture(scope="module")
def shared_portal() -> Iterator[LoopbackPortal]:
    """A portal whose local application is that of the server."""
    with loopback_portal(handler=f"{HOME}/login/callback") as portal:
        yield portal


@pytest.fixture
def company(shared_portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch) -> LoopbackPortal:
    """The portal that people log in to, with the settings of the server."""
    set_people(shared_portal, monkeypatch)
    return shared_portal


@pytest.fixture
async def server(company: LoopbackPortal) -> AsyncIterator[PeopleServer]:
    """A server where people log in, and where clients call tools for them."""
    async with people_server(company) as served:
        yield served
