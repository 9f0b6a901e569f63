"""Judge one single value: numbers, dates, `Y` and `N`, files, and closed lists of values."""

from __future__ import annotations

import re
from datetime import date, time

from b24_mcp.catalog.arguments.currencies import currency_problem, is_currency_code
from b24_mcp.catalog.arguments.families import OPERATORS
from b24_mcp.catalog.arguments.nodes import Node
from b24_mcp.catalog.arguments.words import fits_form, meant_by, with_meaning, words_of
from b24_mcp.catalog.names import nearest_ones

Verdict = tuple[str, bool]
"""What is wrong with a value, and whether that is certain."""

_NUMBER = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?\s*", re.IGNORECASE | re.ASCII)
# A sign of a currency, groups of digits, and a comma or a point before the last digits.
_AMOUNT = re.compile(
    r"[^\d+-]{0,4}([+-]?\d{1,3}(?:[ \u00a0\u202f\u2009',.]?\d{3})*|\d+)(?:[.,](\d*))?\D{0,4}", re.ASCII
)
_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})|(\d{1,2})\.(\d{1,2})\.(\d{4})", re.ASCII)
_CLOCK = re.compile(r"[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?", re.ASCII)
_ZONE = re.compile(r"\s?(Z|UTC|GMT|[+-]\d{2}(:?\d{2})?)", re.IGNORECASE | re.ASCII)
_MOMENT = re.compile(r"\d+(T\d{4,6}Z?)?", re.ASCII)
_PATH = re.compile(
    r"(/|\./|\.\./|~/|[A-Za-z]:[\\/]|file:).*|[^/\\:=]{1,200}\.(pdf|png|jpe?g|gif|docx?|xlsx?|txt|zip|csv|pptx?)"
)
_PLACEHOLDER = re.compile(r"\*\*.*|\w+\([^()]*\)|your_\w+|<[^<>]*>", re.ASCII)
_OTHER_REFERENCE = re.compile(r"\{\{.+\}\}|\$\{.+\}|\$\w+(\.\w+)+", re.ASCII)
_REFERENCE_FORM = "the result of an earlier command of a batch is written $result[name][field]"
_AMERICAN = re.compile(r"(0?[1-9]|1[0-2])/([0-2]?\d|3[01])/\d{4}( .*)?", re.ASCII)
_YES_OR_NO = {"y", "n", "yes", "no", "true", "false", "1", "0", "", "on", "off"}
FILE_FORM = 'must be {"$file": "name.ext"}, or the content: ["name.ext", "base64 of the content"]'
"""What is said about a value that is no content of a file."""
_DATE_FORM = {"date": "2026-12-31", "datetime": "2026-12-31T18:00:00+03:00"}
_MOST_NAMED = 12
_COMPARED = {"number", "id", "date", "datetime"}
_DIRECTIONS = {"asc", "desc"}
_YES, _NO = {"yes", "true", "on"}, {"no", "false", "off"}
_ACCESS = re.compile(r"[A-Z]{1,3}", re.ASCII)
HEX_COLOR = "hex color"
"""The unit of a parameter that is a color."""
_COLOR = re.compile(r"#([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})|", re.ASCII | re.IGNORECASE)
_PERSON = re.compile(r"(?:user|u)[ _:#-]?(\d+)", re.ASCII | re.IGNORECASE)
_OPERATOR = re.compile(r"\s*(>=|<=|<>|!=|>|<|!)\s*\S.*", re.ASCII)


