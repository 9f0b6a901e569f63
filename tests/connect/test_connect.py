"""`b24-mcp connect` and `disconnect` for every client on every operating system."""

from __future__ import annotations

import json
import re
import stat
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from b24_mcp.cli.client_name import CLIENT_NAMES
from b24_mcp.connect import CLIENTS, own_launch
from b24_mcp.connect.formats import value_at
from tests.connect.conftest import Person

Make = Callable[..., Person]
PROGRAM = str(Path(sys.executable).parent / "b24-mcp")
APPDATA = "AppData/Roaming"
MAC = "Library/Application Support"

PLACES = {
    "claude-code": {"linux": ".claude.json", "macos": ".claude.json", "windows": ".claude.json"},
    "cursor": {"linux": ".cursor/mcp.json", "macos": ".cursor/mcp.json", "windows": ".cursor/mcp.json"},
    "codex": {"linux": ".codex/config.toml", "macos": ".codex/config.toml", "windows": ".codex/config.toml"},
    "vscode": {
        "linux": ".config/Code/User/mcp.json",
        "macos": f"{MAC}/Code/User/mcp.json",
        "windows": f"{APPDATA}/Code/User/mcp.json",
    },
    "claude-desktop": {
        "linux": ".config/Claude/claude_desktop_config.json",
        "macos": f"{MAC}/Claude/claude_desktop_config.json",
        "windows": f"{APPDATA}/Claude/claude_desktop_config.json",
    },
    "zed": {
        "linux": ".config/zed/settings.json",
        "macos": ".config/zed/settings.json",
        "windows": f"{APPDATA}/Zed/settings.json",
    },
    "copilot": dict.fromkeys(("linux", "macos", "windows"), ".copilot/mcp-config.json"),
    "gemini": dict.fromkeys(("linux", "macos", "windows"), ".gemini/settings.json"),
    "goose": {
        "linux": ".config/goose/config.yaml",
        "macos": ".config/goose/config.yaml",
        "windows": f"{APPDATA}/Block/goose/config/config.yaml",
    },
}
# A file that the user edited, by language: with comments, odd spacing, and another server with a secret.
CARED_FOR = {
    "JSON": """{
   // mine
   "theme":   "dark",
   "TABLE": {
      "other": { "command": "npx", "env": { "OTHER_KEY": "otherssecret" } }, // keep
   },
   /* the end */
}
""",
    "TOML": """# mine
model   = "o9"   # keep

[TABLE.other]
command = "npx"

[TABLE.other.env]
OTHER_KEY = "otherssecret"

# the end
[tui]
theme = "dark"
""",
    "YAML": """# mine
GOOSE_MODEL:   "o9"  # keep
TABLE:
    other:
        cmd: npx
        envs: {OTHER_KEY: otherssecret}
        args:
        - a

# the end
theme: dark
""",
}


def cared_for(client: str) -> str:
    return CARED_FOR[CLIENTS[client].format.name].replace("TABLE", CLIENTS[client].table)


def entry_in(file: Path, client: str, name: str = "bitrix24") -> Any:
    return value_at(CLIENTS[client].format.read(file.read_text("utf-8")), (CLIENTS[client].table, name))


