"""`b24-mcp chart`: the rows of a query as a picture."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from b24_mcp.cli.extras import command_for
from tests.cli.conftest import PROGRAM, Run
from tests.cli.terminal import on_a_terminal

QUERY = "SELECT STAGE_ID, count(*) AS deals FROM deals GROUP BY 1"
_PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def deals(run: Run) -> None:
    """A data set of deals."""
    done = run("list", "crm.deal.list", "-p", '{"select": ["ID", "STAGE_ID", "DATE_CREATE"]}', "--save-as", "deals")
    assert done.returncode == 0, done.stderr


@pytest.mark.usefixtures("deals")
def test_a_picture_is_written_to_the_folder_for_files(run: Run, tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    done = run("chart", QUERY, B24_FILES_DIR=str(tmp_path / "files"))
    answer = json.loads(done.stdout)
    assert (answer["kind"], answer["why"], answer["count"]) == ("bar", "STAGE_ID has names", 14)
    assert Path(answer["file"]) == tmp_path / "files" / "deals by STAGE_ID.png"
    assert Path(answer["file"]).read_bytes().startswith(_PNG)


@pytest.mark.usefixtures("deals")
def test_a_file_has_the_format_of_its_name_and_is_replaced_only_with_overwrite(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "Сделки.svg"
    arguments = ("chart", QUERY, "--out", str(out), "--kind", "pie", "--title", "Сделки по стадиям")
    assert run(*arguments).returncode == 0
    assert "Сделки по стадиям" in out.read_text("utf-8")
    again = run(*arguments)
    assert (again.returncode, json.loads(again.stdout)["error"]["hint"]) == (1, "--overwrite replaces it.")
    assert run(*arguments, "--overwrite").returncode == 0


@pytest.mark.usefixtures("deals")
def test_a_picture_goes_to_stdout_for_a_pipe_but_not_to_a_terminal(run: Run) -> None:
    done = subprocess.run(
        [PROGRAM, "chart", QUERY, "--out", "-"], capture_output=True, timeout=60, check=True, env=dict(os.environ)
    )
    assert done.stdout.startswith(_PNG)
    assert run("chart", QUERY, "--out", "-", "--format", "svg").stdout.startswith("<svg")
    code, shown = on_a_terminal("chart", QUERY, "--out", "-")
    assert code == 2
    assert "redirect stdout" in shown


@pytest.mark.usefixtures("deals")
def test_a_terminal_shows_the_path_the_kind_and_the_reason(tmp_path: Path) -> None:
    sql = "SELECT substr(DATE_CREATE, 1, 7) AS month, count(*) FROM deals GROUP BY 1"
    code, shown = on_a_terminal("chart", sql, "--out", str(tmp_path / "months.png"))
    assert code == 0
    assert f"file: {tmp_path / 'months.png'}" in shown.replace("\n", "")
    assert "kind: line\nwhy: month has times\n" in shown


@pytest.mark.usefixtures("deals")
def test_without_the_extra_the_rows_are_printed_with_the_command_to_run(tmp_path: Path) -> None:
    # A module of this name that cannot be found, as where the extra is not installed.
    hidden = tmp_path / "sitecustomize.py"
    hidden.write_text(
        "import importlib.util as u\nfound = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name == 'vl_convert' else found(name, *a)\n"
    )
    path = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH"))))
    code, shown = on_a_terminal("chart", QUERY, PYTHONPATH=path)
    assert code == 1
    assert "The extra charts is not installed, so only the rows are printed." in shown
    assert "-m pip install 'b24-mcp[charts]'" in shown.replace("\n", "")
    assert "APOLOGY" in shown


@pytest.mark.usefixtures("deals")
@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["SELECT ID FROM deals WHERE 0"], 1, "no rows"),
        (["SELECT STAGE_ID FROM deals LIMIT 2"], 1, "has numbers to draw"),
        (["SELECT unknown_column FROM deals"], 1, "no such column"),
        ([QUERY, "--out", "x.gif"], 2, "has to end in .png or .svg"),
        ([QUERY, "--out", "no/such/folder/x.png"], 1, "does not exist"),
        ([QUERY, "--kind", "donut"], 2, "'donut' is not one of"),
    ],
)
def test_a_mistake_is_explained(run: Run, arguments: list[str], status: int, said: str) -> None:
    done = run("chart", *arguments)
    assert done.returncode == status
    assert said in done.stderr


@pytest.mark.parametrize(
    ("prefix", "source", "command"),
    [
        ("/home/anna/.local/share/pipx/venvs/b24-mcp", "", "pipx install --force 'b24-mcp[charts]'"),
        ("/home/anna/.local/share/pipx/venvs/b24-mcp", "/src/b24 mcp", "pipx install --force '/src/b24 mcp[charts]'"),
        ("C:\\Users\\Anna\\AppData\\Roaming\\uv\\tools\\b24-mcp", "", "uv tool install 'b24-mcp[charts]'"),
        ("/home/anna/.local/share/uv/tools/b24-mcp", "/src", "uv tool install '/src[charts]'"),
        ("/home/anna/b24-mcp/.venv", "/home/anna/b24-mcp", "-m pip install 'b24-mcp[charts]'"),
    ],
)
def test_the_command_for_an_extra_fits_how_the_program_was_installed(prefix: str, source: str, command: str) -> None:
    assert command_for("charts", prefix, source).endswith(command)


@pytest.mark.usefixtures("deals")
def test_secrets_and_invisible_characters_are_not_drawn(run: Run) -> None:
    secret = "https://acme.bitrix24.com/rest/1/' || 'k3y9zqa1b2c3d4e5/"
    sql = f"SELECT '{secret}' AS address, 5 AS n UNION ALL SELECT 'A' || char(8238) || 'nna', 3"
    picture = run("chart", sql, "--out", "-", "--format", "svg").stdout
    assert "k3y9zqa1b2c3d4e5" not in picture
    assert "\u202e" not in picture
    assert ">Anna<" in picture
