"""The trade catalogue of the demonstration company: products, prices and stores."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from b24_sandbox import dates, facts, tables
from b24_sandbox.entities import catalog
from b24_sandbox.entities.crm_catalog import PRODUCT as CLASSIC_PRODUCT
from b24_sandbox.php import Map, Value
from b24_sandbox.seed.rows import write
from b24_sandbox.seed.tables import table
from b24_sandbox.storage import Storage

_THING, _PIECE = 1, 796
_RATES = {int(number): float(rate) for number, *_, rate in facts.table("records/crm_vat")}


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
    defaults = tables.defaults("catalog_product")
    products: list[Map] = []
    prices: list[tuple[Value, ...]] = []
    amounts: list[tuple[Value, ...]] = []
    for ware in wares():
        thing = ware.kind == _THING
        left = float(3 + ware.number * 7 % 20) if thing else 0.0
        products.append(
            {
                **defaults,
                **_shared(ware, stamp),
                "IBLOCK_ID": catalog.PRODUCTS,
                "IBLOCK_SECTION_ID": ware.section,
                "TYPE": ware.kind,
                "MEASURE": 5 if ware.unit == _PIECE else 6,
                "QUANTITY": left,
                "QUANTITY_TRACE": "Y" if thing else "N",
                "DETAIL_TEXT": ware.description,
            }
        )
        prices.append((ware.number, ware.number, 1, ware.price, "RUB", ware.price, stamp))
        if thing:
            amounts.append((ware.number, 1, left))
    write(storage, catalog.PRODUCT, products)
    fields = ("ID", "PRODUCT_ID", "CATALOG_GROUP_ID", "PRICE", "CURRENCY", "PRICE_SCALE", "TIMESTAMP_X")
    storage.insert_many(catalog.PRICE, fields, prices)
    storage.insert_many(catalog.STORE_PRODUCT, ("PRODUCT_ID", "STORE_ID", "AMOUNT"), amounts)
    # The classic methods have the same products under the same ids.
    classic = tables.defaults("crm_product")
    write(storage, CLASSIC_PRODUCT, [{**classic, **_shared(ware, stamp), **_priced(ware)} for ware in wares()])


def _shared(ware: Ware, stamp: str) -> Map:
    """The columns that both catalogues have."""
    return {
        "ID": ware.number,
        "NAME": ware.name,
        "SORT": ware.number * 10,
        "VAT_ID": ware.vat,
        "VAT_INCLUDED": "Y" if ware.rate else "N",
        **dict.fromkeys(("DATE_CREATE", "TIMESTAMP_X"), stamp),
        **dict.fromkeys(("CREATED_BY", "MODIFIED_BY"), 1),
    }


def _priced(ware: Ware) -> Map:
    """The columns of the classic catalogue."""
    return {"PRICE": ware.price, "CURRENCY_ID": "RUB", "DESCRIPTION": ware.description, "SECTION_ID": ware.section}
