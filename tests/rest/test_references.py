"""Text in a batch: a reference to an earlier command, or text that the portal does not change, or refused."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from b24_mcp.errors import B24Error
from b24_mcp.rest import Succeeded
from tests.fake_portal import FakePortal, Page, open_portal, parse_query, would_replace

_PIECES = st.sampled_from(
    [
        "$",
        "$result",
        "$Result",
        "$next",
        "$total",
        "$time",
        "$error",
        "$error_description",
        "$price",
        "[",
        "]",
        "[a]",
        "[b]",
        "['a']",
        "[ID]",
        "[0]",
        "[]",
        " ",
        "\n",
        "\t",
        "\u00a0",
        "\u2003",
        "\x1c",
        ",",
        "-x",
        "s",
        "a",
        "ſ",
    ]
)
TEXT = st.lists(_PIECES | st.text(max_size=3), max_size=10).map("".join)
TRUE_REFERENCE = r"\$(result|next|total|time|error)\[(a|'a'|\"a\")\](\[[^\[\]\s]+\])*"


def reading(text: str) -> dict[str, Any]:
    """A command that only reads, whose references the portal replaces."""
    return {"method": "crm.contact.get", "params": {"text": text}}


def _fake(seen: list[Any]) -> FakePortal:
    def note(params: Any) -> int:
        seen.append(params["text"])
        return 1

    return FakePortal(methods={"first": lambda _: {"ID": 7}, "crm.contact.get": note, "note": note})


@given(TEXT.filter(lambda text: not would_replace(text)))
@example("costs $result or $5 [net]")
@example("$price[a]")
@example("$reſult[a]")
@example("$tıme[a]")
@settings(deadline=None)
async def test_text_without_a_reference_is_not_changed_by_a_batch(text: str) -> None:
    seen: list[Any] = []
    async with open_portal(_fake(seen)) as portal:
        await portal.batch({"a": {"method": "first"}, "b": {"method": "crm.contact.get", "params": {"text": text}}})
    assert seen == [text]


@given(TEXT.filter(lambda text: bool(would_replace(text))))
@example("$result[a]")
@example("$result[a],$result[a]")
@example("$results[a]")
@example("$error_description[a]")
@example("$RESULT[a]")
@example("$result[]")
@settings(deadline=None)
async def test_text_that_the_portal_would_replace_is_a_reference_or_refused(text: str) -> None:
    seen: list[Any] = []
    fake = _fake(seen)
    true = all(re.fullmatch(TRUE_REFERENCE, token, re.ASCII) for token in would_replace(text))
    async with open_portal(fake) as portal:
        commands: dict[str, Any] = {
            "a": {"method": "first"},
            "b": {"method": "crm.contact.get", "params": {"text": text}},
        }
        if true:
            await portal.batch(commands)
            assert len(seen) == 1
            return
        with pytest.raises(B24Error) as caught:
            await portal.batch(commands)
    assert (caught.value.fault.code, caught.value.fault.executed) == ("B24MCP_REFERENCE", "no")
    assert fake.requests == []


@pytest.mark.parametrize(
    "text",
    [
        "$result[nobody]",
        "$result[later]",
        "$result[b]",
        "$result[a]-x",
        "$result[a],$result[a]",
        "x $result_x[a]",
        "$RESULT[a]",
        "$result[a][",
        "$result[]",
    ],
)
@pytest.mark.parametrize("wrap", [lambda text: text, lambda text: [1, {"deep": [text]}], lambda text: f"see {text} ok"])
async def test_a_lookalike_is_refused_with_nothing_sent(text: str, wrap: Any) -> None:
    fake = FakePortal()
    async with open_portal(fake) as portal:
        with pytest.raises(B24Error) as caught:
            await portal.batch(
                {
                    "a": {"method": "first"},
                    "b": {"method": "note", "params": {"text": wrap(text)}},
                    "later": {"method": "first"},
                }
            )
    assert caught.value.fault.code == "B24MCP_REFERENCE"
    assert "'b'" in caught.value.fault.message
    assert fake.requests == []


async def test_a_lookalike_in_a_name_is_only_a_name() -> None:
    """The portal replaces values, never keys."""
    seen: list[Any] = []
    fake = FakePortal(methods={"note": lambda params: seen.append(params)})
    async with open_portal(fake) as portal:
        await portal.batch({"a": {"method": "note", "params": {"fields": {"$result[a": "x", "$result": "y"}}}})
    assert seen == [{"fields": {"$result[a": "x", "$result": "y"}}]


async def test_a_single_call_carries_any_text() -> None:
    """Nothing is replaced outside a batch, so nothing is refused there."""
    seen: list[Any] = []
    async with open_portal(_fake(seen)) as portal:
        await portal.call("note", {"text": "$result[a]-x $RESULT[b]"})
    assert seen == ["$result[a]-x $RESULT[b]"]


@pytest.mark.parametrize(
    ("text", "arrives"),
    [
        ("$result[a]", {"ID": 7, "NAMES": ["Ann", "Bob"]}),
        ("$result[a][ID]", 7),
        ("$result['a'][\"ID\"]", 7),
        ("$result[a][NAMES][1]", "Bob"),
        ("for $result[a][NAMES][0] and $result[a][ID] only", "for Ann and 7 only"),
        ("$total[a]", 120),
        ("$next[a]", 50),
    ],
)
async def test_a_reference_has_its_value(text: str, arrives: Any) -> None:
    seen: list[Any] = []
    fake = _fake(seen)
    fake.methods = {**fake.methods, "first": lambda _: Page({"ID": 7, "NAMES": ["Ann", "Bob"]}, total=120, next=50)}
    async with open_portal(fake) as portal:
        answer = await portal.batch({"a": {"method": "first"}, "b": reading(text)})
    assert seen == [arrives]
    assert all(isinstance(outcome, Succeeded) and not outcome.answer.warnings for outcome in answer.outcomes.values())


async def test_a_value_is_written_into_a_command_that_writes_before_it_is_sent() -> None:
    seen: list[Any] = []
    fake = _fake(seen)
    async with open_portal(fake) as portal:
        await portal.batch({"a": {"method": "first"}, "b": {"method": "note", "params": {"text": "$result[a][ID]"}}})
    assert [request.commands for request in fake.requests] == [{"a": ("first", [])}, {"b": ("note", {"text": "7"})}]


async def test_a_reference_of_a_read_is_sent_in_the_form_of_the_portal() -> None:
    fake = FakePortal(methods={"first": lambda _: 7, "crm.contact.get": lambda _: 1})
    commands: dict[str, Any] = {
        "a": {"method": "first"},
        "b": {"method": "crm.contact.get", "params": {"id": "$result['a']", "t": "x $result[a] y"}},
    }
    async with open_portal(fake) as portal:
        await portal.batch(commands)
    sent = fake.requests[0].json["cmd"]
    assert sent["a"] == "first"
    assert parse_query(sent["b"].partition("?")[2]) == {"id": "$result[a]", "t": "x $result[a] y"}
