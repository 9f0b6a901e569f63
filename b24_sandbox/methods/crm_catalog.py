"""The classic catalogue: products, sections, units, taxes (`crm.product.*`, `crm.measure.*`, `crm.vat.*`…).

These methods are deprecated but still exist on portals. Documentation: api-reference/crm/outdated.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from b24_sandbox import errors, php
from b24_sandbox.answer import RowPage
from b24_sandbox.call import Call
from b24_sandbox.entities.crm_catalog import CATALOG_ID, MEASURE, PRODUCT, SECTION, VAT
from b24_sandbox.errors import PortalError
from b24_sandbox.faces import Face
from b24_sandbox.fields import Entity
from b24_sandbox.methods.crm_classic import array, classic_face, record_id, register_family
from b24_sandbox.methods.crm_userfields import described
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import Registry
from b24_sandbox.row import Row

_CATALOG: Map = {
    "ID": str(CATALOG_ID),
    "ORIGINATOR_ID": None,
    "ORIGIN_ID": None,
    "NAME": "Товарный каталог CRM",
    "XML_ID": "FUTURE-1C-CATALOG",
}


def _named(call: Call, columns: Map, stored: Row | None, required: tuple[str, ...]) -> None:
    for name in required:
        if (stored is None or name in columns) and columns.get(name) in (None, ""):
            raise PortalError("", f"The field {name} is required.")
    if "CATALOG_ID" in columns and columns["CATALOG_ID"] not in (None, CATALOG_ID):
        raise PortalError("", "CATALOG_ID is not defined or invalid.")


def _unique_code(call: Call, columns: Map, stored: Row | None) -> None:
    _named(call, columns, stored, ("CODE", "MEASURE_TITLE"))
    own = php.integer((stored or Row()).get("ID"))
    if "CODE" in columns and call.portal.storage.count(MEASURE, "CODE = ? and ID <> ?", [columns["CODE"], own]):
        raise PortalError("ERROR_CORE", "Единица измерения с таким кодом уже существует.<br>")


def _absent(name: str, verb: str, record: int) -> PortalError:
    return errors.not_found() if verb == "get" else PortalError("", f"{name} is not found")


def _catalog_get(call: Call) -> Value:
    if record_id(call) != CATALOG_ID:
        raise errors.not_found()
    return _CATALOG


def _catalogs(call: Call) -> Value:
    array(call, "filter")
    return RowPage([_CATALOG], total=1)


def _product_face(entity: Entity) -> Face:
    check = partial(_named, required=("NAME",))
    return classic_face(entity, event="CRMPRODUCT", check=check, absent=partial(_absent, "Product"))


def _section_face(entity: Entity) -> Face:
    check = partial(_named, required=("NAME",))
    return classic_face(entity, event="CRMPRODUCTSECTION", check=check, absent=partial(_absent, "Section"))


def _measure_face(entity: Entity) -> Face:
    return classic_face(entity, event="CRMMEASURE", check=_unique_code, absent=partial(_absent, "Measure"))


def _vat_face(entity: Entity) -> Face:
    face = classic_face(entity, check=partial(_named, required=("NAME", "RATE")), absent=partial(_absent, "Vat"))
    return replace(face, changed=lambda call, face, record: record)


def register(registry: Registry) -> None:
    """Register the classic catalogue."""
    register_family(registry, "crm.product", PRODUCT, _product_face)
    register_family(registry, "crm.productsection", SECTION, _section_face)
    register_family(registry, "crm.measure", MEASURE, _measure_face)
    register_family(registry, "crm.vat", VAT, _vat_face)
    registry.classic("crm.catalog.get", "crm", _catalog_get)
    registry.classic("crm.catalog.list", "crm", _catalogs)
    registry.classic(
        "crm.catalog.fields",
        "crm",
        lambda call: described(
            "ID integer r | ID\nNAME string r | Name\nORIGINATOR_ID string | External source\n"
            "ORIGIN_ID string | ID in the external source\nXML_ID string | External code\n"
        ),
    )
    registry.classic("crm.product.property.types", "crm", lambda call: [])
    registry.classic("crm.product.property.list", "crm", lambda call: RowPage([], total=0))
