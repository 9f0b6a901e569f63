"""The forms in which people and spreadsheets write numbers, dates and flags as text."""

from __future__ import annotations

import datetime
import re
from typing import Literal, cast

Form = Literal[
    "integer", "digits", "point", "comma", "spaced", "commas", "points", "percent", "day", "moment", "dotted",
    "slashed", "flag", "text",
]  # fmt: skip
"""`integer` is a plain whole number, `digits` has a leading zero or a plus, `point` and `comma` are decimals, `spaced`,
`commas` and `points` have groups of thousands, `day` and `moment` are ISO, `dotted` and `slashed` are other dates.
"""

DecimalMark = Literal[".", ",", "either"]

_FORM = re.compile(
    r"""
    (?P<integer> -?(?:0|[1-9]\d*+) )
  | (?P<digits>  \+?\d++ )
  | (?P<point>   -?(?:0|[1-9]\d*+)\.\d++ )
  | (?P<comma>   -?(?:0|[1-9]\d*+),\d++ )
  | (?P<spaced>  -?[1-9]\d{0,2}+(?:[ \u00a0\u202f']\d{3})++(?:[.,]\d++)? )
  | (?P<commas>  -?[1-9]\d{0,2}+(?:,\d{3})++\.\d++ | -?[1-9]\d{0,2}+(?:,\d{3}){2,}+ )
  | (?P<points>  -?[1-9]\d{0,2}+(?:\.\d{3})++,\d++ | -?[1-9]\d{0,2}+(?:\.\d{3}){2,}+ )
  | (?P<percent> -?(?:0|[1-9]\d*+)(?:[.,]\d++)?[ \u00a0]?% )
  | (?P<moment>  \d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d++)?)?(?:Z|[+-]\d\d:?\d\d)? )
  | (?P<day>     \d{4}-\d\d-\d\d )
  | (?P<dotted>  \d\d?+\.\d\d?+\.\d{4}(?:,?[ ]\d\d?+:\d\d(?::\d\d)?)? )
  | (?P<slashed> \d\d?+/\d\d?+/\d{4}(?:,?[ ]\d\d?+:\d\d(?::\d\d)?)? )
    """,
    re.VERBOSE | re.ASCII,
)
_LONGEST = 60
_DATE_PARTS = re.compile(r"(\d+)[./](\d+)[./](\d{4})(?:,? (\d+):(\d\d)(?::(\d\d))?)?", re.ASCII)
_FLAGS = {"true": True, "истина": True, "false": False, "ложь": False}
_NUMBER_NOISE = str.maketrans("", "", " \u00a0\u202f'%")

NUMBER_FORMS = ("integer", "point", "comma", "spaced", "commas", "points")
DATE_FORMS = ("day", "moment", "dotted", "slashed")


def form_of(text: str) -> Form:
    """Return the form of a text."""
    text = text.strip()
    if len(text) > _LONGEST:
        return "text"
    found = _FORM.fullmatch(text)
    if found is not None:
        return cast(Form, found.lastgroup)
    return "flag" if text.lower() in _FLAGS else "text"


def number_in(text: str, mark: DecimalMark) -> str:
    """Return a number as Python writes it. Only for a text in one of the forms of numbers, or a percentage."""
    plain = text.strip().translate(_NUMBER_NOISE)
    if mark == ".":
        return plain.replace(",", "")
    if mark == ",":
        return plain.replace(".", "").replace(",", ".")
    return plain.replace(",", ".")


def fits_mark(text: str, form: Form, mark: DecimalMark) -> bool:
    """Whether a number is written with this decimal mark, and groups of thousands with another one."""
    match form:
        case "point":
            return mark != "," or _is_grouped(text)
        case "comma":
            return mark != "." or _is_grouped(text)
        case "commas":
            return mark == "."
        case "points":
            return mark == ","
        case "spaced":
            return mark == "either" or ("," if mark == "." else ".") not in text
        case _:
            return True


def is_ambiguous(text: str) -> bool:
    """Whether a decimal may be a whole number with a group of thousands: 1,234 but not 0,234 or 1,23."""
    return _is_grouped(text) and not text.lstrip("-").startswith("0")


def moment_in(text: str, form: Form, *, month_first: bool, with_time: bool) -> str | None:
    """Return a date, or with `with_time` a time, in ISO form; None if there is no such day."""
    text = text.strip()
    if form in ("day", "moment"):
        return _checked(text, with_time=with_time)
    found = _DATE_PARTS.fullmatch(text)
    if found is None:
        return None
    first, second, year, hour, minute, seconds = found.groups()
    day, month = (second, first) if form == "slashed" and month_first else (first, second)
    try:
        date = datetime.datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(seconds or 0))
    except ValueError:
        return None
    if hour is not None and not with_time:
        return None
    return date.isoformat() if with_time else date.date().isoformat()


def flag_in(text: str) -> bool | None:
    """Return the truth value that a spreadsheet writes as this text."""
    return _FLAGS.get(text.strip().lower())


def days_and_months(text: str) -> tuple[int, int]:
    """Return the first two numbers of a date."""
    found = _DATE_PARTS.fullmatch(text.strip())
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _checked(text: str, *, with_time: bool) -> str | None:
    try:
        datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    is_day = len(text) == len("2026-12-31")
    if with_time:
        return text + "T00:00:00" if is_day else text
    return text if is_day else None


def _is_grouped(text: str) -> bool:
    whole, _, part = text.strip().lstrip("-").replace(",", ".").partition(".")
    return len(part) == 3 and len(whole) <= 3
