"""The question to the user before a call: everything that will be done, in a form that no text in it can forge."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence

from b24_mcp.access.gate import Judgement, Ruling
from b24_mcp.catalog import known_methods
from b24_mcp.catalog.links import pages_of_call
from b24_mcp.secrets import Redactor, show_hidden

_WHOLE = 1_000_000
_LEAST = 200


def question(judgement: Judgement, portal: str, redactor: Redactor, *, origin: str = "", longest: int = _WHOLE) -> str:
    """Return the question about all calls that need approval on a portal, in about `longest` characters.

    A call that names a record has the link to its page, which begins with `origin`.

    Calls of the same method with the same reason are grouped: the reason once, then the arguments of each. Calls that
    do not fit are counted and named as not shown. Secrets are masked before anything is cut, because a part of a secret
    is not recognised.
    """
    groups: dict[tuple[str, str, str], list[Ruling]] = {}
    for ruling in judgement.to_approve:
        groups.setdefault((ruling.call.method, ruling.call.version, ruling.why), []).append(ruling)
    lines = [f"On {portal}, {_how_much(judgement)}:"]
    room = longest
    waiting = list(groups.values())
    while waiting:
        first_of_all = len(lines) == 1
        group = waiting.pop(0)
        entry = _alone(group[0], _half(room, longest), redactor, origin) if len(group) == 1 else _heading(group)
        room -= len(entry)
        if room < 0 and not first_of_all:
            hidden = [ruling for one in (group, *waiting) for ruling in one]
            lines.append(f"… and {_counted(hidden)}, not shown here")
            break
        lines.append(entry)
        for position, ruling in enumerate(group if len(group) > 1 else ()):
            arguments = _arguments(ruling, _half(room, longest), redactor)
            entry = f"  {show_hidden(ruling.call.name)}: {arguments}{_link(ruling, origin)}"
            room -= len(entry)
            if room < 0 and position:
                lines.append(f"  … and {_counted(group[position:])}, not shown here")
                break
            lines.append(entry)
    return redactor.redact("\n".join(lines))


def _how_much(judgement: Judgement) -> str:
    if len(judgement.rulings) == 1:
        return "call"
    return f"a batch of {len(judgement.rulings)} commands, of which {len(judgement.to_approve)} need approval"


def _alone(ruling: Ruling, longest: int, redactor: Redactor, origin: str) -> str:
    name = f"{show_hidden(ruling.call.name)}: " if ruling.call.name else ""
    arguments = _arguments(ruling, longest, redactor)
    return f"- {name}{ruling.call.method}: {ruling.why}{_note(ruling)}\n  with {arguments}{_link(ruling, origin)}"


def _link(ruling: Ruling, origin: str) -> str:
    """Return the link to the record that a call names, on a line of its own; empty when there is none."""
    params = ruling.call.params
    if not isinstance(params, Mapping) or not origin:
        return ""
    pages = pages_of_call(ruling.call.method, params)
    if pages is None:
        return ""
    named = next((value for name, value in params.items() if name.lower() == pages.id_parameter.lower()), None)
    path = pages.path({"id": named}, params) if named else None
    return "" if path is None else f"\n  {origin}{path}"


def _heading(group: Sequence[Ruling]) -> str:
    return f"- {group[0].call.method}, {len(group)} times: {group[0].why}{_note(group[0])}"


def _note(ruling: Ruling) -> str:
    method = known_methods().method(ruling.call.method, ruling.call.version)
    return f" ({method.note})" if method is not None and method.note else ""


def _arguments(ruling: Ruling, longest: int, redactor: Redactor) -> str:
    params = ruling.call.params
    written = params if isinstance(params, str) else json.dumps(params, ensure_ascii=False)
    shown = show_hidden(redactor.redact(written))
    if len(shown) <= longest:
        return shown
    return f"{shown[:longest]} … {len(shown) - longest} more characters are NOT shown here"


def _half(room: int, longest: int) -> int:
    """Return the space for one call, so that long arguments leave space for the next call."""
    return _WHOLE if longest == _WHOLE else max(room // 2, _LEAST)


def _counted(rulings: Sequence[Ruling]) -> str:
    counts = Counter(ruling.call.method for ruling in rulings)
    return ", ".join(f"{count} × {method}" for method, count in counts.most_common())
