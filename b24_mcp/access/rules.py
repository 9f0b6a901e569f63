"""What may be done on one portal: a level, globs over method names, and what a person is asked about first."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Literal

from b24_mcp.access.caller import LEVELS, Level, is_probing
from b24_mcp.catalog import RISK_KINDS, RiskKind, Version, known_methods
from b24_mcp.catalog.catalogue import Effect
from b24_mcp.catalog.probes import PROBES, V3_PROBE

Approval = Literal["ask", "off"]

_GLOB = re.compile(r"[A-Za-z0-9_.*?]+")


@dataclass(frozen=True, slots=True)
class AccessRules:
    """The rules of one portal.

    At level `read` only methods that surely read are called. At `write` a person's approval is needed for methods that
    delete or overwrite, for calls with a risk of one of the kinds in `risks`, and for a batch of more than
    `approval_writes` commands that change something. At `full` nothing is asked, nor with `approval` off.

    `allow` and `deny` are globs over method names, in any letter case, where `*` also stands for dots: what is denied
    is never called, and where anything is allowed, nothing else is, except the
    probes of the program itself (`b24_mcp.catalog.probes`). Neither widens the level.

    Raises:
        ValueError: for a glob with a character that no method name has, or an unknown kind of risk.
    """

    level: Level = "write"
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    approval: Approval = "ask"
    approval_writes: int = 50
    risks: tuple[RiskKind, ...] = RISK_KINDS

    def __post_init__(self) -> None:
        if not set(self.risks) <= set(RISK_KINDS):
            raise ValueError(f"B24_RISKS holds an unknown kind of risk: use {', '.join(RISK_KINDS)}")
        for setting, globs in (("B24_ALLOW", self.allow), ("B24_DENY", self.deny)):
            if not all(map(_GLOB.fullmatch, globs)):
                raise ValueError(f"{setting} holds what is no glob over method names: use letters, digits, _ . * and ?")

    @property
    def asks(self) -> bool:
        """Whether a person is ever asked."""
        return self.level == "write" and self.approval == "ask"

    def narrowed_to(self, level: Level | None) -> AccessRules:
        """The same rules for a caller who has at most this level."""
        if level is None or LEVELS.index(level) >= LEVELS.index(self.level):
            return self
        return replace(self, level=level)

    def why_refused(self, method: str, version: Version, effect: Effect) -> str | None:
        """Return why a method is not called at all; None when it may be, perhaps after approval."""
        name = method.lower()
        if any(fnmatchcase(name, glob.lower()) for glob in self.deny):
            return f"B24_DENY forbids {method}"
        own = is_probing() and method in (*PROBES, V3_PROBE)
        if self.allow and not own and not any(fnmatchcase(name, glob.lower()) for glob in self.allow):
            return f"B24_ALLOW does not name {method}"
        if self.level == "read" and effect != "read":
            return (
                f"B24_ACCESS=read allows only methods that read, and {method} {what_it_does(method, version, effect)}"
            )
        return None


def effect_of(method: str, version: Version) -> Effect:
    """What a method does in the version that is called.

    A name that is not written as the documentation writes it counts as unknown, and the unknown as destructive: the
    portal looks up letter cases in an order of its own.
    """
    catalogue = known_methods()
    return catalogue.effect(method, version) if catalogue.spelling(method) == method else "destructive"


def is_known(method: str, version: Version) -> bool:
    """Whether the catalogue knows the method in this version, so that its effect is more than a precaution."""
    catalogue = known_methods()
    return catalogue.spelling(method) == method and version in catalogue.versions(method)


def what_it_does(method: str, version: Version, effect: Effect) -> str:
    """An effect in words, to follow the name of a method."""
    if effect == "destructive":
        known = is_known(method, version)
        return "deletes or overwrites" if known else "is not in the catalogue and so counts as destructive"
    return "writes" if effect == "write" else "only reads"
