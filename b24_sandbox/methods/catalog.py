"""`catalog.*`: products and what belongs to them; the plain families are declared in `families/catalog.toml`.

Documentation: api-reference/catalog. Unknown names in `filter`, `select` and `order` are ignored. Every employee may
read the catalogue, only administrators may write to it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from b24_sandbox import engine, errors, filters, paging, php, values
from b24_sandbox.call import Call
from b24_sandbox.entities import catalog as data
from b24_sandbox.errors import PortalError
from b24_sandbox.faces import Face, ListQuery
from b24_sandbox.fields import Entity, Field
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import Registry, Run
from b24_sandbox.row import Row

_ALL = ("get", "list", "add", "update", "delete", "getFields")
_READ = ("get", "list", "getFields")


@dataclass(frozen=True, slots=True)
class Family:
    """A family of methods: name, entity, keys of one record and of a list, and the error for a missing record."""

    name: str
    entity: Entity
    one: str
    many: str
    code: str = "0"
    missing: str = ""
    actions: tuple[str, ...] = _ALL
    only: tuple[tuple[str, Value], ...] = ()
    added: str = ""


FAMILIES = (
    Family("catalog", data.CATALOG, "catalog", "catalogs", "0", "catalog is not exists", _READ),
    Family(
        "product",
        data.PRODUCT,
        "product",
        "products",
        "0",
        "product is not exists",
        only=(("TYPE", 1), ("IBLOCK_ID", data.PRODUCTS)),
        added="element",
    ),
    Family(
        "product.service",
        data.PRODUCT,
        "service",
        "services",
        "0",
        "product is not exists",
        only=(("TYPE", 7), ("IBLOCK_ID", data.PRODUCTS)),
    ),
    Family(
        "product.sku",
        data.PRODUCT,
        "sku",
        "units",
        "0",
        "product is not exists",
        only=(("TYPE", 3), ("IBLOCK_ID", data.PRODUCTS)),
    ),
    Family(
        "product.offer",
        data.PRODUCT,
        "offer",
        "offers",
        "0",
        "product is not exists",
        only=(("TYPE", 4), ("IBLOCK_ID", data.OFFERS)),
    ),
    Family("price", data.PRICE, "price", "prices", "0", "price is not exists"),
    Family("priceType", data.PRICE_TYPE, "priceType", "priceTypes", "201000000000", "price type is not exists"),
    Family("measure", data.MEASURE, "measure", "measures", "200600000020", "The specified measure does not exist"),
)
"""All families. Those of products differ by the product type (`Family.only`)."""


def _record_id(call: Call) -> int:
    if call.exact("id") is None:
        raise errors.missing_parameter("id")
    return php.integer(call.exact("id"))


def _sent(family: Family, call: Call, new: bool) -> Map:
    fields = php.as_map(call.exact("fields"))
    if not fields:
        raise errors.missing_parameter("fields")
    if new:
        _check_new(family, call, fields)
    return fields


def _check_new(family: Family, call: Call, fields: Map) -> None:
    required = [field.camel for field in family.entity.columns if field.required]
    lacking = [name for name in required if fields.get(name) in (None, "")]
    if lacking:
        raise PortalError("0", f"Required fields: {', '.join(lacking)}")
    storage = call.portal.storage
    if family.entity is data.PRODUCT:
        block = php.integer(fields["iblockId"])
        if not storage.count(data.CATALOG, "IBLOCK_ID = ?", [block]):
            raise PortalError("200040300000", "Iblock not found")
        if dict(family.only)["IBLOCK_ID"] != block:
            raise PortalError("0", "The specified iblock does not hold products of this type")
    if family.entity is data.PRICE:
        _check_price(call, fields)
    if family.entity is data.MEASURE and storage.count(data.MEASURE, "CODE = ?", [php.integer(fields["code"])]):
        raise PortalError("200600000000", "Unable to add a measure with the same code")


def _check_price(call: Call, fields: Map) -> None:
    storage = call.portal.storage
    product, kind = php.integer(fields["productId"]), php.integer(fields["catalogGroupId"])
    if storage.row(data.PRICE_TYPE, kind) is None:
        raise PortalError("0", "Validate price error. Catalog price group is wrong")
    if storage.row(data.PRODUCT, product) is None:
        raise PortalError("0", "Validate price error. Catalog product is wrong")
    if storage.count(data.PRICE, "PRODUCT_ID = ? and CATALOG_GROUP_ID = ?", [product, kind]):
        raise PortalError(
            "0", "Validate price error. Catalog product is allowed has only single price without ranges in price group."
        )


def _query(family: Family, call: Call) -> ListQuery:
    """The query of a list. Lists of products require the block in the filter, and id and block in the selection."""
    conditions = php.as_map(call.exact("filter"))
    select = [php.text(name) for name in php.as_list(call.exact("select"))]
    if family.entity is data.PRODUCT:
        if "*" not in select and not {"id", "iblockId"} <= set(select):
            raise PortalError("0", "Required select fields: id, iblockId")
        if not any(filters.split(key, filters.OPERATORS)[1] == "iblockId" for key in conditions):
            raise PortalError("0", "Required filter fields: iblockId")
    kind = dict(family.only).get("TYPE")
    if kind is not None and family.name != "product":
        conditions = {**conditions, "type": kind}
    return ListQuery(conditions, php.as_map(call.exact("order")), select or None)


def _kinds(field: Field) -> str:
    return {"user": "integer", "file": "productproperty" if field.multiple else "file"}.get(field.type, field.type)


def _describe(field: Field) -> Value:
    return {
        "isImmutable": field.immutable,
        "isReadOnly": field.read_only,
        "isRequired": field.required,
        "name": field.title,
        "type": _kinds(field),
    }


def _added(family: Family, call: Call, face: Face, record: int) -> Value:
    return {family.added or family.one: engine.read(face, call, record)}


def _changed(family: Family, call: Call, face: Face, record: int) -> Value:
    return {family.added or family.one: engine.read(face, call, record)}


def _prepared(family: Family) -> Entity:
    """The entity with the values that a family sets in new records."""
    if not family.only:
        return family.entity
    base = family.entity

    def prepare(portal: object, values_: Map, stored: Row | None, user: int) -> None:
        if stored is None:
            values_.update(dict(family.only))
        base.prepare(portal, values_, stored, user)  # type: ignore[arg-type]

    return Entity(base.name, base.fields, prepare, base.indexes)


def face_of(family: Family) -> Face:
    """The face of a family."""
    names = {field.camel: field for field in family.entity.columns}
    hidden = {"PARENT_ID"} if family.name != "product.offer" else set()
    return Face(
        _prepared(family),
        names,
        {field.name: field.camel for field in family.entity.columns if field.name not in hidden},
        values.show_native,
        paging.family_b,
        filters.Language(filters.OPERATORS, names.get, groups=True),
        partial(_query, family),
        _record_id,
        partial(_sent, family),
        lambda: PortalError(family.code, family.missing),
        _describe,
        envelope=family.many,
        described_in=family.one,
        star=frozenset(field.name for field in family.entity.columns if field.name not in hidden),
        added=partial(_added, family),
        changed=partial(_changed, family),
        single=lambda shown: {family.one: shown},
    )


_ACTIONS: dict[str, Callable[[Face, Call], Value]] = {
    "get": engine.get,
    "list": engine.list_page,
    "add": engine.add,
    "update": engine.update,
    "delete": engine.delete,
    "getFields": engine.describe,
}
_EVENTS = {"product": "PRODUCT", "price": "PRICE", "measure": "MEASURE", "priceType": "PRICE.TYPE"}


def _announced(family: Family, action: str, run: Run) -> Run:
    """Announce a change in the form of the catalogue's events."""
    kind = _EVENTS.get(family.name)
    if kind is None or action not in ("add", "update", "delete"):
        return run

    def announced(call: Call) -> Value:
        answer = run(call)
        shown = php.as_map(next(iter(php.as_map(answer).values()), {}))
        record = shown.get("id") or php.integer(call.exact("id"))
        data_: Map = {"FIELDS": {"ID": record}}
        call.portal.changes.announce(f"CATALOG.{kind}.ON.{action.upper()}", data_, call.user)
        return answer

    return announced


