"""A method with everything that the catalogue has about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from b24_mcp.catalog.facts import MethodFacts, Parameter, Version
from b24_mcp.catalog.positional import Argument
from b24_mcp.catalog.risks import Risk

if TYPE_CHECKING:
    from b24_mcp.catalog.arguments.table import ParameterTable

Effect = Literal["read", "write", "destructive"]
EFFECTS: tuple[Effect, ...] = ("read", "write", "destructive")
"""All effects, the mildest first."""


@dataclass(frozen=True, slots=True)
class RiskyMethod:
    """The risks of a method. Where a risk has conditions, also the documented parameters and whether the portal reads
    them by position.
    """

    risks: tuple[Risk, ...] = ()
    params: tuple[Parameter, ...] = ()
    positional: bool = False


@dataclass(frozen=True, slots=True)
class Method:
    """A method of one version of the API.

    `name` is the documented spelling. `note` explains an effect that the name does not suggest. `versions` are all
    versions of the API that have the name. `arguments` are the arguments in their order when the portal reads them by
    position, otherwise None. `has_outside_texts` is set when the answers of the method commonly contain texts written
    outside the company. `parameters` checks the arguments of a call.
    """

    name: str
    version: Version
    versions: tuple[Version, ...]
    effect: Effect
    note: str
    summary: str
    summary_ru: str
    facts: MethodFacts
    risky: RiskyMethod
    risks: tuple[Risk, ...]
    arguments: tuple[Argument, ...] | None
    has_outside_texts: bool
    parameters: ParameterTable = field(compare=False, repr=False)

    @property
    def deprecated(self) -> bool:
        """Whether the method was or will be switched off, or does nothing in new portals."""
        return self.facts.deprecated

    @property
    def is_classic(self) -> bool:
        """Whether the documentation recommends another method for new work, although this one works."""
        return self.facts.superseded

    @property
    def form(self) -> dict[str, Any]:
        """The facts as JSON, encoded on each access."""
        return self.facts.to_json()

    @property
    def signature(self) -> str:
        """The parameters in one line, the required ones starred."""
        return ", ".join(
            parameter.name + ("*" if parameter.required is True else "") for parameter in self.facts.params
        )


def stricter(one: Effect, other: Effect) -> Effect:
    """Return the stricter of two effects. A word that is not an effect counts as the strictest."""
    known = (effect if effect in EFFECTS else "destructive" for effect in (one, other))
    return max(known, key=EFFECTS.index)
