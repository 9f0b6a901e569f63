"""`crm.address.*` and `crm.requisite.link.*`: records identified by their owner, without an id.

Documentation: api-reference/crm/requisites/addresses and links.
"""

from __future__ import annotations

from functools import partial

from b24_sandbox import crm_types, errors, filters, paging, php, values
from b24_sandbox.answer import RowPage
from b24_sandbox.call import Call
from b24_sandbox.entities.crm_requisites import ADDRESS, BANK_DETAIL, REQUISITE, REQUISITE_LINK
from b24_sandbox.errors import PortalError
from b24_sandbox.fields import Entity
from b24_sandbox.methods.crm_classic import array, sent_fields
from b24_sandbox.methods.crm_requisites import invalid, positive
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable
from b24_sandbox.row import Row, Sent

method = MethodTable("crm")
register = method.register

_REQUISITE_TYPE = 8
_OWNERS = frozenset((1, 3, 4, _REQUISITE_TYPE))
_KEY = ("TYPE_ID", "ENTITY_TYPE_ID", "ENTITY_ID")


def _keyless(entity: Entity, call: Call) -> RowPage:
    """A classic list of records that are identified by their owner instead of an id."""
    shown = {f.name: f for f in entity.columns if "h" not in f.flags}
    language = filters.Language(filters.OPERATORS, shown.get)
    where = filters.build(entity, language, array(call, "filter"), call.now)
    order = filters.order(shown.get, array(call, "order"), None)
    select = [php.text(name) for name in php.as_list(call.classic("select"))]
    names = [name for name in shown if not select or "*" in select or name in select] or list(shown)

    def show(rows: list[Row]) -> list[Map]:
        return [{name: values.show_classic(shown[name], row[name]) for name in names} for row in rows]

    return paging.stored_page(call.storage, entity, where, order, (paging.family_a, call.offset), show, names)


@method("crm.address.list")
def _addresses(call: Call) -> RowPage:
    """A list of addresses. `total` counts the rows up to the end of the page, so more may follow (measured)."""
    page = _keyless(ADDRESS, call)
    return page if page.next is None else RowPage(page.result, page.next, page.next)


def _key(sent: Sent) -> Map:
    """The type, owner type and owner of an address."""
    for name in _KEY:
        if sent.integer(name) <= 0:
            raise invalid(name)
    if sent.integer("ENTITY_TYPE_ID") not in _OWNERS:
        raise invalid("ENTITY_TYPE_ID")
    return {name: sent.integer(name) for name in _KEY}


def _found(call: Call, key: Map) -> Row | None:
    where = " and ".join(f"{name} = ?" for name in key)
    return call.storage.first(ADDRESS, where, list(key.values()))


def _stored(call: Call, key: Map) -> Row:
    row = _found(call, key)
    if row is None:
        raise PortalError("", "TypeAddress not found.")
    return row


def _columns(call: Call, sent: Map) -> Map:
    return {
        field.name: values.stored(field, sent[field.name], call.now)
        for field in ADDRESS.columns
        if field.name in sent and not field.read_only and field.name not in _KEY
    }


def _announce(call: Call, what: str, key: Map) -> None:
    call.portal.changes.announce(f"ONCRMADDRESS{what}", {"FIELDS": key}, call.user)


def _anchor(call: Call, kind: Value, owner: Value) -> Map:
    """The final owner of an address: the company behind a requisite."""
    if kind == _REQUISITE_TYPE:
        requisite = call.storage.row(REQUISITE, php.integer(owner)) or Row()
        return {"ANCHOR_TYPE_ID": requisite.get("ENTITY_TYPE_ID"), "ANCHOR_ID": requisite.get("ENTITY_ID")}
    return {"ANCHOR_TYPE_ID": kind, "ANCHOR_ID": owner}


