"""The types of the columns of a file, decided from all its values, and the conversion of each value.

A type is chosen if nearly all values have it. The others are kept unchanged and reported. What could be read in two
ways is not read at all: it stays text, with a note.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from b24_mcp.records.columns import Kind, fits
from b24_mcp.records.imports.cells import (
    DATE_FORMS,
    NUMBER_FORMS,
    DecimalMark,
    Form,
    days_and_months,
    fits_mark,
    flag_in,
    form_of,
    is_ambiguous,
    moment_in,
    number_in,
)
from b24_mcp.records.imports.source import TextRules

_FEW = 20
_LONG = 9
_LONGER = 10
_LONGEST = 15
_ISO_FORMS = ("day", "moment")
# Names of columns whose values are digits and no numbers: nobody adds them up.
_IDENTIFIER = re.compile(
    r"(?:тел\b|телефон|моб|факс|инн\b|кпп\b|огрн|бик\b|снилс|паспорт|индекс\b|штрих|"
    r"(?:р|расч|к|корр|лиц)\w*\W*(?:с\b|сч[её]т)|номер сч|"
    r"phone|mobile|fax\b|zip\b|postal|iban|swift|bic\b|inn\b|kpp\b|ogrn|vat\b|tax.?(?:id|num)|barcode|passport|"
    r"account.?(?:no|num))",
    re.IGNORECASE,
)
_SAID: Mapping[Kind, str] = {
    "integer": "not a whole number",
    "number": "not a number",
    "boolean": "not true or false",
    "date": "not a date",
    "datetime": "not a time",
}


class _Misfit:
    """A value that does not have the type of its column."""


MISFIT = _Misfit()


@dataclass(slots=True)
class ColumnPlan:
    """How the values of one column are converted. `note` says what the reader must know."""

    name: str
    kind: Kind
    mark: DecimalMark = "."
    is_percent: bool = False
    month_first: bool = False
    note: str = ""

    @property
    def problem(self) -> str:
        """What is said about a value of another type."""
        return f"{_SAID.get(self.kind, 'of another type')}, kept as text"

    def convert(self, value: object) -> object:
        """Return the value for its column, or `MISFIT`."""
        if value is None or self.kind in ("text", "json"):
            return value
        if not isinstance(value, str):
            is_flag = isinstance(value, bool)
            return value if fits(self.kind, value) and is_flag == (self.kind == "boolean") else MISFIT
        if self.kind == "boolean":
            flag = flag_in(value)
            return MISFIT if flag is None else flag
        form = form_of(value)
        if self.kind in ("date", "datetime"):
            moment = None
            if form in DATE_FORMS:
                moment = moment_in(value, form, month_first=self.month_first, with_time=self.kind == "datetime")
            return MISFIT if moment is None else moment
        return self._number(value, form)

    def _number(self, text: str, form: Form) -> object:
        if form not in (("percent",) if self.is_percent else NUMBER_FORMS) or not fits_mark(text, form, self.mark):
            return MISFIT
        plain = number_in(text, self.mark)
        return plain if fits(self.kind, plain) else MISFIT


@dataclass(slots=True)
class ColumnSurvey:
    """What was seen of one column."""

    forms: Counter[str] = field(default_factory=Counter)
    count: int = 0
    typed: int = 0
    long: int = 0
    longest: int = 0
    unclear_commas: int = 0
    unclear_points: int = 0
    day_above_12: bool = False
    month_above_12: bool = False
    has_time: bool = False
    has_fraction: bool = False

    def add(self, value: object) -> None:
        """Note a value. None is no value."""
        if value is None or value == "":
            return
        self.count += 1
        if isinstance(value, str):
            self._add_text(value)
        elif isinstance(value, bool):
            self.forms["true or false"] += 1
        elif isinstance(value, int):
            self.typed += 1
            self.forms["whole"] += 1
            self._measure(len(str(abs(value))) if abs(value) < 10**40 else 40)
        elif isinstance(value, float):
            self.typed += 1
            self.forms["fraction"] += 1
        else:
            self.forms["json"] += 1

    def _add_text(self, text: str) -> None:
        form = form_of(text)
        self.forms[form] += 1
        match form:
            case "integer":
                self._measure(len(text.strip().lstrip("-")))
            case "comma":
                self.unclear_commas += is_ambiguous(text)
            case "point":
                self.unclear_points += is_ambiguous(text)
            case "spaced" | "commas" | "points":
                self._add_grouped(text, form)
            case "dotted" | "slashed":
                first, second = days_and_months(text)
                self.has_time |= ":" in text
                if form == "slashed":
                    self.day_above_12 |= first > 12
                    self.month_above_12 |= second > 12
            case "moment":
                self.has_time = True
            case _:
                pass

    def _add_grouped(self, text: str, form: Form) -> None:
        if form == "spaced":
            self.forms["comma"] += "," in text
            self.forms["point"] += "." in text
        self.has_fraction |= ("," in text and "." in text) or (form == "spaced" and ("," in text or "." in text))

    def _measure(self, digits: int) -> None:
        self.long += digits >= _LONG
        self.longest = max(self.longest, digits)

    def plan(self, name: str, rules: TextRules) -> ColumnPlan:
        """Return the plan for this column."""
        forms = self.forms
        if not self.count:
            return ColumnPlan(name, "text")
        if forms["json"]:
            return ColumnPlan(name, "json")
        if self._are_enough(forms["true or false"] + (forms["flag"] if rules == "all" else 0)):
            return ColumnPlan(name, "boolean")
        dates = _ISO_FORMS if rules == "none" else DATE_FORMS
        if self._are_enough(self._of(dates)):
            return self._dates(name)
        if rules != "none" and self._are_enough(forms["percent"]) and not self._of(NUMBER_FORMS) and not self.typed:
            return ColumnPlan(name, "number", "either", is_percent=True, note=f"{name}: 15% is stored as 15")
        if self._are_enough(self._numbers(rules)):
            return self._number(name, rules)
        return ColumnPlan(name, "text")

    def _of(self, forms: tuple[str, ...]) -> int:
        return sum(self.forms[form] for form in forms)

    def _are_enough(self, fitting: int) -> bool:
        if not fitting:
            return False
        return fitting * 3 >= self.count * 2 if self.count <= _FEW else fitting * 10 >= self.count * 9

    def _numbers(self, rules: TextRules) -> int:
        """Return how many values may be numbers."""
        if rules == "none":
            return self.typed
        forms = [form for form in NUMBER_FORMS if form != "integer"]
        # A spaced number with a decimal mark was counted under its mark too.
        texts = self._of(tuple(forms)) - self._marked_twice()
        if rules == "all" or self.typed * 2 > self.count:
            texts += self.forms["integer"]
        return self.typed + texts

    def _marked_twice(self) -> int:
        singles = self.count - self._of(("text", "digits", "percent", "flag", "true or false", *DATE_FORMS))
        return max(0, self._of(NUMBER_FORMS) + self.typed - singles)

    def _number(self, name: str, rules: TextRules) -> ColumnPlan:
        forms = self.forms
        if rules != "none":
            are_whole = not self._of(("comma", "point", "commas", "points", "spaced", "fraction"))
            are_long = self.longest >= _LONGER and self.long * 2 >= self.count
            if forms["digits"] or self.longest > _LONGEST or (are_whole and (are_long or _IDENTIFIER.search(name))):
                return ColumnPlan(name, "text")
        mark = self._mark() if rules != "none" else "."
        if mark is None:
            said = f"{name}: its numbers, such as 1,234, can be read in two ways, so they stay text"
            return ColumnPlan(name, "text", note=said)
        has_fraction = self.has_fraction or forms["fraction"] or self._has_decimals(mark)
        return ColumnPlan(name, "number" if has_fraction else "integer", mark)

    def _has_decimals(self, mark: DecimalMark) -> bool:
        comma, point = bool(self.forms["comma"]), bool(self.forms["point"])
        return comma or point if mark == "either" else comma if mark == "," else point

    def _mark(self) -> DecimalMark | None:
        """Return the decimal mark of this column; None if it cannot be told from a mark of thousands."""
        forms = self.forms
        if forms["commas"] and forms["points"]:
            return None
        if forms["commas"]:
            return "."
        if forms["points"]:
            return ","
        comma, point = forms["comma"], forms["point"]
        commas_unclear, points_unclear = self.unclear_commas == comma, self.unclear_points == point
        if not comma:
            return "."
        if not point:
            return None if commas_unclear else ","
        if commas_unclear and points_unclear:
            return None
        return "." if commas_unclear else "," if points_unclear else "either"

    def _dates(self, name: str) -> ColumnPlan:
        kind: Kind = "datetime" if self.has_time else "date"
        if self.forms["slashed"] and self.day_above_12 == self.month_above_12:
            said = f"{name}: dates such as 01/02/2026 can be read in two ways, so they stay text"
            return ColumnPlan(name, "text", note=said)
        return ColumnPlan(name, kind, month_first=self.month_above_12)
