"""The entry that `b24-mcp connect` writes, started as the client starts it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from mcp import Client, StdioServerParameters

from tests.loopback import loopback_portal

PROGRAM = Path(sys.executable).parent / "b24-mcp"


PORTALS = """\
[portals.first]
webhook = "env"
webhook_env = "FIRST"

[portals.sales]
webhook = "env"
webhook_env = "SALES"
"""


def connected(home: Path, *arguments: str) -> None:
    """Run `b24-mcp connect` with this home folder."""
    home.mkdir()
    typed = [str(PROGRAM), "connect", *arguments, "--yes"]
    here = dict(os.environ) | {"HOME": str(home)}
    done = subprocess.run(typed, env=here, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


async def test_an_entry_for_one_of_several_portals_reaches_that_portal(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "portals.toml").write_text(PORTALS, "utf-8")
    connected(tmp_path / "home", "cursor", "--portal", "sales")
    servers = json.loads((tmp_path / "home/.cursor/mcp.json").read_text("utf-8"))["mcpServers"]
    entry = servers["bitrix24-sales"]
    with loopback_portal() as first, loopback_portal() as sales:
        kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "B24_CONFIG") if name in os.environ}
        own = kept | {"FIRST": first.address, "SALES": sales.address, "B24_STATE": "memory"}
        command = StdioServerParameters(command=entry["command"], args=entry["args"], env=own | entry["env"])
        async with Client(command) as client:
            (block,) = (await client.call_tool("call_method", {"method": "profile"})).content
        assert json.loads(getattr(block, "text", ""))["portal"] == "sales"
        assert (first.methods, sales.methods) == ([], ["profile"])
