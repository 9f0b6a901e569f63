"""What can go wrong between us and a portal, in one form.

`B24Error` is the only exception that leaves this room. Which code means what is a table (`error_codes`);
this module is the form, the reading of the portal's several error shapes, and the failures we report
ourselves (`B24MCP_…` codes).
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from b24_mcp.errors.table import CHECK_FIRST, CodeFact, Executed, Kind, fact_for, front_end_fact

_TAG = re.compile(r"<[^<>]{0,200}>")
_LONGEST_MESSAGE = 1_000
_LONGEST_CODE = 200


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One entry of `validation`: which field is wrong and why."""

    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Fault:
    """Everything that is known of one failed call, ready for the reader.

    `code` is the portal's own code, or one of ours that starts with `B24MCP_`. `status` is the HTTP status, or
    None where no HTTP answer belongs to the failure (nothing was sent, or a command inside a batch).
    `executed` decides whether a write may be repeated; `retryable` says whether the same call, unchanged,
    can succeed later and is safe to send again.
    """

    code: str
    message: str
    kind: Kind
    executed: Executed
    retryable: bool
    hint: str
    status: int | None = None
    validation: Sequence[FieldProblem] = ()


class B24Error(Exception):
    """A call that did not succeed. `fault` says what is known; `method` is the method that was called."""

    def __init__(self, fault: Fault, method: str = "") -> None:
        super().__init__(f"{fault.code or '(empty code)'}: {fault.message}")
        self.fault = fault
        self.method = method

    def of(self, method: str) -> B24Error:
        """Give the same error with the name of the method it belongs to."""
        return B24Error(self.fault, method)

    def coded(self, code: str) -> B24Error:
        """Give the same error under another code."""
        return B24Error(replace(self.fault, code=code), self.method)


def our_error(
    code: str,
    message: str,
    *,
    method: str = "",
    status: int | None = None,
    hint: str | None = None,
    validation: Sequence[FieldProblem] = (),
) -> B24Error:
    """Build an error of our own; kind, executed and retryable come from the table, as for the portal's codes."""
    return _error_of(fact_for(code, status), code, message, method, status, hint, validation)


def front_end_error(message: str, *, method: str, status: int) -> B24Error:
    """An answer with a 4xx status that the REST API did not write: the call was refused before it got there."""
    return _error_of(front_end_fact(status), "B24MCP_BAD_ANSWER", message, method, status)


def after_doubt(error: B24Error, doubt: B24Error) -> B24Error:
    """The last error of a call that writes, when an earlier try of it may have been executed.

    What refused a later try says nothing about the earlier one, so the outcome stays unknown.
    """
    if error.fault.executed != "no":
        return error
    fault = replace(
        error.fault,
        executed="unknown",
        retryable=False,
        message=f"{error.fault.message} An earlier try may have been executed: {doubt.fault.message}",
        hint=CHECK_FIRST,
    )
    return B24Error(fault, error.method)


def _error_of(
    fact: CodeFact,
    code: str,
    message: str,
    method: str,
    status: int | None,
    hint: str | None = None,
    validation: Sequence[FieldProblem] = (),
) -> B24Error:
    fault = Fault(
        code=code,
        message=message,
        kind=fact.kind,
        executed=fact.executed,
        retryable=fact.retryable,
        hint=fact.hint if hint is None else hint,
        status=status,
        validation=validation,
    )
    return B24Error(fault, method)


def is_error(body: Mapping[str, Any]) -> bool:
    """Whether an answer's top level, or an entry of `result_error`, reports an error.

    An `error` that is empty text is still one when `error_description` stands beside it: `crm.*.get` answers so for a
    missing record. Beside a result, empty values report nothing. Controllers report `"status": "error"` instead.
    Source: measured answers of the portal.
    """
    if body.get("error"):
        return True
    if "result" in body:
        return body.get("error") in ("", 0) and not _is_flag(body["error"]) and bool(body.get("error_description"))
    if "error" in body:
        return "error_description" in body
    return body.get("status") == "error" and "errors" in body


def portal_error(body: Mapping[str, Any], *, method: str, status: int | None) -> B24Error:
    """Read an error in any of the portal's forms.

    `body` is the object that holds `error`: v2 (`error` is text, empty text or a number, with
    `error_description`), v3 (`error` is an object with `code`, `message` and perhaps `validation`), an entry
    of `result_error`, or a controller's `{"status": "error", "errors": [{"message", "code"}]}`. `status` is the HTTP
    status, None inside a batch.
    """
    error = body.get("error")
    problems: tuple[FieldProblem, ...] = ()
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
    return _error_of(fact, name, text, method, status, validation=problems)


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _of_controller(errors: object) -> tuple[object, str]:
    """The code of the first error of a controller that has one, and the messages of all."""
    entries = errors if isinstance(errors, list) else list(errors.values()) if isinstance(errors, Mapping) else [errors]
    codes = [entry["code"] for entry in entries if isinstance(entry, Mapping) and entry.get("code")]
    texts = [plain_text(entry.get("message") if isinstance(entry, Mapping) else entry) for entry in entries]
    return (codes[0] if codes else ""), "; ".join(text for text in texts if text)


def plain_text(message: object) -> str:
    """Turn a portal's description, which may hold HTML, into one readable line of bounded length."""
    if message is None:
        return ""
    text = html.unescape(_TAG.sub(" ", str(message)))
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST_MESSAGE else text[:_LONGEST_MESSAGE] + "…"


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