def each_client(*without: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("client", [name for name in CLIENTS if name not in without])


def test_the_command_line_knows_every_client() -> None:
    assert tuple(CLIENTS) == CLIENT_NAMES
    assert set(PLACES) == set(CLIENTS)


@pytest.mark.parametrize("os_name", ["linux", "macos", "windows"])
@each_client()
def test_a_client_without_a_configuration_gets_one_in_the_right_place(person: Make, client: str, os_name: str) -> None:
    someone = person(os_name)
    done = someone.types("connect", client, "--yes")
    assert done.exit_code == 0, done.output
    file = someone.machine.home / PLACES[client][os_name]
    assert list(someone.files()) == [str(file)]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    entry = entry_in(file, client)
    assert entry.get("command", entry.get("cmd")) == PROGRAM
    assert entry["args"] == []


@pytest.mark.parametrize(
    ("client", "variable", "inside"),
    [
        ("claude-code", "CLAUDE_CONFIG_DIR", ".claude.json"),
        ("codex", "CODEX_HOME", "config.toml"),
        ("copilot", "COPILOT_HOME", "mcp-config.json"),
        ("gemini", "GEMINI_CLI_HOME", ".gemini/settings.json"),
        ("goose", "GOOSE_PATH_ROOT", "config/config.yaml"),
        ("goose", "XDG_CONFIG_HOME", "goose/config.yaml"),
        ("zed", "XDG_CONFIG_HOME", "zed/settings.json"),
        ("vscode", "XDG_CONFIG_HOME", "Code/User/mcp.json"),
        ("vscode", "VSCODE_PORTABLE", "user-data/User/mcp.json"),
    ],
)
def test_a_client_that_was_moved_is_found(
    person: Make, tmp_path: Path, client: str, variable: str, inside: str
) -> None:
    someone = person(**{variable: str(tmp_path / "moved")})
    assert someone.types("connect", client, "--yes").exit_code == 0
    assert (tmp_path / "moved" / inside).is_file()
    assert someone.files() == {}


@each_client()
def test_the_users_text_is_kept_byte_for_byte_and_restored_by_disconnect(person: Make, client: str) -> None:
    someone = person()
    file = someone.machine.home / PLACES[client]["linux"]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(cared_for(client), "utf-8")
    file.chmod(0o640)
    done = someone.types("connect", client, "--yes")
    assert done.exit_code == 0, done.output
    assert "otherssecret" not in done.output
    text = file.read_text("utf-8")
    assert entry_in(file, client)
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    kept = [line for line in cared_for(client).splitlines() if line not in text.splitlines()]
    assert kept == []
    removed = someone.types("disconnect", client, "--yes")
    assert "otherssecret" not in removed.output
    assert file.read_text("utf-8") == cared_for(client)


@each_client()
def test_connecting_twice_changes_nothing_and_says_so(person: Make, client: str) -> None:
    someone = person()
    someone.types("connect", client, "--yes")
    before = someone.files()
    again = someone.types("connect", client)
    assert again.exit_code == 0
    assert "connected already" in again.output
    assert someone.files() == before


@each_client()
def test_a_file_that_holds_nothing_else_is_deleted_by_disconnect(person: Make, client: str) -> None:
    someone = person()
    file = someone.machine.home / PLACES[client]["linux"]
    someone.types("connect", client, "--yes")
    assert someone.types("disconnect", client, "--yes").exit_code == 0
    assert not file.exists()
    gone = someone.types("disconnect", client, "--yes")
    assert (gone.exit_code, "does not know this server" in gone.output) == (0, True)


def test_a_copy_of_the_earlier_file_is_kept_for_its_owner_only(person: Make) -> None:
    someone = person()
    file = someone.machine.home / ".cursor/mcp.json"
    file.parent.mkdir()
    file.write_text('{"mcpServers": {}}', "utf-8")
    done = someone.types("connect", "cursor", "--yes")
    (backup,) = file.parent.glob("*.bak")
    assert re.fullmatch(r"mcp\.json\.\d{8}-\d{6}\.bak", backup.name)
    assert str(backup) in done.output.replace("\n", "")
    assert backup.read_text("utf-8") == '{"mcpServers": {}}'
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600


@each_client()
def test_a_dry_run_shows_the_change_and_writes_nothing(person: Make, client: str) -> None:
    someone = person()
    shown = someone.types("connect", client, "--dry-run")
    assert shown.exit_code == 0
    assert PROGRAM in shown.output
    assert "Nothing was written" in shown.output
    assert someone.files() == {}


@pytest.mark.parametrize(("answer", "code"), [("n\n", 1), ("", 1), ("y\n", 0)])
def test_nothing_is_written_unless_the_user_agrees(person: Make, answer: str, code: int) -> None:
    someone = person()
    done = someone.types("connect", "cursor", answers=answer)
    assert done.exit_code == code
    assert bool(someone.files()) is (code == 0)


@pytest.mark.parametrize(
    ("client", "text", "said"),
    [
        ("cursor", '{"mcpServers": {"a": }}', "line 1 is not JSON"),
        ("cursor", '{\n "mcpServers": {\n "a": "tops3cret" "b"}}', "line 3 is not JSON"),
        ("vscode", '{"servers": []}', "the parent of bitrix24 is not a table"),
        ("gemini", '{"mcpServers": {"bitrix24": {}, "bitrix24": {}}}', "bitrix24 is given twice"),
        ("gemini", "[" * 100_000, "nested too deeply"),
        ("copilot", "[1]", "the parent of mcpServers is not a table"),
        ("codex", 'a = "tops3cret\n', "is not TOML (at line 1"),
        ("codex", 'mcp_servers = { a = { command = "x" } }\n', "cannot be changed safely"),
        ("goose", "extensions: [\n", "is not YAML"),
        ("goose", "extensions: {a: {cmd: x}}\n", "cannot be changed safely"),
        ("goose", "- a\n", "the parent of extensions is not a table"),
    ],
)
def test_a_file_that_cannot_be_edited_stays_unchanged(person: Make, client: str, text: str, said: str) -> None:
    someone = person()
    file = someone.machine.home / PLACES[client]["linux"]
    file.parent.mkdir(parents=True)
    file.write_text(text, "utf-8")
    done = someone.types("connect", client, "--yes")
    assert done.exit_code == 1
    assert said in " ".join(done.output.split())
    assert "is unchanged" in done.output
    assert PROGRAM in done.output
    assert someone.files() == {str(file): text.encode()}


def test_a_file_that_is_not_text_stays_unchanged(person: Make) -> None:
    someone = person()
    file = someone.machine.home / ".cursor/mcp.json"
    file.parent.mkdir()
    file.write_bytes(b"\xff\xfe{")
    done = someone.types("connect", "cursor", "--yes")
    assert (done.exit_code, "not UTF-8 text" in done.output) == (1, True)


def test_a_folder_that_cannot_be_written_is_reported_and_no_file_is_left_behind(
    person: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    someone = person()
    file = someone.machine.home / ".cursor/mcp.json"
    file.parent.mkdir()
    file.write_text("{}", "utf-8")

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("b24_mcp.storage.files.os.replace", refused)
    done = someone.types("connect", "cursor", "--yes")
    assert done.exit_code == 1
    assert "cannot be written: Permission denied. Nothing was changed." in " ".join(done.output.split())
    assert someone.files() == {str(file): b"{}"}


def test_a_folder_that_cannot_be_created_is_reported(person: Make) -> None:
    someone = person()
    (someone.machine.home / ".cursor").write_text("a file", "utf-8")
    done = someone.types("connect", "cursor", "--yes")
    assert done.exit_code == 1
    assert "Nothing was changed" in done.output


def test_a_linked_configuration_stays_a_link(person: Make, tmp_path: Path) -> None:
    someone = person()
    real = tmp_path / "dotfiles" / "codex.toml"
    real.parent.mkdir()
    real.write_text('model = "o9"\n', "utf-8")
    (someone.machine.home / ".codex").mkdir()
    link = someone.machine.home / ".codex/config.toml"
    link.symlink_to(real)
    assert someone.types("connect", "codex", "--yes").exit_code == 0
    assert link.is_symlink()
    assert tomllib.loads(real.read_text("utf-8"))["mcp_servers"]["bitrix24"]["required"] is True


def test_a_file_that_changes_before_the_user_agrees_is_not_overwritten(
    person: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    someone = person()
    file = someone.machine.home / ".cursor/mcp.json"
    file.parent.mkdir()

    def think(*_: object, **__: object) -> bool:
        file.write_text('{"new": 1}', "utf-8")
        return True

    monkeypatch.setattr("click.confirm", think)
    done = someone.types("connect", "cursor")
    assert (done.exit_code, "has changed in the meantime" in done.output) == (1, True)
    assert someone.files() == {str(file): b'{"new": 1}'}


@pytest.mark.parametrize("start", ["\ufeff", ""], ids=["mark", "plain"])
@each_client()
def test_the_line_endings_and_the_byte_order_mark_of_windows_are_kept(person: Make, client: str, start: str) -> None:
    if start and CLIENTS[client].format.name == "YAML":
        pytest.skip("goose itself writes no byte order mark")
    someone = person("windows")
    file = someone.machine.home / PLACES[client]["windows"]
    file.parent.mkdir(parents=True, exist_ok=True)
    text = start + cared_for(client).replace("\n", "\r\n")
    file.write_bytes(text.encode())
    assert someone.types("connect", client, "--yes").exit_code == 0
    now = file.read_bytes().decode()
    assert "\n" not in now.replace("\r\n", "")
    assert now.startswith(start)
    someone.types("disconnect", client, "--yes")
    assert file.read_bytes().decode() == text


@each_client("claude-desktop", "goose")
def test_a_project_gets_a_file_that_may_be_committed(person: Make, client: str) -> None:
    someone = person()
    assert someone.types("connect", client, "--scope", "project", "--yes").exit_code == 0
    file = someone.machine.project / str(CLIENTS[client].project)
    assert list(someone.files()) == [str(file)]
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert entry_in(file, client)["command"] == "b24-mcp"


@pytest.mark.parametrize("client", ["claude-desktop", "goose"])
def test_a_client_without_projects_says_so(person: Make, client: str) -> None:
    done = person().types("connect", client, "--scope", "project", "--yes")
    assert (done.exit_code, "--scope user" in done.output) == (1, True)


@each_client("claude-desktop", "zed")
def test_over_http_the_token_is_named_and_never_written(person: Make, client: str) -> None:
    someone = person()
    done = someone.types("connect", client, "--http", "https://mcp.example.com/mcp", "--yes")
    assert done.exit_code == 0, done.output
    entry = entry_in(someone.machine.home / PLACES[client]["linux"], client)
    assert "https://mcp.example.com/mcp" in entry.values()
    assert not {"command", "cmd", "args"} & set(entry)
    assert re.search(r"B24_HTTP_TOKEN|input:b24-http-token", json.dumps(entry))


@pytest.mark.parametrize(("option", "sent"), [([], False), (["--token"], True)])
def test_a_server_on_this_computer_gets_no_token_unless_asked_for(person: Make, option: list[str], sent: bool) -> None:
    someone = person()
    someone.types("connect", "codex", "--http", "http://127.0.0.1:8024/mcp", *option, "--yes")
    entry = entry_in(someone.machine.home / ".codex/config.toml", "codex")
    assert ("bearer_token_env_var" in entry) is sent


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://p.bitrix24.com/rest/1/w3bhooks3cret99/", "the webhook of a portal"),
        ("https://user:pwds3cret@host/mcp", "more than host, port and path"),
        ("https://host/mcp?token=tops3cret", "more than host, port and path"),
        ("http://mcp.example.com/mcp", "clear text"),
        ("mcp.example.com", "does not begin with"),
        ("https://[::1/mcp", "cannot be parsed"),
        ("https://host:port/mcp", "cannot be parsed"),
    ],
)
def test_an_unsafe_or_invalid_address_is_refused_and_not_repeated(person: Make, url: str, said: str) -> None:
    someone = person()
    done = someone.types("connect", "cursor", "--http", url, "--yes")
    assert done.exit_code == 1
    assert said in " ".join(done.output.split())
    assert someone.files() == {}


@pytest.mark.parametrize("client", ["claude-desktop", "zed"])
def test_a_client_that_cannot_name_a_token_accepts_no_address(person: Make, client: str) -> None:
    done = person().types("connect", client, "--http", "http://127.0.0.1:8024/mcp", "--yes")
    assert (done.exit_code, "without --http" in " ".join(done.output.split())) == (1, True)


def test_a_change_to_http_and_back_leaves_no_keys_of_the_other_kind(person: Make) -> None:
    someone = person()
    file = someone.machine.home / PLACES["gemini"]["linux"]
    someone.types("connect", "gemini", "--yes")
    local = file.read_bytes()
    someone.types("connect", "gemini", "--http", "https://mcp.example.com/mcp", "--yes")
    assert set(entry_in(file, "gemini")) == {"httpUrl", "headers", "timeout"}
    someone.types("connect", "gemini", "--yes")
    assert json.loads(file.read_bytes()) == json.loads(local)


def test_settings_of_the_user_in_the_entry_are_kept(person: Make) -> None:
    someone = person()
    file = someone.machine.home / ".codex/config.toml"
    file.parent.mkdir()
    file.write_text(
        '[mcp_servers.bitrix24]\ncommand = "/old/b24-mcp"\nrequired = false\nenabled_tools = ["call_method"]\n'
        'env_vars = ["MINE"]\n\n[mcp_servers.bitrix24.env]\nB24_PLAN = "none"\n',
        "utf-8",
    )
    assert someone.types("connect", "codex", "--yes").exit_code == 0
    entry = entry_in(file, "codex")
    assert entry["command"] == PROGRAM
    assert entry["required"] is False
    assert entry["enabled_tools"] == ["call_method"]
    assert entry["env"] == {"B24_PLAN": "none"}
    assert {"MINE", "B24_WEBHOOK_URL"} <= set(entry["env_vars"])


def test_a_webhook_that_the_user_wrote_into_the_entry_is_kept_masked_and_reported(person: Make) -> None:
    someone = person()
    file = someone.machine.home / ".cursor/mcp.json"
    file.parent.mkdir()
    address = "https://q.bitrix24.com/rest/1/anothers3cretcode/"
    file.write_text(
        json.dumps({"mcpServers": {"bitrix24": {"command": "b24-mcp", "env": {"B24_WEBHOOK_URL": address}}}})
    )
    done = someone.types("connect", "cursor", "--yes")
    assert "B24_WEBHOOK_URL is in this file in plain text" in done.output
    assert entry_in(file, "cursor")["env"] == {"B24_WEBHOOK_URL": address}


def test_each_of_several_portals_has_its_own_entry(person: Make) -> None:
    someone = person()
    someone.types("connect", "codex", "--yes")
    done = someone.types("connect", "codex", "--portal", "sales", "--yes")
    file = someone.machine.home / ".codex/config.toml"
    assert entry_in(file, "codex", "bitrix24-sales")["env"] == {"B24_DEFAULT_PORTAL": "sales"}
    assert "b24-mcp portals add sales" in done.output
    someone.types("disconnect", "codex", "--portal", "sales", "--yes")
    assert set(tomllib.loads(file.read_text("utf-8"))["mcp_servers"]) == {"bitrix24"}


def test_a_configured_portal_needs_no_further_step(person: Make, tmp_path: Path) -> None:
    someone = person()
    someone.patch.delenv("B24_WEBHOOK_URL")
    assert "portals add" in someone.types("connect", "codex", "--yes").output
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "portals.toml").write_text('default = "sales"\n[portals.sales]\nwebhook = "kept"\n', "utf-8")
    assert "portals add" not in someone.types("connect", "codex", "--yes").output
    assert "portals add" not in someone.types("connect", "codex", "--portal", "sales", "--yes").output
    assert "portals add other" in someone.types("connect", "codex", "--portal", "other", "--yes").output


