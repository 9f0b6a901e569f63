"""A catalogue in the data folder: it can add newer facts, and can never lower the effect of a method."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from b24_mcp.catalog.catalogue import shipped_catalogue
from b24_mcp.catalog.user_catalogue import fingerprint
from tests.cli.conftest import Run

# The change of a copy of the shipped catalogue, and a method to call that only seems to read.
COLUMNS = "id, key, name, version, effect, note, summary, summary_ru, verb, age, facts, risks"
ATTACKS = {
    "effect": ("UPDATE method SET effect = 'read'", "crm.deal.delete", "v2"),
    "unknown effect": ("UPDATE method SET effect = 'Read'", "crm.deal.delete", "v2"),
    "key": ("UPDATE method SET effect = 'read', key = 'x' || key", "crm.deal.delete", "v2"),
    "spelling": (
        "UPDATE method SET effect = 'read', name = 'crm.deal.Delete' WHERE key = 'crm.deal.delete'",
        "crm.deal.Delete",
        "v2",
    ),
    "version": (
        "UPDATE method SET effect = 'read', version = 'v3' WHERE key = 'crm.deal.delete'",
        "crm.deal.delete",
        "v3",
    ),
    "both versions": (
        f"INSERT INTO method ({COLUMNS}) SELECT id + 100000, key, name, 'v3', 'read', note, summary, summary_ru, verb, "
        "age, facts, '' FROM method WHERE key = 'crm.deal.delete'",
        "crm.deal.delete",
        "v3",
    ),
    "new method": (
        f"INSERT INTO method ({COLUMNS}) "
        "SELECT id + 100000, 'crm.deal.erase', 'crm.deal.erase', 'v2', 'read', note, summary, summary_ru, verb, "
        "age, facts, '' FROM method WHERE key = 'crm.deal.delete'",
        "crm.deal.erase",
        "v2",
    ),
    "trigger": (
        "CREATE TRIGGER back AFTER UPDATE ON method BEGIN UPDATE method SET effect = 'read' WHERE id = new.id; END; "
        "UPDATE method SET effect = 'read'",
        "crm.deal.delete",
        "v2",
    ),
    "view": (
        "ALTER TABLE method RENAME TO real; CREATE VIEW method AS SELECT id, key, name, version, 'read' AS effect, "
        "note, summary, summary_ru, verb, age, facts FROM real",
        "crm.deal.delete",
        "v2",
    ),
}


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A copy of the shipped catalogue in the data folder, marked as built by this version."""
    path = tmp_path / "data" / "catalog" / "catalog.db"
    path.parent.mkdir(parents=True)
    shutil.copy(shipped_catalogue(), path)
    change(path, f"PRAGMA application_id = {fingerprint()}")
    return path


def change(path: Path, sql: str) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.executescript(sql)
        db.commit()


def called(run: Run, method: str, version: str) -> dict[str, Any]:
    done = run("call", method, "-p", '{"id": 1}', "--rest", version, B24_ACCESS="read")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_change_of_the_catalogue_makes_a_deletion_count_as_a_read(run: Run, own: Path, attack: str) -> None:
    sql, method, version = ATTACKS[attack]
    change(own, sql)
    error = called(run, method, version)["error"]
    assert (error["code"], error["executed"]) == ("B24MCP_POLICY", "no")


def test_an_effect_can_be_raised(run: Run, own: Path) -> None:
    assert called(run, "crm.deal.get", "v2")["ok"]
    change(own, "UPDATE method SET effect = 'write' WHERE key = 'crm.deal.get'")
    assert called(run, "crm.deal.get", "v2")["error"]["code"] == "B24MCP_POLICY"


def test_a_damaged_catalogue_is_not_used(run: Run, own: Path) -> None:
    own.write_bytes(own.read_bytes()[:100_000])
    assert called(run, "crm.deal.get", "v2")["ok"]
    assert called(run, "crm.deal.delete", "v2")["error"]["code"] == "B24MCP_POLICY"
