"""The keys of `filter`, `select` and `order` that the description of the parameter lists, or that it has in common with
another parameter of the call.
"""

from __future__ import annotations

import re

_ANNOUNCED = re.compile(r"\b(?:fields?|keys)\b(?!_)|\bпол(?:я|ям|ей|е|ем|ями|ях)\b|\bключ\w*", re.I)
# "Only the fields `ID`, `CREATED` are supported", without a colon.
_ONLY = re.compile(r"\bonly\b|(?<!not )\bsupport|только|(?<!не )поддерживаются", re.I)
_BULLET = re.compile(r"^(\s*)[-*•]\s+[\[*]*`([^`\n]+)`")
_NAMES = re.compile(r"(?:`[A-Za-z_][\w.]*`(?:[,.;]\s+|\s+(?:and|or|и|или)\s+)?)+")
_NAME = re.compile(r"[A-Za-z_][\w.]*(?:\*|<\w+>|\.\.\.)?")
_LIKE = re.compile(
    r"(?:same|similar|correspond|identical|analogous|аналогич|такой же|такие же|те же|тем же|тех же|совпада|соответств)"
    r"[^.\n]{0,80}?(?:`(filter|select|order|sort)`|\b(filter|фильтр\w*)\b)",
    re.I,
)
# "An object `{fileData: [...]}`".
_INLINE = re.compile(r"(?<!например )(?<!например, )(?<!example, )(?<!example )(?<!e\.g\., )`\{([^`{}]*)\}`")
_KEY = re.compile(r"(?<![\w'\"])['\"]?([A-Za-z_]\w*)['\"]?\s*:(?!//)")
_PLACEHOLDER = re.compile(
    r"(?i:field|value|key|lang|code|option|param|name|id)\w*?_?[1-9nN]|[a-z]{2}|n\d+|langCode|property|uuid|user"
    r"|FieldCode|access_code|PROPERTY_(?:CODE|PRICE)|(?:call_)?option"
)
# "An array with the field `NAME`".
_WITH_FIELD = re.compile(
    r"переда[её]тся (?:обязательный )?параметр (`\w+`)|the (?:required )?parameter (`\w+`) \(|the (`\w+`) parameter \("
    r"|(?:массив|объект) с пол(?:ем|ями) (`\w+`(?:(?:, | и )`\w+`)*)"
    r"|array with (?:the |a )?(?:fields? )?(`\w+`(?:(?:, | and )`\w+`)*)",
    re.I,
)
_NEEDED = re.compile(
    r"(?<!не)(?<!не )(?:обязателен|обязательно (?:передайте|передать|использовать|укажите|указать))[^`.\n]{0,40}`(\w+)`"
    r"|`(\w+)`(?: field| parameter| condition)? is (?:required|mandatory)",
    re.I,
)
# "In the format with three required blocks: `user`, `message`, `chat`".
_NEEDED_LIST = re.compile(
    r"(?:required (?:blocks|fields|keys|elements)|обязательны\w+ (?:блок|пол|ключ|элемент)\w*):? "
    r"(`\w+`(?:(?:, | and | и |, and )`\w+`)+)",
    re.I,
)
_UNSUPPORTED = re.compile(
    r"(?:fields|поля) ((?:`\w+`(?:, | and | и )?)+)(?:[^.\n`]|`(?:filter|order|select)`){0,30}"
    r"(?:are not supported|не поддерживаются)",
    re.I,
)
# "Possible `code` values:" above a list.
_VALUES_OF_KEY = re.compile(
    r"(?:(?:possible|allowed) `(\w+)` values|(?:возможные|допустимые) значения `(\w+)`):[ \t]*\n+"
    r"((?:[ \t]*[-*•] [^\n]*(?:\n|\Z))+)",
    re.I,
)
_DIRECTIONS = frozenset({"asc", "desc"})


def listed_keys(text: str) -> tuple[str, ...]:
    """Return the fields that a description lists: bullets of code or codes in a sentence that announces fields."""
    lines = text.split("\n")
    for at, line in enumerate(lines):
        announced = _ANNOUNCED.search(line)
        if announced is None:
            continue
        if line.rstrip().endswith(":") and (keys := _bullets(lines[at + 1 :])):
            return keys
        tail = line[announced.end() :]
        before, colon, rest = tail.partition(":")
        if colon and len(before) < 60 and (found := _NAMES.match(rest.strip())):
            return _usable(re.findall(r"`([^`]+)`", found[0]))
        if _ONLY.search(line) and (found := _NAMES.match(tail.strip())):
            return _usable(re.findall(r"`([^`]+)`", found[0]))
    return ()


