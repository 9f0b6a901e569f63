"""The compiled catalogue: complete, equal to its sources, and reviewed method by method."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections import Counter
from pathlib import Path

import pytest

from b24_mcp.catalog import arguments_of, choose_version, has_outside_texts, is_reading, known_methods
from b24_mcp.catalog.catalogue import Catalogue, shipped_catalogue
from b24_mcp.catalog.compiler import DataError, compile_catalogue
from b24_mcp.catalog.tables import read_table

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
    """Run `b24-mcp catalog compile` after a change of the data."""
    compiled = compile_catalogue(DATA, tmp_path / "catalog.db")
    assert compiled.gone == []
    assert rows(tmp_path / "catalog.db") == rows(shipped_catalogue())


def test_every_documented_method_of_both_versions_is_present() -> None:
    methods = [json.loads(line) for line in (DATA / "methods.jsonl").read_text("utf-8").splitlines()]
    counts = Counter(method["version"] for method in methods)
    assert counts["v2"] + counts["v3"] >= 1_671
    assert counts["v3"] >= 106
    for name in ("tasks.task.add", "tasks.task.get", "tasks.task.update", "tasks.task.delete", "tasks.task.list"):
        assert known_methods().versions(name) == ["v2", "v3"]


def test_every_method_with_a_page_has_an_effect_and_texts() -> None:
    for name in known_methods().names:
        for version in known_methods().versions(name):
            method = known_methods().method(name, version)
            assert method is not None
            if method.facts.page:
                assert method.summary, name
                assert method.summary_ru, name
                assert len(method.summary) <= 120


def test_a_new_verb_needs_a_review() -> None:
    """Counts the effects of each verb. Review a new verb, then update the file."""
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
def test_effects_follow_what_a_method_does_and_not_its_verb(method: str, effect: str) -> None:
    assert known_methods().effect(method) == effect
    assert is_reading(method) is (effect == "read")


def test_contradictory_data_is_refused_with_file_and_line(tmp_path: Path) -> None:
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


def test_a_new_method_is_destructive_until_it_is_reviewed(tmp_path: Path) -> None:
    facts = {"method": "new.method.get", "version": "v2", "scope": [], "params": []}
    (tmp_path / "methods.jsonl").write_text(json.dumps(facts) + "\n", "utf-8")
    compiled = compile_catalogue(DATA, tmp_path / "catalog.db", facts=tmp_path)
    assert compiled.unjudged == ["new.method.get"]
    assert Catalogue(tmp_path / "catalog.db").effect("new.method.get") == "destructive"


def test_similar_names_are_found_for_a_name_that_does_not_exist() -> None:
    assert "crm.deal.add" in known_methods().similar("crm.dael.add")
    assert known_methods().similar("zzzzzzzz") == []


@pytest.mark.parametrize(
    ("invented", "meant"),
    [
        ("crm.deal.create", "crm.deal.add"),
        ("crm.deals.search", "crm.deal.list"),
        ("crm.contact.find", "crm.contact.list"),
        ("crm_lead_add", "crm.lead.add"),
        ("deal.crm.list", "crm.deal.list"),
        ("crm.pipeline.list", "crm.category.list"),
        ("users.list", "user.get"),
        ("calendar.create_event", "calendar.event.add"),
        ("tasks.list", "tasks.task.list"),
        ("tasks.task.patch", "tasks.task.update"),
        ("disk.folder.upload", "disk.folder.uploadFile"),
        ("catalog.product.remove", "catalog.product.delete"),
        ("salepersontype.add", "sale.persontype.add"),
        ("crm.deal.customfield.add", "crm.deal.userfield.add"),
        ("landing.siteGetpublicurl", "landing.site.getPublicUrl"),
    ],
)
def test_the_method_that_was_meant_is_among_the_suggestions_for_an_invented_name(invented: str, meant: str) -> None:
    suggested = known_methods().similar(invented)
    assert meant in suggested
    assert invented not in suggested
    assert len(suggested) <= 5


def test_a_method_has_what_the_single_look_ups_return() -> None:
    catalogue = known_methods()
    for name in catalogue.names:
        for version in catalogue.versions(name):
            method = catalogue.method(name.upper(), version)
            assert method is not None
            assert (method.name, list(method.versions)) == (catalogue.spelling(name), catalogue.versions(name))
            assert (method.version, method.effect) == (version, catalogue.effect(name, version))
            assert (method.risks, method.risky) == (catalogue.risks(name, version), catalogue.risky(name, version))
            assert method.has_outside_texts is has_outside_texts(name)
            assert method.arguments == (arguments_of(name) if version == "v2" else None)
            assert (method.arguments is not None) is method.facts.positional


def test_a_method_is_parsed_once() -> None:
    catalogue = Catalogue(shipped_catalogue())
    first = catalogue.method("crm.deal.add", "v2")
    assert first is not None
    assert catalogue.method("CRM.DEAL.ADD", "v2") is first
    assert catalogue.method("crm.deal.add") is first
    calls: list[str] = []
    sys.setprofile(lambda frame, event, _: calls.append(frame.f_code.co_filename) if event == "call" else None)
    try:
        catalogue.method("crm.deal.add", "v2")
    finally:
        sys.setprofile(None)
    assert len([name for name in calls if "b24_mcp" in name]) <= 2


@pytest.mark.parametrize(
    ("method", "params", "version"),
    [
        ("crm.deal.add", {"wrong": 1}, "v2"),
        ("mail.mailbox.list", {}, "v3"),
        ("nothing.like.that", {}, "v2"),
        ("tasks.task.get", {"taskId": 1}, "v2"),
        ("tasks.task.get", {"id": 1}, "v3"),
        ("tasks.task.get", {"neither": 1}, "v2"),
        ("tasks.task.get", [1], "v2"),
    ],
)
def test_the_version_is_the_one_that_the_parameters_fit(method: str, params: object, version: str) -> None:
    assert choose_version(known_methods(), method, params) == version


def test_every_method_that_an_invented_name_stands_for_is_documented() -> None:
    for row in read_table("method_words"):
        second = row["invented"].split(".")[1].split("|") if "*" in row["meant"] else [""]
        for name in [meant.replace("*", word) for meant in row["meant"].split() for word in second]:
            assert known_methods().method(name) is not None, (row["invented"], name)
