"""The store of shared state, in each of its places."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from b24_mcp.state import SharedState, open_state


@pytest.fixture(params=["file", "memory", "redis"])
async def state(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SharedState]:
    if request.param == "redis":
        opened = open_state(request.getfixturevalue("redis_url"))
    else:
        opened = open_state("memory" if request.param == "memory" else str(tmp_path / "state" / "limits.db"))
    yield opened
    await opened.aclose()
