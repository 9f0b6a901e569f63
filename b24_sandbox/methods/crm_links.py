"""Contacts of deals, leads, estimates and companies, companies of contacts: `*.contact.*`, `crm.contact.company.*`.

Documentation: api-reference/crm/deals/contacts and its siblings. The links are lists in the records. The first one, or
the one marked primary, is the single `CONTACT_ID` or `COMPANY_ID`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from b24_sandbox import crm_types, php, values
from b24_sandbox.call import Call
from b24_sandbox.entities.crm import COMPANY, CONTACT, DEAL, LEAD
from b24_sandbox.entities.crm_parts import LINK
from b24_sandbox.entities.crm_sales import QUOTE
from b24_sandbox.errors import PortalError
from b24_sandbox.fields import Entity
from b24_sandbox.methods.plain import described
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable, Run
from b24_sandbox.row import Row

method = MethodTable("crm")
register = method.register

_STEP = 10


@dataclass(frozen=True, slots=True)
class Side:
    """One direction: records of `owner` list ids of the type `item` in `column`.

    `key` is the name of one id, `single` is the column of the primary one (empty: no such column), `event` is announced
    when links change.
    """

    owner: Entity
    item: int
    column: str
    key: str
    single: str
    event: str


_SIDES = {
    "crm.deal.contact": Side(DEAL, 3, "CONTACT_IDS", "CONTACT_ID", "CONTACT_ID", "ONCRMDEALUPDATE"),
    "crm.lead.contact": Side(LEAD, 3, "CONTACT_IDS", "CONTACT_ID", "CONTACT_ID", "ONCRMLEADUPDATE"),
    "crm.quote.contact": Side(QUOTE, 3, "CONTACT_IDS", "CONTACT_ID", "CONTACT_ID", "ONCRMQUOTEUPDATE"),
    "crm.company.contact": Side(COMPANY, 3, "CONTACT_ID", "CONTACT_ID", "", "ONCRMCOMPANYUPDATE"),
    "crm.contact.company": Side(CONTACT, 4, "COMPANY_IDS", "COMPANY_ID", "COMPANY_ID", "ONCRMCONTACTUPDATE"),
}


def _owner(call: Call, side: Side) -> Row:
    record = php.integer(call.classic("id"))
    if record <= 0:
        raise PortalError("", "The parameter 'ownerEntityID' is invalid or not defined.")
    row = call.storage.row(side.owner, record)
    if row is None:
        raise PortalError("", "Not found.")
    return row


def _sorts(call: Call, side: Side, owner: int) -> dict[int, int]:
    rows = call.storage.rows(LINK, ["ITEM_ID", "SORT"], "OWNER_TABLE = ? and OWNER_ID = ?", [_place(side), owner])
    return {row.integer("ITEM_ID"): row.integer("SORT") for row in rows}


def _place(side: Side) -> str:
    return f"{side.owner.name}.{side.column}"


def _items(call: Call, side: Side, row: Row) -> list[Map]:
    """The links of a record for the answer, in their order."""
    sorts = _sorts(call, side, row.id)
    listed = [php.integer(item) for item in values.items(row[side.column])]
    primary = php.integer(row[side.single]) if side.single else (listed[0] if listed else 0)
    found: list[Map] = []
    for place, item in enumerate(listed, start=1):
        sort = sorts.get(item, place * _STEP)
        found.append({side.key: item, "SORT": sort, "ROLE_ID": 0, "IS_PRIMARY": "Y" if item == primary else "N"})
    return sorted(found, key=lambda item: php.integer(item["SORT"]))


def _write(call: Call, side: Side, row: Row, items: list[Map]) -> None:
    """Replace the links of a record. Exactly one of them is primary."""
    owner = row.id
    listed = [php.integer(item[side.key]) for item in items]
    primary = next((number for number, item in zip(listed, items, strict=True) if item.get("IS_PRIMARY") == "Y"), 0)
    primary = primary or (listed[0] if listed else 0)
    storage = call.storage
    storage.delete_all(LINK, "OWNER_TABLE = ? and OWNER_ID = ?", [_place(side), owner])
    for number, item in zip(listed, items, strict=True):
        columns: Map = {"OWNER_TABLE": _place(side), "OWNER_ID": owner, "ITEM_ID": number, "SORT": item["SORT"]}
        storage.insert(LINK, columns)
    changed: Map = {side.column: json.dumps(listed)}
    if side.single:
        changed[side.single] = primary or None
    storage.update(side.owner, owner, changed)
    side.owner.settle(call.portal, owner, changed, row, call.user)
    call.portal.changes.announce(side.event, {"FIELDS": {"ID": owner}}, call.user)


def _one(call: Call, side: Side) -> Map:
    fields = call.classic("fields")
    if not php.is_array(fields):
        raise PortalError("", "The parameter 'fields' must be array.")
    return _valid(call, side, php.as_map(fields), "fields")


def _valid(call: Call, side: Side, sent: Map, name: str) -> Map:
    if php.integer(sent.get(side.key)) <= 0:
        raise PortalError("", f"The parameter '{name}' is not valid.")
    return {**sent, side.key: php.integer(sent[side.key])}


def _add(call: Call, side: Side) -> Value:
    row, sent = _owner(call, side), _one(call, side)
    if not crm_types.exists(call.portal, side.item, php.integer(sent[side.key])):
        raise PortalError("", "Not found.")
    items = _items(call, side, row)
    if any(item[side.key] == sent[side.key] for item in items):
        return False
    if sent.get("IS_PRIMARY") == "Y":
        items = [{**item, "IS_PRIMARY": "N"} for item in items]
    last = max((php.integer(item["SORT"]) for item in items), default=0)
    added: Map = {side.key: sent[side.key], "SORT": php.integer(sent.get("SORT")) or last + _STEP}
    _write(call, side, row, _sorted([*items, {**added, "IS_PRIMARY": sent.get("IS_PRIMARY")}]))
    return True


def _sorted(items: list[Map]) -> list[Map]:
    return sorted(items, key=lambda item: php.integer(item["SORT"]))


def _delete(call: Call, side: Side) -> Value:
    row, sent = _owner(call, side), _one(call, side)
    items = _items(call, side, row)
    left = [item for item in items if item[side.key] != sent[side.key]]
    if len(left) == len(items):
        return False
    _write(call, side, row, left)
    return True


def _get_items(call: Call, side: Side) -> Value:
    return _items(call, side, _owner(call, side))


def _set_items(call: Call, side: Side) -> Value:
    row, sent = _owner(call, side), call.classic("items")
    if not php.is_array(sent):
        raise PortalError("", "The parameter items must be array.")
    items: list[Map] = []
    seen: set[int] = set()
    for place, entry in enumerate(php.as_list(sent), start=1):
        item = _valid(call, side, php.as_map(entry), "items")
        number = php.integer(item[side.key])
        if number in seen or not crm_types.exists(call.portal, side.item, number):
            continue
        seen.add(number)
        items.append({**item, "SORT": php.integer(item.get("SORT")) or place * _STEP})
    _write(call, side, row, _sorted(items))
    return True


def _delete_items(call: Call, side: Side) -> Value:
    _write(call, side, _owner(call, side), [])
    return True


def _fields(call: Call, side: Side) -> Value:
    title = "Contact" if side.item == 3 else "Company"
    return described(f"{side.key} integer q | {title}\nSORT integer | Sorting\nIS_PRIMARY char | Primary\n")


def _over(run: Callable[[Call, Side], Value], side: Side) -> Run:
    return lambda call: run(call, side)


_ACTIONS: tuple[tuple[str, Callable[[Call, Side], Value]], ...] = (
    ("add", _add),
    ("delete", _delete),
    ("items.get", _get_items),
    ("items.set", _set_items),
    ("items.delete", _delete_items),
    ("fields", _fields),
)
for _prefix, _side in _SIDES.items():
    for _action, _run in _ACTIONS:
        method.add(f"{_prefix}.{_action}", _over(_run, _side))
