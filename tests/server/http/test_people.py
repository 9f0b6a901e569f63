"""People with tokens on one server: what one of them has is hidden from the others.

Ann has a data set `secret`. Ben, a program with her name, and people whose names look like hers try to reach it.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import anyio
import pytest

from b24_mcp.access import Caller, calling
from b24_mcp.app.data_sets import DataSets
from b24_mcp.app.files.handles import FileHandles, FileLink
from b24_mcp.app.open_portal import OpenPortal
from b24_mcp.config.settings import Settings
from b24_mcp.secrets import Redactor
from tests.server.http.issuer import SignedFor
from tests.server.http.team import Team, open_team

ANN: dict[str, Any] = {"sub": "ann", "scope": "b24:full"}
OTHERS: list[dict[str, Any]] = [
    {"sub": "ben"},
    {"sub": "ANN"},
    {"sub": "ann "},
    {"sub": "\u0430nn"},  # a Cyrillic first letter
    {"sub": "person\nann"},
    {"sub": "../ann"},
    {"sub": None, "client_id": "ann"},  # a program
]


def files_in(folder: Path, pattern: str) -> list[Path]:
    return list(folder.rglob(pattern))


def open_files() -> set[str]:
    return {os.path.realpath(f"/proc/self/fd/{number}") for number in os.listdir("/proc/self/fd")}


@pytest.fixture
async def team(issuer: SignedFor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Team]:
    async with open_team(issuer, tmp_path, monkeypatch) as served:
        listed = await served.call(ANN, "list_records", method="crm.deal.list", limit=5, save_as="secret")
        assert listed["ok"], listed
        yield served


@pytest.mark.parametrize("other", OTHERS, ids=repr)
async def test_a_data_set_of_one_person_is_not_there_for_another(team: Team, other: dict[str, Any]) -> None:
    assert await team.names(ANN) == ["secret"]
    assert await team.names(other) == []
    for sql in ("SELECT * FROM secret", 'SELECT * FROM main."secret"', "SELECT count(*) FROM SECRET"):
        answer = await team.call(other, "query_records", sql=sql)
        assert answer["ok"] is False
        assert "secret" not in json.dumps(answer["error"].get("hint", "")).lower()


@pytest.mark.parametrize(
    "sql",
    [
        "ATTACH '{path}' AS other",
        "SELECT * FROM pragma_database_list",
        "SELECT readfile('{path}')",
        "SELECT * FROM sqlite_schema",
        "VACUUM INTO '{path}.copy'",
        "SELECT load_extension('{path}')",
    ],
)
async def test_sql_reaches_no_file_of_another_person(team: Team, sql: str, tmp_path: Path) -> None:
    (path,) = files_in(tmp_path, "people/*.db")
    answer = await team.call(OTHERS[0], "query_records", sql=sql.format(path=path))
    assert answer["ok"] is False
    assert not files_in(tmp_path, "*.copy")


async def test_one_name_holds_different_sets_of_two_people(team: Team) -> None:
    ben = {"sub": "ben"}
    await team.call(ben, "list_records", method="crm.company.list", limit=2, save_as="secret")
    rows = {}
    for who in (ANN, ben):
        answer = await team.call(who, "query_records", sql="SELECT method, rows FROM data_sets")
        rows[who["sub"]] = answer["rows"]
    assert rows == {"ann": [["crm.deal.list", 5]], "ben": [["crm.company.list", 2]]}


async def test_nothing_of_another_person_is_resumed_refreshed_exported_or_applied(team: Team) -> None:
    ben = {"sub": "ben"}
    resumed = await team.call(ben, "list_records", method="crm.deal.list", save_as="secret", resume=True)
    assert resumed["error"]["code"] == "B24MCP_RECORDS_RESUME"
    exported = await team.call(ben, "export_records", sql="SELECT * FROM secret", path="stolen.csv")
    assert exported["ok"] is False
    applied = await team.call(
        ben, "apply_records", sql="SELECT ID FROM secret", method="crm.deal.delete", params={"id": "$ID"}
    )
    assert applied["ok"] is False
    assert applied["error"]["executed"] == "no"


async def test_a_job_of_another_person_is_neither_followed_nor_resumed(team: Team) -> None:
    job = {"sql": "SELECT 1 AS ID", "method": "crm.deal.update", "params": {"id": "$ID", "fields": {"TITLE": "X"}}}
    begun = await team.call(ANN, "apply_records", **job)
    assert begun["ok"], begun
    resumed = await team.call({"sub": "ben"}, "apply_records", resume=True, **job)
    assert resumed["error"]["code"] == "B24MCP_APPLY_RESUME"


async def test_resources_show_the_sets_of_the_caller_only(team: Team) -> None:
    assert "secret" in await team.resource(ANN, "b24://records")
    assert "secret" not in await team.resource({"sub": "ben"}, "b24://records")
    assert "crm.deal.list" not in await team.resource({"sub": "ben"}, "b24://records/secret")


@pytest.mark.parametrize("other", OTHERS, ids=repr)
async def test_an_export_of_one_person_cannot_be_imported_by_another(team: Team, other: dict[str, Any]) -> None:
    exported = await team.call(ANN, "export_records", sql="SELECT ID FROM secret", path="mine.csv")
    assert exported["ok"], exported
    file = exported["file"]
    for path in ("mine.csv", file, f"../{Path(file).parent.name}/mine.csv"):
        answer = await team.call(other, "import_records", path=path)
        assert answer["ok"] is False
    assert (await team.call(ANN, "import_records", path="mine.csv"))["ok"]


def test_a_handle_works_for_the_caller_it_was_made_for() -> None:
    handles = FileHandles()
    with calling(Caller("ann", is_identified=True)):
        handle = handles.handle_of("portal", FileLink("https://portal.example/rest/download?token=x"))
        assert handles.link_of("portal", handle) is not None
    for other in (Caller("ben", is_identified=True), Caller("ann"), Caller("ann", is_identified=True, is_program=True)):
        with calling(other):
            assert handles.link_of("portal", handle) is None


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts the open files of a process on Linux")
async def test_many_people_do_not_keep_many_files_open(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    opened = cast(OpenPortal, SimpleNamespace(name="p", settings=settings, portal=SimpleNamespace(host="acme.example")))
    data_sets = DataSets(Redactor(), most_open=2)
    async with anyio.create_task_group() as data_sets.background:
        for name in ("ann", "ben", "cid", "dan", "ann"):
            with calling(Caller(name, is_identified=True)):
                assert await data_sets.of(opened).sets() == []
    assert len({file for file in open_files() if file.endswith(".db") and "/people/" in file}) == 2
    await data_sets.aclose()
