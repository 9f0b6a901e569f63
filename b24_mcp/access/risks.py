"""The risks of one call: those of its method that apply to its arguments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from b24_mcp.access.arguments import Arguments, folded
from b24_mcp.catalog import RISK_KINDS, Risk, RiskCondition, RiskKind, known_methods
from b24_mcp.catalog.facts import Parameter
from b24_mcp.rest import MethodCall, PlannedCall

_MEANING: dict[RiskKind, str] = {
    "outside": "data or calls leave the portal",
    "rights": "people or access rights change",
    "money": "money is involved",
    "code": "code that runs later is installed",
}
_MOST_REASONS = 5
# Common names of an object of fields, documented or not.
_USUAL_HOLDERS = frozenset({"fields", "params", "data"})
_SCALAR = re.compile(
    r"integer|string|boolean|double|char|datetime|date|time|text|file|enum|null|user"
    r"|crm_(?:status|entity|company|contact|deal|lead|quote|currency|category)|\w+\.\w+"
)


def risks_of(call: MethodCall) -> tuple[Risk, ...]:
    """Return the risks of the method that apply to these arguments or cannot be excluded."""
    method = known_methods().risky(call.method, call.version)
    conditions = [condition for risk in method.risks for condition in risk.when]
    if not conditions:
        return method.risks
    by_position = method.positional or isinstance(call.params, list)
    positions = [folded(parameter.name) for parameter in method.params] if by_position else ()
    found = Arguments.find(call.params, {folded(condition.name) for condition in conditions}, positions)
    return tuple(
        risk
        for risk in method.risks
        if not risk.when or any(_applies(condition, found, method.params) for condition in risk.when)
    )


def with_risks(call: PlannedCall) -> PlannedCall:
    """Return a planned call with the risks that apply to its arguments."""
    return call if call.risks is not None else replace(call, risks=risks_of(call))


def kinds_of(risks: Iterable[Risk]) -> list[RiskKind]:
    """Return the kinds of these risks, each once, in their usual order."""
    held = {kind for risk in risks for kind in risk.kinds}
    return [kind for kind in RISK_KINDS if kind in held]


def risks_in_words(risks: Sequence[Risk]) -> str:
    """Return the risks as a clause. Reasons for the same kinds are joined; of a long list the rest is counted."""
    reasons: dict[tuple[RiskKind, ...], list[str]] = {}
    for risk in risks:
        known = reasons.setdefault(risk.kinds, [])
        if risk.why not in known:
            known.append(risk.why)
    return "; ".join(f"{_meaning(kinds)} ({_listed(why)})" for kinds, why in reasons.items())


def _meaning(kinds: Sequence[RiskKind]) -> str:
    *others, last = (_MEANING[kind] for kind in kinds)
    return f"{', '.join(others)} and {last}" if others else last


def _listed(reasons: Sequence[str]) -> str:
    hidden = len(reasons) - _MOST_REASONS
    shown = ", ".join(reasons[:_MOST_REASONS])
    return f"{shown}, and {hidden} more reasons" if hidden > 0 else shown


def _applies(condition: RiskCondition, found: Arguments, documented: Sequence[Parameter]) -> bool:
    name = folded(condition.name)
    if found.open_at and not found.open_at.isdisjoint(_holders(condition, documented)):
        return True
    return found.may_be(name, condition.values) if condition.values else found.has(name)


def _holders(condition: RiskCondition, documented: Sequence[Parameter]) -> set[str]:
    """Return the folded names of the parameters that may contain the parameter of a condition.

    An undocumented parameter may be inside every parameter that can contain others.
    """
    places = list(_places(folded(condition.name), documented))
    holders = {*map(folded, condition.parents), *_USUAL_HOLDERS}.union(*places)
    if not places and not condition.parents:
        holders |= {folded(parameter.name) for parameter in documented if not _is_scalar(parameter)}
    return holders


def _places(name: str, parameters: Sequence[Parameter], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the names of the parents of each documented occurrence of a parameter."""
    for parameter in parameters:
        own = folded(parameter.name)
        if own == name:
            yield above
        yield from _places(name, parameter.fields, (*above, own))


def _is_scalar(parameter: Parameter) -> bool:
    if parameter.fields or parameter.is_list or not parameter.type:
        return False
    return all(_SCALAR.fullmatch(one) for one in parameter.type.split("|"))
