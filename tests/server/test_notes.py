"""What words mean on a portal: written by a person, read by the tools."""

from __future__ import annotations

from pathlib import Path

import pytest

from b24_mcp.config.notes import TEMPLATE, read_notes
from tests.server.conftest import CallTool

NOTES = """# Our company

We sell on Mondays only.

- active client = a company with a won deal in the last 12 months
* больной вопрос = сделка без движения 14 дней

<!-- hidden = not read -->

## Stale deals
```sql
SELECT ID FROM deals
 WHERE 1 = 1
```
"""


def put(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def rename(path: Path, name: str) -> None:
    path.rename(path.with_name(name))


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """The notes on the sandbox, beside the file of portals."""
    path = tmp_path / "config" / "notes" / "sandbox.md"
    path.parent.mkdir(parents=True)
    path.write_text(NOTES, "utf-8")
    return path


async def test_portal_info_shows_notes_in_short(call_tool: CallTool, notes: Path) -> None:
    assert (await call_tool("portal_info"))["notes"] == {
        "words": {
            "active client": "a company with a won deal in the last 12 months",
            "больной вопрос": "сделка без движения 14 дней",
        },
        "queries": ["Stale deals"],
        "more": "SELECT * FROM portal_notes",
    }


async def test_notes_are_a_table(call_tool: CallTool, notes: Path) -> None:
    answer = await call_tool("query_records", sql="SELECT kind, name, text FROM portal_notes")
    assert answer["rows"] == [
        ["note", "Our company", "We sell on Mondays only."],
        ["word", "active client", "a company with a won deal in the last 12 months"],
        ["word", "больной вопрос", "сделка без движения 14 дней"],
        ["query", "Stale deals", "SELECT ID FROM deals\n WHERE 1 = 1"],
    ]


async def test_each_portal_has_its_own_notes_and_none_are_no_error(call_tool: CallTool, notes: Path) -> None:
    rename(notes, "other.md")
    assert "notes" not in await call_tool("portal_info")
    assert (await call_tool("query_records", sql="SELECT count(*) FROM portal_notes"))["rows"] == [[0]]


async def test_long_notes_are_shown_in_short(call_tool: CallTool, notes: Path) -> None:
    put(notes, "".join(f"word {number} = {'meaning ' * 10}\n" for number in range(500)).encode())
    shown = (await call_tool("portal_info"))["notes"]
    assert 3 < len(shown["words"]) < 20
    assert (await call_tool("query_records", sql="SELECT count(*) FROM portal_notes"))["rows"] == [[500]]


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe\x00 = x", b"```sql\nSELECT 1", b"<!-- open", b"= nothing\n=\n", b"#\n##x"]
)
async def test_odd_files_do_no_harm(call_tool: CallTool, notes: Path, content: bytes) -> None:
    put(notes, content)
    assert (await call_tool("portal_info"))["ok"]
    assert (await call_tool("query_records", sql="SELECT * FROM portal_notes"))["ok"]


def test_the_template_has_no_notes_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "new.md"
    file.write_text(TEMPLATE, "utf-8")
    assert [note.kind for note in read_notes(file)] == ["note"]
