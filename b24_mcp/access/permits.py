"""What a person's approval lets through: these methods with these very arguments, and nothing else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from b24_mcp.rest import Act, Params, holds_references, written_as_query

Mark = tuple[str, str, str | None]
"""Method, version, and the digest of its parameters; None where references in them are replaced on the way."""


@dataclass(frozen=True, slots=True)
class Permit:
    """Lets the acts with these marks through on one portal."""

    portal: str
    marks: frozenset[Mark]

    @classmethod
    def to_do(cls, portal: str, acts: Iterable[Act]) -> Permit:
        """A permit for acts as they were given, before a batch writes them down."""
        return cls(portal, frozenset(mark for act in acts for mark in _marks(act)))

    def covers(self, portal: str, act: Act) -> bool:
        """Whether this act, as given or as it stands on the wire, is one of those permitted."""
        exact = (act.method, act.version, digest_of(act.params))
        return portal == self.portal and (exact in self.marks or (act.method, act.version, None) in self.marks)


def digest_of(value: Any) -> str:
    """A digest of a value as it is written; the order of names counts, since it does for the portal."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def digest_of_call(user: str, portal: str, acts: Sequence[Act], halt: bool) -> str:
    """What one call is recognised by when it comes again after a person approved it."""
    return digest_of([user, portal, [[act.name, act.method, act.version, act.params] for act in acts], halt])


def _marks(act: Act) -> Iterable[Mark]:
    params: Params | str = act.params
    yield act.method, act.version, digest_of(params)
    if isinstance(params, str):
        return
    if holds_references(params):
        yield act.method, act.version, None
    query = written_as_query(params)
    if query is not None:
        yield act.method, act.version, digest_of(query)
