"""Keep an answer within its size, and report what was left out and how to read the rest."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import cast

from b24_mcp.app.answers.batch_truncation import fit_batch
from b24_mcp.app.answers.forms import Form, OutcomeForm
from b24_mcp.app.answers.names_form import cut_around_names
from b24_mcp.app.answers.omissions import Omissions, cut_form
from b24_mcp.app.answers.row_hints import how_to_see_the_rest
from b24_mcp.app.answers.truncation import truncate
from b24_mcp.catalog import Version
from b24_mcp.rest import to_json

_ROOM_FOR_CUT = 400
_ROOM_FOR_NAMES = 1_200
_SQL_ROWS_LEFT_OUT = "select fewer columns, cut long texts with substr, aggregate, or read on with LIMIT and OFFSET"
_FIELDS_LEFT_OUT = "request the other fields by name with select, or read these values one by one"


def cut_to(form: Form, budget: int, *, writes: Collection[str] = (), methods: Mapping[str, str] | None = None) -> Form:
    """Return a form that is at most `budget` characters long as JSON.

    For a batch, `writes` are the names of the commands that change something, whose outcomes are never cut, and
    `methods` maps the name of each command to its method. Names of ids give way before rows do.
    """
    if "names" in form and len(to_json(form)) > budget:
        return cut_around_names(form, budget, lambda plain, room: _cut_to(plain, room, writes, methods))
    return _cut_to(form, budget, writes, methods)


def _cut_to(form: Form, budget: int, writes: Collection[str], methods: Mapping[str, str] | None) -> Form:
    if "results" not in form and len(to_json(form)) <= budget:
        return form
    if "rows" in form:
        return _with_part_cut(form, "rows", budget, lambda _: _SQL_ROWS_LEFT_OUT)
    if "results" in form:
        named = methods or {}

        def cut_outcome(name: str, outcome: OutcomeForm, room: int) -> OutcomeForm:
            return cast("OutcomeForm", _with_result_cut(dict(outcome), room, named.get(name)))

        return fit_batch(form, budget, writes, cut_outcome)
    return _with_result_cut(form, budget, form.get("method"))


def _with_result_cut(form: Form, room: int, method: str | None) -> Form:
    """Cut the `result` of a call, or of a command of a batch. Its time is removed first."""
    if "result" not in form or len(to_json(form)) <= room:
        return form
    form = {key: value for key, value in form.items() if key != "time"}
    if len(to_json(form)) <= room:
        return form
    version: Version = form.get("version", "v2")

    def advice(omissions: Omissions) -> str:
        if omissions.names and not omissions.rows:
            return _FIELDS_LEFT_OUT
        return how_to_see_the_rest(method, version, texts=bool(omissions.texts))

    return _with_part_cut(form, "result", room, advice)


def _with_part_cut(form: Form, part: str, budget: int, advice: Callable[[Omissions], str]) -> Form:
    """Shorten one part of a form, and insert `cut` before it, where the reader sees it first."""
    room = budget - len(to_json(form | {part: None})) - _ROOM_FOR_CUT
    value, omissions = truncate(form[part], max(room, 0))
    cut = cut_form(value, omissions)
    if len(to_json(cut)) > _ROOM_FOR_CUT - 200:  # many names: the second, smaller attempt leaves room for them
        value, omissions = truncate(form[part], max(room - _ROOM_FOR_NAMES, 0))
        cut = cut_form(value, omissions)
    if not cut:
        return form
    cut["more"] = advice(omissions)
    changed: Form = {}
    for key, old in form.items():
        if key in (part, "table") and "cut" not in changed:
            changed["cut"] = cut
        changed[key] = value if key == part else old
    return changed
