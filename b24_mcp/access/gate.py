"""The access rules of a portal, and the gate that judges every call by them.

The use cases let it judge planned calls, to refuse early and to ask the user. The REST client lets it judge every
finished request again, so that no request is sent without a judgement.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Literal

from b24_mcp.access.audit import AuditEntry, AuditTrail
from b24_mcp.access.caller import CALLER, LEVELS, Level, current_caller, is_probing
from b24_mcp.access.permits import Permit
from b24_mcp.access.risks import kinds_of, risks_in_words, risks_of
from b24_mcp.access.write_window import WriteWindow
from b24_mcp.catalog import RISK_KINDS, Effect, Risk, RiskKind, Version, known_methods
from b24_mcp.catalog.probes import FACT_PROBES, PROBES, V3_PROBE
from b24_mcp.errors import B24Error, our_error
from b24_mcp.rest import Answer, MethodCall, PlannedCall

Approval = Literal["ask", "off"]
Need = Literal["nothing", "approval", "refused"]

_GLOB = re.compile(r"[A-Za-z0-9_.*?]+")


@dataclass(frozen=True, slots=True)
class AccessRules:
    """The rules of one portal.

    At level `read` only methods that certainly read are called. At `write` the approval of the user is needed for
    methods that delete or overwrite, for calls with a risk of one of the kinds in `risks`, and for more than
    `approval_writes` calls that change something, in one batch or within some minutes. At `full`, or with `approval`
    off, no approval is needed.

    `allow` and `deny` are globs over method names, in any letter case, where `*` also matches dots. A denied method is
    never called. With `allow`, only allowed methods are called, and the probes of the program itself
    (`b24_mcp.catalog.probes`). Neither widens the level.

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
            raise ValueError(f"B24_RISKS contains an unknown kind of risk: use {', '.join(RISK_KINDS)}")
        for setting, globs in (("B24_ALLOW", self.allow), ("B24_DENY", self.deny)):
            if not all(map(_GLOB.fullmatch, globs)):
                raise ValueError(f"{setting} contains an invalid pattern: use letters, digits, _ . * and ?")

    @property
    def asks(self) -> bool:
        """Whether these rules ever require approval."""
        return self.level == "write" and self.approval == "ask"

    def narrowed_to(self, level: Level | None) -> AccessRules:
        """Return the same rules for a caller who has at most this level."""
        if level is None or LEVELS.index(level) >= LEVELS.index(self.level):
            return self
        return replace(self, level=level)

    def why_refused(self, method: str) -> str | None:
        """Return why the globs forbid a method; None when they allow it."""
        name = method.lower()
        if any(fnmatchcase(name, glob.lower()) for glob in self.deny):
            return f"B24_DENY forbids {method}"
        if self.allow and not any(fnmatchcase(name, glob.lower()) for glob in self.allow):
            is_probe = is_probing() and (method in (*PROBES, V3_PROBE) or method in FACT_PROBES)
            return None if is_probe else f"B24_ALLOW does not include {method}"
        return None


@dataclass(frozen=True, slots=True)
class Ruling:
    """The decision about one call: its effect, the risks that apply to its arguments, and the reason why it is refused
    or needs approval (empty when neither).
    """

    call: MethodCall
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
    """The decisions of the gate about the `calls` of one tool call."""

    calls: tuple[MethodCall, ...]
    rulings: tuple[Ruling, ...]

    @property
    def to_approve(self) -> tuple[Ruling, ...]:
        """The calls that the user has to approve first."""
        return tuple([ruling for ruling in self.rulings if ruling.need == "approval"])

    @property
    def needs_more(self) -> bool:
        """Whether one of the calls is refused or needs approval."""
        return any(ruling.need != "nothing" for ruling in self.rulings)

    @property
    def writes(self) -> int:
        """The number of calls that change something."""
        return len([ruling for ruling in self.rulings if ruling.effect != "read"])

    def asked(self, why: str) -> Judgement:
        """Return the judgement with all calls that change something to be approved, for a reason; as it is without one.

        Calls that are refused, or have a reason of their own, stay as they are.
        """
        return replace(self, rulings=tuple([_asked(one, why) for one in self.rulings])) if why else self

    def refuse(self) -> None:
        """Refuse all calls when one of them is refused.

        Raises:
            B24Error: `B24MCP_POLICY`; nothing was sent.
        """
        for ruling in self.rulings:
            if ruling.need == "refused":
                raise our_error("B24MCP_POLICY", f"{_command(ruling.call)}{ruling.why}.", method=ruling.call.method)


