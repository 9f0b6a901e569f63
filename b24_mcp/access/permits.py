"""Permits: the calls that may be sent, after the judgement of the gate and the approval of the user."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from b24_mcp.rest import MethodCall, holds_references, written_as_query

Mark = tuple[str, str, str | None]
"""Method, version, and digest of the parameters; None where references in them are replaced before sending."""


@dataclass(frozen=True, slots=True)
class Permit:
    """Allows calls on one portal. Made by `Gate.permit`.

    `calls` are the calls that need no second judgement as a whole, compared by identity. `marks` identify the calls
    that the user approved; empty when no approval was needed.
    """

    portal: str
    calls: Sequence[MethodCall]
    marks: frozenset[Mark] = frozenset()

    @classmethod
    def approved(cls, portal: str, calls: Sequence[MethodCall]) -> Permit:
        """Return the permit for approved calls."""
        return cls(portal, calls, frozenset(mark for call in calls for mark in _marks(call)))

    def covers(self, portal: str, call: MethodCall) -> bool:
        """Whether this call, as planned or as read back from a request, was approved."""
        if portal != self.portal or not self.marks:
            return False
        exact = (call.method, call.version, digest_of(call.params))
        return exact in self.marks or (call.method, call.version, None) in self.marks


def digest_of(value: object) -> str:
    """Return a digest of a JSON value. The order of names counts, since it does for the portal."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def digest_of_call(user: str, portal: str, calls: Sequence[MethodCall], halt: bool) -> str:
    """Return the digest that identifies a call when it is made again after the approval."""
    return digest_of([user, portal, [[call.name, call.method, call.version, call.params] for call in calls], halt])


def _marks(call: MethodCall) -> Iterator[Mark]:
    params = call.params
    yield call.method, call.version, digest_of(params)
    if isinstance(params, str):
        return
    if holds_references(params):
        yield call.method, call.version, None
    query = written_as_query(params)
    if query is not None:
        yield call.method, call.version, digest_of(query)
