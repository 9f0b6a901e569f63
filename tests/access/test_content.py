"""Invisible characters, and texts by outsiders."""

from __future__ import annotations

import fnmatch
import unicodedata
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24_mcp.catalog import has_outside_texts, known_methods
from b24_mcp.secrets import show_hidden, without_hidden

HIDDEN = {
    "a zero-width space": "de\u200blete",
    "a soft hyphen": "de\u00adlete",
    "text the other way round": "\u202eeteled\u202c",
    "isolates": "\u2066x\u2069",
    "marks of direction": "a\u200e\u200fb",
    "tags that spell a text": "ok\U000e0064\U000e0065\U000e006c",
    "bytes in variation selectors": "😀\U000e0101\U000e0155",
    "bytes in the other selectors": "a\ufe00\ufe05\ufe0a",
    "a row of joiners": "a\u200d\u200c\u200d\u200c",
    "a joiner after nothing": "\u200da",
    "a byte order mark": "a\ufeffb",
    "an invisible letter": "a\u3164b",
    "a word joiner": "a\u2060b",
    "a control character": "a\x9bb",
    "interlinear notes": "a\ufff9b\ufffac\ufffb",
}


@pytest.mark.parametrize("text", HIDDEN.values(), ids=HIDDEN)
def test_invisible_characters_are_removed_and_counted(text: str) -> None:
    left, count = without_hidden(text)
    assert count == len(text) - len(left) > 0
    assert without_hidden(left) == (left, 0)
    assert all(unicodedata.category(letter) != "Cf" for letter in left.replace("\u200d", ""))
    assert all(letter.isprintable() for letter in show_hidden(text))


@pytest.mark.parametrize(
    "text",
    [
        "Сделка № 5, «ёлка» — 100 %\n\tдалее",
        "👩‍👩‍👧‍👦 ❤️‍🔥 🏳️‍🌈 1️⃣ ☎️",
        "می‌خواهم",
        "क्‍ष",
        "עברית العربية 日本語 ไทย",
        "a\u00a0b\u2009c",
    ],
)
def test_ordinary_text_of_any_language_is_not_changed(text: str) -> None:
    assert without_hidden(text) == (text, 0)


@given(st.text(st.characters() | st.sampled_from("a \u200b\u200c\u200d\ufe0f\u202e\U000e0041")))
def test_no_invisible_character_remains_and_nothing_else_is_lost(text: str) -> None:
    left, count = without_hidden(text)
    assert without_hidden(left) == (left, 0)
    assert len(text) - len(left) == count
    assert not set(left) & set("\u200b\u202e\U000e0041")
    visible = [letter for letter in text if letter.isalnum() and letter.isascii()]
    assert [letter for letter in left if letter.isalnum() and letter.isascii()] == visible


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("crm.activity.list", True),
        ("crm.timeline.comment.get", True),
        ("im.dialog.messages.get", True),
        ("imopenlines.session.history.get", True),
        ("mail.message.list", True),
        ("crm.lead.list", True),
        ("crm.item.get", True),
        ("task.commentitem.getlist", True),
        ("tasks.task.get", True),
        ("crm.deal.list", True),
        ("crm.company.get", True),
        ("crm.quote.list", True),
        ("lists.element.get", True),
        ("crm.activity.communication.fields", False),
        ("bizproc.task.list", True),
        ("disk.file.get", True),
        ("calendar.event.get", True),
        ("im.recent.list", True),
        ("imbot.v2.Chat.Message.get", True),
        ("task.elapseditem.getlist", True),
        ("entity.item.get", True),
        ("crm.requisite.list", True),
        ("telephony.externalCall.searchCrmEntities", True),
        ("crm.deal.userfield.list", False),
        ("crm.lead.fields", False),
        ("crm.item.fields", False),
        ("server.time", False),
        ("crm.status.list", False),
        ("user.current", False),
        ("department.get", False),
    ],
)
def test_methods_whose_answers_may_hold_texts_by_outsiders_are_known(method: str, expected: bool) -> None:
    assert method in known_methods().names
    assert has_outside_texts(method) is expected


def test_every_pattern_for_such_methods_matches_a_method() -> None:
    lines = (files("b24_mcp.catalog") / "data" / "outside_texts.txt").read_text("utf-8").splitlines()
    globs = [line.removeprefix("!") for line in lines if line and not line.startswith("#")]
    assert len(globs) == len(set(globs))
    names = [name.lower() for name in known_methods().names]
    future = {"crm.webform.*"}  # methods that portals have but the documentation does not
    assert [glob for glob in globs if glob not in future and not fnmatch.filter(names, glob)] == []