@dataclass(frozen=True, slots=True)
class Gate:
    """The gate of one portal, a `b24_mcp.rest.Guard`.

    `portal` is the name of the portal in questions and permits. `trail` is the audit log for writes. `name` is the
    configured name of the portal, which the scopes of tokens use. `window` counts the writes of each caller.
    """

    portal: str
    rules: AccessRules
    trail: AuditTrail | None = None
    name: str = ""
    window: WriteWindow | None = None

    @property
    def key(self) -> str:
        """The key of permits and approvals: one host may be configured twice, with two credentials."""
        return f"{self.name}@{self.portal}"

    @property
    def level(self) -> Level:
        """The access level of the current caller."""
        return self.rules.narrowed_to(current_caller().level).level

    def permit(self, judgement: Judgement, *, approved: bool = True) -> Permit:
        """Return the permit for the calls of a judgement of this gate; `approved` is what the user said about them.

        Calls that the judgement does not allow are judged again before anything is sent.

        Raises:
            B24Error: `B24MCP_POLICY` when the user approved calls that are refused.
        """
        if approved:
            judgement.refuse()
            return Permit.approved(self.key, judgement.calls)
        return Permit(self.key, () if judgement.needs_more else judgement.calls)

    def judge(self, calls: Sequence[MethodCall], *, reading_only: bool = False) -> Judgement:
        """Return the decision about every call. With `reading_only`, methods that write are refused under any rules."""
        judgement = self.judge_each(calls, reading_only=reading_only)
        return judgement.asked(self._why_many(judgement.writes, 0)) if judgement.writes else judgement

    def judge_each(self, calls: Sequence[MethodCall], *, reading_only: bool = False) -> Judgement:
        """Return the decision about every call by itself, whatever their number is."""
        caller = CALLER.get()
        if caller is not None and caller.portals is not None and (self.name or self.portal) not in caller.portals:
            return Judgement(tuple(calls), tuple([_elsewhere(call, self.portal) for call in calls]))
        rules = self._rules_now()
        return Judgement(tuple(calls), tuple([_rule(rules, call, reading_only) for call in calls]))

    async def judge_number(self, judgement: Judgement, *, sending: bool) -> Judgement:
        """Return a judgement in which calls are to be approved when there are too many; see `why_many`."""
        return judgement.asked(await self.why_many(judgement.writes, sending=sending))

    async def why_many(self, writes: int, *, sending: bool) -> str:
        """Return why a number of writes needs approval, with those of this caller within the window; empty if it does
        not.

        With `sending`, writes that need no approval are counted, because they are about to be sent.
        """
        rules = self._rules_now()
        if not writes or not rules.asks:
            return ""
        if self.window is None:
            return self._why_many(writes, 0)
        key = (self.key, current_caller().name)
        if sending:
            return self._why_many(writes, await self.window.reserve(*key, writes, rules.approval_writes))
        return self._why_many(writes, await self.window.count(*key))

    async def begin_window(self) -> None:
        """Start a new window for this caller, after an approval."""
        if self.window is not None and self._rules_now().asks:
            await self.window.clear(self.key, current_caller().name)

    def _rules_now(self) -> AccessRules:
        caller = CALLER.get()
        return self.rules if caller is None or caller.level is None else self.rules.narrowed_to(caller.level)

    def _why_many(self, writes: int, earlier: int) -> str:
        rules = self._rules_now()
        if writes + earlier <= rules.approval_writes or not rules.asks:
            return ""
        if writes > rules.approval_writes:
            return f"the batch changes something {writes} times, and more than {rules.approval_writes} need approval"
        minutes = 0 if self.window is None else round(self.window.seconds / 60)
        return (
            f"it is number {earlier + 1} of the changes within {minutes} minutes, and after {rules.approval_writes} "
            "further ones need approval"
            if writes == 1
            else f"it changes something {writes} times after {earlier} changes within {minutes} minutes, and more than "
            f"{rules.approval_writes} need approval"
        )

    def review(self, calls: Sequence[MethodCall], permit: object | None) -> None:
        """Judge the commands of a batch, unless this gate made the permit for these very commands.

        Raises:
            B24Error: `B24MCP_POLICY` or `B24MCP_APPROVAL`; nothing was sent.
        """
        if isinstance(permit, Permit) and permit.calls is calls and permit.portal == self.key:
            return
        self._reviewed(calls, permit)

    def admit(self, calls: Sequence[MethodCall], permit: object | None) -> AuditHook:
        """Judge the calls that were read back from a finished request.

        Raises:
            B24Error: `B24MCP_POLICY` or `B24MCP_APPROVAL`; the request was not sent.
        """
        rulings = self._reviewed(calls, permit).rulings
        writes = [(ruling.call, ruling.effect, ruling.kinds) for ruling in rulings if ruling.effect != "read"]
        if self.trail is None or not writes:
            return _NO_HOOK
        approved = isinstance(permit, Permit) and bool(permit.marks)
        return AuditHook(self.trail.entry(self.portal, writes, approved=approved))

    def _reviewed(self, calls: Sequence[MethodCall], permit: object | None) -> Judgement:
        judgement = self.judge(calls)
        for ruling in judgement.rulings:
            if ruling.need == "nothing":
                continue
            judgement.refuse()
            if ruling.need == "approval" and not (isinstance(permit, Permit) and permit.covers(self.key, ruling.call)):
                raise our_error(
                    "B24MCP_APPROVAL",
                    f"{_command(ruling.call)}{ruling.call.method} needs the approval of the user: {ruling.why}.",
                    method=ruling.call.method,
                )
        return judgement


