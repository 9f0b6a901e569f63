"""`b24-mcp import`, `query` and `export`: files and data sets from a shell."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.cli.terminal import on_a_terminal

LEADS = "Имя;Телефон;Сумма\nИванов;+79161234567;1200,50\nПетров;89161234567;n/a\nСидоров;;7,5\n"


@pytest.fixture
def leads(tmp_path: Path) -> Path:
    file = tmp_path / "leads.csv"
    file.write_bytes(LEADS.encode("cp1251"))
    return file


def test_a_file_is_imported_queried_and_exported(run: Run, leads: Path, tmp_path: Path) -> None:
    done = run("import", str(leads))
    assert (done.returncode, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    assert (answer["records"], answer["count"], answer["problems"]) == ("leads", 3, 1)
    found = run("query", "SELECT Имя, Сумма FROM leads WHERE Сумма > 1 AND typeof(Сумма) = 'real' ORDER BY Сумма")
    assert json.loads(found.stdout)["rows"] == [["Сидоров", 7.5], ["Иванов", 1200.5]]
    table = run("query", "--csv", "SELECT Имя, Телефон FROM leads")
    assert [*csv.reader(io.StringIO(table.stdout))][:2] == [["Имя", "Телефон"], ["Иванов", "+79161234567"]]
    written = run("export", "SELECT * FROM leads", str(tmp_path / "out.jsonl"))
    assert json.loads(written.stdout)["written"] == 3
    assert json.loads((tmp_path / "out.jsonl").read_text().splitlines()[0])["Имя"] == "Иванов"
    again = run("export", "SELECT * FROM leads", str(tmp_path / "out.jsonl"))
    assert (again.returncode, "exists already" in again.stdout) == (1, True)
    assert run("export", "--overwrite", "SELECT 1", str(tmp_path / "out.jsonl")).returncode == 0


def test_a_terminal_shows_tables_and_problems(run: Run, leads: Path) -> None:
    code, shown = on_a_terminal("import", str(leads), "--save-as", "mine")
    assert code == 0
    assert "records: mine" in shown
    assert "encoding: Windows-1251" in shown
    assert "row 3, Сумма: 'n/a': not a number, kept as text" in shown
    code, shown = on_a_terminal("query", "SELECT Имя, 5 AS n FROM mine")
    assert shown.splitlines()[:3] == ["Имя      n", "-------  -", "Иванов   5"]
    code, shown = on_a_terminal("query", "--json", "SELECT Имя FROM mine")
    assert '"rows"' in shown


def test_a_mistake_is_explained_to_a_person(run: Run, tmp_path: Path) -> None:
    done = run("import", str(tmp_path / "nothing.csv"))
    error = json.loads(done.stdout)["error"]
    assert (done.returncode, error["code"]) == (1, "B24MCP_FILE")
    assert "There is no file 'nothing.csv'" in error["message"]
    code, shown = on_a_terminal("query", "SELECT nosuch FROM data_sets")
    assert code == 1
    assert "no such column: nosuch" in shown
    assert "{" not in shown
    assert run("query", "--csv", "--json", "SELECT 1").returncode == 2


def test_a_link_that_the_user_typed_is_followed(run: Run, leads: Path, tmp_path: Path) -> None:
    (tmp_path / "link.csv").symlink_to(leads)
    assert json.loads(run("import", str(tmp_path / "link.csv")).stdout)["count"] == 3
