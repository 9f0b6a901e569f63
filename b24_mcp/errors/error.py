"""The exception of this package and what it carries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from b24_mcp.errors.table import CHECK_FIRST, CodeFact, Executed, Kind, registered_fact


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One entry of `validation`: the field that is wrong, and why."""

    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Fault:
    """Everything that is known about one failed call.

    `code` is the portal's own code, or a code of this program, which starts with `B24MCP_`. `status` is the HTTP
    status; it is None when no HTTP response belongs to the failure (nothing was sent, or a command inside a batch
    failed). `executed` decides whether a write may be repeated. `retryable` is true when the same call, unchanged,
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
    """A call that failed. `fault` describes the failure; `method` is the method that was called."""

    def __init__(self, fault: Fault, method: str = "") -> None:
        super().__init__(f"{fault.code or '(empty code)'}: {fault.message}")
        self.fault = fault
        self.method = method

    def of(self, method: str) -> B24Error:
        """Return the same error with the name of the method it belongs to."""
        return B24Error(self.fault, method)


def our_error(
    code: str,
    message: str,
    *,
    method: str = "",
    status: int | None = None,
    hint: str | None = None,
    validation: Sequence[FieldProblem] = (),
) -> B24Error:
    """Build an error with a registered code. Its kind, `executed`, `retryable` and hint come from the table.

    Raises:
        LookupError: for a code that no loaded package registered.
    """
    fact = registered_fact(code)
    if fact is None:
        raise LookupError(f"The error code {code} is not registered")
    return error_of(fact, code, message, method=method, status=status, hint=hint, validation=validation)


def error_of(
    fact: CodeFact,
    code: str,
    message: str,
    *,
    method: str = "",
    status: int | None = None,
    hint: str | None = None,
    validation: Sequence[FieldProblem] = (),
) -> B24Error:
    """Build an error from what its code means. `hint` replaces the hint of the table."""
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


def after_doubt(error: B24Error, doubt: B24Error) -> B24Error:
    """Return the last error of a call that writes, when an earlier try of it may have been executed.

    The error of a later try does not show what became of the earlier one, so the outcome stays unknown.
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
