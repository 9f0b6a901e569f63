"""The files for a deployment name settings and paths that exist."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from b24_mcp.config.environment import ENV_FILE
from b24_mcp.config.settings import Settings
from b24_mcp.server.http.options import PATH

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
NAMES = {f"B24_{name.upper()}" for name in Settings.model_fields} | {ENV_FILE}


@pytest.mark.parametrize("name", ["compose.yaml", "team.env.example", "nginx.conf", "b24-mcp.service"])
def test_only_settings_are_named(name: str) -> None:
    assert set(re.findall(r"\bB24_[A-Z_]+\b", (DEPLOY / name).read_text("utf-8"))) <= NAMES


def test_the_settings_of_the_example_are_those_of_a_team_server() -> None:
    lines = [line for line in (DEPLOY / "team.env.example").read_text("utf-8").splitlines() if not line.startswith("#")]
    given = dict(line.split("=", 1) for line in lines if line)
    assert {"B24_HTTP_URL", "B24_HTTP_ISSUER", "B24_HTTP_JWKS", "B24_HTTP_KEY"} <= set(given)
    assert [given[name] for name in ("B24_WEBHOOK_URL", "B24_HTTP_KEY")] == ["", ""], "no secret is in the example"


def test_two_servers_share_redis_and_the_volume() -> None:
    compose = YAML(typ="safe").load((DEPLOY / "compose.yaml").read_text("utf-8"))
    one, two = compose["services"]["one"], compose["services"]["two"]
    assert one == two
    assert one["environment"]["B24_STATE"].startswith("redis://redis")
    assert (ROOT / one["build"]["dockerfile"]).is_file()
    for volume in compose["services"]["nginx"]["volumes"]:
        source = volume.split(":")[0]
        assert source == "./tls" or (DEPLOY / source).is_file()


def test_nginx_forwards_what_the_server_serves_and_does_not_repeat_a_write() -> None:
    text = (DEPLOY / "nginx.conf").read_text("utf-8")
    places = set(re.findall(r"location (?:= )?(\S+) \{", text))
    served = {PATH, f"{PATH}/", f"{PATH}/offer", f"{PATH}/files/", "/.well-known/oauth-protected-resource/mcp"}
    assert places == served | {"/health", "/ready", "/"}
    assert "non_idempotent;" not in text
    assert re.search(r"/mcp/files/ \{[^}]*access_log off;[^}]*proxy_request_buffering off;", text)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_the_unit_is_valid(tmp_path: Path) -> None:
    unit = (DEPLOY / "b24-mcp.service").read_text("utf-8").replace("/usr/local/bin/b24-mcp", "/bin/true")
    file = tmp_path / "b24-mcp.service"
    file.write_text(unit, "utf-8")
    done = subprocess.run(["systemd-analyze", "verify", str(file)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert str(file) not in done.stderr
