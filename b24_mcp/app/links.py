"""Links into the portal for the records of an answer.

`link_of` returns the whole link of one record, which was read, written or just made. `list_link` returns one link for
all rows of a list, with names of columns in braces, and `link_pattern` one for many calls of a method. `with_link` and
`with_links` put them into an answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from b24_mcp.app.answers.forms import Form
from b24_mcp.catalog.links import RecordPages, pages_of_call, pages_of_kind
from b24_mcp.rest import Answer, PlannedCall

_CONTENT = ("cut", "table", "result", "results", "columns", "rows")
_WHOLE_LINKS = 5
_RESULT_PLACE, _ANY_ID = "{result}", "id0"


def link_of(origin: str, method: str, params: object, result: object = None) -> str | None:
    """Return the link of the one record of a call; None without one.

    `origin` is the `origin` of the portal. `result` is the record, an object with it, the id of a new record, or
    anything else that a write returns.
    """
    pages = None if _deletes(method) else pages_of_call(method, params)
    path = None if pages is None or _rows_of(result) is not None else _path(pages, params, result)
    return None if path is None else origin + path


def list_link(origin: str, method: str, params: object, result: object) -> str | None:
    """Return the link of every row of a list, such as `https://portal/crm/deal/details/{ID}/`; None without one."""
    rows = _rows_of(result)
    pages = pages_of_call(method, params) if rows else None
    pattern = None if pages is None or not rows else pages.pattern(rows, _named(params))
    return None if pattern is None else _address(origin, pattern)


def record_link(origin: str, kind: str, values: Mapping[str, object]) -> str | None:
    """Return the link of a record by its kind, such as `deal` or `dynamic:1030`, and its values."""
    pages = pages_of_kind(kind)
    type_id = kind.partition(":")[2]
    path = None if pages is None else pages.path(values, {"entityTypeId": type_id} if type_id else {})
    return None if path is None else origin + path


def with_link(form: Form, origin: str, planned: PlannedCall, answer: Answer) -> Form:
    """Return the form of a call with the link of its record, or of the rows of its list, before its content."""
    method, params = planned.method, planned.params
    link = link_of(origin, method, params, answer.result) or list_link(origin, method, params, answer.result)
    return form if link is None else _before_content(form, "link", link)


def with_row_link(form: Form, link: str) -> Form:
    """Return the form of a list with the link of its rows before them."""
    return _before_content(form, "link", link)


def with_links(form: Form, origin: str, answered: Iterable[tuple[PlannedCall, Answer]]) -> Form:
    """Return the form of a batch with links before its results.

    A small batch has them by the name of the command. A larger one has one for each method, where `{result}` is the
    result of a command, or a name in braces is a value in it: links in every outcome would make the answer long.
    """
    calls = list(answered)
    by_command: dict[str, str] = {}
    by_method: dict[str, str] = {}
    for call, answer in calls:
        method, params, result = call.method, call.params, answer.result
        if len(by_command) > _WHOLE_LINKS and method in by_method:
            continue  # its link would not be shown
        link = link_of(origin, method, params, result) or list_link(origin, method, params, result)
        if link is not None:
            by_command[call.name] = link
            if method not in by_method and (pattern := link_pattern(origin, method, params, result)) is not None:
                by_method[method] = pattern
    links = by_command if len(by_command) <= _WHOLE_LINKS else by_method
    return _before_content(form, "links", links) if links else form


def link_pattern(origin: str, method: str, params: object, result: object) -> str | None:
    """Return one link for many calls of a method, made from one of them; None without one.

    `{result}` stands for the result of each call, such as the id of a new record, and another name in braces for a
    value in the result.
    """
    pages = None if _deletes(method) else pages_of_call(method, params)
    if pages is None:
        return None
    if _rows_of(result) is not None:
        return list_link(origin, method, params, result)
    record = _record(result)
    if record is not None:
        pattern = pages.pattern([record], _named(params))
        return None if pattern is None else _address(origin, pattern)
    if _is_id(result):
        path = pages.path({"id": _ANY_ID}, _named(params))
        return None if path is None else _address(origin, path.replace(_ANY_ID, _RESULT_PLACE))
    return None


def _path(pages: RecordPages, params: object, result: object) -> str | None:
    sent = _named(params)
    record = _record(result)
    if record is not None and (found := pages.path(record, sent)) is not None:
        return found
    if _is_id(result):
        return pages.path({"id": result}, sent)
    named = next((value for name, value in sent.items() if name.lower() == pages.id_parameter.lower()), sent.get("id"))
    return pages.path({"id": named}, record or {}, sent) if record is not None or result in (True, None) else None


def _record(result: object) -> Mapping[str, object] | None:
    """Return the record of a result, which may be under the only key of an object, as in `{"item": {…}}`."""
    if not isinstance(result, Mapping):
        return None
    if len(result) == 1 and isinstance(inner := next(iter(result.values())), Mapping):
        return inner
    return result


def _rows_of(result: object) -> list[Mapping[str, object]] | None:
    """Return the rows of a list, which may be under a key of an object; None for anything else."""
    rows = result
    if isinstance(result, Mapping) and not any(str(name).lower() == "id" for name in result):
        rows = next((value for value in result.values() if isinstance(value, list)), None)
    if not isinstance(rows, list):
        return None
    found = [row for row in rows if isinstance(row, Mapping)]
    return found if len(found) == len(rows) else None


def _named(params: object) -> Mapping[str, object]:
    """Return the plain values of parameters, those of `fields` included."""
    if not isinstance(params, Mapping):
        return {}
    fields = params.get("fields")
    inner = fields if isinstance(fields, Mapping) else {}
    return {str(name): value for name, value in [*inner.items(), *params.items()] if isinstance(value, int | str)}


def _is_id(result: object) -> bool:
    return isinstance(result, int | str) and not isinstance(result, bool) and str(result).isdecimal()


def _deletes(method: str) -> bool:
    return "delete" in method.rpartition(".")[2].lower()


def _address(origin: str, pattern: str) -> str:
    return pattern if pattern.startswith("{") else origin + pattern


def _before_content(form: Form, key: str, value: object) -> Form:
    changed: Form = {}
    names: Sequence[str] = list(form)
    place = next((name for name in names if name in _CONTENT), None)
    for name in names:
        if name == place:
            changed[key] = value
        changed[name] = form[name]
    return changed if place is not None else form | {key: value}