def verdict_on(node: Node, value: object, *, in_filter: bool = False, letters: bool = False) -> Verdict | None:
    """Return what is wrong with a single value, or None.

    A filter compares texts, so `true` and `false` match no record there. A field documented as boolean takes them,
    except `true` with `letters`.
    """
    if isinstance(value, bool) and node.is_yes_or_no and not {"true", "false", "1", "0"} & node.values:
        if not in_filter and "boolean" in node.scalars and not (letters and value):
            return None
        return f'must be "{"Y" if value else "N"}": the portal takes "Y" or "N" here', True
    if node.is_yes_or_no and isinstance(value, str) and value not in node.values and value.lower() in _YES | _NO:
        return f'must be "{"Y" if value.lower() in _YES else "N"}": the portal takes "Y" or "N" here', True
    if node.values and (verdict := _not_allowed(node, value)):
        return verdict
    if not node.values and isinstance(value, str | int) and (verdict := _nearly_documented(node, value)):
        return verdict
    scalars = node.scalars
    if in_filter and isinstance(value, str) and scalars and scalars <= _COMPARED and (found := _OPERATOR.match(value)):
        return f'has the operator in its value; the operator is part of the key: {{"{found[1]}{node.name}": …}}', True
    if in_filter and isinstance(value, str) and scalars <= _COMPARED and value in OPERATORS:
        return f'is an operator; it is part of the key: {{"{value}{node.name}": …}}', True
    if in_filter and isinstance(value, str) and len(value) > len("%%") and value[0] == value[-1] == "%":
        return f'is compared with the whole text; a part is found with {{"%{node.name}": "{value[1:-1]}"}}', False
    if in_filter and isinstance(value, str) and not scalars & _COMPARED and (verdict := star_verdict(node.name, value)):
        return verdict
    if not in_filter and node.parameter.unit == HEX_COLOR and isinstance(value, str) and not _COLOR.fullmatch(value):
        return "must be a hex color like #39A8EF", False
    if scalars == {"number"}:
        return _number(node, value)
    if scalars == {"id"} or scalars == {"dialog"}:
        return id_verdict(value, is_dialog=scalars == {"dialog"})
    if scalars == {"currency"} and isinstance(value, str) and value and not is_currency_code(value):
        return currency_problem(value), not _PLACEHOLDER.fullmatch(value)
    if scalars == {"boolean"} and not node.values and isinstance(value, str) and value.lower() not in _YES_OR_NO:
        return "must be true or false (or Y, N, 1, 0 where the portal writes it so)", True
    if scalars and scalars <= {"date", "datetime"} and isinstance(value, int | float) and value and value is not True:
        kind = "datetime" if "datetime" in scalars else "date"
        return f"must be a text like {_DATE_FORM[kind]}, not a number", True
    if scalars and scalars <= {"date", "datetime"} and isinstance(value, str):
        return _date(value, "datetime" if "datetime" in scalars else "date")
    longest = node.parameter.longest
    if longest is not None and isinstance(value, str) and len(value) > longest:
        return f"is longer than {longest} characters", False
    return None


def star_verdict(name: str, value: str) -> Verdict | None:
    """Return what is wrong with `*part*` in a filter, where a star stands for itself; None for any other text."""
    part = value.strip("*")
    if not part or part == value or "*" in part:
        return None
    return f'is compared with the star in it; a part of a text is found with {{"%{name}": "{part}"}}', False


def id_verdict(value: object, *, is_dialog: bool = False) -> Verdict | None:
    """Return what is wrong with a name where an id is required, or None.

    A text with a digit may be an id in any form, and one of a few capitals the code of an access right.
    """
    text = value.strip() if isinstance(value, str) else ""
    if text[:1] in ("$", "{") and _OTHER_REFERENCE.fullmatch(text):
        return f"must be an id; {_REFERENCE_FORM}", True
    if is_dialog and (person := _PERSON.fullmatch(text)):
        return f"must be the id of the user alone: {person[1]}", True
    if not text or _ACCESS.fullmatch(text) or (any(map(str.isdigit, text)) and " " not in text and "@" not in text):
        return None
    form = 'the id of a user, or "chat" and the id of a chat, like "chat42"' if is_dialog else "a number, the id"
    return f"must be {form}", not _PLACEHOLDER.fullmatch(text)


def code_verdict(node: Node, value: object) -> Verdict | None:
    """Return what is wrong with a word where the code of an access right is documented, such as `U<X>`; None otherwise.

    Only a text that can be no code is judged, and only a name is a certain mistake: there are more codes than are
    documented.
    """
    forms = node.parameter.values
    if not isinstance(value, str) or not value.strip() or not any(one.endswith("<X>") for one in forms):
        return None
    if any(map(str.isdigit, value)) or _ACCESS.fullmatch(value.strip()):
        return None
    is_name = not value.isascii() or " " in value.strip()
    return f"must be a code in one of the forms {', '.join(forms)}, where X is an id", is_name


def file_verdict(value: object) -> Verdict | None:
    """Return what is wrong with the content of a file when it is a path or a file name; None otherwise."""
    if isinstance(value, str) and _PATH.fullmatch(value):
        return f"{FILE_FORM}; the portal reads no files by path", True
    return None


