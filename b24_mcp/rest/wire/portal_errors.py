"""The portal's error responses: whether an answer is one, and how it becomes a `B24Error`."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping

from b24_mcp.errors import B24Error, FieldProblem
from b24_mcp.errors.error import error_of
from b24_mcp.rest.wire.error_facts import fact_for, front_end_fact

_TAG = re.compile(r"<[^<>]{0,200}>")
_LONGEST_MESSAGE = 1_000
_LONGEST_CODE = 200


def is_error(body: Mapping[str, object]) -> bool:
    """Whether the top level of an answer, or an entry of `result_error`, reports an error.

    An empty `error` beside an `error_description` is an error: `crm.*.get` answers so for a missing record. Beside a
    result, empty values report nothing. Controllers report `"status": "error"` instead. Source: measured behaviour.
    """
    if body.get("error"):
        return True
    if "result" in body:
        error = body.get("error")
        return error in ("", 0) and not isinstance(error, bool) and bool(body.get("error_description"))
    if "error" in body:
        return "error_description" in body
    return body.get("status") == "error" and "errors" in body


def portal_error(body: Mapping[str, object], *, method: str, status: int | None) -> B24Error:
    """Parse an error in any of the portal's forms.

    `body` is the object that holds `error`: v2 (`error` is text, empty text or a number, with `error_description`),
    v3 (`error` is an object with `code`, `message` and perhaps `validation`), an entry of `result_error`, or a
    controller's `{"status": "error", "errors": [{"message", "code"}]}`. `status` is the HTTP status, None inside a
    batch.
    """
    error = body.get("error")
    problems: tuple[FieldProblem, ...] = ()
    code: object
    message: object
    if isinstance(error, Mapping):
        code, message = error.get("code", ""), error.get("message", "")
        problems = _validation(error.get("validation"))
    elif not error and "errors" in body:
        code, message = _of_controller(body["errors"])
    else:
        code, message = error, body.get("error_description")
    argument = body.get("argument")
    if not problems and isinstance(argument, str) and argument:
        problems = (FieldProblem(argument, plain_text(message)),)
    name, text = _code_text(code), plain_text(message)
    fact = fact_for(name, status, text)
    return error_of(fact, name, text, method=method, status=status, validation=problems)


def front_end_error(message: str, *, method: str, status: int) -> B24Error:
    """Build the error for a 4xx response that the REST API did not write: the call did not reach the API."""
    return error_of(front_end_fact(status), "B24MCP_BAD_ANSWER", message, method=method, status=status)


def plain_text(message: object) -> str:
    """Return a description of the portal, which may hold HTML, as one readable line of bounded length."""
    if message is None:
        return ""
    text = html.unescape(_TAG.sub(" ", str(message)))
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST_MESSAGE else text[:_LONGEST_MESSAGE] + "…"


def _of_controller(errors: object) -> tuple[object, str]:
    """Return the first code among the errors of a controller, and the messages of all of them."""
    entries = errors if isinstance(errors, list) else list(errors.values()) if isinstance(errors, Mapping) else [errors]
    codes = [entry["code"] for entry in entries if isinstance(entry, Mapping) and entry.get("code")]
    texts = [plain_text(entry.get("message") if isinstance(entry, Mapping) else entry) for entry in entries]
    return (codes[0] if codes else ""), "; ".join(text for text in texts if text)


def _code_text(code: object) -> str:
    if code is None or code is False:
        return ""
    return (code if isinstance(code, str) else str(code))[:_LONGEST_CODE]


def _validation(entries: object) -> tuple[FieldProblem, ...]:
    if not isinstance(entries, list):
        return ()
    return tuple(
        FieldProblem(str(entry.get("field", "")), plain_text(entry.get("message")))
        for entry in entries
        if isinstance(entry, Mapping)
    )