@method("crm.address.add")
def _add_address(call: Call) -> Value:
    sent = sent_fields(call, True)
    key = _key(sent)
    kind, owner = sent.integer("ENTITY_TYPE_ID"), sent.integer("ENTITY_ID")
    requisite = kind == _REQUISITE_TYPE and call.storage.row(REQUISITE, owner) is not None
    if not requisite and not crm_types.exists(call.portal, kind, owner):
        raise invalid("ENTITY_ID")
    if _found(call, key) is not None:
        raise PortalError("", "TypeAddress exists.")
    call.storage.insert(ADDRESS, {**key, **_columns(call, sent), **_anchor(call, kind, owner)})
    _announce(call, "REGISTER", key)
    return True


@method("crm.address.update")
def _update_address(call: Call) -> Value:
    sent = sent_fields(call, False)
    key = _key(sent)
    call.storage.update(ADDRESS, _stored(call, key).id, _columns(call, sent))
    _announce(call, "REGISTER", key)
    return True


@method("crm.address.delete")
def _delete_address(call: Call) -> Value:
    key = _key(sent_fields(call, False))
    call.storage.delete(ADDRESS, _stored(call, key).id)
    _announce(call, "UNREGISTER", key)
    return True


_LINKED = ("REQUISITE_ID", "BANK_DETAIL_ID", "MC_REQUISITE_ID", "MC_BANK_DETAIL_ID")


def _link(call: Call, kind: int, owner: int) -> Row | None:
    return call.storage.first(REQUISITE_LINK, "ENTITY_TYPE_ID = ? and ENTITY_ID = ?", [kind, owner])


@method("crm.requisite.link.register")
def _register_link(call: Call) -> Value:
    sent = sent_fields(call, True)
    kind, owner = positive(sent, "ENTITY_TYPE_ID"), positive(sent, "ENTITY_ID")
    for name in _LINKED:
        if name not in sent or sent.integer(name) < 0:
            raise invalid(name)
    if not crm_types.exists(call.portal, kind, owner):
        raise PortalError("", "Entity is not found")
    _check_linked(call, sent)
    columns: Map = {name: sent.integer(name) for name in _LINKED}
    row = _link(call, kind, owner)
    if row is None:
        call.storage.insert(REQUISITE_LINK, {"ENTITY_TYPE_ID": kind, "ENTITY_ID": owner, **columns})
    else:
        call.storage.update(REQUISITE_LINK, row.id, columns)
    return True


def _check_linked(call: Call, sent: Sent) -> None:
    """Check that requisites and bank details exist and belong together. 0 means none."""
    for requisite_name, bank_name, mine in (
        ("REQUISITE_ID", "BANK_DETAIL_ID", ""),
        ("MC_REQUISITE_ID", "MC_BANK_DETAIL_ID", " of your company"),
    ):
        requisite, bank = sent.integer(requisite_name), sent.integer(bank_name)
        if requisite and call.storage.row(REQUISITE, requisite) is None:
            raise PortalError("", f"The Requisite{mine} with ID '{requisite}' is not found")
        row = call.storage.row(BANK_DETAIL, bank) if bank else None
        if bank and row is None:
            raise PortalError("", f"The BankDetail{mine} with ID '{bank}' is not found")
        if row is not None and row["ENTITY_ID"] != requisite:
            raise PortalError(
                "", f"The BankDetail{mine} with ID '{bank}' is not assigned to Requisite{mine} with ID '{requisite}'"
            )


def _link_owner(call: Call) -> tuple[int, int]:
    return positive(call.sent, "entityTypeId"), positive(call.sent, "entityId")


@method("crm.requisite.link.get")
def _get_link(call: Call) -> Value:
    kind, owner = _link_owner(call)
    row = _link(call, kind, owner)
    if row is None:
        raise errors.not_found()
    return {"ENTITY_TYPE_ID": kind, "ENTITY_ID": owner, **{name: row.text(name) for name in _LINKED}}


@method("crm.requisite.link.unregister")
def _unregister_link(call: Call) -> Value:
    kind, owner = _link_owner(call)
    row = _link(call, kind, owner)
    if row is not None:
        call.storage.delete(REQUISITE_LINK, row.id)
    return True


method.add("crm.requisite.link.list", partial(_keyless, REQUISITE_LINK))
