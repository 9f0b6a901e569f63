"""What the description of a parameter says besides its values: default, limits, unit, source of values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

_T = TypeVar("_T")

_NUMBERS = frozenset({"integer", "int", "double", "float", "number"})
_TEXTS = frozenset({"string", "char", "text"})

_IS = (
    r"[ \t]*(?:\((?:in|в) [^)]*\)[ \t]*)?"
    r"(?:[—–:=,-]|is set to\b|set to\b|(?:it |the value )?is\b|are\b|to\b|of\b|equals?\b|(?:the )?value\b|used\b"
    r"|устанавливается|используется|применяется|принимается|считается|равно|равен|равна|значение)?"
)
_DEFAULT = re.compile(
    rf"(?:\bby default|\bdefaults?(?: value)?|\bпо умолчанию){_IS}{_IS}[ \t]*"
    r"(?:`([^`\n]*)`|\*\*([\w.]{1,40})\*\*|(-?\d+(?:\.\d+)?|true|false|null|[YN])(?![\w.]*\w))"
    r"(?![ \t]*[—–:-][ \t]*`)(?![ \t]*(?:,|and|и)[ \t]*`)",
    re.I,
)
_DEFAULT_AFTER = re.compile(
    r"`([^`\n]{1,60})`[ \t]*(?:[,(—–-][ \t]*)?\(?(?:by default\b|default\b|по умолчанию)(?![ \t]*[`—–:=])", re.I
)
_DEFAULT_ITEM = re.compile(
    r"^[ \t]*(?:[-*•][ \t]*)?(?:`([^`\n]{1,60})`|\*\*(\w{1,40})\*\*)[^`\n]*?[—–(,-][ \t]*"
    r"\(?(?:by default|default|(?:значение )?по умолчанию)\W*$",
    re.I | re.M,
)
_DEFAULT_VALUE = re.compile(r"[\w.:+/#@*\[\]{}'\",-][\w .:+/#@*\[\]{}'\",-]{0,59}", re.A)
_A_NUMBER = re.compile(r"-?\d+(?:\.\d+)?|null")
# "If it is not passed, the default value is…" states no condition.
_WHEN_MISSING = re.compile(
    r"\b(?:if|when) (?:(?:the |this )?(?:parameter|field|value|key|it) )?(?:is |are )?(?:not|no value is) "
    r"(?:passed|provided|specified|set|given|filled(?: in)?)\b|\bif omitted\b"
    r"|\bесли (?:(?:параметр|поле|значение|ключ) )?не (?:передан|указан|задан|заполнен)\w*",
    re.I,
)
# "If it is not passed, `x` is used", "by default … (equivalent to passing the value `N`)".
_CODE = r"`([^`\n]{1,60})`"
_DEFAULT_USED = re.compile(
    rf"(?:{_WHEN_MISSING.pattern})(?: or (?:is )?(?:equals? )?(?:to )?`null`)?[^.`\n]{{0,60}}, (?:the value )?{_CODE} "
    r"(?:is|will be) (?:used|applied|taken|set)\b"
    rf"|(?:{_WHEN_MISSING.pattern})[^.`\n]{{0,60}}, (?:используется|применяется|подставляется)(?: значение)? {_CODE}"
    r"|\b(?:by default|по умолчанию)\b[^.`\n]{0,80}"
    r"\((?:equivalent to|equals|the same as|аналог\w*|равносильно|эквивалентно)"
    rf"[^`.\n]{{0,30}}{_CODE}\)",
    re.I,
)
_CONDITIONAL = re.compile(r"\b(?:if|when|for|unless)\b|\b(?:если|при|для|когда)\b", re.I)

_CHARACTERS = r"(?:characters?|symbols?|chars|letters|символ\w*|знак\w*|букв\w*)"
_ITEMS = (
    r"(?:elements?|items?|identifiers|ids|entries|records|values|users|files|objects|entities|lines|rows|tasks|codes"
    r"|элемент\w*|идентификатор\w*|запис\w*|значени\w*|пользовател\w*|файл\w*|объект\w*|строк\w*|задач\w*|код\w*)"
)
_MOST = (
    r"(?:up to|to|no more than|not more than|at most|max(?:imum)?(?: length| number| size| value)?(?: of| is)?"
    r"|limit(?:ed)?(?: of| to| is)?|(?:can)?not exceed(?:ing)?|length limit(?: is)?|до"
    r"|не более(?: чем)?|не больше|не длиннее"
    r"|максимум|максимальн\w+(?: \w+)?|не (?:должн\w+ |может )?превыша\w+|не может быть больше|ограничен\w*(?: до)?)"
)
_N = r"`?(\d{1,3}(?:[ ,\u00a0]\d{3})+|\d+)`?(?!\d)"
_LONGEST_TEXT = re.compile(rf"\b{_MOST}\s*(?:[—–:-]\s*)?{_N}\s*(?:[a-zа-я]+ )?{_CHARACTERS}\b", re.I)
_LENGTH = re.compile(
    rf"(?:maximum|max\.?) (?:string |field |text |name )?length(?: of (?:the )?\w+)?\s*(?:[—–:-]|is)?\s*{_N}"
    rf"|максимальная длина(?: \w+)?\s*(?:[—–:-]|равна)?\s*{_N}",
    re.I,
)
_LENGTH_OF = re.compile(
    r"(?:maximum length (?:for|of)|максимальная длина(?: для)?) (`\w+`(?:(?:, | and | и )`\w+`)*) (?:is|—|-) `?(\d+)`?",
    re.I,
)
_LONGEST_LIST = re.compile(rf"\b{_MOST}\s*(?:[—–:-]\s*)?{_N}\s*(?:[a-zа-я]+ )?{_ITEMS}\b", re.I)
_OF_A_PAGE = re.compile(r"per page|page size|pagination|на страниц|постранич|per request|за запрос", re.I)

_NUMBER = r"`?(-?\d+(?:\.\d+)?)`?"
_RANGES = (
    re.compile(
        rf"(?:\bfrom|\bот|\bс|range(?: of| from)?:?|диапазон\w*(?: от)?:?|values?:?)\s+{_NUMBER}"
        rf"\s*(?:to|до|по|[—–-]|\.\.\.?)\s*{_NUMBER}",
        re.I,
    ),
    re.compile(rf"\bbetween\s+{_NUMBER}\s*and\s*{_NUMBER}", re.I),
    re.compile(r"\((\d+)\s*[–-]\s*(\d+)\)"),
)
_SEVERAL_RANGES = re.compile(r"\branges\b|диапазонов", re.I)
# A number with a word after it counts things, not the parameter.
_ALONE = rf"\s*(?:is|equals)?\s*[—–:-]?\s*{_NUMBER}(?!\w|\.\w|\s*[^\W\d]{{4,}})"
_MINIMUM = re.compile(
    r"(?:min(?:imum)?(?: (?:allowed |possible )?value)?|at least|not less than|no less than|greater than or equal to"
    rf"|минимум|минимальное(?: допустимое)? значение|не менее|не меньше|больше или равн\w+){_ALONE}",
    re.I,
)
_MAXIMUM = re.compile(
    r"(?:max(?:imum)?(?: (?:allowed |possible )?(?:value|number))?|at most|no more than|not more than"
    r"|not exceed(?:ing)?|less than or equal to|максимум|максимальное(?: допустимое)? (?:значение|количество|число)"
    rf"|не более|не больше|меньше или равн\w+){_ALONE}",
    re.I,
)
_ABOVE_ZERO = re.compile(
    r"(?:must be|should be|has to be|должн\w+ быть) (?:strictly |строго )?(?:greater than|more than|больше) "
    r"(?:`?0`?(?!\d)|zero|нуля)|positive (?:integer|number)|положительн\w+ (?:целое |число)",
    re.I,
)

_UNITS = (
    ("milliseconds", r"milliseconds|миллисекунд\w*"),
    ("seconds", r"seconds|секунд\w*"),
    ("minutes", r"minutes|минут\w*"),
    ("hours", r"hours|час(?:ов|ах)"),
    ("days", r"days|дн(?:ей|ях)"),
    ("months", r"months|месяц\w*"),
    ("bytes", r"bytes|байт\w*"),
    ("KB", r"KB|kilobytes|КБ|килобайт\w*"),
    ("MB", r"MB|megabytes|МБ|мегабайт\w*"),
    ("GB", r"GB|gigabytes|ГБ|гигабайт\w*"),
    ("percent", r"percent(?:age)?|%|процент\w*"),
    ("pixels", r"pixels|px|пиксел\w*"),
    ("grams", r"grams|грамм\w*"),
    ("millimeters", r"millimeters|mm|миллиметр\w*|мм"),
    ("meters", r"meters|метр\w*"),
    ("kilometers", r"kilometers|километр\w*"),
)
_UNIT = re.compile(
    r"(?:\bin|\bв|number of|количество|число|\(|measured in|period of|, )\s*(?:full |whole |calendar |целых )?(?:"
    + "|".join(f"(?P<u{at}>{names})" for at, (_, names) in enumerate(_UNITS))
    + r")(?![\w])",
    re.I,
)

_HEX = re.compile(r"\bhex\b", re.I)
_COLOR = re.compile(r"colou?r|цвет", re.I)

_LINK = re.compile(r"\[`*([^\]\n`]+)`*\]\(([^)#\s]+\.md)(?:#[^)\s]*)?\)")
_METHOD = re.compile(r"\[`*\w+(?:\.\w+)+`*\]\([^)]*\)")
_OBTAINED = re.compile(
    r"\bobtain|\bretriev|\bfound\b|\bfind\b|\bget\b|\blearn|\breturn(?:s|ed)\b|\bavailable (?:through|via|in)|\bsee\b"
    r"|\bview|\bdetermine|\bcheck\b|values? (?:from|of)|\bfrom the (?:method|list)|taken from|\buse\b.*\bto\b"
    r"|получ|узна|найти|возвращ|взять|смотр|см\.|посмотр|определ|список",
    re.I,
)
_NOT_A_SOURCE = re.compile(
    r"\b(?:same as|similar|instead|deprecated|works? like|more details|read more|article|section|after calling"
    r"|was created|will be|find out (?:if|whether))\b|вместо|аналогич|подробн|устар|статье|разделе",
    re.I,
)
_READS = re.compile(r"list|get|fields|types|search|statuses|instances|current|/enum|languages", re.I)
_READ_ONLY = re.compile(
    r"(?:^|\. |[(;,]|\n\n|\bfield is |\bis |поле )\s*\**"
    r"(?:(?:a )?read[- ]only|(?:доступно )?только (?:для )?чтени[ея])\**"
    r"(?: field| parameter| поле| параметр)?\s*(?:[.);,]|\n\n|$)",
    re.I,
)


@dataclass(frozen=True, slots=True)
class ValueLimits:
    """The default of a parameter, its limits, its unit, and the page or the name of the method with its values."""

    default: str = ""
    minimum: float | None = None
    maximum: float | None = None
    longest: int | None = None
    unit: str = ""
    source: str = ""
    read_only: bool = False

    def __or__(self, other: ValueLimits) -> ValueLimits:
        """Return what two descriptions of one parameter say; what they say differently is left out."""
        return ValueLimits(
            default=_agreed(self.default, other.default) or "",
            minimum=_agreed(self.minimum, other.minimum),
            maximum=_agreed(self.maximum, other.maximum),
            longest=_agreed(self.longest, other.longest),
            unit=_agreed(self.unit, other.unit) or "",
            source=self.source or other.source,
            read_only=self.read_only and other.read_only,
        )


UNLIMITED = ValueLimits()
"""The limits of a parameter whose description states none."""


def limits_of(text: str, name: str, kind: str) -> ValueLimits:
    """Read the description of a parameter."""
    parts = {part.removesuffix("[]").lower() for part in kind.split("|")}
    is_list = bool(kind) and all(part.endswith("[]") or part == "array" for part in kind.split("|"))
    minimum, maximum = _range(text) if parts <= _NUMBERS and not is_list else (None, None)
    return ValueLimits(
        default=_default(text, name, is_number=parts <= _NUMBERS) if not parts <= {"object", "array"} else "",
        minimum=minimum,
        maximum=maximum,
        longest=_longest(text, is_list=is_list) if is_list or parts & _TEXTS else None,
        unit=_unit(text) if parts <= _NUMBERS and not is_list else _form(text) if parts <= _TEXTS else "",
        source=_source(text),
        read_only=bool(_READ_ONLY.search(text)) and not re.search(r"read.?only", name, re.I),
    )


def _agreed(first: _T, second: _T) -> _T | None:
    """Return what one or both of two descriptions say; None when they differ."""
    if first == second or second in (None, ""):
        return first
    return second if first in (None, "") else None


def _default(text: str, name: str, *, is_number: bool) -> str:
    patterns = (_DEFAULT,) if re.search("def", name, re.I) else (_DEFAULT, _DEFAULT_ITEM, _DEFAULT_AFTER, _DEFAULT_USED)
    for pattern in patterns:
        for found in pattern.finditer(text):
            sentence = re.split(r"[.!\n]\s", text[: found.start()])[-1]
            if _CONDITIONAL.search(_WHEN_MISSING.sub("", sentence)):
                continue
            value = next((group for group in found.groups() if group is not None), "").strip()
            # `name=value` repeats the name of the parameter.
            value = value.strip("'\"").rpartition("=")[2]
            if _DEFAULT_VALUE.fullmatch(value) and (not is_number or _A_NUMBER.fullmatch(value)):
                return value
    return ""


def longest_of(name: str, texts: Iterable[str]) -> int | None:
    """Return the length of a parameter that a text beside the table states for several of them."""
    for text in texts:
        for names, number in _LENGTH_OF.findall(text):
            if f"`{name}`" in names:
                return int(number)
    return None


def _longest(text: str, *, is_list: bool) -> int | None:
    if is_list and _OF_A_PAGE.search(text):
        return None
    for pattern in (_LONGEST_LIST,) if is_list else (_LENGTH, _LONGEST_TEXT):
        if found := pattern.search(text):
            return int(re.sub(r"\D", "", next(group for group in found.groups() if group)))
    return None


def _range(text: str) -> tuple[float | None, float | None]:
    if _SEVERAL_RANGES.search(text):
        return None, None
    for pattern in _RANGES:
        if (both := pattern.search(text)) and _number(both[1]) < _number(both[2]):
            return _number(both[1]), _number(both[2])
    low, high = _MINIMUM.search(text), _MAXIMUM.search(text)
    minimum = _number(low[1]) if low else (1 if _ABOVE_ZERO.search(text) else None)
    return minimum, _number(high[1]) if high else None


def _number(text: str) -> float:
    number = float(text)
    return int(number) if number.is_integer() else number


def _unit(text: str) -> str:
    found = _UNIT.search(text.split("\n\n")[0])
    if found is None or found.lastgroup is None:
        return ""
    return _UNITS[int(found.lastgroup[1:])][0]


def _form(text: str) -> str:
    """Return the form of a text as a unit: `hex color`, or none."""
    first = text.split("\n\n")[0]
    return "hex color" if _HEX.search(first) and _COLOR.search(first) else ""


def _source(text: str) -> str:
    """Return the page of the method that a sentence names as the place to get the values."""
    for sentence in _sentences(text):
        if not _OBTAINED.search(_LINK.sub("", sentence)) or _NOT_A_SOURCE.search(_METHOD.sub("", sentence)):
            continue
        links = _LINK.findall(sentence)
        named = [target for _, target in links if _READS.search(target.rpartition("/")[2])]
        if named or links:
            return str((named or [target for _, target in links])[0])
    return ""


def _sentences(text: str) -> Iterator[str]:
    for line in text.split("\n\n"):
        yield from re.split(r"\.\s+(?=[A-ZА-Я])", line)
