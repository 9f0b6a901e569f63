"""Judge the names of one object: documented, in another letter case, misspelt, or unknown."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from b24_mcp.catalog.arguments.conditions import bound_of
from b24_mcp.catalog.arguments.families import Case
from b24_mcp.catalog.arguments.nodes import Group, Node, Place, is_custom
from b24_mcp.catalog.arguments.synonyms import affixed_in, synonyms_in
from b24_mcp.catalog.names import folded, in_capitals, nearest_ones

_KINDS = {"top": "a parameter of this method", "fields": "a field here", "filter": "a field that can be filtered by"}
_UNKNOWN = {
    "top": "is not documented for this method",
    "fields": "is not a documented field here; the portal ignores names that it does not know",
    "filter": "is not a documented field of this filter; where a portal does not know it, it ignores the condition "
    "and returns everything",
}

_BY_TYPE = "entityTypeId="

EVERYWHERE = {"start", "auth_connector"}
"""Parameters that every method takes."""


@dataclass(frozen=True, slots=True)
class Spelling:
    """What a name is: the documented `node`, if any, and the problem with the name, if any."""

    node: Node | None
    message: str = ""
    certain: bool = False


def spelling_of(
    name: str,
    group: Group,
    given: Collection[str],
    case: Case,
    place: Place,
    *,
    capitals: bool,
    entity: str = "",
    elsewhere: Mapping[str, str] | None = None,
    is_described: bool = True,
    of_type: object = None,
) -> Spelling:
    """Return what a name of an object is.

    `given` are all names of the object, `entity` is what the method is about, and `elsewhere` says where names are
    written that are no fields here. With `is_described` the portal is asked about names of filters. `of_type` is the
    `entityTypeId` of the call: names that are documented for other types only are not meant.
    """
    node = group.nodes.get(name)
    if node is not None:
        return Spelling(node)
    written = group.by_lower.get(name.lower())
    if written is not None:
        return _in_other_case(name, written, group.nodes[written], given, case, place, capitals=capitals)
    if is_custom(name) or not name or name.isdigit() or (place == "top" and name in EVERYWHERE):
        return Spelling(None)
    if group.covers(name) or (place == "filter" and "." in name):
        return Spelling(None)
    if capitals and (meant := next((one for one in group.nodes if in_capitals(one) == in_capitals(name)), None)):
        return Spelling(group.nodes[meant])
    missing = [one for one in group.nodes if place == "filter" or not _is_given(one, given, case)]
    nearest = list(dict.fromkeys(group.nodes[one].name for one in nearest_ones(name, missing)))
    if not any(folded(one) == folded(name) for one in nearest):
        synonyms = synonyms_in(group, name, place, entity)
        nearest = [one for one in synonyms if place == "filter" or not _is_given(one, given, case)] or nearest
    if of_type is not None and nearest:
        nearest = _of_type(nearest, group, f"{_BY_TYPE}{of_type}")
    if place == "filter" and (bound := bound_of(name)) and (known := _same(bound.name, group, place)):
        return Spelling(None, f'is not {_KINDS[place]}; it is written "{bound.operator}{known}"', True)
    if nearest:
        return Spelling(None, f"is not {_KINDS[place]}; it is called {' or '.join(nearest)}", True)
    if elsewhere and (advice := elsewhere.get(folded(name))):
        return Spelling(None, f"is not {_KINDS[place]}; {advice}", True)
    near = [one for one in affixed_in(group, name) if one in missing]
    near = near if of_type is None else _of_type(near, group, f"{_BY_TYPE}{of_type}")
    if near and not (place == "filter" and is_described):
        return Spelling(None, f"is not {_KINDS[place]}; {near[0]} is meant", True)
    return Spelling(None, f"{_UNKNOWN[place]}; {near[0]} may be meant" if near else _UNKNOWN[place])


def _in_other_case(
    name: str, written: str, node: Node, given: Collection[str], case: Case, place: Place, *, capitals: bool
) -> Spelling:
    """Return what a name is that differs from the documented one, `written`, in letter case only."""
    if case == "any" or (written in given and place != "filter"):
        return Spelling(node)
    if written[:1].isupper() and written[:1].lower() + written[1:] == name:
        return Spelling(node)  # `Id` on the page of a controller, whose arguments all begin with a small letter
    if capitals and in_capitals(name) == in_capitals(written):
        return Spelling(node)
    if case == "exact" and place == "top" and name == name.lower() and written == written.upper():
        return Spelling(node)  # capitals in the table of a page, not in its samples
    if case == "exact":
        return Spelling(node, f"is written {written}", True)
    return Spelling(node, "" if place == "top" else f"is written {written} in the documentation")


def _of_type(names: Collection[str], group: Group, own: str) -> list[str]:
    """Return those of the documented names that are not documented for other types of records only."""
    kinds = {one for node in group.nodes.values() for one in node.parameter.variants if one.startswith(_BY_TYPE)}
    wanted = own if own in kinds else f"{_BY_TYPE}other"
    variants = {name: {*group.nodes[name].parameter.variants} for name in names}
    return [name for name, of in variants.items() if not of & kinds or wanted in of]


def _same(name: str, group: Group, place: Place) -> str:
    """Return the documented name that a name is in another letter case or another word; empty if there is not one."""
    same = [node.name for one, node in group.nodes.items() if folded(one) == folded(name)]
    found = dict.fromkeys(same) or synonyms_in(group, name, place)
    return next(iter(found)) if len(found) == 1 else ""


def _is_given(name: str, given: Collection[str], case: Case) -> bool:
    if case == "exact":
        return name in given
    return name in given or any(name.lower() == one.lower() for one in given)
