"""Numbers as a chart shows them: thin spaces between the thousands, and only significant decimals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

THIN_SPACE = "\u2009"
DecimalSign = Literal[".", ","]

_WHOLE_FROM = 1_000
_SMALL = 0.1


def shown_number(value: float, decimal: DecimalSign) -> str:
    """Return a number for a person."""
    size = abs(value)
    if value == int(value) or size >= _WHOLE_FROM:
        text = f"{value:,.0f}"
    elif size >= _SMALL:
        text = f"{value:,.2f}".rstrip("0").rstrip(".")
    else:
        text = f"{value:.3g}"
    text = text.replace("-", "\u2212")
    return text.replace(",", THIN_SPACE).replace(".", decimal)


def number_format(values: Sequence[float]) -> str:
    """Return the format of the labels of an axis, in the language of d3."""
    size = max((abs(value) for value in values), default=0.0)
    if size >= 10 or size == 0:
        return ",.0f" if size >= _WHOLE_FROM else ",.1~f"
    return ",.2~f" if size >= _SMALL else ",.3~g"


def number_locale(decimal: DecimalSign) -> dict[str, object]:
    """Return the locale of numbers for the drawing library."""
    return {
        "decimal": decimal,
        "thousands": THIN_SPACE,
        "grouping": [3],
        "currency": ["", ""],
        "minus": "\u2212",
    }
