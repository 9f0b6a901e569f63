"""The compiled catalogue: complete, in step with its sources, judged method by method."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from pathlib import Path

import pytest

from b24_mcp.catalog import is_reading, known_methods
from b24_mcp.catalog.catalogue import Catalogue, shipped_catalogue
from b24_mcp.catalog.compiler import DataError, compile_catalogue

DATA = shipped_catalogue().parent
VERBS = Path(__file__).with_name("verbs.json")


def rows(path: Path) -> list[tuple[object, ...]]:
    db = sqlite3.connect(path)
    try:
        found = [
            db.execute(f"SELECT * FROM {table}").fetchall() for table in ("method", "concept", "vocabulary", "unit")
        ]
    finally:
        db.close()
    return [tuple(row) for table in found for row in table]


def test_the_shipped_file_is_what_its_sources_compile_to(tmp_path: Path) -> None:
    """After a change of the data: `b24-mcp catalog compile`."""
    compiled = compile_catalogue(DATA, tmp_path / "catalog.db")
    assert compiled.gone == []
    assert rows(tmp_path / "catalog.db") == rows(shipped_catalogue())


def test_every_documented_method_is_there_in_both_generations() -> None:
    methods = [json.loads(line) for line in (DATA / "methods.jsonl").read_text("utf-8").splitlines()]
    counts = Counter(method["version"] for method in methods)
    assert counts["v2"] + counts["v3"] >= 1_671
    assert counts["v3"] >= 106
    for name in ("tasks.task.add", "tasks.task.get", "tasks.task.update", "tasks.task.delete", "tasks.task.list"):
        assert known_methods().versions(name) == ["v2", "v3"]


def test_every_method_with_a_page_has_an_effect_and_texts_of_our_own() -> None:
    for name in known_methods().names:
        for version in known_methods().versions(name):
            method = known_methods().method(name, version)
            assert method is not None
            if method.facts.page:
                assert method.summary, name
                assert method.summary_ru, name
                assert len(method.summary) <= 120


def test_a_new_verb_does_not_slip_in_unjudged() -> None:
    """The verbs and how often each has which effect; look at each new one, then rewrite the file."""
    counts: dict[str, Counter[str]] = {}
    for name in known_methods().names:
        for version in known_methods().versions(name):
            verb = name.rpartition(".")[2].lower()
            counts.setdefault(verb, Counter())[known_methods().effect(name, version)] += 1
    found = {verb: dict(sorted(effects.items())) for verb, effects in sorted(counts.items())}
    assert found == json.loads(VERBS.read_text("utf-8"))


@pytest.mark.parametrize(
    ("method", "effect"),
    [
        ("crm.deal.list", "read"),
        ("CRM.DEAL.LIST", "read"),
        ("crm.deal.add", "write"),
        ("crm.deal.delete", "destructive"),
        ("event.offline.get", "destructive"),
        ("im.v2.Event.get", "destructive"),
        ("crm.deal.productrows.set", "destructive"),
        ("disk.file.getExternalLink", "write"),
        ("nothing.like.that", "destructive"),
    ],
)
def test_effects_are_judged_by_what_a_method_does_and_not_by_its_verb(method: str, effect: str) -> None:
    assert known_methods().effect(method) == effect
    assert is_reading(method) is (effect == "read")


def test_data_that_contradicts_itself_is_refused_with_the_place(tmp_path: Path) -> None:
    facts = {"method": "a.b", "version": "v2", "scope": [], "params": []}
    (tmp_path / "methods.jsonl").write_text(json.dumps(facts) + "\n", "utf-8")
    (tmp_path / "concepts.txt").write_text("", "utf-8")
    (tmp_path / "effects.tsv").write_text("a.b\tv2\tharmless\n", "utf-8")
    with pytest.raises(DataError, match="harmless"):
        compile_catalogue(tmp_path, tmp_path / "x.db")
    (tmp_path / "effects.tsv").write_text("a.b\tv2\tread\na.b\tv2\twrite\n", "utf-8")
    with pytest.raises(DataError, match=r"effects\.tsv:2"):
        compile_catalogue(tmp_path, tmp_path / "x.db")
    assert not (tmp_path / "x.db").exists()


def test_a_method_that_is_new_is_destructive_until_somebody_has_judged_it(tmp_path: Path) -> None:
    facts = {"method": "new.method.get", "version": "v2", "scope": [], "params": []}
    (tmp_path / "methods.jsonl").write_text(json.dumps(facts) + "\n", "utf-8")
    compiled = compile_catalogue(DATA, tmp_path / "catalog.db", facts=tmp_path)
    assert compiled.unjudged == ["new.method.get"]
    assert Catalogue(tmp_path / "catalog.db").effect("new.method.get") == "destructive"


def test_names_that_do_not_exist_have_neighbours() -> None:
    assert "crm.deal.add" in known_methods().similar("crm.dael.add")
    assert known_methods().similar("zzzzzzzz") == []