def inline_keys(text: str) -> tuple[str, ...]:
    """Return the keys of an object that a description shows in a line of text, `{ID: 1, NAME: "x"}`."""
    keys = [key for body in _INLINE.findall(text) for key in _KEY.findall(body)]
    if any(map(_PLACEHOLDER.fullmatch, keys)):
        return ()
    keys += [key for pair in _WITH_FIELD.findall(text) for key in re.findall(r"`(\w+)`", "".join(pair))]
    return tuple(dict.fromkeys(keys))


def bold_keys(text: str) -> tuple[str, ...]:
    """Return the keys that a description lists as bullets in bold, `- **fields** — …`."""
    return tuple(dict.fromkeys(re.findall(r"^\s*[-*•]\s+\*\*([A-Za-z_]\w*)\*\*", text, re.M)))


def needed_keys(text: str) -> frozenset[str]:
    """Return the keys that a description calls required: "the field `OWNER_ID` is required"."""
    return frozenset(key for pair in _NEEDED.findall(text) for key in pair if key) | needed_keys_listed(text)


def needed_keys_listed(text: str) -> frozenset[str]:
    """Return the keys that a description lists as required: "three required blocks: `user`, `chat`"."""
    return frozenset(key for names in _NEEDED_LIST.findall(text) for key in re.findall(r"`(\w+)`", names))


def unsupported_keys(text: str) -> frozenset[str]:
    """Return the fields that a `filter` or `order` does not accept: "the fields `A`, `B` are not supported"."""
    return frozenset(key for names in _UNSUPPORTED.findall(text) for key in re.findall(r"`(\w+)`", names))


def values_of_keys(text: str) -> dict[str, tuple[str, ...]]:
    """Return the values of keys: bullets of code below the bullet of a key that ends with a colon."""
    lines = text.split("\n")
    found = {
        key or key_ru: tuple(dict.fromkeys(re.findall(r"^\s*[-*•]\s+`([\w.-]+)`", items, re.M)))
        for key, key_ru, items in _VALUES_OF_KEY.findall(text)
    }
    for at, line in enumerate(lines):
        key = _BULLET.match(line)
        if key is None or not line.rstrip().endswith(":"):
            continue
        values = []
        for below in lines[at + 1 :]:
            item = _BULLET.match(below)
            if below.strip() and (item is None or len(item[1]) <= len(key[1])):
                break
            if item is not None:
                values.append(item[2])
        is_name = re.fullmatch(r"[A-Za-z]\w*", key[2]) and not _PLACEHOLDER.fullmatch(key[2])
        if is_name and len(values) > 1 and all(re.fullmatch(r"[\w.-]+", value) for value in values):
            found[key[2]] = tuple(dict.fromkeys(values))
    return found


def said_of_keys(text: str) -> dict[str, str]:
    """Return what a description says of each key that it lists as a bullet, with the lines nested below the bullet."""
    found: dict[str, str] = {}
    key, depth = "", 0
    for line in text.split("\n"):
        bullet = _BULLET.match(line)
        if bullet is not None and (not key or len(bullet[1]) <= depth):
            key, depth = bullet[2], len(bullet[1])
            found.setdefault(key, line[bullet.end() :].lstrip("*]` "))
        elif key and line.strip() and len(line) - len(line.lstrip()) <= depth:
            key = ""
        elif key:
            found[key] += f"\n{line}"
    return found


def like_which(text: str) -> str | None:
    """Return the parameter, in lower case, whose fields a description says this one has too."""
    found = _LIKE.search(text)
    if found is None:
        return None
    return (found[1] or "filter").lower()


def _bullets(lines: list[str]) -> tuple[str, ...]:
    keys: list[str] = []
    indent: int | None = None
    for line in lines:
        found = _BULLET.match(line)
        if found:
            indent = len(found[1]) if indent is None else indent
            if len(found[1]) == indent:
                keys.append(found[2])
        elif line.strip() and not (keys and len(line) - len(line.lstrip()) > (indent or 0)):
            break
    return _usable(keys)


def _usable(keys: list[str]) -> tuple[str, ...]:
    """Return the keys when all are names of fields, without the directions of an order."""
    if not all(map(_NAME.fullmatch, keys)):
        return ()
    return tuple(dict.fromkeys(key for key in keys if key.lower() not in _DIRECTIONS))
