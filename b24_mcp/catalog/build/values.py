"""The allowed values of a parameter and the keys of an object, in the description of the parameter."""

from __future__ import annotations

import re

_CODE = re.compile(r"`([^`]+)`")
_VALUES_AHEAD = re.compile(
    r"(?:possible|allowed|available|valid|acceptable|supported|accepts)(?: (?:\w+|`\w+`)){0,3}? values?\b"
    r"|\bvalues?:\s*$|can (?:take|be) (?:one of )?the following|one of(?: the)?(?: following)?(?: values)?:|accepts:?$"
    r"|(?:возможн|допустим|доступн|поддерживаем)\w+ (?:\w+ ){0,2}?значени\w*"
    r"|принимает(?: одно из)?(?: следующ\w+)? значени\w*"
    r"|значени[ея]:\s*$|одно из(?: следующих)? значений|может принимать(?: значения)?|может быть:",
    re.I,
)
_KEYS_AHEAD = re.compile(
    r"\b(?:fields?|keys)\b(?!_)[^.\n]*:\s*$|\bпол(?:я|ям|ей|е)\b[^.\n]*:\s*$|\bключ\w*[^.\n]*:\s*$", re.I
)
# "Active: `Y` or `N`", without a word about values.
_YES_NO = re.compile(r"[:—–(]\s*`Y` (?:or|или|/) `N`")
_BULLET = re.compile(r"^(\s*)[-*•]\s+[\[*]*`([^`\n]+)`(?:\]\([^)]*\))?\**(.*)$")
_VALUE = re.compile(r"[\w.:+\-/ ]{1,48}$")


def values_of(text: str) -> tuple[str, ...]:
    """Return the allowed values: bullets of code below a line that announces values, or codes in that line."""
    if _YES_NO.search(text):
        return "Y", "N"
    lines = text.split("\n")
    for at, line in enumerate(lines):
        announced = _VALUES_AHEAD.search(line)
        if announced is None:
            continue
        if not _announces(line, announced.start()):
            continue
        values = _bullets(lines[at + 1 :])
        if not values:
            tail = line[announced.end() :].lstrip(": ")
            # "Possible values: `Y`, `N`": only codes and conjunctions up to the end of the sentence.
            sentence = re.split(r"\.\s|\.$|(?:by default|по умолчанию)", tail, flags=re.I)[0]
            codes = _CODE.findall(sentence)
            joined = re.sub(r"\([^)]*\)|[—–-][^,;]*", "", _CODE.sub("", sentence))
            if codes and re.fullmatch(r"[\s,;/|.]*(?:(?:or|and|или|и|либо)?[\s,;/|.]*)*", joined):
                values = codes
        usable = list(dict.fromkeys(_literal(value) for value in values))
        if set(usable) <= {"true", "false"}:
            continue
        if len(usable) > 1 and all(_VALUE.match(value) for value in usable):
            return tuple(usable)
    return ()


def keys_of(text: str) -> tuple[str, ...]:
    """Return the keys of an object: bullets of code below a line that announces fields."""
    lines = text.split("\n")
    for at, line in enumerate(lines):
        if _KEYS_AHEAD.search(line):
            keys = _bullets(lines[at + 1 :])
            if len(keys) > 1 and all(re.fullmatch(r"[A-Za-z_]\w*", key) for key in keys):
                return tuple(dict.fromkeys(keys))
    return ()


def _announces(line: str, at: int) -> bool:
    """Whether values announced at `at` are those of the parameter: not examples, names of fields, or parts of it."""
    before = line[:at]
    sentence = re.split(r"\.\s", before)[-1] + line[at:].partition(". ")[0]
    if re.search(
        r"\bexample|пример|range|диапазон|\bfrom `|\bот `|sort|сортиров|fields\b|\bполя\b|\bkeys|ключ", sentence, re.I
    ):
        return False
    return not re.search(
        r"(?:parameter|параметр|for the|для) `\w+`|`\w+` (?:parameter|codes?)|(?:код|ключ)\w* `\w+`",
        before + sentence,
        re.I,
    )


def _literal(value: str) -> str:
    return value.strip().strip("'\"").strip()


def _bullets(lines: list[str]) -> list[str]:
    values: list[str] = []
    indent: int | None = None
    for line in lines:
        if not line.strip():
            if values:
                following = next((rest for rest in lines[lines.index(line) + 1 :] if rest.strip()), "")
                if not _BULLET.match(following):
                    break
            continue
        if found := _BULLET.match(line):
            depth = len(found[1])
            indent = depth if indent is None else indent
            if depth == indent:
                values.append(found[2])
                # "- `Y`, `yes` — …" lists two spellings of one value.
                if also := re.match(r"(?:\s*(?:,|/|or|или)\s*`[^`]+`)+", found[3]):
                    values.extend(_CODE.findall(also[0]))
        elif values and indent is not None and len(line) - len(line.lstrip()) > indent:
            continue
        elif re.match(r"\s*[-*•]\s", line):
            # A bullet without code: this is not a list of values.
            return []
        elif values:
            break
        else:
            return []
    return values
