"""The allowed values of a parameter and the keys of an object, in the description of the parameter."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from b24_mcp.catalog.build.listings import ValueListing, codes_ahead, is_item, listings_of
from b24_mcp.dialect.markup import MarkupTable

_CODE = re.compile(r"`([^`]+)`")
_VALUES_AHEAD = re.compile(
    r"(?:possible|allowed|available|valid|acceptable|supported|permitted|accepts?|following|takes?|typical|standard"
    r"|common|main|basic|reserved|other)(?: (?:\w+|`\w+`)){0,3}? "
    r"(?:values?|options?|types?|statuses|modes|variants?|codes?|levels?|identifiers)\b"
    r"|\bvalues?(?: \w+){0,2}:\s*$|can (?:take|be)(?: either)?(?: one of)?(?: the following)?\b"
    r"|one of(?: the)?(?: following)?(?: values)?:|accepts:?$|(?:values|options):|takes(?: one of)?(?: the)? values?"
    r"|(?:возможн|допустим|доступн|поддержива|типов|стандартн|основн)\w+ (?:\w+ ){0,2}?"
    r"(?:значени|вариант|тип|статус|режим|код|уровн)\w*"
    r"|поддерживаются(?= `)|принимает(?: одно из)?(?: следующ\w+)? значени\w*|принимает:?$"
    r"|значени[ея](?: \w+){0,2}:\s*$|(?:значения|варианты)(?: \w+){0,2}:|одно из(?: следующих)? значений"
    r"|может (?:принимать|иметь|быть|содержать)(?: одно из)?(?: следующ\w+)?(?: значени\w+)?:?",
    re.I,
)
_KEYS_AHEAD = re.compile(
    r"\b(?:fields?|keys|additional parameters)\b(?!_)[^.\n]*:\s*$|дополнительн\w+ параметр\w*:\s*$"
    r"|\bпол(?:я|ям|ей|е)\b[^.\n]*:\s*$|\bключ\w*[^.\n]*:\s*$",
    re.I,
)
_OF_SOMETHING_ELSE = re.compile(
    r"range|диапазон|\bfrom `|\bот `|\bsort|сортиров|fields\b|\bполя(?:ми|х)?\b|\bполей\b|\bkeys?\b|ключ"
    r"|prefix|префикс|operator|оператор|macro|макрос|placeholder|плейсхолдер|mask|маск|structure|структур"
    r"|\bparameters\b|параметры\b|параметрами|contain|содерж|replaced|замен",
    re.I,
)
_DEFAULTS = re.compile(r"default|по умолчанию", re.I)
_KINDS_OF_FIELDS = re.compile(r"(?:custom|system|standard|пользовательск|системн|стандартн)\w* (?:fields|поля):", re.I)
_OF_THE_FIELD_LISTED = re.compile(
    r"(?:parameter|параметр|for the|для) `\w+`|`\w+` (?:parameter|codes?)|(?:код|ключ)\w* `\w+`|(?:where|где):?$"
    r"|for (?:the )?(?:order|field)\b|`?(?:order|field|value)_?[nN]`?:?$|`(?:order|field|value)`:?$"
    r"|(?:of|for) (?:the )?`\w+`|prefix",
    re.I,
)
# "There are 8 colors, values from 1 to 7": few numbers that are texts.
_COUNTED = re.compile(r"(?:\bvalues|значения) (?:from|от) `?(\d{1,2})`? (?:to|до) `?(\d{1,2})`?(?![\w.])", re.I)
_MOST_COUNTED = 20
_ALL_POSSIBLE = re.compile(
    r"(?:possible|allowed|available|supported|acceptable) values?(?::| is\b| are\b)"
    r"|(?:возможн|допустим|доступн|поддержива)\w+ значени\w+(?::| —)",
    re.I,
)
_CHOICE = re.compile(
    r"[:—–]\s*((?:`[^`\n]+`\s*,\s*)*`[^`\n]+`\s*,?\s*(?:or|или)\s*`[^`\n]+`)\s*(?:[.;]\s|[.;]?$|[.;]?\n)"
)
_CODES_BELOW = re.compile(r"[:—–][ \t]*\n\s*((?:`[^`\n]+`\s*,\s*)+`[^`\n]+`)[ \t]*\.?[ \t]*(?:\n|$)")
_NO_CHOICE = re.compile(r"parameter|field|method|параметр|пол[еяй]|метод|default|умолч", re.I)
_EXAMPLE = re.compile(r"\bexamples?\b|\be\.g\.|instance\b|such as|пример|напр\.", re.I)
_SOME = re.compile(
    r"typical|standard|common|popular|frequent|usual|\bmain\b|basic|reserved|among|includ|\betc\b|other values"
    r"|типов|стандартн|часто|распростран|основн|зарезерв|в том числе|и т\. ?[дп]|другие значения",
    re.I,
)
_MORE_BELOW = re.compile(
    r"crm\.type\.list|DYNAMIC_|\bSPAs?\b|smart process|смарт-процесс|other values|another value|другие значения"
    r"|and others|и другие|may expand|may change|может (?:измен|расшир)|other types|custom types|custom field type"
    r"|and so on|\betc\b|и т\. ?[дп]",
    re.I,
)
_PLACEHOLDER = re.compile(r"[<>{}#*]|^value_?\d$|XX+|\.\.\.|…|_N$|[a-z]N$|_ID$.*_ID$|\[.*\]")
_VALUE = re.compile(r"[\w.:+\-/\\ !]{1,64}$")
_NUMBERS = frozenset({"integer", "int", "double", "float", "number"})
_TEXTS = frozenset({"string", "char", "text", "enum", "", "any", "mixed"})
_OTHERS = frozenset({"date", "datetime", "file", "time", "object", "attached_diskfile", "diskfile", "url"})
_KEYED = re.compile(
    r"key-value|array of objects|\bthe key\b|(?:format|form) `\{|массив объектов|ключ-значение"
    r"|\bключ[а-я]* (?:—|-|массива)|формате `\{",
    re.I,
)
_FLAG_OF_ANOTHER = re.compile(
    r"(?:parameter|параметр\w*|field|пол[ея]|in|в) `?\w{2,}`?(?: (?:is|=|равен|со значением))? `?[YN]`"
)
_ORDERS = frozenset({"order", "sort"})
_DIRECTION = re.compile(r"(?<![\w])(asc|desc)(?![\w])", re.I)
_TYPES = frozenset({"string", "array", "null", "integer", "object"})
_YES_NO_CODE = re.compile(r"(?:[`'\"«“]|\*\*)([YN])(?:[`'\"»”]|\*\*)")
_YES_NO_BARE = re.compile(
    r"[\[(]Y\s*(?:\\?\||/|,|or|или)\s*N[\])]|\bY\s*(?:\\?\||/)\s*N\b|`Y\s*(?:\\?\||/|,)\s*N`"
    r"|\bY [—–-] [^N`]{1,60}\bN [—–-] |[:—–] Y (?:or|или) N\b"
    r"|\bvalues? (?:are|is):? Y or N\b|\bзначени\w+(?: —|:)? Y или N\b"
)
_JOINED = re.compile(r"(?:[\s,;/|.\\]|\bor\b|\band\b|\beither\b|\bare\b|\bis\b|\bили\b|\bлибо\b|\bи\b)*+$")
_BARE_LIST = re.compile(r"[:—–]\s*((?:\w{1,20})(?:\s*(?:,|/|\\?\||\bor\b|\bили\b)\s*\w{1,20}){1,11})\s*\.?$")


@dataclass(frozen=True, slots=True)
class Allowed:
    """The values that a description lists; `is_open` when there may be more."""

    values: tuple[str, ...] = ()
    is_open: bool = False

    def __or__(self, other: Allowed) -> Allowed:
        """Return the values of both descriptions of one parameter."""
        if not self.values and not other.values:
            return self
        is_open = self.is_open or other.is_open or not self.values or not other.values
        return Allowed(tuple(dict.fromkeys([*self.values, *other.values])), is_open)


NOT_LISTED = Allowed()
"""The values of a parameter whose description lists none."""


def values_of(text: str, name: str = "", kind: str = "string") -> Allowed:
    """Return the allowed values of a parameter: items of a list of codes, or codes in a sentence about values."""
    parts = [part.removesuffix("[]").strip().lower() for part in kind.split("|")]
    if set(parts) <= _OTHERS or _holds_keys(name, parts):
        bare = name.lower().removeprefix("ar")
        if bare in _ORDERS or bare.endswith("order"):
            return _directions(text)
        return _selected(text) if bare == "select" else Allowed()
    found = _in_lists(text, name, parts) or _in_sentences(text) or _choice(text) or _yes_or_no(text, parts)
    found = found or _counted(text, parts)
    if found is None and name.lower() in _ORDERS:
        return _directions(text)
    if found is None or not _suits(found.values, parts) or set(found.values) <= _TYPES:
        return Allowed()
    return found


def codes_of_table(table: MarkupTable) -> tuple[str, ...]:
    """Return the codes in the first column of a table of values; empty for another kind of table."""
    codes: list[str] = []
    for cells in table.rows[1:]:
        found, rest = codes_ahead(cells[0].text.strip())
        if len(found) != 1 or rest.strip() or not re.fullmatch(r"[\w.\\/:-]{1,64}", found[0]):
            return ()
        codes.append(_literal(found[0]))
    return tuple(dict.fromkeys(codes)) if len(codes) > 1 and len(table.rows[0]) > 1 else ()


def keys_of(text: str) -> tuple[str, ...]:
    """Return the keys of an object: items of code below a line that announces fields."""
    for listing in listings_of(text):
        if _KEYS_AHEAD.search(listing.intro) and all(len(item.codes) for item in listing.items):
            keys = listing.codes
            if len(keys) > 1 and all(re.fullmatch(r"[A-Za-z_]\w*", key) for key in keys):
                return tuple(dict.fromkeys(keys))
    return ()


def _holds_keys(name: str, parts: list[str]) -> bool:
    """Whether the codes in the description of a parameter are names of keys or of fields."""
    bare = name.lower().removeprefix("ar")
    if bare in {"filter", "select", "group"}:
        return True
    return (bare in _ORDERS or bare.endswith("_order")) and not set(parts) <= {"string", "char", "integer", "int"}


def _directions(text: str) -> Allowed:
    """Return the directions of an order: values of its fields, not of the parameter itself."""
    found = {one.lower(): one for one in reversed(_DIRECTION.findall(text))}
    return Allowed(tuple(found[one] for one in ("asc", "desc")), is_open=True) if len(found) == 2 else Allowed()


def _selected(text: str) -> Allowed:
    """Return the names of fields that a `select` may have."""
    for listing in listings_of(text):
        codes = [code for code in listing.codes if code != "*"]
        if not re.search(r"fields?\b|пол[яей]|values?|значени", f"{listing.before} {listing.intro}", re.I):
            continue
        if _EXAMPLE.search(listing.intro) or re.search(r"mask|маск|default|по умолчанию", listing.intro, re.I):
            continue
        if len(codes) < 2 or not all(re.fullmatch(r"[A-Za-z_][\w.]*", code) for code in codes):
            continue
        is_open = "*" in text.replace("**", "") or bool(re.search(r"UF_|custom|пользовательск|relat|связан", text))
        return Allowed(tuple(dict.fromkeys(codes)), is_open or not all(item.codes for item in listing.items))
    return Allowed()


def _in_lists(text: str, name: str, parts: list[str]) -> Allowed | None:
    found: Allowed | None = None
    for listing in listings_of(text):
        if found is not None and not (listing.follows_caption and listing.intro):
            break
        one = _of_list(listing, name, parts, text) if found is None else _more(listing)
        if one is not None:
            found = one if found is None else found | one
        elif found is not None:
            break
    return found


def _more(listing: ValueListing) -> Allowed | None:
    """Return the values of a further group below its caption."""
    codes = list(map(_literal, listing.codes))
    of_others = any(words.search(listing.intro) for words in (_OF_SOMETHING_ELSE, _EXAMPLE, _DEFAULTS))
    if not codes or (of_others and not _KINDS_OF_FIELDS.match(listing.intro)):
        return None
    return Allowed(tuple(codes)) if all(map(_VALUE.match, codes)) else None


def _of_list(listing: ValueListing, name: str, parts: list[str], text: str) -> Allowed | None:
    """Return the values that a list gives; None for a list of something else."""
    sentence = _sentence_above(listing)
    if _OF_THE_FIELD_LISTED.search(sentence) or _of_something_else(sentence, name, parts):
        return None
    items = [item for item in listing.items if item.codes]
    codes = [_literal(code) for item in items for code in item.codes]
    codes = list(dict.fromkeys(code for code in codes if code.lower() != "null"))
    if set(codes) <= {"true", "false"} or (len(codes) < 2 and not _ALL_POSSIBLE.search(sentence)):
        return None
    if parts == ["array"] and _KEYED.search(text):
        return None
    has_patterns = any(map(_PLACEHOLDER.search, codes))
    if not all(not code or _VALUE.match(code) or re.fullmatch(r"[\w<>{}#*.:|\[\]-]+", code) for code in codes):
        return None
    explained = all(item.explains for item in items)
    if not _VALUES_AHEAD.search(sentence):
        short = len(codes) > 2 and all(len(code) < 4 for code in codes)
        are_captions = all(re.fullmatch(r"[A-Z][a-z]+", code) for code in codes)
        if has_patterns or are_captions or not explained or not (_is_plain(parts) or (parts == ["array"] and short)):
            return None
        if len(items) < len(listing.items) and not (sentence.endswith(":") and len(items) > 1):
            return None
    is_example = bool(_EXAMPLE.search(sentence))
    if is_example and (has_patterns or not explained or not _is_plain(parts)):
        return None
    # Words without a mark are rather examples than codes.
    is_words = any(item.bare and not re.fullmatch(r"-?\d+|\w", item.codes[0]) for item in items)
    is_open = has_patterns or is_words or is_example or len(codes) < 2 or len(items) < len(listing.items)
    is_open = is_open or _may_be_more(sentence, listing)
    return Allowed(tuple(codes), is_open and set(codes) != {"Y", "N"})


def _sentence_above(listing: ValueListing) -> str:
    """Return the sentence that introduces a list; a caption belongs to the line above it."""
    introduced = listing.intro
    if _VALUES_AHEAD.search(introduced) or not listing.follows_caption:
        pass
    elif _VALUES_AHEAD.search(listing.before) or not introduced.endswith(":"):
        introduced = f"{listing.before} {introduced}"
    return re.split(r"[.!](?:\s|(?=[А-Я]))", introduced.rstrip(". "))[-1]


def _of_something_else(sentence: str, name: str, parts: list[str]) -> bool:
    """Whether a list is of names of fields, of keys, of operators, and not of values."""
    about = _OF_SOMETHING_ELSE.search(sentence)
    if about is None:
        return False
    if _is_plain(parts) and _KINDS_OF_FIELDS.match(sentence):
        return False
    # The value of a parameter such as `fieldName` or of a `sort` that is a text is itself the name of a field.
    if name.lower() == "sort" and parts == ["string"]:
        return False
    is_name = re.search(r"name|field|column|property|code|код|имя|поле", name, re.I)
    return not (is_name and re.search(r"available|possible|доступн|возможн", sentence, re.I))


def lists_values(title: str) -> bool:
    """Whether a heading announces values."""
    return bool(re.search(r"\bvalues?\b|значени", title, re.I))


def may_grow(text: str) -> bool:
    """Whether a text says that there may be further values."""
    return bool(_MORE_BELOW.search(text))


def _may_be_more(sentence: str, listing: ValueListing) -> bool:
    if _SOME.search(sentence) or _MORE_BELOW.search(listing.after):
        return True
    return any(_MORE_BELOW.search(item.rest) for item in listing.items)


def _in_sentences(text: str) -> Allowed | None:
    """Return the codes in a sentence that announces values and has nothing else."""
    for line in text.split("\n"):
        if is_item(line):
            continue  # it is about a part of the parameter
        for announced in _VALUES_AHEAD.finditer(line):
            if not _announces(line, announced.start()):
                continue
            tail = line[announced.end() :].lstrip(": —–")
            sentence = re.split(r"\.\s|\.$|(?:by default|default\b|по умолчанию)", tail, flags=re.I)[0]
            quoted = [one for code in _CODE.findall(sentence) for one in re.split(r"(?<=\w)\\?\|(?=\w)", code)]
            codes = list(dict.fromkeys(map(_literal, quoted)))
            joined = re.sub(r"\([^)]*\)|[—–-][^,;]*", "", _CODE.sub("", sentence))
            if not codes and (bare := _BARE_LIST.search(line[announced.start() :].strip())):
                codes, joined = re.split(r"\s*(?:,|/|\\?\||\bor\b|\bили\b)\s*", bare[1]), ""
                if not _are_codes(codes):
                    continue
            single = len(codes) == 1 and _ALL_POSSIBLE.search(line[announced.start() :])
            if (len(codes) > 1 or single) and _JOINED.match(joined):
                if set(codes) <= {"true", "false"} or not all(map(_VALUE.match, codes)):
                    continue
                is_open = single or _SOME.search(line[announced.start() :])
                return Allowed(tuple(codes), bool(is_open) and set(codes) != {"Y", "N"})
    return None


def _choice(text: str) -> Allowed | None:
    """Return the codes of "Mode: `fast` or `slow`", and those of a line of codes alone below "Mode:"."""
    for found in (*_CHOICE.finditer(text), *_CODES_BELOW.finditer(text)):
        sentence = re.split(r"[.\n]", text[: found.start()])[-1]
        codes = list(map(_literal, _CODE.findall(found[1])))
        if _EXAMPLE.search(sentence) or _NO_CHOICE.search(sentence):
            continue
        if all(map(_VALUE.match, codes)) and not set(codes) <= {"true", "false", "null"}:
            return Allowed(tuple(dict.fromkeys(codes)))
    return None


def _counted(text: str, parts: list[str]) -> Allowed | None:
    """Return the numbers of a range that a text may have."""
    between = _COUNTED.search(text) if set(parts) <= {"string", "char"} else None
    if between is None or not 0 < int(between[2]) - int(between[1]) < _MOST_COUNTED:
        return None
    return Allowed(tuple(map(str, range(int(between[1]), int(between[2]) + 1))))


def _are_codes(words: Iterable[str]) -> bool:
    return all(re.fullmatch(r"[A-Z0-9_]{1,20}", word) for word in words)


def _yes_or_no(text: str, parts: list[str]) -> Allowed | None:
    """Return Y and N for a flag."""
    if not set(parts) <= {"char", "string", "boolean", "bool", ""}:
        return None
    if _YES_NO_BARE.search(text):
        return Allowed(("Y", "N"))
    first = re.split(r"\n\s*\n\s*[-*•]|\n[-*•]", text)[0]
    flags = set(_YES_NO_CODE.findall(first if parts == [""] else text))
    others = {code for code in _CODE.findall(text) if code not in {"Y", "N"} and len(code) == 1}
    if others or _FLAG_OF_ANOTHER.search(text):
        return None
    if flags == {"Y", "N"} or (flags and parts in (["char"], ["boolean"], ["bool"])):
        return Allowed(("Y", "N"))
    return None


def _is_plain(parts: list[str]) -> bool:
    return set(parts) <= _TEXTS | _NUMBERS | {"boolean", "bool"} - {""} and parts != [""]


def _suits(values: tuple[str, ...], parts: list[str]) -> bool:
    if set(parts) <= _NUMBERS:
        return all(re.fullmatch(r"-?\d+(?:\.\d+)?", value) for value in values)
    return True


def _announces(line: str, at: int) -> bool:
    """Whether values announced at `at` are those of the parameter: not examples, names of fields, or parts of it."""
    before = line[:at]
    sentence = re.split(r"\.\s", before)[-1] + line[at:].partition(". ")[0]
    if _EXAMPLE.search(sentence) or _OF_SOMETHING_ELSE.search(sentence):
        return False
    return not _OF_THE_FIELD_LISTED.search(before + sentence)


def _literal(value: str) -> str:
    return value.strip().strip("'\"").strip().replace("\\_", "_").replace("\\\\", "\\")
