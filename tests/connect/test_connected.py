"""What `b24-mcp connect` wrote, started as the client would start it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from mcp import Client, StdioServerParameters

from tests.loopback import loopback_portal

PROGRAM = Path(sys.executable).parent / "b24-mcp"


async def test_an_entry_for_one_of_several_portals_reaches_that_one(tmp_path: Path) -> None:
    home, portals = tmp_path / "home", tmp_path / "config" / "portals.toml"
    home.mkdir()
    portals.parent.mkdir()
    portals.write_text(
        '[portals.first]\nwebhook = "env"\nwebhook_env = "FIRST"\n[portals.sales]\nwebhook = "env"\nwebhook_env = "SALES"\n'
    )
    typed = [PROGRAM, "connect", "cursor", "--portal", "sales", "--yes"]
    here = dict(os.environ) | {"HOME": str(home)}
    done = subprocess.run(typed, env=here, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    entry = json.loads((home / ".cursor/mcp.json").read_text("utf-8"))["mcpServers"]["bitrix24-sales"]
    with loopback_portal() as first, loopback_portal() as sales:
        kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "B24_CONFIG") if name in os.environ}
        own = kept | {"FIRST": first.address, "SALES": sales.address, "B24_STATE": "memory"}
        command = StdioServerParameters(command=entry["command"], args=entry["args"], env=own | entry["env"])
        async with Client(command) as client:
            (block,) = (await client.call_tool("call_method", {"method": "profile"})).content
        assert json.loads(getattr(block, "text", ""))["portal"] == "sales"
        assert (first.methods, sales.methods) == ([], ["profile"])
