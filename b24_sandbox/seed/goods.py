"""The trade catalogue of the demonstration company: products, prices and stores."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from b24_sandbox import dates, facts
from b24_sandbox.entities import catalog
from b24_sandbox.entities.crm_catalog import CATALOG_ID
from b24_sandbox.entities.crm_catalog import PRODUCT as CLASSIC_PRODUCT
from b24_sandbox.php import Value
from b24_sandbox.seed.tables import table
from b24_sandbox.storage import Storage

_THING, _PIECE = 1, 796
_RATES = {int(number): float(rate) for number, *_, rate in facts.table("records/crm_vat")}
_PRODUCT = (
    "ID IBLOCK_ID NAME IBLOCK_SECTION_ID SORT TYPE MEASURE QUANTITY ACTIVE AVAILABLE BUNDLE DETAIL_TEXT_TYPE"
    " PREVIEW_TEXT_TYPE BARCODE_MULTI CAN_BUY_ZERO QUANTITY_TRACE SUBSCRIBE VAT_ID VAT_INCLUDED DETAIL_TEXT"
    " DATE_CREATE CREATED_BY TIMESTAMP_X MODIFIED_BY"
)


@dataclass(frozen=True, slots=True)
class Ware:
    """A product or service of the price list.

    `price` is in roubles and includes the tax. `kind` is 1 for products and 7 for services. `leads` names the deals
    that are made for it: `sale`, `service`, or none (it is only sold with others).
    """

    number: int
    section: int
    name: str
    price: float
    kind: int
    unit: int
    vat: int
    leads: str
    description: str

    @property
    def rate(self) -> float:
        """The tax in per cent."""
        return _RATES[self.vat]


@cache
def wares() -> tuple[Ware, ...]:
    """Return the price list. The ids count from 1."""
    return tuple(
        Ware(number, int(section), name, float(price), int(kind), int(unit), int(vat), leads, description)
        for number, (section, name, price, kind, unit, vat, leads, description) in enumerate(table("goods"), 1)
    )


def seed_goods(storage: Storage, now: float) -> None:
    """Write the catalogue. Dates are counted back from `now` (Unix seconds)."""
    stamp = dates.iso(now - 250 * 86400.0)
    products: list[tuple[Value, ...]] = []
    prices: list[tuple[Value, ...]] = []
    amounts: list[tuple[Value, ...]] = []
    for ware in wares():
        thing = ware.kind == _THING
        flags: tuple[Value, ...] = ("Y", "Y", "N", "text", "text", "N", "N", "Y" if thing else "N", "Y")
        left = float(3 + ware.number * 7 % 20) if thing else 0.0
        unit = 5 if ware.unit == _PIECE else 6
        own = (ware.number, catalog.PRODUCTS, ware.name, ware.section, ware.number * 10, ware.kind, unit, left)
        tax = (ware.vat, "Y" if ware.rate else "N")
        products.append((*own, *flags, *tax, ware.description, stamp, 1, stamp, 1))
        prices.append((ware.number, ware.number, 1, ware.price, "RUB", ware.price, stamp))
        if thing:
            amounts.append((ware.number, 1, left))
    storage.insert_many(catalog.PRODUCT, _PRODUCT.split(), products)
    fields = ("ID", "PRODUCT_ID", "CATALOG_GROUP_ID", "PRICE", "CURRENCY", "PRICE_SCALE", "TIMESTAMP_X")
    storage.insert_many(catalog.PRICE, fields, prices)
    storage.insert_many(catalog.STORE_PRODUCT, ("PRODUCT_ID", "STORE_ID", "AMOUNT"), amounts)
    _classic(storage, stamp)


def _classic(storage: Storage, stamp: str) -> None:
    """Write the same products for the classic methods, under the same ids."""
    columns = (
        "ID CATALOG_ID PRICE CURRENCY_ID NAME DESCRIPTION DESCRIPTION_TYPE ACTIVE SECTION_ID SORT VAT_ID VAT_INCLUDED"
        " MEASURE DATE_CREATE TIMESTAMP_X MODIFIED_BY CREATED_BY"
    )
    products = [
        (
            *(ware.number, CATALOG_ID, ware.price, "RUB", ware.name, ware.description, "text", "Y", ware.section),
            *(ware.number * 10, ware.vat, "Y" if ware.rate else "N", 9, stamp, stamp, 1, 1),
        )
        for ware in wares()
    ]
    storage.insert_many(CLASSIC_PRODUCT, columns.split(), products)
