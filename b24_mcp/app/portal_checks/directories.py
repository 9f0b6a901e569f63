"""Judge the codes of directories of the CRM: stages, sources, types. A list of one that is not there is just empty."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from b24_mcp.catalog import Parameter, known_methods
from b24_mcp.catalog.arguments.conditions import key_of
from b24_mcp.catalog.arguments.families import MethodFamily, family_of
from b24_mcp.catalog.arguments.references import has_reference
from b24_mcp.catalog.arguments.words import meant_by
from b24_mcp.catalog.names import nearest_ones
from b24_mcp.discovery import DirectoryEntry
from b24_mcp.errors import FieldProblem
from b24_mcp.rest import PlannedCall

_SOURCE = "crm.status.entity.types"
"""The method that returns the codes; parameters that take one name it as their source."""
_EVERYWHERE = frozenset(
    {"STATUS", "SOURCE", "DEAL_STAGE", "DEAL_TYPE", "CONTACT_TYPE", "COMPANY_TYPE", "EMPLOYEES", "INDUSTRY"}
    | {"HONORIFIC", "QUOTE_STATUS", "CALL_LIST", "EVENT_TYPE", "INVOICE_STATUS"}
)
"""The codes that a portal may have without entries. Source: documentation, crm.status.entity.types."""
_MOST_NAMED = 12
_SEARCHES = frozenset("%?~*<>")


@dataclass(frozen=True, slots=True)
class DirectoryUse:
    """One value of a parameter that names a directory."""

    where: str
    code: str
    parameter: Parameter
    in_filter: bool


def names_directory(call: PlannedCall) -> bool:
    """Whether a call names a directory that not every portal has."""
    return any(use.code not in _EVERYWHERE for use in _uses(call))


def directory_problems(call: PlannedCall, entries: Sequence[DirectoryEntry]) -> list[FieldProblem]:
    """Return what is wrong with the directories that a call names, by the entries of all that the portal has."""
    known = _EVERYWHERE | {one.directory for one in entries}
    there = list(dict.fromkeys(one.directory for one in entries))
    if not there:
        return []
    return [FieldProblem(use.where, _message(use, there)) for use in _uses(call) if not _is_known(use, known)]


def _is_known(use: DirectoryUse, known: frozenset[str]) -> bool:
    return (use.code.upper() if use.in_filter else use.code) in known


def _message(use: DirectoryUse, there: Sequence[str]) -> str:
    same = next((one for one in {*there, *_EVERYWHERE} if one == use.code.upper()), "")
    if same:
        return f"is written {same}"
    is_numbered = use.code[-1:].isdecimal()
    meant = meant_by(use.parameter, use.code)
    near = [meant] if meant else [] if is_numbered else nearest_ones(use.code, there)
    what = f'is "{use.code[:60]}", but the CRM of this portal has no such directory'
    if near:
        return f"{what}; {' or '.join(near)} is meant"
    first = use.code.upper().partition("_")[0]
    listed = [one for one in there if one.partition("_")[0] == first] or there
    more = ", …" if len(listed) > _MOST_NAMED else ""
    return f"{what}; there are {', '.join(listed[:_MOST_NAMED])}{more}"


def _uses(call: PlannedCall) -> Iterator[DirectoryUse]:
    if not isinstance(call.params, dict):
        return
    method = known_methods().method(call.method, call.version)
    if method is not None and _has_source(method.facts.params):
        yield from _inside(method.facts.params, call.params, "", family_of(call.method.lower(), call.version), "")


def _has_source(parameters: Sequence[Parameter]) -> bool:
    return any(one.source == _SOURCE or _has_source(one.fields) for one in parameters)


def _inside(
    parameters: Sequence[Parameter], given: Mapping[str, object], path: str, family: MethodFamily, role: str
) -> Iterator[DirectoryUse]:
    by_name = {one.name.lower(): one for one in parameters}
    for name, value in given.items():
        key = key_of(str(name), family)
        parameter = by_name.get((key.name if role == "filter" else str(name)).lower())
        if parameter is None or (role == "filter" and _SEARCHES & set(key.operator)):
            continue
        where = f"{path}{name}"
        if isinstance(value, Mapping):
            inner = "filter" if parameter.name.lower() == "filter" else role
            yield from _inside(parameter.fields, value, f"{where}.", family, inner)
        elif parameter.source == _SOURCE:
            for code in value if isinstance(value, list) else [value]:
                if isinstance(code, str) and code.strip() and not has_reference(code):
                    yield DirectoryUse(where, code.strip(), parameter, role == "filter")
