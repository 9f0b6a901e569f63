"""What a person reads before allowing a call: everything that will be done, in a form that text in it cannot forge."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

from b24_mcp.access.gate import Judgement, Ruling
from b24_mcp.catalog import known_methods
from b24_mcp.rest import Redactor, show_hidden

_WHOLE = 1_000_000


def question(judgement: Judgement, portal: str, redactor: Redactor, *, longest: int = _WHOLE) -> str:
    """Return what is to be allowed on a portal, in about `longest` characters, with secrets masked.

    What does not fit is counted and said to be hidden. Secrets are masked before that, since a part of one that was cut
    would not be found.
    """
    rulings = judgement.to_approve
    lines = [f"On {portal}, {_how_much(judgement)}:"]
    room = longest
    for position, ruling in enumerate(rulings):
        entry = _entry(ruling, max(room // 2, 200) if longest < _WHOLE else _WHOLE, redactor)
        room -= len(entry)
        if room < 0 and position:
            lines.append(f"… and {_counted(rulings[position:])}, not shown here")
            break
        lines.append(entry)
    return redactor.redact("\n".join(lines))


def _how_much(judgement: Judgement) -> str:
    if len(judgement.rulings) == 1:
        return "call"
    return f"a batch of {len(judgement.rulings)} commands, of which {len(judgement.to_approve)} need approval"


def _entry(ruling: Ruling, longest: int, redactor: Redactor) -> str:
    act = ruling.act
    method = known_methods().method(act.method, act.version)
    note = f" ({method.note})" if method is not None and method.note else ""
    params = act.params if isinstance(act.params, str) else json.dumps(act.params, ensure_ascii=False)
    shown = show_hidden(redactor.redact(params))
    if len(shown) > longest:
        shown = f"{shown[:longest]} … {len(shown) - longest} more characters are NOT shown here"
    name = f"{show_hidden(act.name)}: " if act.name else ""
    return f"- {name}{act.method}: {ruling.why}{note}\n  with {shown}"


def _counted(rulings: Sequence[Ruling]) -> str:
    counts = Counter(ruling.act.method for ruling in rulings)
    return ", ".join(f"{count} × {method}" for method, count in counts.most_common())
