"""The risks of a method in addition to its effect: the kinds of harm, the conditions and the reason.

The data is in `data/risks_*.tsv`: method, version, kinds, conditions, reason. A method may have several rows, because
different parameters may have different risks.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, cast, get_args

RiskKind = Literal["outside", "rights", "money", "code"]
"""`outside`: data or calls leave the portal; `rights`: people, roles or permissions change; `money`: something is paid,
charged or becomes due; `code`: a template, script or robot is installed that runs later.
"""

RISK_KINDS: tuple[RiskKind, ...] = get_args(RiskKind)

NO_RISK = "-"
"""The text in the column of kinds for a method that was reviewed and has no risk."""


@dataclass(frozen=True, slots=True)
class RiskCondition:
    """A parameter with a risk: `name` at any depth, below `parents` as documented. With `values`, the condition applies
    only when the value of the parameter is one of them.
    """

    name: str
    parents: tuple[str, ...] = ()
    values: tuple[str, ...] = ()

    @classmethod
    def read(cls, text: str) -> RiskCondition:
        """Parse one condition such as `ACTIVE`, `fields.EMAIL` or `TYPE_ID=4|6`.

        Raises:
            ValueError: for a word without a name, or with an empty part or value.
        """
        path, sign, values = text.partition("=")
        *parents, name = path.split(".")
        allowed = tuple(values.split("|")) if sign else ()
        if not all((name, *parents, *allowed)):
            raise ValueError(f"{text!r} is not a condition: expected NAME, parent.NAME or NAME=value|value")
        return cls(name, tuple(parents), allowed)

    def __str__(self) -> str:
        path = ".".join((*self.parents, self.name))
        return f"{path}={'|'.join(self.values)}" if self.values else path


@dataclass(frozen=True, slots=True)
class Risk:
    """One risk of a method. It applies when any of the conditions in `when` does, or always when there are none. `why`
    is one line for the user.
    """

    kinds: tuple[RiskKind, ...]
    when: tuple[RiskCondition, ...]
    why: str

    @classmethod
    def read(cls, kinds: str, when: str, why: str) -> Risk:
        """Parse one row; `kinds` are separated by commas, conditions by spaces.

        Raises:
            ValueError: for an unknown, repeated or misplaced kind, a malformed condition, or a missing reason.
        """
        named = kinds.split(",")
        if named != [kind for kind in RISK_KINDS if kind in named]:
            raise ValueError(f"{kinds!r} is not a list of {', '.join(RISK_KINDS)} in this order")
        if not why.strip():
            raise ValueError("the reason is missing")
        conditions = tuple(RiskCondition.read(word) for word in when.split())
        return cls(cast("tuple[RiskKind, ...]", tuple(named)), conditions, why.strip())


UNJUDGED = Risk(RISK_KINDS, (), "the risks of this method have not been reviewed")
"""The risk of a writing method without a row in the data."""


def risks_to_json(risks: Iterable[Risk]) -> str:
    """Encode risks for the compiled catalogue; an empty text when there are none."""
    rows = [[",".join(risk.kinds), " ".join(map(str, risk.when)), risk.why] for risk in risks]
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":")) if rows else ""


def risks_from_json(text: str) -> tuple[Risk, ...]:
    """Parse the risks that `risks_to_json` encoded.

    Raises:
        ValueError: when the text is not in that form.
    """
    return tuple(Risk.read(*row) for row in json.loads(text)) if text else ()


def merged(first: Iterable[Risk], second: Iterable[Risk]) -> tuple[Risk, ...]:
    """Return the risks of both, each once. Merging never removes or weakens one."""
    return tuple(dict.fromkeys((*first, *second)))
