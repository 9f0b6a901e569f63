"""`b24-mcp call`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from b24_mcp import __version__
from tests.cli.conftest import Run
from tests.loopback import SECRET, loopback_portal


def test_a_call_prints_the_normal_form_and_exits_with_0(run: Run) -> None:
    done = run("call", "crm.deal.list", "--params", '{"select": ["ID"], "filter": {"ID": 5}}')
    assert (done.returncode, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    assert answer["result"] == [{"ID": "5"}]
    assert answer["portal"].startswith("sandbox")


def test_a_failed_call_prints_its_error_and_exits_with_1(run: Run) -> None:
    done = run("call", "crm.deal.get", "-p", '{"id": 999999}')
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["kind"] == "not_found"


def test_a_call_can_request_xml(run: Run) -> None:
    done = run("call", "profile", "--xml")
    assert json.loads(done.stdout)["result"]["ADMIN"] == "1"


def test_a_whole_page_is_printed_however_long_it_is(run: Run) -> None:
    answer = json.loads(run("call", "crm.contact.list").stdout)
    assert "cut" not in answer
    assert len(answer["result"]["rows"] if answer.get("table") else answer["result"]) == 50


def test_parameters_are_converted_to_the_form_the_method_expects(run: Run) -> None:
    done = run("call", "crm.deal.list", "-p", '{"filter[ID]": 5, "select[]": "ID"}')
    answer = json.loads(done.stdout)
    assert answer["result"] == [{"ID": "5"}]
    assert answer["warnings"][0] == 'filter[ID] is read as {"filter": {"ID": 5}}, as in a form'
    done = run("call", "task.commentitem.add", "-p", '{"FIELDS": {"POST_MESSAGE": "t"}, "TASKID": 5}')
    assert json.loads(done.stdout)["ok"] is True


@pytest.mark.parametrize(
    ("method", "params", "said"),
    [
        ("task.checklistitem.complete", '{"ITEMID": 2}', "It takes [TASKID*, ITEMID*], in this order."),
        ("crm.deal.update", '[5, {"TITLE": "x"}]', "takes named parameters, not a list"),
        ("crm.deal.update", '["null"]', "takes named parameters, not a list"),
    ],
)
def test_parameters_that_cannot_be_converted_are_refused(run: Run, method: str, params: str, said: str) -> None:
    done = run("call", method, "-p", params)
    error = json.loads(done.stdout)["error"]
    assert done.returncode == 1
    assert said in error["message"]
    assert "validate=false" not in error["hint"]


def test_params_come_from_a_file_or_from_stdin(run: Run, tmp_path: Path) -> None:
    (tmp_path / "params.json").write_text('{"id": 3}', "utf-8")
    assert json.loads(run("call", "crm.deal.get", "-p", "@params.json").stdout)["result"]["ID"] == "3"
    assert json.loads(run("call", "crm.deal.get", "-p", "-", typed='{"id": 4}').stdout)["result"]["ID"] == "4"


@pytest.mark.parametrize("how", ["user", "group", "command", "variable"])
def test_the_settings_file_is_read_from_the_user_folder_or_the_named_path(
    run: Run, tmp_path: Path, user_env: Path, how: str
) -> None:
    file = user_env if how == "user" else tmp_path / "named.env"
    before = ["--env-file", str(file)] if how == "group" else []
    after = [f"--env-file={file}"] if how == "command" else []
    named = {"B24_ENV_FILE": str(file)} if how == "variable" else {}
    with loopback_portal() as portal:
        file.write_text(f"B24_WEBHOOK_URL={portal.address}\n", "utf-8")
        assert "portal" not in json.loads(run(*before, "call", "profile", *after, **named).stdout)
    assert portal.methods == ["profile"]


def test_a_relative_path_of_the_settings_file_is_refused_with_the_absolute_one(run: Run, tmp_path: Path) -> None:
    (tmp_path / "my.env").write_text("B24_ACCESS=full\n", "utf-8")
    for arguments in (["--env-file", "my.env", "call", "profile"], ["--env-file", "my.env"], ["call", "profile"]):
        named = {"B24_ENV_FILE": "my.env"} if "--env-file" not in arguments else {}
        done = run(*arguments, **named)
        assert done.returncode != 0
        assert "absolute path" in done.stdout + done.stderr
        assert (str(tmp_path / "my.env") in done.stderr) is (not named)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["call"], "METHOD"),
        (["call", "profile", "-p", "{"], "not JSON"),
        (["call", "profile", "-p", "5"], "object or list"),
        (["call", "profile", "-p", "@nowhere.json"], "cannot read nowhere.json"),
        (["call", "profile", "--nonsense"], "No such option"),
        (["nonsense"], "No such command"),
    ],
)
def test_a_wrong_command_line_exits_with_2_and_an_explanation(run: Run, arguments: list[str], said: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("method", ["batch", "../../x", "crm.deal.delete?x=1"])
def test_a_name_that_is_not_a_method_gets_an_answer_too(run: Run, method: str) -> None:
    done = run("call", method)
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["executed"] == "no"


def test_a_wrong_webhook_is_explained_without_repeating_it(run: Run) -> None:
    done = run("call", "profile", B24_WEBHOOK_URL=f"https://portal.example/{SECRET}")
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["code"] == "B24MCP_WEBHOOK"
    assert SECRET not in done.stdout + done.stderr


def test_help_and_version_are_printed(run: Run) -> None:
    assert run("--version").stdout == f"b24-mcp {__version__}\n"
    for arguments in (["--help"], ["call", "--help"], ["sandbox", "-h"]):
        assert "Usage: b24-mcp" in run(*arguments).stdout


def test_connect_writes_the_named_settings_file_into_the_entry(run: Run, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    file = tmp_path / "my.env"
    file.write_text("B24_ACCESS=read\n", "utf-8")
    done = run("connect", "cursor", "--yes", "--env-file", str(file), HOME=str(home))
    assert done.returncode == 0, done.stderr
    (entry,) = json.loads((home / ".cursor" / "mcp.json").read_text())["mcpServers"].values()
    assert entry["args"][-2:] == ["--env-file", str(file)]
    assert f"and from {file}. It never reads settings from a project's folder." in done.stdout
