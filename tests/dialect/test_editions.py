"""Editions: pages with their includes, for facts, for people or for the search."""

from __future__ import annotations

from pathlib import Path

from b24_mcp.dialect.editions import (
    FOR_FACTS,
    FOR_READING,
    FOR_SEARCH,
    STARS_COUNT,
    Edition,
    Folder,
    InMemory,
    Purpose,
    language_of,
)

PAGE = """# Page

{% note tip "" %}

See [MCP](../ai-tools/mcp.md).

{% endnote %}

{% note tip "Hint" %}

Useful.

{% endnote %}

{% if build == 'dev' %}

Draft.

{% endif %}

{% include [stars](_includes/required.md) %}
{% include notitle [auth](_includes/auth-params-in-events.md) %}
{% include [system](_includes/system-errors.md) %}
"""


def text(purpose: Purpose) -> str:
    files = {
        "page.md": PAGE,
        "_includes/required.md": "Stars count.",
        "_includes/auth-params-in-events.md": "Tokens.",
        "_includes/system-errors.md": "Never.",
    }
    source = Edition("en", InMemory(files)).page("page", purpose)
    assert source is not None
    return source.text


def test_pages_for_people_leave_out_advertising_drafts_and_repeated_includes() -> None:
    read = text(FOR_READING)
    for there in ("Useful.", "Stars count.", "Tokens."):
        assert there in read
    for left_out in ("MCP", "Draft.", "Never."):
        assert left_out not in read


def test_pages_for_the_search_leave_out_repeated_texts() -> None:
    searched = text(FOR_SEARCH)
    assert "Useful." in searched
    assert not any(left_out in searched for left_out in ("Stars count.", "Tokens.", "Never.", "MCP"))


def test_pages_for_facts_have_a_mark_for_the_note_about_stars() -> None:
    facts = text(FOR_FACTS)
    assert STARS_COUNT in facts
    assert not any(left_out in facts for left_out in ("Useful.", "Tokens.", "Never."))


def test_nested_includes_are_resolved_and_recursive_ones_end() -> None:
    files = {
        "a/page.md": "{% include [x](../_b/one.md#part) %}",
        "_b/one.md": "one {% include [y](two.md) %}",
        "_b/two.md": "two {% include [y](two.md) %}",
    }
    source = Edition("en", InMemory(files)).page("a/page")
    assert source is not None
    assert source.text == "onetwotwotwo"


def test_missing_includes_and_those_outside_the_folder_are_empty(tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("secret", "utf-8")
    root = tmp_path / "root"
    root.mkdir()
    (root / "page.md").write_text("{% include [a](nowhere.md) %}{% include [b](../secret.md) %}end", "utf-8")
    edition = Edition("en", Folder(root))
    source = edition.page("page")
    assert source is not None
    assert source.text == "end"
    assert edition.page("nowhere") is None
    assert Folder(root).text("../secret.md") is None


def test_fragments_are_not_pages() -> None:
    files = {"b.md": "", "a.md": "", "_includes/x.md": "", "c/_x.md": "", "picture.png": ""}
    assert Edition("en", InMemory(files)).page_names() == ["a", "b"]


def test_the_language_follows_from_the_words_of_pages() -> None:
    assert language_of(InMemory({"api-reference/a.md": "> Кто может выполнять метод: все"})) == "ru"
    assert language_of(InMemory({"api-reference/a.md": "", "api-reference/b.md": "> Who can execute it"})) == "en"
    assert language_of(InMemory({"guide.md": "> Who can execute it"})) is None