def test_a_file_of_portals_that_cannot_be_read_is_reported(person: Make, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "portals.toml").write_text("default = \n", "utf-8")
    done = person().types("connect", "codex", "--yes")
    assert (done.exit_code, "will not find its portal" in done.output) == (0, True)


@pytest.mark.parametrize("portal", ["../x", "A", "", "a b", "x" * 40])
def test_a_portal_name_that_is_not_valid_is_refused(person: Make, portal: str) -> None:
    done = person().types("connect", "codex", "--portal", portal, "--yes")
    assert (done.exit_code, "short name" in " ".join(done.output.split())) == (1, True)


def test_vs_code_asks_for_the_token_until_the_entry_is_removed(person: Make) -> None:
    someone = person()
    file = someone.machine.home / PLACES["vscode"]["linux"]
    file.parent.mkdir(parents=True)
    before = '{\n\t"inputs": [\n\t\t{"id": "mine", "type": "promptString"}\n\t]\n}\n'
    file.write_text(before, "utf-8")
    someone.types("connect", "vscode", "--http", "https://mcp.example.com/mcp", "--yes")
    assert [asked["id"] for asked in json.loads(file.read_text("utf-8"))["inputs"]] == ["mine", "b24-http-token"]
    someone.types("disconnect", "vscode", "--yes")
    assert file.read_text("utf-8") == before


