"""Parameters with columns in them."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from b24_mcp.app.apply.template import Template
from b24_mcp.errors import B24Error

COLUMNS = ("ID", "TITLE", "amount", "PHONE", "opened")
KINDS = ("integer", "text", "number", "json", "boolean")
CELLS = (7, "Über $5", 12.0, '[{"VALUE": "+49 30"}]', 1)


def params(value: Any) -> Any:
    return Template.parse({"v": value}, COLUMNS, KINDS).params(CELLS)["v"]  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$ID", 7),
        ("$TITLE", "Über $5"),
        ("$amount", 12),
        ("$PHONE", [{"VALUE": "+49 30"}]),
        ("$opened", True),
        ("$id", 7),
        ("${ID}", "7"),
        ("Deal ${TITLE}, no. ${ID}", "Deal Über $5, no. 7"),
        ("$$", "$"),
        ("$$ID", "$ID"),
        ("$${ID}", "${ID}"),
        ("5 $ or $5", "5 $ or $5"),
        ("${amount}", "12"),
        (["$ID", {"a": "$TITLE"}], [7, {"a": "Über $5"}]),
        (5, 5),
        (None, None),
    ],
)
def test_columns_are_put_in(text: Any, value: Any) -> None:
    assert params(text) == value
    assert type(params(text)) is type(value)


@pytest.mark.parametrize(
    "text",
    ["$IDD", "Deal $ID", "${IDD}", "${ID", "${}", "$result[a]", "a $TITLE b", "${ ID}", {"$ID": 1}, {"a${ID}": 1}],
)
def test_what_looks_like_a_column_and_is_none_is_refused(text: Any) -> None:
    with pytest.raises(B24Error) as refused:
        params(text)
    assert refused.value.fault.code == "B24MCP_APPLY_PARAMS"


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("{{ID}}", "$ID"),
        ("{{ title }}", "$TITLE"),
        ("Deal {{TITLE}}, no. {{ID}}", "${TITLE}"),
        ("{ID}", "$ID"),
        ("%AMOUNT%", "$amount"),
        (":ID", "$ID"),
        ("<TITLE>", "$TITLE"),
    ],
)
def test_a_column_in_the_form_of_another_program_is_refused_with_the_right_form(text: str, right: str) -> None:
    with pytest.raises(B24Error) as refused:
        params(text)
    assert f"is written {right}." in refused.value.fault.message


@pytest.mark.parametrize(
    "text", ["{{NAME}}", "{other}", "50%", ":)", "<b>", "see :ID there", "100% of {ID} here", "a:ID"]
)
def test_a_text_that_names_no_column_is_sent_as_it_stands(text: str) -> None:
    assert params(text) == text


def test_an_empty_column_inserts_nothing_and_is_null_alone() -> None:
    template = Template.parse({"a": "$TITLE", "b": "x${TITLE}y"}, ("TITLE",), ("text",))
    assert template.params([None]) == {"a": None, "b": "xy"}
    assert template.used == ["TITLE"]


@given(st.text())
@settings(max_examples=200, deadline=None)
def test_a_text_with_doubled_dollars_is_that_text(text: str) -> None:
    assert params(text.replace("$", "$$")) == text


@given(st.text(alphabet="$ {}IDTLEa5"))
@settings(max_examples=300, deadline=None)
def test_any_text_is_put_in_or_refused(text: str) -> None:
    with contextlib.suppress(B24Error):
        assert isinstance(params(text), str | int | float | list | bool)
