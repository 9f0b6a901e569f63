"""The stores of shared state, each of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from b24_mcp.state import SharedState, open_state


@dataclass
class Ticker:
    """A clock that a test sets."""

    time: float = 100.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def ticker() -> Ticker:
    return Ticker()


@pytest.fixture(params=["file", "memory", "redis"])
async def state(request: pytest.FixtureRequest, tmp_path: Path, ticker: Ticker) -> AsyncIterator[SharedState]:
    if request.param == "redis":
        opened = open_state(request.getfixturevalue("redis_url"), ticker)
    else:
        opened = open_state("memory" if request.param == "memory" else str(tmp_path / "state" / "limits.db"), ticker)
    yield opened
    await opened.aclose()
