"""The one gate before a portal. The tools ask it first, to refuse early and to ask a person; the portal asks it again
about every single request, so that nothing goes another way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from b24_mcp.access.audit import AuditTrail, Sending
from b24_mcp.access.current import current_caller
from b24_mcp.access.levels import Level
from b24_mcp.access.permits import Permit
from b24_mcp.access.risks import kinds_of, risks_in_words, risks_of
from b24_mcp.access.rules import AccessRules, effect_of, what_it_does
from b24_mcp.catalog import Risk, RiskKind
from b24_mcp.catalog.catalogue import Effect
from b24_mcp.errors import B24Error, our_error
from b24_mcp.rest import Act, Answer

Need = Literal["nothing", "approval", "refused"]


@dataclass(frozen=True, slots=True)
class Ruling:
    """The decision about one act: its effect, the risks that apply to its arguments, and why it is refused or needs
    approval (empty when neither).
    """

    act: Act
    effect: Effect
    need: Need
    why: str = ""
    risks: tuple[Risk, ...] = ()

    @property
    def kinds(self) -> list[RiskKind]:
        """The kinds of its risks, each once."""
        return kinds_of(self.risks)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the gate says of everything a call is to do."""

    rulings: tuple[Ruling, ...]

    @property
    def to_approve(self) -> tuple[Ruling, ...]:
        """The acts a person has to allow first."""
        return tuple(ruling for ruling in self.rulings if ruling.need == "approval")

    def refuse(self) -> None:
        """Refuse the whole when one act is refused.

        Raises:
            B24Error: `B24MCP_POLICY`; nothing was sent.
        """
        for ruling in self.rulings:
            if ruling.need == "refused":
                raise our_error("B24MCP_POLICY", f"{_command(ruling.act)}{ruling.why}.", method=ruling.act.method)


@dataclass(frozen=True, slots=True)
class Gate:
    """The gate of one portal; see `b24_mcp.rest.Guard`. `portal` is what the portal is called in questions and permits,
    `trail` where writes are noted, `name` what it is configured as, by which tokens name it.
    """

    portal: str
    rules: AccessRules
    trail: AuditTrail | None = None
    name: str = ""

    @property
    def key(self) -> str:
        """What permits and approvals are bound to: one host may be configured under two names, with two credentials."""
        return f"{self.name}@{self.portal}"

    def permit(self, acts: Sequence[Act]) -> Permit:
        """What a person's yes to these acts, as they were given, lets through."""
        return Permit.to_do(self.key, acts)

    @property
    def level(self) -> Level:
        """What the present caller may do at most."""
        return self.rules.narrowed_to(current_caller().level).level

    def judge(self, acts: Sequence[Act], *, reading_only: bool = False) -> Judgement:
        """Say of every act whether it may go. With `reading_only` nothing but reading may, whatever the rules."""
        caller = current_caller()
        if caller.portals is not None and (self.name or self.portal) not in caller.portals:
            return Judgement(tuple(_elsewhere(act, self.portal) for act in acts))
        rules = self.rules.narrowed_to(caller.level)
        rulings = [_rule(rules, act, reading_only) for act in acts]
        writes = sum(ruling.effect != "read" for ruling in rulings)
        if rules.asks and writes > rules.approval_writes:
            why = f"the batch changes something {writes} times, and more than {rules.approval_writes} need approval"
            rulings = [_asked(ruling, why) for ruling in rulings]
        return Judgement(tuple(rulings))

    def review(self, acts: Sequence[Act], permit: object | None) -> None:
        """See `Guard`."""
        self._reviewed(acts, permit)

    def _reviewed(self, acts: Sequence[Act], permit: object | None) -> Judgement:
        judgement = self.judge(acts)
        judgement.refuse()
        for ruling in judgement.to_approve:
            if not (isinstance(permit, Permit) and permit.covers(self.key, ruling.act)):
                raise our_error(
                    "B24MCP_APPROVAL",
                    f"{_command(ruling.act)}{ruling.act.method} needs the approval of a person: {ruling.why}.",
                    method=ruling.act.method,
                )
        return judgement

    def admit(self, acts: Sequence[Act], permit: object | None) -> AuditHook:
        """See `Guard`."""
        rulings = self._reviewed(acts, permit).rulings
        writes = [(ruling.act, ruling.effect, ruling.kinds) for ruling in rulings if ruling.effect != "read"]
        if self.trail is None or not writes:
            return AuditHook(None)
        return AuditHook(self.trail.sending(self.portal, writes, approved=permit is not None))


@dataclass(frozen=True, slots=True)
class AuditHook:
    """The way of one request that was let through, with what is noted of it; see `b24_mcp.rest.Passage`."""

    sending: Sending | None

    async def going(self) -> None:
        """See `AuditHook` in `rest`."""
        if self.sending is not None:
            await self.sending.going()

    async def ended(self, outcome: Answer | B24Error | None) -> None:
        """See `AuditHook` in `rest`."""
        if self.sending is not None:
            await self.sending.ended(outcome)


def _elsewhere(act: Act, portal: str) -> Ruling:
    why = f"this caller may use certain portals only, and {portal} is none of them"
    return Ruling(act, effect_of(act.method, act.version), "refused", why)


def _rule(rules: AccessRules, act: Act, reading_only: bool) -> Ruling:
    effect, risks = effect_of(act.method, act.version), risks_of(act)
    why = rules.why_refused(act.method, act.version, effect)
    if why is not None:
        return Ruling(act, effect, "refused", why, risks)
    does = what_it_does(act.method, act.version, effect)
    if reading_only and effect != "read":
        why = f"read_method calls only methods that read, and {act.method} {does}"
        return Ruling(act, effect, "refused", why, risks)
    reasons = [f"it {does}"] if effect == "destructive" else []
    if risks:
        reasons.append(risks_in_words(risks))
    is_asked = effect == "destructive" or not set(rules.risks).isdisjoint(kinds_of(risks))
    if is_asked and rules.asks:
        return Ruling(act, effect, "approval", "; ".join(reasons), risks)
    return Ruling(act, effect, "nothing", "", risks)


def _asked(ruling: Ruling, why: str) -> Ruling:
    if ruling.effect == "read" or ruling.need != "nothing":
        return ruling
    return replace(ruling, need="approval", why=why)


def _command(act: Act) -> str:
    return f"Command {act.name!r}: " if act.name else ""
