"""Shorten the answer of a batch without losing the outcome of any write.

What gives way first: the times of the commands, then equal outcomes (written once with the names of their commands),
then like results (written as a table), then the results of writes beyond their id, then rows of what was read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from itertools import groupby
from typing import Any

from b24_mcp.app.answers.truncation import compact, fair_share, shortened

Entry = dict[str, Any]
Form = dict[str, Any]
CutEntry = Callable[[str, Entry, int], Entry]
"""Shortens the entry of a command that reads, by its name, to a number of characters."""

SMALL_BATCH = 10  # of so few commands each is shown under its name, with its time, where there is room
_WORTH_FOLDING = 3
_SHORT_RESULT = 200
_SHORT_MESSAGE = 160
_ROOM_FOR_CUT = 400
# A batch of more commands than shares of this many characters shows some whole rather than a crumb of each.
_SMALLEST_SHARE = 1_500
_WARNINGS_SHARE = 4
_WRITES_SHORTENED = "results of writes are shortened to their id"
_COMMANDS_LEFT_OUT = "run fewer commands at once, or ask each for fewer fields, to see what the others answered"


def fit_batch(form: Form, budget: int, writes: Collection[str], cut_entry: CutEntry) -> Form:
    """Return the form of a batch in at most `budget` characters; a large batch is folded in any case.

    `writes` names the commands that change something. Their outcomes (ok, id, error) always stay, so that the answer is
    longer than `budget` where these alone are.
    """
    results = form["results"]
    is_small = len(results) <= SMALL_BATCH
    if is_small and len(compact(form)) <= budget:
        return form
    results = _without_times(results)
    form = form | {"results": results}
    if is_small and len(compact(form)) <= budget:
        return form
    folded = _folded(results, form, range(len(results)))
    if len(compact(folded)) <= budget:
        return folded
    bare = {name: _bare(entry) if name in writes else entry for name, entry in results.items()}
    form = _with_fewer_warnings(form, budget // _WARNINGS_SHARE)
    if bare != results:
        form = {**_before_results(form), "cut": {"more": _WRITES_SHORTENED}, "results": bare}
    folded = _folded(bare, form, [place for place, name in enumerate(bare) if name in writes])
    return _with_reads_cut(folded, budget, writes, cut_entry)


def _before_results(form: Form) -> Form:
    return {key: value for key, value in form.items() if key != "results"}


def _without_times(results: Form) -> Form:
    return {name: {key: value for key, value in entry.items() if key != "time"} for name, entry in results.items()}


def _folded(results: Form, form: Form, in_tables: Collection[int]) -> Form:
    """Write equal outcomes once and like results as tables; only commands at places in `in_tables` go into tables."""
    names = list(results)
    equal: dict[str, list[str]] = {}
    for name in names:
        equal.setdefault(compact(results[name]), []).append(name)
    groups = [group for group in equal.values() if len(group) >= _WORTH_FOLDING]
    done = {name for group in groups for name in group}
    allowed = {names[place] for place in in_tables} - done
    tables: dict[tuple[str, ...], list[tuple[str, list[Any]]]] = {}
    for name in names:
        row = _row(results[name]) if name in allowed else None
        if row is not None:
            tables.setdefault(row[0], []).append((name, row[1]))
    shown = {columns: rows for columns, rows in tables.items() if len(rows) >= _WORTH_FOLDING}
    done |= {name for rows in shown.values() for name, _ in rows}
    changed = _before_results(form)
    if groups:
        changed["equal"] = [{"count": len(group), "commands": group} | results[group[0]] for group in groups]
    if shown:
        changed["tables"] = [
            {"ok": True, "columns": ["command", *columns], "rows": [[name, *row] for name, row in rows]}
            for columns, rows in shown.items()
        ]
    return changed | {"results": {name: results[name] for name in names if name not in done}}


def _row(entry: Entry) -> tuple[tuple[str, ...], list[Any]] | None:
    """An outcome as a row: its columns and cells; None for one with more in it than a result or an id."""
    match entry:
        case {"ok": True, "id": id_} if len(entry) == 2:
            return ("id",), [id_]
        case {"ok": True, "result": result} if len(entry) == 2:
            return _cells(result)
        case _:
            return None


def _cells(result: Any) -> tuple[tuple[str, ...], list[Any]] | None:
    prefix = ""
    if isinstance(result, dict) and len(result) == 1 and isinstance(inner := next(iter(result.values())), dict):
        prefix, result = f"{next(iter(result))}.", inner
    if not isinstance(result, dict):
        return None if isinstance(result, list) else (("result",), [result])
    if not result or "command" in result:
        return None
    return tuple(prefix + key for key in result), list(result.values())


def _bare(entry: Entry) -> Entry:
    """What became of a write, without what it answers beyond a short result or an id."""
    if "error" in entry:
        error = entry["error"]
        kept = {key: error[key] for key in ("code", "kind", "executed") if key in error}
        if "message" in error:
            kept["message"] = shortened(error["message"], _SHORT_MESSAGE)
        return {"ok": False, "error": kept}
    if "not_run" in entry:
        return {"ok": entry["ok"], "not_run": entry["not_run"]}
    if "result" in entry and len(compact(entry["result"])) > _SHORT_RESULT:
        id_ = _id(entry["result"])
        return {"ok": entry["ok"]} | ({} if id_ is None else {"id": id_})
    return {key: entry[key] for key in ("ok", "result") if key in entry}


def _id(result: Any) -> Any:
    """The id in the answer of a write: that of the record, or of the record under the answer's only key."""
    if not isinstance(result, dict):
        return None
    for key, value in result.items():
        if key.lower() == "id" and isinstance(value, int | str):
            return value
    if len(result) == 1:
        return _id(next(iter(result.values())))
    return None


