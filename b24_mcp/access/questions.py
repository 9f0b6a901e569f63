"""The question to the user before a call: everything that will be done, in a form that no text in it can forge."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence

from b24_mcp.access.gate import Judgement, Ruling
from b24_mcp.catalog import known_methods
from b24_mcp.catalog.links import pages_of_call
from b24_mcp.secrets import Redactor, show_hidden
from b24_mcp.texts import Language, text, translated

_WHOLE = 1_000_000
_LEAST = 200


def question(
    judgement: Judgement,
    portal: str,
    redactor: Redactor,
    *,
    origin: str = "",
    longest: int = _WHOLE,
    language: Language = "en",
) -> str:
    """Return the question about all calls that need approval on a portal, in about `longest` characters.

    A call that names a record has the link to its page, which begins with `origin`.

    Calls of the same method with the same reason are grouped: the reason once, then the arguments of each. Calls that
    do not fit are counted and named as not shown. Secrets are masked before anything is cut, because a part of a secret
    is not recognised.
    """
    groups: dict[tuple[str, str, str], list[Ruling]] = {}
    for ruling in judgement.to_approve:
        groups.setdefault((ruling.call.method, ruling.call.version, ruling.why), []).append(ruling)
    lines = [_beginning(judgement, portal, language)]
    room = longest
    waiting = list(groups.values())
    while waiting:
        first_of_all = len(lines) == 1
        group = waiting.pop(0)
        entry = (
            _alone(group[0], _half(room, longest), redactor, origin, language)
            if len(group) == 1
            else _heading(group, language)
        )
        room -= len(entry)
        if room < 0 and not first_of_all:
            hidden = [ruling for one in (group, *waiting) for ruling in one]
            lines.append(text("question.hidden", language, calls=_counted(hidden)))
            break
        lines.append(entry)
        for position, ruling in enumerate(group if len(group) > 1 else ()):
            arguments = _arguments(ruling, _half(room, longest), redactor, language)
            entry = f"  {show_hidden(ruling.call.name)}: {arguments}{_link(ruling, origin)}"
            room -= len(entry)
            if room < 0 and position:
                lines.append("  " + text("question.hidden", language, calls=_counted(group[position:])))
                break
            lines.append(entry)
    return redactor.redact("\n".join(lines))


def _beginning(judgement: Judgement, portal: str, language: Language) -> str:
    portal = translated(portal, language)
    if len(judgement.rulings) == 1:
        return text("question.call", language, portal=portal)
    counts = {"commands": len(judgement.rulings), "asked": len(judgement.to_approve)}
    return text("question.batch", language, portal=portal, **counts)


def reasons_in(why: str, language: Language) -> str:
    """Return the reasons of a ruling in a language. Each is translated by itself."""
    return "; ".join(translated(one, language) for one in why.split("; "))


def _alone(ruling: Ruling, longest: int, redactor: Redactor, origin: str, language: Language) -> str:
    name = f"{show_hidden(ruling.call.name)}: " if ruling.call.name else ""
    arguments = text("question.with", language, arguments=_arguments(ruling, longest, redactor, language))
    why = reasons_in(ruling.why, language)
    return f"- {name}{ruling.call.method}: {why}{_note(ruling, language)}\n  {arguments}{_link(ruling, origin)}"


def _link(ruling: Ruling, origin: str) -> str:
    """Return the link to the record that a call names, on its own line; empty without one."""
    params = ruling.call.params
    if not isinstance(params, Mapping) or not origin:
        return ""
    pages = pages_of_call(ruling.call.method, params)
    if pages is None:
        return ""
    named = next((value for name, value in params.items() if name.lower() == pages.id_parameter.lower()), None)
    path = pages.path({"id": named}, params) if named else None
    return "" if path is None else f"\n  {origin}{path}"


def _heading(group: Sequence[Ruling], language: Language) -> str:
    first = group[0]
    why = reasons_in(first.why, language)
    return text("question.group", language, method=first.call.method, count=len(group), why=why) + _note(
        first, language
    )


def _note(ruling: Ruling, language: Language) -> str:
    method = known_methods().method(ruling.call.method, ruling.call.version)
    return f" ({translated(method.note, language)})" if method is not None and method.note else ""


def _arguments(ruling: Ruling, longest: int, redactor: Redactor, language: Language) -> str:
    params = ruling.call.params
    written = params if isinstance(params, str) else json.dumps(params, ensure_ascii=False)
    shown = show_hidden(redactor.redact(written))
    if len(shown) <= longest:
        return shown
    return shown[:longest] + text("question.cut", language, count=len(shown) - longest)


def _half(room: int, longest: int) -> int:
    """Return the space for one call, so that long arguments leave space for the next call."""
    return _WHOLE if longest == _WHOLE else max(room // 2, _LEAST)


def _counted(rulings: Sequence[Ruling]) -> str:
    counts = Counter(ruling.call.method for ruling in rulings)
    return ", ".join(f"{count} × {method}" for method, count in counts.most_common())
