"""The search: an intent finds the methods for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from b24_mcp.catalog import known_methods

FILES = ("intents.jsonl", "colloquial.jsonl")
SHARE = 0.95


def names(query: str, limit: int = 5, scope: str | None = None) -> list[str]:
    return [found.name for found in known_methods().search.find(query, limit=limit, scope=scope)]


def intents(file: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(__file__).with_name(file).read_text("utf-8").splitlines()]


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("file", FILES)
def test_nearly_every_intent_finds_its_method_among_the_first_five(file: str, language: str) -> None:
    """Also in colloquial words, with typing errors, and in Russian written with Latin letters."""
    asked = [intent for intent in intents(file) if intent["lang"] == language]
    missed = [
        intent["query"]
        for intent in asked
        if not {name.lower() for name in names(intent["query"])} & {name.lower() for name in intent["accept"]}
    ]
    assert len(missed) <= len(asked) * (1 - SHARE), missed


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("crm.deal.list", "crm.deal.list"),
        ("CRM.DEAL.LIST", "crm.deal.list"),
        ("deal.list", "crm.deal.list"),
        ("tasks.task.a", "tasks.task.add"),
        ("batch", "batch"),
        ("im.v2.event", "im.v2.Event.get"),
    ],
)
def test_names_and_parts_of_names_are_found(query: str, wanted: str) -> None:
    assert wanted in names(query)


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("creat a new contct", {"crm.item.add", "crm.contact.add"}),
        ("уведомлени сотруднику", {"im.notify.personal.add", "im.notify.system.add", "im.notify"}),
        ("список сделк", {"crm.item.list", "crm.deal.list"}),
    ],
)
def test_typing_errors_are_corrected(query: str, wanted: set[str]) -> None:
    assert wanted & set(names(query))


def test_a_current_method_ranks_above_the_deprecated_one_it_replaces() -> None:
    found = names("add a product row to a deal", limit=10)
    current, old = found.index("crm.item.productrow.add"), [name for name in found if name == "crm.productrow.add"]
    assert not old or current < found.index(old[0])


def test_methods_that_exist_only_in_rest_3_are_found() -> None:
    found = known_methods().search.find("журнал событий портала", limit=5)
    assert "main.eventlog.list" in [hit.name for hit in found]
    assert {hit.version for hit in found if hit.name == "main.eventlog.list"} == {"v3"}


def test_a_scope_narrows_the_search() -> None:
    found = known_methods().search.find("add", scope="calendar", limit=10)
    assert found
    for hit in found:
        method = known_methods().method(hit.name, hit.version)
        assert method is not None
        assert "calendar" in method.facts.scope


@pytest.mark.parametrize("query", ["", "   ", "😀", "?!", "the of a", "и в на", "\x00"])
def test_a_query_without_known_words_finds_nothing(query: str) -> None:
    assert names(query) == []


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=400))
def test_no_query_breaks_the_search(query: str) -> None:
    assert len(names(query, limit=3)) <= 3


@pytest.mark.parametrize(
    "query", ['" OR 1=1 --', "a" * 100_000, "NEAR(a b)", "method:crm", "*", "'; DROP TABLE method"]
)
def test_query_syntax_is_read_as_plain_words(query: str) -> None:
    assert len(names(query)) <= 5
    assert known_methods().method("crm.deal.list") is not None
