"""`crm.{deal,lead,contact,company,item}.details.configuration.*`: the sections and fields of a card.

Documentation: api-reference/crm/universal/item-details-configuration, api-reference/crm/deals/custom-form and its
siblings. A view belongs to a user (scope `P`) or to all users (`C`). Deals and smart processes have one per pipeline,
leads one per kind. A missing personal view is `null`; the common view always exists.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from b24_sandbox import crm_types, php
from b24_sandbox.call import Call
from b24_sandbox.entities.crm_cards import CARD
from b24_sandbox.errors import PortalError
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable
from b24_sandbox.shapes import constant

method = MethodTable("crm")
register = method.register

_CLASSIC = {"lead": 1, "deal": 2, "contact": 3, "company": 4}
_VARIANTS = {1: "leadCustomerType", 2: "dealCategoryId"}
_PLAIN = (3, 4, 7)
_LEAD_OF_A_NEW_CLIENT = 1
_FURTHER_FIELDS = ("ASSIGNED_BY_ID", "OBSERVER", "COMMENTS")

Act = Callable[[Call, str, int], Value]


def _kind(call: Call) -> int:
    """The type of the items in a call of an `item` method."""
    sent = call.classic("entityTypeId")
    if sent is None:
        raise PortalError("", "Parameter 'entityTypeId' is not defined")
    number = php.integer(sent)
    if crm_types.base_entity(call.portal, number) is None:
        raise PortalError("", f"The entity type '{php.text(sent)}' is not supported in current context.")
    return number


def _name(call: Call, number: int) -> str:
    """The name of a view: the type and its variant (pipeline of a deal, kind of a lead)."""
    if number in _PLAIN:
        return f"{number}:0"
    variant = php.integer(php.as_map(call.classic("extras")).get(_VARIANTS.get(number, "categoryId")))
    if not variant and number == 1:
        variant = _LEAD_OF_A_NEW_CLIENT
    elif not variant and number != 2:  # the first pipeline of deals has the number 0
        variant = crm_types.default_category(call.portal, number)
    return f"{number}:{variant}"


def _owner(call: Call) -> int:
    """The owner of the view, 0 for the common one. Only an administrator may change the view of another user."""
    if php.text(call.classic("scope")).upper() == "C":
        return 0
    user = php.integer(call.classic("userId")) or call.user
    if user != call.user and not call.admin:
        raise PortalError("", "Access denied.")
    return user


def _default(number: int) -> list[Map]:
    """The common view before any change."""
    first = php.as_map(constant("crm.card_fields")).get(str(number), ["TITLE", "CLIENT"])
    parts = (("main", "Основное", first), ("additional", "Дополнительно", _FURTHER_FIELDS))
    return [
        {
            "name": name,
            "title": title,
            "type": "section",
            "elements": [{"name": field} for field in php.as_list(fields)],
        }
        for name, title, fields in parts
    ]


def _get(call: Call, name: str, owner: int) -> Value:
    rows = call.storage.rows(CARD, ["SECTIONS"], "NAME = ? and USER_ID = ?", [name, owner])
    if rows:
        sections: Value = json.loads(php.text(rows[0]["SECTIONS"]))
        return sections
    return None if owner else _default(php.integer(name))


def _element(place: str, sent: Value) -> Map:
    values = php.as_map(sent)
    if not php.text(values.get("name")):
        raise PortalError("", f"Element at index {place} does not have name.")
    element: Map = {"name": php.text(values["name"])}
    if "optionFlags" in values:
        element["optionFlags"] = php.text(values["optionFlags"])
    if php.as_map(values.get("options")):
        element["options"] = values["options"]
    return element


def _section(index: int, sent: Value) -> Map:
    values = php.as_map(sent)
    for key in ("name", "title"):
        if not php.text(values.get(key)):
            raise PortalError("", f"Section at index {index} does not have {key}.")
    kind = php.text(values.get("type"))
    if kind != "section":
        raise PortalError("", f"Section at index {index} have type '{kind}'. The expected type is 'section'.")
    elements = enumerate(php.as_list(values.get("elements")))
    kept: Value = [_element(f"{place} in section at index {index}", element) for place, element in elements]
    return {"name": php.text(values["name"]), "title": php.text(values["title"]), "type": kind, "elements": kept}


def _sections(call: Call) -> list[Map]:
    data = call.classic("data")
    if not php.is_array(data):
        raise PortalError("", "Parameter 'data' must be array.")
    if not data:
        raise PortalError("", "There are no data to write.")
    if isinstance(data, dict):
        raise PortalError("", "The data must be indexed array.")
    return [_section(index, section) for index, section in enumerate(php.as_list(data))]


def _forget(call: Call, where: str, bound: list[Value]) -> None:
    call.storage.delete_all(CARD, where, bound)


def _common_needs_admin(call: Call, owner: int) -> None:
    if not owner and not call.admin:
        raise PortalError("", "Access denied.")


def _set(call: Call, name: str, owner: int) -> Value:
    _common_needs_admin(call, owner)
    text = json.dumps(_sections(call), ensure_ascii=False)
    _forget(call, "NAME = ? and USER_ID = ?", [name, owner])
    call.storage.insert(CARD, {"NAME": name, "USER_ID": owner, "SECTIONS": text})
    return True


def _reset(call: Call, name: str, owner: int) -> Value:
    _common_needs_admin(call, owner)
    _forget(call, "NAME = ? and USER_ID = ?", [name, owner])
    return True


def _force(call: Call, name: str, owner: int) -> Value:
    """Set the common view for all users: personal views are deleted."""
    _common_needs_admin(call, 0)
    _forget(call, "NAME = ? and USER_ID != 0", [name])
    return True


def _bound(act: Act, number: int | None) -> Callable[[Call], Value]:
    def run(call: Call) -> Value:
        kind = _kind(call) if number is None else number
        return act(call, _name(call, kind), _owner(call))

    return run


_ACTS: tuple[tuple[str, Act], ...] = (
    ("get", _get),
    ("set", _set),
    ("reset", _reset),
    ("forceCommonScopeForAll", _force),
)
for _word, _number in (*_CLASSIC.items(), ("item", None)):
    for _action, _act in _ACTS:
        method.add(f"crm.{_word}.details.configuration.{_action}", _bound(_act, _number))