def _not_allowed(node: Node, value: object) -> Verdict | None:
    if value == "" or isinstance(value, bool | float):
        return None
    written = str(value)
    if written in node.values or (written.lower() in _DIRECTIONS and node.values <= _DIRECTIONS | {"ASC", "DESC"}):
        return None
    same = next((one for one in node.parameter.values if one.lower() == written.lower()), None)
    if same is not None:
        return f"is written {same} in the documentation", False
    if fits_form(node.parameter, written):
        return None
    word = meant_by(node.parameter, written)
    near = [word] if word else nearest_ones(written, node.parameter.values)
    meant = f"{' or '.join(near)} is meant; " if near else ""
    named = [with_meaning(node.parameter, one) or '""' for one in node.parameter.values[:_MOST_NAMED]]
    allowed = ", ".join(named) + (", …" if len(node.values) > _MOST_NAMED else "")
    return f"is not an allowed value ({written[:60]}): {meant}allowed are {allowed}", True


def _nearly_documented(node: Node, value: str | int) -> Verdict | None:
    """Return which documented value is meant where others are allowed too; None for any other value.

    A word that is known to stand for one is a certain mistake.
    """
    known, written = node.parameter.values, str(value)
    is_known = written in known or written.lower() in _DIRECTIONS or fits_form(node.parameter, written)
    if not known or not written or isinstance(value, bool) or is_known:
        return None
    if "number" not in node.scalars and (meant := meant_by(node.parameter, written)):
        return f"is not a value of this parameter: {meant} is meant", True
    near = [] if written.isdecimal() else nearest_ones(written, known)
    near = [one for one in near if one.count("_") == written.count("_")]  # the same in another style: `detailPicture`
    return (f"is not a documented value; {' or '.join(near)} is meant", False) if near else None


def _plain(amount: re.Match[str]) -> str:
    """Return an amount without separators, such as `1500.00` for `1 500,00`."""
    whole = re.sub(r"[^\d+-]", "", amount[1])
    return f"{whole}.{amount[2]}" if amount[2] else whole


def number_verdict(value: object) -> Verdict | None:
    """Return what is wrong with a text where a number is required, or None."""
    if isinstance(value, str) and value.strip() and not _NUMBER.fullmatch(value):
        if _OTHER_REFERENCE.fullmatch(value.strip()):
            return f"must be a number; {_REFERENCE_FORM}", True
        if (found := _AMOUNT.fullmatch(value.strip())) is not None:
            return f"must be a number without separators and currency, like {_plain(found)}", True
        return "must be a number", not _PLACEHOLDER.fullmatch(value)
    return None


def _number(node: Node, value: object) -> Verdict | None:
    if isinstance(value, str):
        verdict = number_verdict(value)
        words = words_of(node.parameter) if verdict is not None and verdict[1] else {}
        if not words or _OTHER_REFERENCE.fullmatch(value.strip()):
            return verdict
        meant = f": {one} is meant" if (one := meant_by(node.parameter, value)) else ""
        more = "" if node.values else ", …"
        there = ", ".join(with_meaning(node.parameter, one) for one in words)
        return f"must be a number{meant}; there are {there}{more}", True
    low, high = node.parameter.minimum, node.parameter.maximum
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if (low is not None and value < low) or (high is not None and value > high):
        return f"must be {_range(low, high)}", True
    return None


def _range(low: float | None, high: float | None) -> str:
    if low is None:
        return f"at most {high:g}"
    return f"at least {low:g}" if high is None else f"between {low:g} and {high:g}"


def _date(value: str, kind: str) -> Verdict | None:
    text = value.strip()
    if _PLACEHOLDER.fullmatch(text):
        return f"looks like a placeholder; {_DATE_FORM[kind]} is the form of a value", False
    if not text or _MOMENT.fullmatch(text):
        return None
    form = f"must be a {'date' if kind == 'date' else 'date and time with a zone'} like {_DATE_FORM[kind]}"
    day = _DAY.match(text)
    if _AMERICAN.fullmatch(text):
        return f"is not read alike by every portal; {_DATE_FORM[kind]} is", False
    if day is None:
        return form, True
    year, month, number = day.group(1, 2, 3) if day[1] else day.group(6, 5, 4)
    clock = _CLOCK.match(text, day.end())
    rest = text[clock.end() if clock else day.end() :]
    try:
        date(int(year), int(month), int(number))
        if clock is not None:
            time(int(clock[1]) % 24, int(clock[2]), int(clock[3] or 0))
    except ValueError:
        return f"{form}; there is no such day or time", True
    if rest and not _ZONE.fullmatch(rest) and rest.strip().lower() not in ("am", "pm"):
        return form, True
    if kind == "datetime" and clock is not None and not rest:
        return f"has no time zone, so the portal reads it in its own: {_DATE_FORM[kind]}", False
    return None
