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
from b24_sandbox.row import Row

method = MethodTable("crm")
register = method.register

_REQUISITE_TYPE = 8
_OWNERS = frozenset((3, 4, _REQUISITE_TYPE))


def _keyless(entity: Entity, call: Call) -> RowPage:
    """A classic list of records that are identified by their owner instead of an id."""
    shown = {f.name: f for f in entity.columns if "h" not in f.flags}
    language = filters.Language(filters.OPERATORS, shown.get)
    where = filters.build(entity, language, array(call, "filter"), call.now)
    order = filters.order(shown.get, array(call, "order"), None)
    select = [php.text(name) for name in php.as_list(call.classic("select"))]
    names = [name for name in shown if not select or "*" in select or name in select] or list(shown)
    storage = call.portal.storage
    page = paging.family_a(
        call.offset,
        lambda: storage.count(entity, where.sql, where.bound),
        lambda limit, offset: storage.rows(entity, names, where.sql, where.bound, order, limit, offset),
    )
    rows = [
        {name: values.show_classic(shown[name], value) for name, value in php.as_map(row).items()}
        for row in php.as_list(page.result)
    ]
    return RowPage(rows, page.next, page.total)


@method("crm.address.list")
def _addresses(call: Call) -> RowPage:
    """A list of addresses. `total` counts the rows up to the end of the page, so more may follow (measured)."""
    page = _keyless(ADDRESS, call)
    return page if page.next is None else RowPage(page.result, page.next, page.next)


def _address_key(sent: Map) -> list[Value]:
    """The type, owner type and owner of an address."""
    for name in ("TYPE_ID", "ENTITY_TYPE_ID", "ENTITY_ID"):
        if php.integer(sent.get(name)) <= 0:
            raise invalid(name)
    if php.integer(sent["ENTITY_TYPE_ID"]) not in _OWNERS | {1}:
        raise invalid("ENTITY_TYPE_ID")
    return [php.integer(sent[name]) for name in ("TYPE_ID", "ENTITY_TYPE_ID", "ENTITY_ID")]


def _address(call: Call, key: list[Value]) -> Map | None:
    columns = [field.name for field in ADDRESS.columns]
    where = "TYPE_ID = ? and ENTITY_TYPE_ID = ? and ENTITY_ID = ?"
    return next(iter(call.portal.storage.rows(ADDRESS, columns, where, key)), None)


def _address_columns(call: Call, sent: Map) -> Map:
    fixed = ("TYPE_ID", "ENTITY_TYPE_ID", "ENTITY_ID")
    return {
        field.name: values.stored(field, sent[field.name], call.now)
        for field in ADDRESS.columns
        if field.name in sent and not field.read_only and field.name not in fixed
    }


def _announce_address(call: Call, event: str, key: list[Value]) -> None:
    names = ("TYPE_ID", "ENTITY_TYPE_ID", "ENTITY_ID")
    call.portal.changes.announce(event, {"FIELDS": dict(zip(names, key, strict=True))}, call.user)


def _anchor(call: Call, kind: Value, owner: Value) -> Map:
    """The final owner of an address: the company behind a requisite."""
    if kind == _REQUISITE_TYPE:
        requisite = call.portal.storage.row(REQUISITE, php.integer(owner)) or Row()
        return {"ANCHOR_TYPE_ID": requisite.get("ENTITY_TYPE_ID"), "ANCHOR_ID": requisite.get("ENTITY_ID")}
    return {"ANCHOR_TYPE_ID": kind, "ANCHOR_ID": owner}


@method("crm.address.add")
def _add_address(call: Call) -> Value:
    sent = sent_fields(call, True)
    key = _address_key(sent)
    kind, owner = php.integer(key[1]), php.integer(key[2])
    known = (
        call.portal.storage.row(REQUISITE, owner) is not None
        if kind == _REQUISITE_TYPE
        else crm_types.exists(call.portal, kind, owner)
    )
    if not known:
        raise invalid("ENTITY_ID")
    if _address(call, key) is not None:
        raise PortalError("", "TypeAddress exists.")
    names = ("TYPE_ID", "ENTITY_TYPE_ID", "ENTITY_ID")
    columns = {**dict(zip(names, key, strict=True)), **_address_columns(call, sent), **_anchor(call, kind, owner)}
    call.portal.storage.insert(ADDRESS, columns)
    _announce_address(call, "ONCRMADDRESSREGISTER", key)
    return True


