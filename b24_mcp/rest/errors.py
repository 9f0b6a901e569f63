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

from b24_mcp.rest.error_codes import Executed, Kind, fact_for

_TAG = re.compile(r"<[^<>]{0,200}>")
_LONGEST_MESSAGE = 1_000


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
    fact = fact_for(code, status)
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
    """Tell whether an answer's top level reports an error.

    An `error` that is empty text is still one when `error_description` stands beside it: `crm.*.get` answers
    so for a missing record. Source: measured answers of the portal.
    """
    return "error" in body and (bool(body["error"]) or "error_description" in body)


def portal_error(body: Mapping[str, Any], *, method: str, status: int | None) -> B24Error:
    """Read an error in any of the portal's forms.

    `body` is the object that holds `error`: v2 (`error` is text, empty text or a number, with
    `error_description`), v3 (`error` is an object with `code`, `message` and perhaps `validation`), or an entry
    of `result_error`. `status` is the HTTP status, None inside a batch.
    """
    error = body.get("error")
    if isinstance(error, Mapping):
        code, message = error.get("code", ""), error.get("message", "")
        problems = _validation(error.get("validation"))
    else:
        code, message, problems = error, body.get("error_description"), ()
    argument = body.get("argument")
    if not problems and isinstance(argument, str) and argument:
        problems = (FieldProblem(argument, plain_text(message)),)
    text = plain_text(message)
    error = our_error(_code_text(code), text, method=method, status=status, validation=problems)
    if not error.fault.code and text.lower().startswith("not found"):
        return our_error("NOT_FOUND", text, method=method, status=status, validation=problems).coded("")
    return error


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
    return code if isinstance(code, str) else str(code)


def _validation(entries: object) -> tuple[FieldProblem, ...]:
    if not isinstance(entries, list):
        return ()
    return tuple(
        FieldProblem(str(entry.get("field", "")), plain_text(entry.get("message")))
        for entry in entries
        if isinstance(entry, Mapping)
    )
