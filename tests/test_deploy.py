"""The files for a deployment name settings and paths that exist."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from ruamel.yaml import YAML

from b24_mcp.config.environment import ENV_FILE
from b24_mcp.config.roles import parse_roles
from b24_mcp.config.settings import Settings

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
NAMES = {f"B24_{name.upper()}" for name in Settings.model_fields} | {ENV_FILE, "B24_RECORDS"}


FILES = ["compose.yaml", "team.env.example", "database.env.example", "database.sh", "nginx.conf", "b24-mcp.service"]


@pytest.mark.parametrize("name", FILES)
def test_only_settings_are_named(name: str) -> None:
    assert set(re.findall(r"\bB24_[A-Z_]+\b", (DEPLOY / name).read_text("utf-8"))) <= NAMES


def test_the_settings_of_the_example_are_those_of_a_team_server() -> None:
    lines = [line for line in (DEPLOY / "team.env.example").read_text("utf-8").splitlines() if not line.startswith("#")]
    given = dict(line.split("=", 1) for line in lines if line)
    assert {"B24_HTTP_LOGIN", "B24_HTTP_URL", "B24_HTTP_KEY", "B24_PORTAL", "B24_RECORDS"} <= set(given)
    secrets = ("B24_CLIENT_ID", "B24_CLIENT_SECRET", "B24_HTTP_KEY")
    assert {given[name] for name in secrets} == {""}, "no secret is in the example"
    parse_roles(given["B24_HTTP_ROLES"], "read")
    address = urlsplit(given["B24_RECORDS"])
    assert (address.hostname, address.username, address.password) == ("database", "b24_mcp", "PASSWORD")


def test_two_servers_share_redis_a_database_and_the_volume() -> None:
    compose = YAML(typ="safe").load((DEPLOY / "compose.yaml").read_text("utf-8"))
    one, two = compose["services"]["one"], compose["services"]["two"]
    assert one == two
    assert one["environment"]["B24_STATE"].startswith("redis://redis")
    assert (ROOT / one["build"]["dockerfile"]).is_file()
    assert "database" in one["depends_on"]
    assert compose["services"]["database"]["env_file"] == "database.env", "the servers get no superuser"
    for volume in [one for name in ("nginx", "database") for one in compose["services"][name]["volumes"]]:
        source = volume.split(":")[0]
        assert source in ("./tls", "database") or (DEPLOY / source).is_file()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_the_unit_is_valid(tmp_path: Path) -> None:
    unit = (DEPLOY / "b24-mcp.service").read_text("utf-8").replace("/usr/local/bin/b24-mcp", "/bin/true")
    file = tmp_path / "b24-mcp.service"
    file.write_text(unit, "utf-8")
    done = subprocess.run(["systemd-analyze", "verify", str(file)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert str(file) not in done.stderr