def test_the_input_of_vs_code_stays_while_another_entry_needs_it(person: Make) -> None:
    someone = person()
    file = someone.machine.project / ".vscode/mcp.json"
    someone.types("connect", "vscode", "--scope", "project", "--yes")
    document = json.loads(file.read_text("utf-8"))
    document["servers"]["mine"] = document["servers"]["bitrix24"]
    file.write_text(json.dumps(document), "utf-8")
    someone.types("disconnect", "vscode", "--scope", "project", "--yes")
    assert [asked["id"] for asked in json.loads(file.read_text("utf-8"))["inputs"]] == ["b24-webhook-url"]


FAKE_CLAUDE = """#!/bin/sh
echo "$@" >> "$HOME/claude.log"
case "$2" in
add-json) {BODY} ;;
esac
"""


@pytest.mark.parametrize(
    "body", ['printf \'{"numStartups": 4, "mcpServers": {"bitrix24": %s}}\' "$6" > "$HOME/.claude.json"', "exit 1"]
)
def test_claude_code_writes_its_own_file_if_its_program_works(person: Make, tmp_path: Path, body: str) -> None:
    program = tmp_path / "bin" / "claude"
    program.parent.mkdir()
    program.write_text(FAKE_CLAUDE.replace("{BODY}", body), "utf-8")
    program.chmod(0o755)
    someone = person(PATH=f"{program.parent}:/usr/bin:/bin")
    assert someone.types("connect", "claude-code", "--yes").exit_code == 0
    asked = (someone.machine.home / "claude.log").read_text("utf-8")
    assert asked.startswith("mcp add-json --scope user bitrix24 {")
    file = someone.machine.home / ".claude.json"
    assert entry_in(file, "claude-code")["command"] == PROGRAM
    assert "connected already" in someone.types("connect", "claude-code").output
    assert someone.types("disconnect", "claude-code", "--yes").exit_code == 0
    assert "mcp remove --scope user bitrix24" in (someone.machine.home / "claude.log").read_text("utf-8")
    assert "bitrix24" not in file.read_text("utf-8")