def _with_fewer_warnings(form: Form, room: int) -> Form:
    warnings = form.get("warnings", [])
    if len(compact(warnings)) <= room:
        return form
    kept: list[str] = []
    left = room
    for warning in warnings:
        shown = shortened(warning, 300)
        left -= len(compact(shown)) + 1
        if left < 0:
            break
        kept.append(shown)
    return form | {"warnings": [*kept, f"{len(warnings) - len(kept)} more warnings are left out"]}


def _with_reads_cut(form: Form, budget: int, writes: Collection[str], cut_entry: CutEntry) -> Form:
    """Cut large results of reads to a fair share; where that is too small to be of use, show some of them whole."""
    frame = _before_results(form)
    kept = {name: entry for name, entry in form["results"].items() if name in writes}
    reads = {name: entry for name, entry in form["results"].items() if name not in writes}
    if len(compact(form | {"results": kept})) > budget - _ROOM_FOR_CUT:
        frame = _with_ranges(frame)
    room = budget - len(compact(frame | {"results": kept})) - _ROOM_FOR_CUT
    if not reads:
        return frame | {"results": kept}
    share = fair_share([len(compact({name: entry})) for name, entry in reads.items()], room)
    if share >= _SMALLEST_SHARE:
        cut = {name: cut_entry(name, entry, share - len(compact(name))) for name, entry in reads.items()}
        return frame | {"results": _in_order(form["results"], kept | cut)}
    shown, whole = _whole_while_they_fit(reads, room)
    counts: Form = {"shown": whole, "of": len(reads), "more": _COMMANDS_LEFT_OUT}
    if "cut" in frame:
        counts["more"] = f"{frame['cut']['more']}; {_COMMANDS_LEFT_OUT}"
    frame["cut"] = counts
    return frame | {"results": _in_order(form["results"], kept | shown)}


def _in_order(names: Iterable[str], entries: Form) -> Form:
    return {name: entries[name] for name in names if name in entries}


def _whole_while_they_fit(results: dict[str, Entry], room: int) -> tuple[dict[str, Entry], int]:
    """Show as many reads as fit whole, failures first, and of the others whether they succeeded.

    Return the entries and how many of them are whole. Commands are missing only where their bare states do not fit.
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


def _without_result(entry: Entry) -> Entry:
    kept: Entry = {key: entry[key] for key in ("ok", "total", "next", "not_run") if key in entry}
    if "error" in entry:
        kept["error"] = {key: entry["error"][key] for key in ("code", "executed")}
    if "result" in entry:
        kept["characters_left_out"] = len(compact(entry["result"]))
    return kept


def _with_ranges(frame: Form) -> Form:
    """Write the names of folded commands as ranges: `u1..u300`."""
    changed = dict(frame)
    if "equal" in frame:
        changed["equal"] = [entry | {"commands": _ranges(entry["commands"])} for entry in frame["equal"]]
    if "tables" in frame:
        changed["tables"] = [table | {"rows": _row_ranges(table["rows"])} for table in frame["tables"]]
    return changed


_DIGITS = re.compile("0|[1-9][0-9]{0,15}")
_NUMBERED = re.compile(r"(.*?)(0|[1-9][0-9]{0,15})", re.DOTALL)


def _numbered(name: str) -> tuple[str, int] | None:
    found = _NUMBERED.fullmatch(name)
    return (found[1], int(found[2])) if found else None


def _ranges(names: list[str]) -> list[str]:
    written: list[str] = []
    for run in _runs(names, _numbered):
        written += [f"{run[0]}..{run[-1]}"] if len(run) > 2 else run
    return written


def _row_ranges(rows: list[list[Any]]) -> list[list[Any]]:
    """Join rows of two cells in which the name of the command and the id count up together."""

    def step(row: list[Any]) -> tuple[str, int] | None:
        numbered = _numbered(row[0]) if len(row) == 2 else None
        if numbered is None or not isinstance(row[1], int | str) or not _DIGITS.fullmatch(str(row[1])):
            return None
        stem, number = numbered
        return f"{stem}\0{int(row[1]) - number}\0{type(row[1]).__name__}", number

    joined = []
    for run in _runs(rows, step):
        if len(run) > 2:
            joined.append([f"{run[0][0]}..{run[-1][0]}", f"{run[0][1]}..{run[-1][1]}"])
        else:
            joined.extend(run)
    return joined


def _runs(items: list[Any], step: Callable[[Any], tuple[str, int] | None]) -> list[list[Any]]:
    """Split a list into runs whose numbers, as `step` reads them, count up by one under the same prefix."""
    keys = []
    for place, item in enumerate(items):
        read = step(item)
        keys.append((place,) if read is None else (read[0], read[1] - place))
    return [[items[place] for place, _ in run] for _, run in groupby(enumerate(keys), key=lambda entry: entry[1])]
