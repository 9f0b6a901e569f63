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
_SQL_ROWS_LEFT_OUT = "select fewer columns, cut long texts with substr, aggregate, or read on with LIMIT and OFFSET"
_FIELDS_LEFT_OUT = "ask for the rest by name with select, or read these values one by one"
_TEXT_LEFT_OUT = "one long text; these are its first characters"
_COMMANDS_LEFT_OUT = "run fewer commands at once, or ask each for fewer fields, to see what the others answered"
# A batch of more commands than shares of this many characters shows some whole rather than a crumb of each.
_SMALLEST_SHARE = 1_500


def cut_to(form: Form, budget: int) -> Form:
    """Leave out rows where a form would be longer than `budget` characters when it is written as JSON."""
    if len(compact(form)) <= budget:
        return form
    if "rows" in form:
        return _cut_rows(form, budget)
    return _cut_batch(form, budget) if "results" in form else _cut_result(form, budget)


def _cut_rows(form: Form, budget: int) -> Form:
    rows = form["rows"]
    kept = _keep(rows, budget - len(compact(form | {"rows": []})) - _ROOM_FOR_CUT, compact)
    changed: Form = {}
    for key, value in form.items():
        if key == "rows":
            changed["cut"] = {"shown": len(kept), "of": len(rows), "more": _SQL_ROWS_LEFT_OUT}
        changed[key] = kept if key == "rows" else value
    return changed


def _cut_result(form: Form, budget: int) -> Form:
    if "result" not in form:
        return form
    room = budget - len(compact(form | {"result": None})) - _ROOM_FOR_CUT
    result, cut = _cut_value(form["result"], max(room, 0))
    return _with_cut(form, cut, result)


def _cut_batch(form: Form, budget: int) -> Form:
    """Cut large results down to a fair share; where that would be too small to be of use, show some of them whole."""
    results = form["results"]
    frame = {key: value for key, value in form.items() if key != "results"}
    room = budget - len(compact(frame)) - _ROOM_FOR_CUT
    share = _fair_share([len(compact({name: entry})) for name, entry in results.items()], room)
    if share >= _SMALLEST_SHARE:
        return frame | {
            "results": {name: _cut_entry(entry, share - len(compact(name))) for name, entry in results.items()}
        }
    shown, whole = _whole_while_they_fit(results, room)
    return frame | {"cut": {"shown": whole, "of": len(results), "more": _COMMANDS_LEFT_OUT}, "results": shown}


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


def _whole_while_they_fit(results: dict[str, Form], room: int) -> tuple[dict[str, Form], int]:
    """Say of every command at least whether it succeeded, and show as many as fit whole, failures first.

    Gives the entries and how many of them are whole. Commands are missing only where their bare states do not fit.
    """
    shown = {name: _without_result(entry) for name, entry in results.items()}
    spare = room - sum(len(compact({name: entry})) for name, entry in shown.items())
    failures_first = sorted(results, key=lambda name: bool(results[name]["ok"]))
    for name in reversed(failures_first):
        if spare >= 0:
            break
        spare += len(compact({name: shown.pop(name)}))
    whole = 0
    for name in failures_first:
        if name in shown:
            needed = len(compact(results[name])) - len(compact(shown[name]))
            if needed <= spare:
                shown[name] = results[name]
                spare -= needed
                whole += 1
    return shown, whole


def _without_result(entry: Form) -> Form:
    kept: Form = {key: entry[key] for key in ("ok", "total", "next", "not_run") if key in entry}
    if "error" in entry:
        kept["error"] = {key: entry["error"][key] for key in ("code", "executed")}
    if "result" in entry:
        kept["characters_left_out"] = len(compact(entry["result"]))
    return kept


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