def test_claude_code_replaces_an_earlier_entry(person: Make, tmp_path: Path) -> None:
    program = tmp_path / "bin" / "claude"
    program.parent.mkdir()
    program.write_text(FAKE_CLAUDE.replace("{BODY}", "exit 1"), "utf-8")
    program.chmod(0o755)
    someone = person(PATH=f"{program.parent}:/usr/bin:/bin")
    file = someone.machine.home / ".claude.json"
    file.write_text('{"mcpServers": {"bitrix24": {"type": "stdio", "command": "/old/b24-mcp"}}}', "utf-8")
    assert someone.types("connect", "claude-code", "--yes").exit_code == 0
    asked = (someone.machine.home / "claude.log").read_text("utf-8").splitlines()
    assert [line.split()[1] for line in asked] == ["remove", "add-json"]
    assert entry_in(file, "claude-code")["command"] == PROGRAM


def test_the_command_is_the_link_on_path_when_it_leads_to_this_program(tmp_path: Path) -> None:
    environment, links = tmp_path / "venv" / "bin", tmp_path / "bin"
    environment.mkdir(parents=True)
    links.mkdir()
    script = environment / "b24-mcp"
    script.write_text("#!/bin/sh\n", "utf-8")
    script.chmod(0o755)
    python = str(environment / "python")
    assert own_launch("user", executable=python, environment={"PATH": str(links)}).command == str(script)
    (links / "b24-mcp").symlink_to(script)
    assert own_launch("user", executable=python, environment={"PATH": str(links)}).command == str(links / "b24-mcp")


def test_without_a_script_the_interpreter_runs_the_package(tmp_path: Path) -> None:
    launch = own_launch("user", executable=str(tmp_path / "python"), environment={"PATH": ""})
    assert (launch.command, launch.arguments) == (str(tmp_path / "python"), ("-P", "-m", "b24_mcp"))


def test_a_temporary_environment_of_uvx_is_not_written(tmp_path: Path) -> None:
    uvx = tmp_path / "bin" / "uvx"
    uvx.parent.mkdir()
    uvx.write_text("#!/bin/sh\n", "utf-8")
    uvx.chmod(0o755)
    python = str(tmp_path / "cache" / "archive-v0" / "abc" / "bin" / "python")
    launch = own_launch("user", executable=python, environment={"PATH": str(uvx.parent)})
    assert (launch.command, launch.arguments) == (str(uvx), ("b24-mcp",))


def test_options_that_do_not_go_together_are_refused(person: Make) -> None:
    assert person().types("connect", "codex", "--token").exit_code == 2
    assert person().types("connect", "codex", "--portal", "a", "--http", "http://127.0.0.1:1/mcp").exit_code == 2