def _denied(family: Family) -> PortalError:
    """The error for a user without the right to write."""
    return PortalError("200040300040" if family.entity is data.PRODUCT else "200040300020", "Access Denied")


def _fields_by_filter(face: Face, call: Call) -> Value:
    """The fields of products in a block. The block is required."""
    conditions = php.as_map(call.exact("filter"))
    if not conditions:
        raise errors.missing_parameter("filter")
    if not conditions.get("iblockId"):
        raise PortalError("0", "Iblock id is not specified")
    return engine.describe(face, call)


def register(registry: Registry) -> None:
    """Register the methods of the catalogue."""
    for family in FAMILIES:
        face = face_of(family)
        actions: dict[str, Run] = {
            action: _announced(family, action, partial(_ACTIONS[action], face)) for action in family.actions
        }
        if family.entity is data.PRODUCT:
            del actions["getFields"]
            actions["getFieldsByFilter"] = partial(_fields_by_filter, face)
        name = family.name[0].upper() + family.name[1:]
        php_class = "Bitrix\\Catalog\\Controller\\" + name.replace(".", "\\")
        registry.controller(f"catalog.{family.name}", php_class, "catalog", actions)
        for action in {"add", "update", "delete"} & set(family.actions):
            registry.restrict(f"catalog.{family.name}.{action}", _denied(family))
