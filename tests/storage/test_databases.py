"""SQLite files: who can open them, what a lock keeps out, and what becomes of a damaged one."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from b24_mcp.storage.databases import is_damage, open_database, open_read_only, set_aside, try_lock


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
@pytest.mark.parametrize("exists", [True, False])
def test_a_database_and_its_journals_are_for_their_owner_alone(tmp_path: Path, exists: bool) -> None:
    path = tmp_path / "a.db"
    before = os.umask(0)
    try:
        if exists:
            path.write_bytes(b"")
        with closing(open_database(path, pragmas={"journal_mode": "WAL"}, schema="CREATE TABLE t (x);")):
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    finally:
        os.umask(before)
    assert modes == {"a.db": 0o600, "a.db-wal": 0o600, "a.db-shm": 0o600}


def test_a_file_that_is_no_database_is_closed_again_and_recognised(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(b"no database at all " * 100)
    with pytest.raises(sqlite3.DatabaseError) as caught:
        open_database(path, schema="CREATE TABLE t (x);")
    assert is_damage(caught.value)
    if sys.platform == "linux":
        assert str(path) not in {os.readlink(f"/proc/self/fd/{entry}") for entry in open_descriptors()}


def open_descriptors() -> list[str]:
    return [entry for entry in os.listdir("/proc/self/fd") if os.path.lexists(f"/proc/self/fd/{entry}")]


def test_a_database_that_is_busy_is_not_taken_for_a_damaged_one(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with closing(open_database(path)) as first, closing(open_database(path, timeout=0)) as second:
        first.execute("BEGIN EXCLUSIVE")
        with pytest.raises(sqlite3.OperationalError) as caught:
            second.execute("CREATE TABLE t (x)")
    assert not is_damage(caught.value)


def test_a_database_that_is_set_aside_makes_way_for_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(b"damaged")
    for ending in ("-wal", "-shm", "-journal"):
        (tmp_path / f"a.db{ending}").write_bytes(b"of the damaged one")
    assert set_aside(path, ".damaged") == tmp_path / "a.db.damaged"
    assert os.listdir(tmp_path) == ["a.db.damaged"]
    assert (tmp_path / "a.db.damaged").read_bytes() == b"damaged"
    with closing(open_database(path, schema="CREATE TABLE t (x);")) as db:
        assert db.execute("SELECT count(*) FROM t").fetchone() == (0,)


@pytest.mark.parametrize("immutable", [True, False])
def test_a_database_opened_to_read_cannot_be_changed_or_created(tmp_path: Path, immutable: bool) -> None:
    path = tmp_path / "with ? and # in its name.db"
    with pytest.raises(sqlite3.OperationalError):
        open_read_only(path, immutable=immutable).execute("SELECT 1 FROM sqlite_master")
    assert os.listdir(tmp_path) == []
    open_database(path, schema="CREATE TABLE t (x);").close()
    with closing(open_read_only(path, immutable=immutable)) as db:
        assert db.execute("SELECT count(*) FROM t").fetchone() == (0,)
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            db.execute("INSERT INTO t VALUES (1)")


@pytest.mark.parametrize("autocommit", [True, False])
def test_changes_are_kept_at_once_or_when_they_are_committed(tmp_path: Path, autocommit: bool) -> None:
    path = tmp_path / "a.db"
    with closing(open_database(path, autocommit=autocommit, schema="CREATE TABLE t (x);")) as db:
        db.execute("INSERT INTO t VALUES (1)")
    with closing(open_read_only(path)) as db:
        assert db.execute("SELECT count(*) FROM t").fetchone() == (int(autocommit),)


def test_a_lock_keeps_others_out_until_it_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    lock = try_lock(path)
    assert lock is not None
    assert try_lock(path) is None
    lock.close()
    with closing(try_lock(path) or sqlite3.connect(":memory:")) as again:
        assert again.in_transaction


def test_a_lock_ends_with_the_process_that_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    program = """
import os, sys
from pathlib import Path
from b24_mcp.storage.databases import try_lock
lock = try_lock(Path(sys.argv[1]))
print(lock is not None, flush=True)
sys.stdin.readline()
os._exit(9)
"""
    command = [sys.executable, "-c", program, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        assert try_lock(path) is None
        process.communicate("\n", timeout=60)
    lock = try_lock(path)
    assert lock is not None
    lock.close()


def test_a_lock_on_a_file_that_is_no_database_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    path.write_bytes(b"no database at all " * 100)
    with pytest.raises(sqlite3.DatabaseError):
        try_lock(path)
