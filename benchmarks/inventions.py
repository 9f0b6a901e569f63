"""Names of methods that do not exist, as assistants invent them by the rules of other systems."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

_VERBS = {
    "add": ("create", "new", "insert"),
    "list": ("search", "find", "getlist", "query", "get"),
    "get": ("read", "fetch", "getById", "show"),
    "update": ("edit", "modify", "change", "set", "patch"),
    "delete": ("remove", "destroy", "del"),
    "fields": ("getfields", "schema", "describe"),
    "set": ("update", "change", "save"),
    "getfields": ("fields",),
    "send": ("post", "create"),
    "search": ("find", "list"),
    "register": ("add", "create"),
    "unregister": ("remove", "delete"),
}


def inventions(name: str, dice: random.Random) -> Iterator[tuple[str, str]]:
    """Yield (kind, invented name) for the name of a method."""
    parts = name.split(".")
    *before, last = parts
    for verb in _VERBS.get(last.lower(), ()):
        yield "other verb", ".".join([*before, verb])
    for at, part in enumerate(before):
        if len(part) > 3:
            yield "plural", ".".join([*parts[:at], _other_number(part), *parts[at + 1 :]])
    if len(parts) > 2:
        yield "underscore", f"{parts[0]}.{'_'.join(parts[1:])}"
        yield "underscore", "_".join(parts)
        yield "camel case", ".".join(before) + last.capitalize()
        yield "other order", ".".join([*parts[:-2], last, parts[-2]])
        yield "no first part", ".".join(parts[1:])
    for at, part in enumerate(parts):
        words = re.findall(r"[A-Z]?[a-z0-9]+", part)
        if len(words) > 1:
            yield "split words", ".".join([*parts[:at], *map(str.lower, words), *parts[at + 1 :]])
    if len(name) > 6:
        at = dice.randrange(2, len(name) - 2)
        yield "typing error", name[:at] + name[at + 1] + name[at] + name[at + 2 :]
        yield "typing error", name[:at] + name[at + 1 :]
    if last.lower() in _VERBS and before:
        yield "plural and verb", ".".join([*before[:-1], _other_number(before[-1]), _VERBS[last.lower()][0]])


def _other_number(word: str) -> str:
    """Return the singular of a plural, and the plural of anything else."""
    if word.endswith("s"):
        return word[:-1]
    return word[:-1] + "ies" if word.endswith("y") else word + "s"
