"""The count of writes within some minutes, in the state that processes share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from b24_mcp.access import WriteWindow
from b24_mcp.state import open_state


@dataclass
class Now:
    seconds: float = 1_000_000.0

    def __call__(self) -> float:
        return self.seconds


async def test_writes_count_until_the_window_has_passed() -> None:
    now = Now()
    window = WriteWindow(open_state("memory"), now=now)
    assert await window.reserve("portal", "ann", 30, 50) == 0
    now.seconds += 400
    assert await window.reserve("portal", "ann", 20, 50) == 30
    assert await window.reserve("portal", "ann", 1, 50) == 50
    assert await window.count("portal", "ann") == 50, "what does not pass is not counted"
    now.seconds += 250
    assert await window.count("portal", "ann") == 20
    now.seconds += 400
    assert await window.count("portal", "ann") == 0


async def test_callers_and_portals_are_counted_apart_and_an_approval_begins_anew() -> None:
    window = WriteWindow(open_state("memory"))
    await window.reserve("portal", "ann", 40, 50)
    assert await window.count("portal", "bob") == 0
    assert await window.count("other", "ann") == 0
    await window.clear("portal", "ann")
    assert await window.count("portal", "ann") == 0


async def test_processes_share_the_count(tmp_path: Path) -> None:
    stores = [open_state(str(tmp_path / "state.db")) for _ in range(2)]
    one, two = (WriteWindow(store) for store in stores)
    await one.reserve("portal", "ann", 40, 50)
    assert await two.count("portal", "ann") == 40
    for store in stores:
        await store.aclose()


async def test_this_process_counts_alone_while_the_state_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    window = WriteWindow(open_state(str(tmp_path / "file" / "state.db")))
    with pytest.raises(OSError, match="cannot be used"):
        await window.store.read_note("x", 0)
    await window.reserve("portal", "ann", 40, 50)
    assert await window.count("portal", "ann") == 40