@dataclass(frozen=True, slots=True)
class AuditHook:
    """The `RequestHook` of an admitted request: writes its audit log entry, if it has one."""

    entry: AuditEntry | None

    async def before_send(self) -> None:
        """Write the entry before the first try.

        Raises:
            B24Error: `B24MCP_AUDIT`; nothing was sent.
        """
        if self.entry is not None:
            await self.entry.sent()

    async def after_answer(self, outcome: Answer | B24Error | None) -> None:
        """Write the outcome."""
        if self.entry is not None:
            await self.entry.ended(outcome)


_NO_HOOK = AuditHook(None)


def _elsewhere(call: MethodCall, portal: str) -> Ruling:
    why = f"this caller may not use the portal {portal}"
    return Ruling(call, effect_of(call.method, call.version), "refused", why)


def _rule(rules: AccessRules, call: MethodCall, reading_only: bool) -> Ruling:
    method, version = call.method, call.version
    effect = call.effect if isinstance(call, PlannedCall) else effect_of(method, version)
    risks = call.risks if isinstance(call, PlannedCall) else None
    if risks is None:
        risks = risks_of(call) if known_methods().risky(method, version).risks else ()
    why = rules.why_refused(method) if rules.deny or rules.allow else None
    if why is not None:
        return Ruling(call, effect, "refused", why, risks)
    if effect == "read" and not risks:
        return Ruling(call, effect, "nothing")
    does = _what_it_does(method, version, effect)
    if rules.level == "read" and effect != "read":
        why = f"B24_ACCESS=read allows only methods that read, and {method} {does}"
        return Ruling(call, effect, "refused", why, risks)
    if reading_only and effect != "read":
        why = f"this tool calls only methods that read, and {method} {does}"
        return Ruling(call, effect, "refused", why, risks)
    reasons = [f"it {does}"] if effect == "destructive" else []
    if risks:
        reasons.append(risks_in_words(risks))
    is_asked = effect == "destructive" or not set(rules.risks).isdisjoint(kinds_of(risks))
    if is_asked and rules.asks:
        return Ruling(call, effect, "approval", "; ".join(reasons), risks)
    return Ruling(call, effect, "nothing", "", risks)


def effect_of(method: str, version: Version) -> Effect:
    """Return the effect of a method in the version that is called.

    A name in another letter case than in the documentation counts as unknown, because the portal looks names up in an
    order of its own. An unknown method counts as destructive.
    """
    catalogue = known_methods()
    return catalogue.effect(method, version) if catalogue.spelling(method) == method else "destructive"


def _what_it_does(method: str, version: Version, effect: Effect) -> str:
    """Return an effect in words, to follow the name of a method."""
    if effect == "destructive":
        catalogue = known_methods()
        is_known = catalogue.spelling(method) == method and version in catalogue.versions(method)
        return "deletes or overwrites" if is_known else "is not in the catalogue and so counts as destructive"
    return "writes" if effect == "write" else "only reads"


def _asked(ruling: Ruling, why: str) -> Ruling:
    if ruling.effect == "read" or ruling.need != "nothing":
        return ruling
    return replace(ruling, need="approval", why=why)


def _command(call: MethodCall) -> str:
    return f"Command {call.name!r}: " if call.name else ""
