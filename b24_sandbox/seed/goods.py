"""The trade catalogue of the demonstration company: products, prices and stores."""

from __future__ import annotations

from b24_sandbox import dates
from b24_sandbox.entities import catalog
from b24_sandbox.php import Value
from b24_sandbox.seed import names
from b24_sandbox.storage import Storage

_UNITS = ((1, 6, "Метр", "м", "m", "MTR"), (5, 796, "Штука", "шт", "pc. 1", "PCE"), (6, 356, "Час", "ч", "h", "HUR"))


def seed_goods(storage: Storage, now: float) -> None:
    """Write the catalogue. Dates are counted back from `now` (Unix seconds)."""
    stamp = dates.iso(now - 250 * 86400.0)
    sections = [(1, catalog.PRODUCTS, "Оборудование", 100, "Y"), (2, catalog.PRODUCTS, "Ремонт", 200, "Y")]
    storage.insert_many(catalog.SECTION, ("ID", "IBLOCK_ID", "NAME", "SORT", "ACTIVE"), sections)
    wares = [(title, price, 1, 1) for title, price in names.GOODS]
    wares += [(title, price, 2, 7) for title, price in names.REPAIRS]
    products: list[tuple[Value, ...]] = []
    prices: list[tuple[Value, ...]] = []
    amounts: list[tuple[Value, ...]] = []
    for number, (title, price, section, kind) in enumerate(wares, 1):
        texts: tuple[Value, ...] = ("Y", "Y", "N", "text", "text")
        flags: tuple[Value, ...] = ("N", "N", "Y" if kind == 1 else "N", "Y", "N")
        left = float(3 + number * 7 % 20) if kind == 1 else 0.0
        measure = 5 if kind == 1 else 6
        own = (number, catalog.PRODUCTS, title, section, number * 10, kind, measure, left)
        products.append((*own, *texts, *flags, stamp, 1, stamp, 1))
        prices.append((number, number, 1, float(price), "RUB", float(price), stamp))
        if kind == 1:
            amounts.append((number, 1, left))
    storage.insert_many(
        catalog.PRODUCT,
        (
            "ID",
            "IBLOCK_ID",
            "NAME",
            "IBLOCK_SECTION_ID",
            "SORT",
            "TYPE",
            "MEASURE",
            "QUANTITY",
            "ACTIVE",
            "AVAILABLE",
            "BUNDLE",
            "DETAIL_TEXT_TYPE",
            "PREVIEW_TEXT_TYPE",
            "BARCODE_MULTI",
            "CAN_BUY_ZERO",
            "QUANTITY_TRACE",
            "SUBSCRIBE",
            "VAT_INCLUDED",
            "DATE_CREATE",
            "CREATED_BY",
            "TIMESTAMP_X",
            "MODIFIED_BY",
        ),
        products,
    )
    fields = ("ID", "PRODUCT_ID", "CATALOG_GROUP_ID", "PRICE", "CURRENCY", "PRICE_SCALE", "TIMESTAMP_X")
    storage.insert_many(catalog.PRICE, fields, prices)
    storage.insert_many(catalog.STORE_PRODUCT, ("PRODUCT_ID", "STORE_ID", "AMOUNT"), amounts)


def base(storage: Storage, stamp: str) -> None:
    """Write the catalogue data of every portal: two blocks, a type of price, units, taxes, a store."""
    blocks = [
        (catalog.PRODUCTS, catalog.PRODUCTS, "CRM_PRODUCT_CATALOG", "s1", "Товарный каталог CRM", None, "N"),
        (catalog.OFFERS, catalog.OFFERS, "CRM_PRODUCT_CATALOG", "s1", "Торговые предложения", catalog.PRODUCTS, "N"),
    ]
    columns = ("ID", "IBLOCK_ID", "IBLOCK_TYPE_ID", "LID", "NAME", "PRODUCT_IBLOCK_ID", "SUBSCRIPTION")
    storage.insert_many(catalog.CATALOG, columns, blocks)
    stamps: tuple[Value, ...] = (stamp, 1, stamp, 1)
    marks = ("DATE_CREATE", "CREATED_BY", "TIMESTAMP_X", "MODIFIED_BY")
    kind: tuple[Value, ...] = (1, "BASE", "Y", 100, "BASE", *stamps)
    storage.insert_many(catalog.PRICE_TYPE, ("ID", "NAME", "BASE", "SORT", "XML_ID", *marks), [kind])
    units = [(*unit, "Y" if unit[0] == 5 else "N") for unit in _UNITS]
    titles = ("ID", "CODE", "MEASURE_TITLE", "SYMBOL", "SYMBOL_INTL", "SYMBOL_LETTER_INTL", "IS_DEFAULT")
    storage.insert_many(catalog.MEASURE, titles, units)
    taxes = [(1, "Без НДС", None, 100, "Y", stamp), (2, "НДС 20%", 20.0, 200, "Y", stamp)]
    storage.insert_many(catalog.VAT, ("ID", "NAME", "RATE", "SORT", "ACTIVE", "TIMESTAMP_X"), taxes)
    store = (1, "Основной склад", "Санкт-Петербург, Складская, 1", "Y", 100, "N", stamp, stamp)
    places = ("ID", "TITLE", "ADDRESS", "ACTIVE", "SORT", "ISSUING_CENTER", "DATE_CREATE", "DATE_MODIFY")
    storage.insert_many(catalog.STORE, places, [store])
