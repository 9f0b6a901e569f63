"""The format of a row of risks, and its compilation."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from b24_mcp.catalog import Risk, RiskCondition
from b24_mcp.catalog.catalogue import Catalogue, shipped_catalogue
from b24_mcp.catalog.compiler import DataError, compile_catalogue
from b24_mcp.catalog.risks import RISK_KINDS, risks_from_json, risks_to_json

DATA = shipped_catalogue().parent


def compiled_with(tmp_path: Path, risks: str) -> tuple[Catalogue, list[str]]:
    """Return the shipped data compiled with other risks, and the methods reported as not reviewed."""
    data = tmp_path / "data"
    shutil.copytree(DATA, data, ignore=shutil.ignore_patterns("risks*", "*.db"))
    (data / "risks_core.tsv").write_text(risks, "utf-8")
    compiled = compile_catalogue(data, tmp_path / "catalog.db")
    return Catalogue(tmp_path / "catalog.db"), compiled.unjudged


def test_a_row_is_read_with_its_kinds_conditions_and_reason() -> None:
    risk = Risk.read("outside,rights", "ACTIVE fields.EMAIL TYPE_ID=4|6", "changes who can log in")
    assert risk.kinds == ("outside", "rights")
    assert risk.when == (
        RiskCondition("ACTIVE"),
        RiskCondition("EMAIL", ("fields",)),
        RiskCondition("TYPE_ID", (), ("4", "6")),
    )
    assert risks_from_json(risks_to_json([risk])) == (risk,)


@pytest.mark.parametrize(
    ("kinds", "when", "why"),
    [
        ("", "", "x"),
        ("danger", "", "x"),
        ("rights,outside", "", "x"),
        ("money,money", "", "x"),
        ("money", "", ""),
        ("money", "=4", "x"),
        ("money", "a..b", "x"),
        ("money", "TYPE_ID=", "x"),
        ("money", "TYPE_ID=4|", "x"),
    ],
)
def test_a_malformed_row_is_refused_with_file_and_line(tmp_path: Path, kinds: str, when: str, why: str) -> None:
    with pytest.raises(DataError, match=r"risks_core\.tsv:1"):
        compiled_with(tmp_path, f"crm.deal.add\tv2\t{kinds}\t{when}\t{why}\n")


def test_a_writing_method_without_a_row_has_every_risk(tmp_path: Path) -> None:
    catalogue, unjudged = compiled_with(tmp_path, "crm.deal.add\tv2\t-\t\t\nim.notify\tv2\tmoney\t\tcosts a lot\n")
    assert catalogue.risks("crm.deal.add", "v2") == ()
    assert catalogue.risks("im.notify", "v2") == (Risk(("money",), (), "costs a lot"),)
    (risk,) = catalogue.risks("crm.deal.update", "v2")
    assert risk.kinds == RISK_KINDS
    assert "crm.deal.update" in unjudged
    assert "crm.deal.add" not in unjudged
    assert catalogue.risks("crm.deal.list", "v2") == ()


def test_risks_belong_to_one_version_of_a_method(tmp_path: Path) -> None:
    rows = "tasks.task.add\tv2\t-\t\t\ntasks.task.add\tv3\tmoney\t\tcosts a lot\n"
    catalogue, _ = compiled_with(tmp_path, rows)
    assert catalogue.risks("tasks.task.add", "v2") == ()
    assert catalogue.risks("Tasks.Task.Add", "v3")[0].kinds == ("money",)


def test_another_catalogue_can_raise_an_effect_or_a_risk_but_never_lower_one(tmp_path: Path) -> None:
    floor, _ = compiled_with(tmp_path, "event.bind\tv2\toutside\thandler\tsent to this address\n")
    other = tmp_path / "other.db"
    shutil.copyfile(tmp_path / "catalog.db", other)
    more = risks_to_json([Risk.read("money", "", "costs a lot")])
    with closing(sqlite3.connect(other)) as db, db:
        db.execute("UPDATE method SET effect = 'read', risks = ''")
        db.execute("UPDATE method SET effect = 'destructive', risks = ? WHERE key = 'crm.deal.list'", (more,))
        db.execute("UPDATE method SET version = 'v3' WHERE key = 'crm.lead.delete'")
    catalogue = Catalogue(other, floor=floor)
    for method in ("event.bind", "crm.deal.add", "crm.deal.delete"):
        known, shipped = catalogue.method(method, "v2"), floor.method(method, "v2")
        assert known is not None
        assert shipped is not None
        assert known.effect == catalogue.effect(method, "v2") == shipped.effect
        assert known.risks == catalogue.risks(method, "v2") == shipped.risks
    assert catalogue.effect("crm.deal.list", "v2") == "destructive"
    assert catalogue.risks("crm.deal.list", "v2")[0].kinds == ("money",)
    assert catalogue.effect("crm.lead.delete") == "destructive", "a generation that was not judged"
    assert catalogue.enlarged([]).effect("crm.deal.delete", "v2") == "destructive"
