"""Checks of the reader's paging parameters. The listing does the paging, so what the reader adds must be correct."""

from __future__ import annotations

from collections.abc import Mapping

from b24_mcp.catalog.facts import MethodFacts
from b24_mcp.catalog.lists import family_facts
from b24_mcp.errors import B24Error, our_error
from b24_mcp.rest.listing.rows import whole_number
from b24_mcp.rest.wire.params import Params

_SMALLEST = {"start": -1, "offset": 0, "page": 1, "limit": 1}
_INSTEAD = {
    "limit": "To set the number of rows, use the argument limit, beside params",
    "page": "All pages are read; to read fewer rows, use the argument limit, beside params",
    "offset": "All rows are read; to continue a list that stopped, use the argument resume, beside params",
    "start": "All rows are read; to continue a list that stopped, use the argument resume, beside params",
}
_BY_STEPS = ("LIMIT/OFFSET", "limit/offset", "page", "LAST_ID")


def checked_params(params: Params, facts: MethodFacts) -> Params:
    """Return the parameters of a list, without a start that is the beginning.

    Raises:
        B24Error: `B24MCP_PARAMS` for paging that the method does not have or that is not a valid number, and for a list
            in place of named parameters; nothing was sent.
    """
    if isinstance(params, list):
        if not facts.positional:
            raise our_error("B24MCP_PARAMS", f"{facts.method} takes named parameters, not a list.", method=facts.method)
        return params
    documented = {parameter.name for parameter in facts.params}
    kept: dict[str, object] = {}
    for name, value in params.items():
        word = name.lower()
        if word in _SMALLEST and (family_facts(facts.paging) is not None or facts.version == "v3"):
            if word != "start" or facts.version == "v3":
                if name not in documented:
                    raise _refused(facts, name, f"{facts.method} has no {name}")
            elif _number(facts, name, value) <= 0:
                continue
            else:
                name = "start"  # the portal reads no other spelling, whatever the documentation says
        kept[name] = value
    if facts.paging in _BY_STEPS:
        _check_steps(kept, facts)
    for name in ("pagination", "cursor") if facts.version == "v3" else ():
        asked = kept.get(name)
        if isinstance(asked, Mapping):
            _check_numbers(asked, facts, f"{name}.")
    return kept


def _check_steps(params: Mapping[str, object], facts: MethodFacts) -> None:
    """Check limits and offsets, also inside the parameter that holds them."""
    _check_numbers(params, facts, "")
    for parameter in facts.params:
        inner = params.get(parameter.name)
        if isinstance(inner, Mapping) and {"limit", "offset"} & {field.name for field in parameter.fields}:
            _check_numbers(inner, facts, f"{parameter.name}.")


def _check_numbers(given: Mapping[str, object], facts: MethodFacts, inside: str) -> None:
    for name, value in given.items():
        if name.lower() in _SMALLEST:
            _number(facts, inside + name, value)


def _number(facts: MethodFacts, name: str, value: object) -> int:
    smallest = _SMALLEST[name.lower().rpartition(".")[2]]
    number = 0 if value in (None, "") and smallest <= 0 and not isinstance(value, bool) else whole_number(value)
    if number is None or not smallest <= number < 2**63:
        raise _refused(facts, name, f"{name} is not a whole number of {max(0, smallest)} or more")
    return number


def _refused(facts: MethodFacts, name: str, why: str) -> B24Error:
    hint = f"Nothing was sent. {_INSTEAD[name.lower().rpartition('.')[2]]}. Remove {name} from params."
    return our_error("B24MCP_PARAMS", f"{why}.", method=facts.method, hint=hint)
