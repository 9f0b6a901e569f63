"""Keep an answer within its size, and say what was left out and how to get it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from b24_mcp.app.answers.batch_truncation import Entry, fit_batch
from b24_mcp.app.answers.forms import Form
from b24_mcp.app.answers.row_hints import how_to_see_the_rest
from b24_mcp.app.answers.truncation import Truncation, compact, described, truncate

_ROOM_FOR_CUT = 400
_ROOM_FOR_NAMES = 1_200
_SQL_ROWS_LEFT_OUT = "select fewer columns, cut long texts with substr, aggregate, or read on with LIMIT and OFFSET"
_FIELDS_LEFT_OUT = "ask for the rest by name with select, or read these values one by one"


def cut_to(form: Form, budget: int, *, writes: Collection[str] = (), methods: Mapping[str, str] | None = None) -> Form:
    """Return a form that is at most `budget` characters long as JSON.

    Of a batch, `writes` names the commands that change something, whose outcomes are never cut, and `methods` is the
    method of each command.
    """
    if "results" not in form and len(compact(form)) <= budget:
        return form
    if "rows" in form:
        return _with_part_cut(form, "rows", budget, lambda done: _SQL_ROWS_LEFT_OUT)
    if "results" in form:
        named = methods or {}

        def cut_entry(name: str, entry: Entry, room: int) -> Entry:
            return _cut_result(entry, room, named.get(name))

        return fit_batch(form, budget, writes, cut_entry)
    return _cut_result(form, budget, form.get("method"))


def _cut_result(form: Form, room: int, method: str | None) -> Form:
    """Cut the `result` of a call, or of a command of a batch; its time gives way first."""
    if "result" not in form or len(compact(form)) <= room:
        return form
    form = {key: value for key, value in form.items() if key != "time"}
    if len(compact(form)) <= room:
        return form

    def advice(done: Truncation) -> str:
        if done.left_out and not done.rows:
            return _FIELDS_LEFT_OUT
        return how_to_see_the_rest(method, form.get("version", "v2"), texts=bool(done.texts))

    return _with_part_cut(form, "result", room, advice)


def _with_part_cut(form: Form, part: str, budget: int, advice: Callable[[Truncation], str]) -> Form:
    """Shorten one part of a form, and put `cut` before it, where a reader meets it first."""
    room = budget - len(compact(form | {part: None})) - _ROOM_FOR_CUT
    value, done = truncate(form[part], max(room, 0))
    cut = described(value, done)
    if len(compact(cut)) > _ROOM_FOR_CUT - 200:  # many names: a second, smaller try makes room for them
        value, done = truncate(form[part], max(room - _ROOM_FOR_NAMES, 0))
        cut = described(value, done)
    if not cut:
        return form
    cut["more"] = advice(done)
    changed: Form = {}
    for key, old in form.items():
        if key in (part, "table") and "cut" not in changed:
            changed["cut"] = cut
        changed[key] = value if key == part else old
    return changed
