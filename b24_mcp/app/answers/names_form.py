"""The `names` of an answer: names by id, in groups, and their share of the answer's size."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from b24_mcp.app.answers.forms import Form
from b24_mcp.rest import to_json

NameGroups = Mapping[str, Mapping[str, object]]
"""Names by group and id; the groups `items`, `pipelines`, `stages`, `directories` and `options` have a key between."""

_SHARE = 4
_ROOM_FOR_WARNING = 80
_FRAME = 10
_WELL_FILLED = 0.6
_CONTENT = ("cut", "table", "result", "results")


def with_names_shown(form: Form, names: NameGroups) -> Form:
    """Return a form with names before the content that they are about."""
    changed: Form = {}
    for key, value in form.items():
        if key in _CONTENT and "names" not in changed:
            changed["names"] = names
        changed[key] = value
    return changed


def cut_around_names(form: Form, budget: int, cut: Callable[[Form, int], Form]) -> Form:
    """Return a form with names in at most `budget` characters; `cut` shortens a form without names.

    Names take a quarter of the room at most, and less where the content then needs much more room than it gets. Names
    of ids that are not shown are left out, and all of them where even the shortened form has no room for them.
    """
    plain: Form = {key: value for key, value in form.items() if key != "names"}
    names: NameGroups = form["names"]
    reserved = min(len(to_json(names)) + _FRAME, budget // _SHARE)
    found = _cut_with_room(plain, names, budget, reserved, cut)
    if len(to_json(found)) < budget * _WELL_FILLED:
        other = _cut_with_room(plain, names, budget, reserved // _SHARE, cut)
        found = max(found, other, key=lambda one: len(to_json(one)))
    return found if len(to_json(found)) <= budget else cut(plain, budget)


def _cut_with_room(
    plain: Form, names: NameGroups, budget: int, reserved: int, cut: Callable[[Form, int], Form]
) -> Form:
    """Return the form, shortened so that `reserved` characters are free for names, with the names that fit."""
    short = cut(plain, budget - reserved - _ROOM_FOR_WARNING)
    left = budget - len(to_json(short)) - _ROOM_FOR_WARNING - _FRAME
    shown, dropped = _within(_occurring(names, _texts(short)), left)
    if dropped:
        told = f"{dropped} names are left out of this answer"
        short = short | {"warnings": [*short.get("warnings", ()), told]}
    return with_names_shown(short, shown) if shown else short


def _occurring(names: NameGroups, texts: set[str]) -> dict[str, dict[str, object]]:
    """Return the names whose ids are among the texts, without empty groups."""
    found: dict[str, dict[str, object]] = {}
    for path, one, name in _entries(names):
        if one in texts:
            _put(found, path, one, name)
    return found


def _within(names: NameGroups, room: int) -> tuple[dict[str, dict[str, object]], int]:
    """Return the names that fit into `room`, the first of each group before the last, and how many do not."""
    entries = list(_entries(names))
    positions: dict[tuple[str, ...], int] = {}
    ranked: list[tuple[int, int]] = []
    for number, (path, _, _) in enumerate(entries):
        positions[path] = positions.get(path, -1) + 1
        ranked.append((positions[path], number))
    kept: set[int] = set()
    begun: set[tuple[str, ...]] = set()
    for _, number in sorted(ranked):
        path, one, name = entries[number]
        size = len(to_json({one: name})) + (0 if path in begun else sum(len(to_json(step)) + 4 for step in path))
        if size > room:
            continue
        room -= size
        begun.add(path)
        kept.add(number)
    shown: dict[str, dict[str, object]] = {}
    for number, (path, one, name) in enumerate(entries):
        if number in kept:
            _put(shown, path, one, name)
    return shown, len(entries) - len(kept)


def _entries(names: NameGroups) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Yield each name with the keys of its group and its id."""
    for group, inner in names.items():
        for key, value in inner.items():
            if isinstance(value, Mapping):
                for one, name in value.items():
                    yield (group, key), str(one), str(name)
            else:
                yield (group,), str(key), str(value)


def _put(names: dict[str, dict[str, object]], path: tuple[str, ...], one: str, name: str) -> None:
    target = names.setdefault(path[0], {})
    for step in path[1:]:
        inner = target.setdefault(step, {})
        assert isinstance(inner, dict)
        target = inner
    target[one] = name


def _texts(value: object) -> set[str]:
    """Return all texts and numbers in a value, and what is after the last `_` of a text, as in links to records."""
    found: set[str] = set()
    waiting = [value]
    while waiting:
        match waiting.pop():
            case Mapping() as form:
                waiting += form.values()
            case list() as entries:
                waiting += entries
            case str() | int() as one:
                found |= {str(one), str(one).rpartition("_")[2]}
    return found