@method("crm.address.update")
def _update_address(call: Call) -> Value:
    sent = sent_fields(call, False)
    key = _address_key(sent)
    row = _address(call, key)
    if row is None:
        raise PortalError("", "TypeAddress not found.")
    call.portal.storage.update(ADDRESS, php.integer(row["ID"]), _address_columns(call, sent))
    _announce_address(call, "ONCRMADDRESSREGISTER", key)
    return True


@method("crm.address.delete")
def _delete_address(call: Call) -> Value:
    key = _address_key(sent_fields(call, False))
    row = _address(call, key)
    if row is None:
        raise PortalError("", "TypeAddress not found.")
    call.portal.storage.delete(ADDRESS, php.integer(row["ID"]))
    _announce_address(call, "ONCRMADDRESSUNREGISTER", key)
    return True


_LINK_COLUMNS = [field.name for field in REQUISITE_LINK.columns if field.name != "ID"]
_LINKED = ("REQUISITE_ID", "BANK_DETAIL_ID", "MC_REQUISITE_ID", "MC_BANK_DETAIL_ID")


def _link(call: Call, kind: int, owner: int) -> Map | None:
    where = "ENTITY_TYPE_ID = ? and ENTITY_ID = ?"
    columns = ["ID", *_LINK_COLUMNS]
    return next(iter(call.portal.storage.rows(REQUISITE_LINK, columns, where, [kind, owner])), None)


@method("crm.requisite.link.register")
def _register_link(call: Call) -> Value:
    sent = sent_fields(call, True)
    kind, owner = positive(sent, "ENTITY_TYPE_ID"), positive(sent, "ENTITY_ID")
    for name in _LINKED:
        if name not in sent or php.integer(sent[name]) < 0:
            raise invalid(name)
    if not crm_types.exists(call.portal, kind, owner):
        raise PortalError("", "Entity is not found")
    _check_linked(call, sent)
    columns: Map = {name: php.integer(sent[name]) for name in _LINKED}
    row = _link(call, kind, owner)
    if row is None:
        call.portal.storage.insert(REQUISITE_LINK, {"ENTITY_TYPE_ID": kind, "ENTITY_ID": owner, **columns})
    else:
        call.portal.storage.update(REQUISITE_LINK, php.integer(row["ID"]), columns)
    return True


def _check_linked(call: Call, sent: Map) -> None:
    """Check that requisites and bank details exist and belong together. 0 means none."""
    for requisite_name, bank_name, mine in (
        ("REQUISITE_ID", "BANK_DETAIL_ID", ""),
        ("MC_REQUISITE_ID", "MC_BANK_DETAIL_ID", " of your company"),
    ):
        requisite, bank = php.integer(sent[requisite_name]), php.integer(sent[bank_name])
        if requisite and call.portal.storage.row(REQUISITE, requisite) is None:
            raise PortalError("", f"The Requisite{mine} with ID '{requisite}' is not found")
        row = call.portal.storage.row(BANK_DETAIL, bank) if bank else None
        if bank and row is None:
            raise PortalError("", f"The BankDetail{mine} with ID '{bank}' is not found")
        if row is not None and row["ENTITY_ID"] != requisite:
            raise PortalError(
                "", f"The BankDetail{mine} with ID '{bank}' is not assigned to Requisite{mine} with ID '{requisite}'"
            )


def _link_owner(call: Call) -> tuple[int, int]:
    found = []
    for name in ("entityTypeId", "entityId"):
        number = php.integer(call.params.get(name))
        if number <= 0:
            raise invalid(name)
        found.append(number)
    return found[0], found[1]


@method("crm.requisite.link.get")
def _get_link(call: Call) -> Value:
    kind, owner = _link_owner(call)
    row = _link(call, kind, owner)
    if row is None:
        raise errors.not_found()
    return {"ENTITY_TYPE_ID": kind, "ENTITY_ID": owner, **{name: php.text(row[name]) for name in _LINKED}}


@method("crm.requisite.link.unregister")
def _unregister_link(call: Call) -> Value:
    kind, owner = _link_owner(call)
    row = _link(call, kind, owner)
    if row is not None:
        call.portal.storage.delete(REQUISITE_LINK, php.integer(row["ID"]))
    return True


method.add("crm.requisite.link.list", partial(_keyless, REQUISITE_LINK))
