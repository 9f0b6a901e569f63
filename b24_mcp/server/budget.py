"""Keeping an answer within its size, and saying what was left out and how to get it.

Cuts fall between rows (entries of a list, of a map, or commands of a batch), never inside one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from b24_mcp.server.rendering import Form, compact

_NAMED_OMISSIONS = 20
_ROOM_FOR_CUT = 400
_ROWS_LEFT_OUT = "ask for fewer fields with select, narrow the filter, or read on with start"
_FIELDS_LEFT_OUT = "ask for the rest by name with select, or read these values one by one"
_TEXT_LEFT_OUT = "one long text; these are its first characters"
_COMMANDS_LEFT_OUT = "the others succeeded; run fewer commands at once to see what they answered"


def fit(form: Form, budget: int) -> str:
    """Write a form as JSON of at most `budget` characters, leaving out rows where it would be longer."""
    text = compact(form)
    if len(text) <= budget:
        return text
    form = _cut_batch(form, budget) if "results" in form else _cut_result(form, budget)
    return compact(form)


def _cut_result(form: Form, budget: int) -> Form:
    if "result" not in form:
        return form
    room = budget - len(compact(form | {"result": None})) - _ROOM_FOR_CUT
    result, cut = _cut_value(form["result"], max(room, 0))
    return _with_cut(form, cut, result)


def _cut_batch(form: Form, budget: int) -> Form:
    """Give small results whole and let large ones share what is left; then leave out times, then commands."""
    results = form["results"]
    form = form | {"results": {}}
    room = budget - len(compact(form)) - _ROOM_FOR_CUT
    share = _fair_share([len(compact({name: entry})) for name, entry in results.items()], room)
    results = {name: _cut_entry(entry, share - len(compact(name))) for name, entry in results.items()}
    if _size(results) > room:
        results = {
            name: {key: value for key, value in entry.items() if key != "time"} for name, entry in results.items()
        }
    if _size(results) > room:
        kept = _keep_most_telling(results, room)
        cut = {"shown": len(kept), "of": len(results), "more": _COMMANDS_LEFT_OUT}
        return form | {"cut": cut, "results": kept}
    return form | {"results": results}


def _cut_entry(entry: Form, room: int) -> Form:
    if "result" not in entry or len(compact(entry)) <= room:
        return entry
    frame = len(compact(entry | {"result": None})) + _ROOM_FOR_CUT
    result, cut = _cut_value(entry["result"], max(room - frame, 0))
    return _with_cut(entry, cut, result)


def _fair_share(sizes: list[int], room: int) -> int:
    """The largest size such that cutting every larger one down to it makes all of them fit."""
    left = room
    for position, size in enumerate(sorted(sizes)):
        share = max(left, 0) // (len(sizes) - position)
        if size > share:
            return share
        left -= size
    return max(sizes, default=0)


def _keep_most_telling(results: dict[str, Form], room: int) -> dict[str, Form]:
    """Keep failures before successes, in their order, as far as they fit."""
    kept = set()
    for name in sorted(results, key=lambda name: bool(results[name]["ok"])):
        room -= len(compact({name: results[name]}))
        if room < 0:
            break
        kept.add(name)
    return {name: entry for name, entry in results.items() if name in kept}


def _cut_value(value: Any, room: int) -> tuple[Any, Form]:
    """Leave out what does not fit into `room` characters; `cut` says how much and what to do."""
    match value:
        case {"columns": list(), "rows": list(rows)} if len(value) == 2:
            columns = compact(value["columns"])
            kept = _keep(rows, room - len(columns) - 22, compact)
            return value | {"rows": kept}, {"shown": len(kept), "of": len(rows), "more": _ROWS_LEFT_OUT}
        case dict() if len(value) == 1:
            ((key, inner),) = value.items()
            inner, cut = _cut_value(inner, room - len(compact(key)) - 3)
            return {key: inner}, cut
        case dict():
            entries = dict(
                _keep(list(value.items()), room, lambda entry: compact(entry[0]) + compact(entry[1]), skip=True)
            )
            left_out = [name for name in value if name not in entries]
            cut = {"shown": len(entries), "of": len(value), "left_out": left_out[:_NAMED_OMISSIONS]}
            return entries, cut | {"more": _FIELDS_LEFT_OUT}
        case list():
            kept = _keep(value, room, compact)
            return kept, {"shown": len(kept), "of": len(value), "more": _ROWS_LEFT_OUT}
        case str():
            shown = value[: max(room // 2, 0)]  # room for characters that JSON writes as two
            return shown + "…", {"shown": len(shown), "of": len(value), "more": _TEXT_LEFT_OUT}
        case _:
            return value, {}


def _keep(rows: list[Any], room: int, write: Callable[[Any], str], *, skip: bool = False) -> list[Any]:
    """Keep rows from the front while they fit; with `skip`, pass over a large one and go on."""
    kept = []
    for row in rows:
        size = len(write(row)) + 2
        if size > room:
            if skip:
                continue
            break
        room -= size
        kept.append(row)
    return kept


def _with_cut(form: Form, cut: Form, result: Any) -> Form:
    """Put `cut` right before the result, where a reader meets it first."""
    changed: Form = {}
    for key, value in form.items():
        if key in ("result", "table") and "cut" not in changed:
            changed["cut"] = cut
        changed[key] = result if key == "result" else value
    return changed


def _size(results: dict[str, Form]) -> int:
    return len(compact(results))
