"""The table of error codes: what each code means and whether the call may be repeated.

This module holds the mechanism and the registry. Each package keeps its own codes in a module `codes.py` and registers
them in its `__init__`, so that the codes of every loaded package are known here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "validation",
    "unknown_method",
    "not_found",
    "permission",
    "plan",
    "auth",
    "rate_limit",
    "operating_limit",
    "unavailable",
    "conflict",
    "policy",
    "approval",
    "portal",
    "internal",
]
Executed = Literal["no", "yes", "unknown"]

CHECK_FIRST = "It may have been executed: read the record back before you repeat a call that writes."


@dataclass(frozen=True, slots=True)
class CodeFact:
    """What a code means: its kind, whether the call was executed, whether it may be repeated, and what to do next."""

    kind: Kind
    hint: str
    executed: Executed = "no"
    retryable: bool = False


_facts: dict[str, CodeFact] = {}
_owners: dict[str, str] = {}


def register(package: str, facts: Mapping[str, CodeFact]) -> None:
    """Add the codes of a package, in capitals, to the table.

    Raises:
        ValueError: when a code is registered already.
    """
    if taken := sorted(set(facts) & set(_facts)):
        raise ValueError(f"{package} registers error codes that {_owners[taken[0]]} has registered: {', '.join(taken)}")
    _facts.update(facts)
    _owners.update(dict.fromkeys(facts, package))


def registered_fact(code: str) -> CodeFact | None:
    """Return what a code means, in any letter case; None when no loaded package registered it."""
    return _facts.get(code.upper())


def owner_of(code: str) -> str | None:
    """Return the package that registered a code; None for an unknown code."""
    return _owners.get(code)


def registered_codes() -> Iterator[str]:
    """Return the codes of all loaded packages."""
    return iter(_facts)
