"""Shorten the answer of a batch without losing the outcome of any write.

Many equal outcomes are always written once. Removed or shortened, in this order: the times of the commands; equal
outcomes, which are written once with the names of their commands; like results, which become a table; the results of
writes except their ids; and rows of what was read.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Literal

from b24_mcp.app.answers.batch_folding import folded, with_equal_folded, with_ranges
from b24_mcp.app.answers.forms import SMALL_BATCH, ErrorForm, Form, OutcomeForm
from b24_mcp.app.answers.omissions import CutForm
from b24_mcp.app.answers.text_truncation import fair_share, shortened
from b24_mcp.rest import to_json

Outcomes = Mapping[str, OutcomeForm]
CutOutcome = Callable[[str, OutcomeForm, int], OutcomeForm]
"""Shortens the outcome of the command of this name, which reads, to a number of characters."""

_SHORT_RESULT = 200
_SHORT_MESSAGE = 160
_SHORT_WARNING = 300
_ROOM_FOR_CUT = 400
# When the share of each command is smaller than this, some outcomes are shown whole instead.
_SMALLEST_SHARE = 1_500
_WARNINGS_SHARE = 4
_ERROR_OF_WRITE: tuple[Literal["code", "kind", "executed"], ...] = ("code", "kind", "executed")
_WRITES_SHORTENED = "results of writes are shortened to their id"
_COMMANDS_LEFT_OUT = "run fewer commands at once, or request fewer fields of each, to see the results left out here"


def fit_batch(form: Form, budget: int, writes: Collection[str], cut_outcome: CutOutcome) -> Form:
    """Return the form of a batch in at most `budget` characters. A large batch is folded even when it fits.

    `writes` are the names of the commands that change something. Their outcomes (ok, id, error) always stay, so the
    answer is longer than `budget` when these alone are.
    """
    results: Outcomes = form["results"]
    is_small = len(results) <= SMALL_BATCH
    if is_small and len(to_json(form)) <= budget:
        return with_equal_folded(form)
    results = {name: _without_time(outcome) for name, outcome in results.items()}
    form = form | {"results": results}
    if is_small and len(to_json(form)) <= budget:
        return with_equal_folded(form)
    shorter = _before_results(form) | folded(results, tabled=results.keys())
    if len(to_json(shorter)) <= budget:
        return shorter
    frame = _before_results(_with_fewer_warnings(form, budget // _WARNINGS_SHARE))
    short = {name: _short_write(outcome) if name in writes else outcome for name, outcome in results.items()}
    if short != results:
        frame["cut"] = CutForm(more=_WRITES_SHORTENED)
    return _with_reads_cut(frame | folded(short, tabled=writes), budget, writes, cut_outcome)


def _before_results(form: Form) -> Form:
    return {key: value for key, value in form.items() if key != "results"}


def _without_time(outcome: OutcomeForm) -> OutcomeForm:
    if "time" not in outcome:
        return outcome
    changed = outcome.copy()
    del changed["time"]
    return changed


def _short_write(outcome: OutcomeForm) -> OutcomeForm:
    """Return the outcome of a write without what it answers in addition to a short result or an id."""
    if "error" in outcome:
        return OutcomeForm(ok=False, error=_short_error(outcome["error"]))
    if "not_run" in outcome:
        return OutcomeForm(ok=outcome["ok"], not_run=outcome["not_run"])
    short = OutcomeForm(ok=outcome["ok"])
    if "result" not in outcome:
        return short
    if len(to_json(outcome["result"])) <= _SHORT_RESULT:
        short["result"] = outcome["result"]
    elif (id_ := _id(outcome["result"])) is not None:
        short["id"] = id_
    return short


def _short_error(error: ErrorForm) -> ErrorForm:
    short = ErrorForm()
    for key in _ERROR_OF_WRITE:
        if key in error:
            short[key] = error[key]
    if "message" in error:
        short["message"] = shortened(error["message"], _SHORT_MESSAGE)
    return short


def _id(result: object) -> int | str | None:
    """Return the id in the answer of a write: the id of the record, or of the record under the answer's only key."""
    if not isinstance(result, dict):
        return None
    for key, value in result.items():
        if key.lower() == "id" and isinstance(value, int | str):
            return value
    return _id(next(iter(result.values()))) if len(result) == 1 else None


