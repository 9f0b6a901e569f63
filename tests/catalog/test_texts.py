"""The notes and meanings that come with the catalogue: every line is about something that exists, and is short."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

import b24_mcp.catalog
from b24_mcp.catalog.facts import MethodFacts, Parameter
from b24_mcp.catalog.meanings import Texts

DATA = Path(b24_mcp.catalog.__file__).with_name("data")
LONGEST_MEANING = 80
LONGEST_NOTE = 200
MOST_NOTES = 8


def lines(kind: str) -> Iterator[tuple[str, list[str]]]:
    """The lines of `notes*.tsv` or `meanings*.tsv`: the place of each and its cells."""
    for path in sorted(DATA.glob(f"{kind}*.tsv")):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            if line and not line.startswith("#"):
                yield f"{path.name}:{number}", line.split("\t")


def explained(params: Iterable[Parameter]) -> int:
    """How many of the parameters and their fields have a meaning."""
    return sum((1 if param.text else 0) + explained(param.fields) for param in params)


@pytest.fixture(scope="module")
def texts() -> Texts:
    return Texts(DATA)


@pytest.fixture(scope="module")
def joined(texts: Texts) -> list[MethodFacts]:
    """The facts of all methods with their texts."""
    rows = (DATA / "methods.jsonl").read_text("utf-8").splitlines()
    return [texts.joined(MethodFacts.from_json(json.loads(row))) for row in rows]


def test_every_line_names_a_method_and_a_parameter_that_exist(texts: Texts, joined: list[MethodFacts]) -> None:
    assert joined
    assert texts.unused == []


def test_meanings_are_short_and_end_without_a_full_stop() -> None:
    texts = [(place, cells[2]) for place, cells in lines("meanings")]
    assert [place for place, text in texts if not 0 < len(text) <= LONGEST_MEANING] == []
    assert [place for place, text in texts if text.endswith(".") or text != text.strip()] == []


def test_notes_are_short_sentences() -> None:
    texts = [(place, cells[1]) for place, cells in lines("notes")]
    assert [place for place, text in texts if not 0 < len(text) <= LONGEST_NOTE] == []
    assert [place for place, text in texts if not text.endswith(".")] == []


def test_a_text_is_not_repeated_for_the_same_methods() -> None:
    seen = [(kind, cells[0], cells[1]) for kind in ("meanings", "notes") for _, cells in lines(kind)]
    assert len(seen) == len(set(seen))


def test_no_method_has_more_notes_than_are_read(joined: list[MethodFacts]) -> None:
    assert [facts.method for facts in joined if len(facts.notes) > MOST_NOTES] == []


def test_what_a_number_or_a_code_means_is_said_where_it_matters_most(joined: list[MethodFacts]) -> None:
    assert sum(explained(facts.params) for facts in joined) >= 1_500
    by_name = {(facts.method, facts.version): facts for facts in joined}
    for method in ("crm.deal.add", "crm.item.add", "crm.item.productrow.set", "calendar.event.add"):
        assert explained(by_name[method, "v2"].params) >= 10, method


@pytest.mark.parametrize(
    ("method", "word"),
    [
        ("crm.item.productrow.add", "after discount and with tax"),
        ("userfieldconfig.add", "not its entityTypeId"),
        ("crm.deal.update", "cannot change its pipeline"),
        ("task.commentitem.getlist", "new task card"),
        ("lists.element.update", "not sent are emptied"),
        ("disk.file.delete", "for good"),
    ],
)
def test_known_traps_are_told_where_they_are_met(joined: list[MethodFacts], method: str, word: str) -> None:
    facts = next(facts for facts in joined if facts.method == method and facts.version == "v2")
    assert any(word in note for note in facts.notes), facts.notes
