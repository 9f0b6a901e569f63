"""The file of data sets: its content, its permissions, and old, damaged and locked files."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from b24_mcp.errors import B24Error
from b24_mcp.records import Database, DataSetLibrary, export, path_for, place_of
from b24_mcp.records.fields import FieldKinds
from b24_mcp.records.query import SqlQuery
from tests.records.conftest import DEAL_KINDS, DEALS, HOST, SECRET, Clock, deals, keep, open_library

_DAY = 86_400


def read(path: Path, sql: str) -> list[tuple[Any, ...]]:
    db = sqlite3.connect(path)
    try:
        return db.execute(sql).fetchall()
    finally:
        db.close()


async def test_a_set_is_a_table_with_types_and_an_origin(library: DataSetLibrary, path: Path) -> None:
    await keep(library, "deals", deals(1, 50))
    assert read(path, "SELECT ID, OPPORTUNITY, TITLE FROM deals WHERE ID = 7") == [(7, 7.5, "Сделка 7")]
    assert read(path, "SELECT typeof(ID), typeof(OPPORTUNITY), typeof(CLOSED) FROM deals LIMIT 1") == [
        ("integer", "real", "text")
    ]
    (found,) = await library.sets()
    assert (found.name, found.rows, found.complete, found.method, found.portal) == (
        "deals",
        50,
        True,
        "crm.deal.list",
        HOST,
    )
    assert found.params == '{"select":["*"]}'
    assert {column.name: column.kind for column in found.columns} == {
        "ID": "integer",
        "TITLE": "text",
        "OPPORTUNITY": "number",
        "CLOSED": "text",
    }


@pytest.mark.skipif(os.name == "nt", reason="Windows has other rights")
async def test_only_the_owner_can_read_the_file(library: DataSetLibrary, path: Path) -> None:
    await keep(library, "deals", deals(1, 50))
    files = list(path.parent.iterdir())
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


async def test_no_secret_is_written(library: DataSetLibrary, path: Path) -> None:
    link = f"https://{HOST}/rest/1/{SECRET}/download/?token=disk%7Cabc&auth=deadbeef"
    row = {"ID": "1", "FILE": {"urlMachine": link}, "TITLE": f"the code is {SECRET}", SECRET: "x"}
    await keep(library, "deals", [row, {"ID": "2", "COMMENTS": "line\nauth=deadbeef"}])
    await keep(library, "named", [{"ID": "1", "auth": {"access_token": "tok-77", "member_id": "m"}}])
    await library.aclose()
    for file in path.parent.iterdir():
        assert SECRET.encode() not in file.read_bytes()
        assert b"deadbeef" not in file.read_bytes()
        assert b"disk%7Cabc" not in file.read_bytes()
        assert b"tok-77" not in file.read_bytes()


async def test_later_fields_become_columns_and_empty_fields_at_the_end(library: DataSetLibrary, path: Path) -> None:
    run = await library.begin("deals", DEALS, FieldKinds({}))
    await run.append([{"ID": 1, "A": None, "B": None}], {"page": 1}, key="ID", total=3)
    await run.append([{"ID": 2, "A": 5, "C": "x", "D": []}], {"page": 2}, key="ID", total=3)
    await run.append([{"ID": 3, "C": {"y": 1}, "E": 0.5}], None, key="ID", total=3)
    await run.finish(complete=True)
    assert read(path, "SELECT ID, A, B, C, D, E FROM deals") == [
        (1, None, None, None, None, None),
        (2, 5, None, "x", "[]", None),
        (3, None, None, '{"y":1}', None, 0.5),
    ]
    found = await library.find("deals")
    assert found is not None
    kinds = {column.name: column.kind for column in found.columns}
    assert kinds == {"ID": "integer", "A": "integer", "C": "json", "D": "json", "E": "number", "B": "text"}
    assert (await library.first_rows(found, 1)) == [[1, None, None, None, None, None]]


async def test_names_that_sqlite_cannot_distinguish_keep_their_values(library: DataSetLibrary, path: Path) -> None:
    row = {"ID": "1", "id": 2, "": 3, 'a"b': 4, "group": 5, "rowid": 6, "x\0y": 7, "н" * 300: 8}
    await keep(library, "odd", [row])
    (line,) = read(path, "SELECT * FROM odd")
    assert sorted(map(str, line)) == ["1", "2", "4", "5", "6", "7", "8", '{"":3}']
    assert read(path, 'SELECT "group", "a""b", id_2, other_fields FROM odd') == [(5, 4, 2, '{"":3}')]


async def test_more_fields_than_a_table_allows_share_a_column(library: DataSetLibrary, path: Path) -> None:
    wide = {f"F{number}": number for number in range(1_500)}
    await keep(library, "wide", [wide, wide | {"LATE": "x"}])
    (rest,) = read(path, "SELECT json_extract(other_fields, '$.F1499') FROM wide LIMIT 1")
    assert rest == (1_499,)
    assert read(path, "SELECT json_extract(other_fields, '$.LATE') FROM wide")[1] == ("x",)


@pytest.mark.parametrize("rows", [["a", "b"], [1, 2], [[1], [2]]])
async def test_rows_that_are_not_objects_have_one_column(library: DataSetLibrary, path: Path, rows: list[Any]) -> None:
    await keep(library, "plain", rows)
    assert len(read(path, "SELECT value FROM plain")) == 2


async def test_half_a_surrogate_pair_does_not_lose_the_row(library: DataSetLibrary, path: Path) -> None:
    await keep(library, "odd", [{"ID": "1", "TITLE": "a\ud800b"}])
    assert read(path, "SELECT TITLE FROM odd") == [("a?b",)]


async def test_an_empty_list_is_an_empty_set(library: DataSetLibrary, path: Path) -> None:
    run = await library.begin("none", DEALS, DEAL_KINDS)
    await run.finish(complete=True)
    found = await library.find("none")
    assert found is not None
    assert found.rows == 0
    assert found.complete
    assert await library.first_rows(found, 5) == []
    assert read(path, "SELECT * FROM none") == []


async def test_a_second_run_replaces_a_set_only_when_it_ends(library: DataSetLibrary, path: Path) -> None:
    await keep(library, "deals", deals(1, 3))
    run = await library.begin("deals", DEALS, DEAL_KINDS)
    await run.append(deals(10, 12), {"page": 1}, key="ID", total=6)
    assert read(path, "SELECT max(ID) FROM deals") == [(3,)]
    await run.append(deals(13, 15), None, key="ID", total=6)
    await run.finish(complete=True)
    assert read(path, "SELECT min(ID), count(*) FROM deals") == [(10, 6)]
    assert [found.rows for found in await library.sets()] == [6]
    tables = read(
        path,
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> '~portal_times'",
    )
    assert sorted(tables) == [("data_sets",), ("deals",)]


async def test_an_interrupted_run_leaves_the_former_set_and_can_be_resumed(library: DataSetLibrary, path: Path) -> None:
    await keep(library, "deals", deals(1, 3))
    run = await library.begin("deals", DEALS, DEAL_KINDS)
    await run.append(deals(10, 12), {"page": 1}, key="ID", total=6)
    await run.stop()
    assert run.readable is False
    assert read(path, "SELECT max(ID) FROM deals") == [(3,)]
    resumed, cursor = await library.resume("DEALS", DEALS, DEAL_KINDS)
    assert cursor == {"page": 1}
    await resumed.append(deals(13, 15), None, key="ID", total=6)
    await resumed.finish(complete=True)
    assert read(path, "SELECT min(ID), max(ID), count(*) FROM deals") == [(10, 15, 6)]


async def test_an_interrupted_run_without_a_former_set_is_readable_and_marked(
    library: DataSetLibrary, path: Path
) -> None:
    run = await library.begin("deals", DEALS, DEAL_KINDS)
    await run.append(deals(1, 50), {"page": 1}, key="ID", total=100)
    await run.stop(["the portal closed"])
    found = await library.find("deals")
    assert found is not None
    assert (found.rows, found.total, found.complete, found.state) == (50, 100, False, "stopped")
    assert found.notes == ("the portal closed",)
    assert read(path, "SELECT count(*) FROM deals") == [(50,)]


async def test_a_run_of_a_process_that_was_killed_can_be_resumed(path: Path) -> None:
    killed = open_library(path)
    run = await killed.begin("deals", DEALS, DEAL_KINDS)
    await run.append(deals(1, 50), {"page": 1}, key="ID", total=100)
    other = open_library(path)  # the first never said goodbye
    resumed, cursor = await other.resume("deals", DEALS, DEAL_KINDS)
    assert (resumed.rows, cursor) == (50, {"page": 1})
    with pytest.raises(B24Error, match="B24MCP_RECORDS_TAKEN"):
        await run.append(deals(51, 100), None, key="ID", total=100)
    await run.stop()
    await resumed.append(deals(51, 100), None, key="ID", total=100)
    await resumed.finish(complete=True)
    assert read(path, "SELECT count(DISTINCT ID) FROM deals") == [(100,)]
    await killed.aclose()
    await other.aclose()


async def test_two_processes_that_save_one_name_at_once_do_not_mix_their_rows(path: Path) -> None:
    one, other = open_library(path), open_library(path)
    first = await one.begin("deals", DEALS, DEAL_KINDS)
    second = await other.begin("deals", DEALS, DEAL_KINDS)
    await first.append(deals(1, 2), {"page": 1}, key="ID", total=4)
    await second.append(deals(101, 102), {"page": 1}, key="ID", total=4)
    await first.append(deals(3, 4), None, key="ID", total=4)
    await first.finish(complete=True)
    assert read(path, "SELECT group_concat(ID) FROM deals") == [("1,2,3,4",)]
    await second.append(deals(103, 104), None, key="ID", total=4)
    await second.finish(complete=True)
    assert read(path, "SELECT group_concat(ID) FROM deals") == [("101,102,103,104",)]
    await one.aclose()
    await other.aclose()


async def test_only_the_same_list_is_resumed(library: DataSetLibrary) -> None:
    from b24_mcp.records import DataSetOrigin

    with pytest.raises(B24Error, match="B24MCP_RECORDS_RESUME"):
        await library.resume("deals", DEALS, DEAL_KINDS)
    run = await library.begin("deals", DataSetOrigin("crm.deal.list", {"a": 1, "b": 2}, HOST), DEAL_KINDS)
    await run.append(deals(1, 2), {"page": 1}, key="ID", total=4)
    await run.stop()
    for other in (
        DataSetOrigin("crm.deal.list", {"a": 1}, HOST),
        DataSetOrigin("crm.lead.list", {"a": 1, "b": 2}, HOST),
    ):
        with pytest.raises(B24Error, match=r"crm\.deal\.list with params"):
            await library.resume("deals", other, DEAL_KINDS)
    await library.resume("deals", DataSetOrigin("CRM.deal.list", {"b": 2, "a": 1}, HOST), DEAL_KINDS)


async def test_dropping_a_set_deletes_its_runs(library: DataSetLibrary, path: Path) -> None:
    await keep(library, "deals", deals(1, 3))
    run = await library.begin("deals", DEALS, DEAL_KINDS)
    await run.append(deals(1, 3), {"page": 1}, key="ID", total=6)
    assert await library.drop("Deals") is True
    assert await library.drop("deals") is False
    assert await library.sets() == []
    with pytest.raises(B24Error, match="B24MCP_RECORDS_TAKEN"):
        await run.append(deals(4, 6), None, key="ID", total=6)
    assert read(path, "SELECT name FROM sqlite_master WHERE name LIKE '%deals%' OR name GLOB '~[0-9]*'") == []


async def test_a_set_that_is_too_old_is_removed_when_the_file_is_opened(path: Path, clock: Clock) -> None:
    library = open_library(path, clock)
    await keep(library, "old", deals(1, 3))
    clock.now += 20 * _DAY
    await keep(library, "young", deals(1, 3))
    await library.aclose()
    clock.now += 15 * _DAY
    assert [found.name for found in await library.sets()] == ["young"]
    await library.aclose()
    clock.now += 1_000 * _DAY
    kept = open_library(path, clock, keep_days=0)
    assert [found.name for found in await kept.sets()] == ["young"]
    await kept.aclose()


async def test_the_file_of_an_unused_portal_is_removed_when_it_is_too_old(path: Path, clock: Clock) -> None:
    other = path_for(path.parent, "former.bitrix24.example")
    used = path_for(path.parent, "used.bitrix24.example")
    for file in (other, used):
        library = open_library(file, clock)
        await keep(library, "deals", deals(1, 3))
        await library.aclose()
    os.utime(other, (clock.now - 31 * _DAY,) * 2)
    os.utime(used, (clock.now - 29 * _DAY,) * 2)
    library = open_library(path, clock)
    await library.sets()
    await library.aclose()
    assert not other.exists()
    assert used.exists()


def damage(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(content)


@pytest.mark.parametrize("content", [b"this is no database" * 100, b"SQLite format 3\0" + b"\xff" * 4_080])
async def test_a_damaged_file_is_renamed(library: DataSetLibrary, path: Path, content: bytes) -> None:
    damage(path, content)
    await keep(library, "deals", deals(1, 3))
    assert [found.name for found in await library.sets()] == ["deals"]
    assert path.with_name(path.name + ".damaged").read_bytes() == content


def damage_pages(path: Path) -> None:
    """Overwrite everything after the first page, as a bad disk does."""
    with path.open("r+b") as file:
        file.seek(0, os.SEEK_END)
        size = file.tell()
        file.seek(4_096)
        file.write(b"\xa5" * (size - 4_096))


@pytest.mark.parametrize("attempt", ["sets", "ask", "export"])
async def test_damage_inside_the_file_is_reported_with_a_working_remedy(
    path: Path, clock: Clock, tmp_path: Path, attempt: str
) -> None:
    library = open_library(path, clock)
    await keep(library, "deals", deals(1, 3_000))
    await library.aclose()
    damage_pages(path)
    attempts: dict[str, Callable[[], Awaitable[Any]]] = {
        "sets": library.sets,
        "ask": lambda: SqlQuery(path, "SELECT * FROM deals", rows=10, seconds=10).with_rows(lambda _, rows: list(rows)),
        "export": lambda: export(library, "SELECT * FROM deals", place_of(tmp_path / "deals.csv")),
    }
    with pytest.raises(B24Error, match="it is damaged") as caught:
        await attempts[attempt]()
    assert caught.value.fault.code == "B24MCP_RECORDS_FILE"
    assert "`b24-mcp records reset`" in caught.value.fault.hint
    other = open_library(path, clock)
    assert await other.reset() == str(path.with_name(path.name + ".damaged"))
    await keep(library, "deals", deals(1, 3))
    assert [found.rows for found in await other.sets()] == [3]
    await other.aclose()
    await library.aclose()


async def test_a_running_server_continues_with_the_new_file(path: Path, clock: Clock) -> None:
    library, other = open_library(path, clock), open_library(path, clock)
    await keep(library, "deals", deals(1, 3))
    assert len(await other.sets()) == 1
    await other.reset()
    assert await library.sets() == []
    await keep(library, "deals", deals(1, 5))
    assert [found.rows for found in await other.sets()] == [5]
    assert await open_library(path.with_name("none.db"), clock).reset() is None
    await other.aclose()
    await library.aclose()


@pytest.mark.skipif(os.name == "nt", reason="Windows has other rights")
async def test_the_file_and_its_journals_are_closed_to_others_whatever_they_were(path: Path, clock: Clock) -> None:
    library = open_library(path, clock)
    await keep(library, "deals", deals(1, 3))
    files = [path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")]
    assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600] * 3
    for file in files:
        file.chmod(0o644)
    other = open_library(path, clock)
    await other.sets()
    assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600] * 3
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    await other.aclose()
    await library.aclose()


async def test_a_file_of_another_version_is_renamed(library: DataSetLibrary, path: Path) -> None:
    damage(path, b"")
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.execute("CREATE TABLE data_sets (other)")
    db.close()
    await keep(library, "deals", deals(1, 3))
    assert len(await library.sets()) == 1


async def test_a_file_that_another_process_holds_is_reported_as_busy(
    library: DataSetLibrary, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("b24_mcp.records.file._PATIENCE", 0.05)
    await library.sets()
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(B24Error, match="another process holds it") as caught:
        await library.begin("deals", DEALS, DEAL_KINDS)
    assert caught.value.fault.code == "B24MCP_RECORDS_FILE"
    holder.execute("ROLLBACK")
    holder.close()
    await keep(library, "deals", deals(1, 3))


async def test_a_full_disk_ends_a_run_with_a_reason_and_keeps_the_written_rows(
    library: DataSetLibrary, path: Path
) -> None:
    run = await library.begin("deals", DEALS, DEAL_KINDS)
    await run.append(deals(1, 50), {"page": 1}, key="ID", total=10_000)
    pages = read(path, "PRAGMA page_count")[0][0]

    def shrink(db: Database) -> None:
        db.execute(f"PRAGMA max_page_count = {pages + 2}")

    def grow(db: Database) -> None:
        db.execute("PRAGMA max_page_count = 1000000")

    await library.store.do(shrink)
    with pytest.raises(B24Error, match="the disk is full"):
        await run.append([row | {"NEW": "x" * 500} for row in deals(51, 1_000)], {"page": 2}, key="ID", total=10_000)
    await run.stop()
    await library.store.do(grow)
    found = await library.find("deals")
    assert found is not None
    assert found.rows == 50
    assert "NEW" not in {column.name for column in found.columns}
    assert len(await library.first_rows(found, 100)) == 50
    resumed, cursor = await library.resume("deals", DEALS, DEAL_KINDS)
    assert cursor == {"page": 1}
    await resumed.append([{"ID": "51", "NEW": "x"}], None, key="ID", total=51)
    await resumed.finish(complete=True)
    assert read(path, "SELECT count(*), max(NEW) FROM deals") == [(51, "x")]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
async def test_a_folder_that_cannot_be_written_is_named_as_a_setting(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o500)
    with pytest.raises(B24Error, match="B24MCP_RECORDS_FILE"):
        await open_library(tmp_path / "data" / "records" / "x.db").sets()


async def test_a_folder_that_is_a_file_is_reported(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(B24Error, match="B24MCP_RECORDS_FILE") as caught:
        await open_library(tmp_path / "data" / "x.db").sets()
    assert "B24_DATA_DIR" in caught.value.fault.hint


@pytest.mark.parametrize(
    ("portal", "name"),
    [
        ("acme.bitrix24.ru", "acme.bitrix24.ru.db"),
        ("sandbox@sandbox.invalid", "sandbox@sandbox.invalid.db"),
        ("127.0.0.1:8024", "127.0.0.1_8024-"),
        ("портал.рф", "______.__-"),
        ("a" * 250, "a" * 100 + "-"),
    ],
)
def test_each_portal_has_a_file_of_its_own(tmp_path: Path, portal: str, name: str) -> None:
    assert path_for(tmp_path, portal).name.startswith(name)
    assert path_for(tmp_path, portal) != path_for(tmp_path, portal + "x")
    assert path_for(tmp_path, portal).parent == tmp_path
