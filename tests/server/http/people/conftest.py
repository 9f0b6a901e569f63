"""A server where people log in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.loopback import LoopbackPortal
from tests.server.http.issuer import SignedFor
from tests.server.http.people.kit import PeopleServer, people_portal, people_server


@pytest.fixture
def company(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackPortal]:
    """The portal that people log in to."""
    with people_portal(monkeypatch) as portal:
        yield portal


@pytest.fixture
async def server(company: LoopbackPortal) -> AsyncIterator[PeopleServer]:
    """A server where people log in. Clients cannot call its tools."""
    async with people_server(company) as served:
        yield served


@pytest.fixture
async def calling(company: LoopbackPortal, issuer: SignedFor) -> AsyncIterator[PeopleServer]:
    """A server where people log in, and where clients call tools for them."""
    async with people_server(company, issuer) as served:
        yield served