def _with_fewer_warnings(form: Form, room: int) -> Form:
    warnings: list[str] = form.get("warnings", [])
    if len(to_json(warnings)) <= room:
        return form
    kept: list[str] = []
    left = room
    for warning in warnings:
        shown = shortened(warning, _SHORT_WARNING)
        left -= len(to_json(shown)) + 1
        if left < 0:
            break
        kept.append(shown)
    return form | {"warnings": [*kept, f"{len(warnings) - len(kept)} more warnings are left out"]}


def _with_reads_cut(form: Form, budget: int, writes: Collection[str], cut_outcome: CutOutcome) -> Form:
    """Cut large results of reads to a fair share of the room. When the share is too small, show some of them whole."""
    frame = _before_results(form)
    results: Outcomes = form["results"]
    kept = {name: outcome for name, outcome in results.items() if name in writes}
    reads = {name: outcome for name, outcome in results.items() if name not in writes}
    if len(to_json(form | {"results": kept})) > budget - _ROOM_FOR_CUT:
        frame = with_ranges(frame)
    room = budget - len(to_json(frame | {"results": kept})) - _ROOM_FOR_CUT
    if not reads:
        return frame | {"results": kept}
    share = fair_share([len(to_json({name: outcome})) for name, outcome in reads.items()], room)
    if share >= _SMALLEST_SHARE:
        cut = {name: cut_outcome(name, outcome, share - len(to_json(name))) for name, outcome in reads.items()}
        return frame | {"results": _in_order(results, kept | cut)}
    shown, whole = _whole_while_they_fit(reads, room)
    more = f"{frame['cut']['more']}; {_COMMANDS_LEFT_OUT}" if "cut" in frame else _COMMANDS_LEFT_OUT
    frame["cut"] = CutForm(shown=whole, of=len(reads), more=more)
    return frame | {"results": _in_order(results, kept | shown)}


def _in_order(names: Iterable[str], outcomes: Outcomes) -> Outcomes:
    return {name: outcomes[name] for name in names if name in outcomes}


def _whole_while_they_fit(results: Outcomes, room: int) -> tuple[dict[str, OutcomeForm], int]:
    """Return outcomes of reads that fit into `room`, and how many of them are whole.

    Failures are shown whole first, then successes; of the others only their state is shown. A command is missing only
    when the states alone do not fit.
    """
    shown = {name: _without_result(outcome) for name, outcome in results.items()}
    spare = room - sum(len(to_json({name: outcome})) for name, outcome in shown.items())
    failures_first = sorted(results, key=lambda name: results[name]["ok"])
    for name in reversed(failures_first):
        if spare >= 0:
            break
        spare += len(to_json({name: shown.pop(name)}))
    whole = 0
    for name in failures_first:
        if name in shown:
            needed = len(to_json(results[name])) - len(to_json(shown[name]))
            if needed <= spare:
                shown[name] = results[name]
                spare -= needed
                whole += 1
    return shown, whole


def _without_result(outcome: OutcomeForm) -> OutcomeForm:
    short = OutcomeForm(ok=outcome["ok"])
    if "total" in outcome:
        short["total"] = outcome["total"]
    if "next" in outcome:
        short["next"] = outcome["next"]
    if "not_run" in outcome:
        short["not_run"] = outcome["not_run"]
    if "error" in outcome:
        short["error"] = ErrorForm(code=outcome["error"]["code"], executed=outcome["error"]["executed"])
    if "result" in outcome:
        short["characters_left_out"] = len(to_json(outcome["result"]))
    return short
