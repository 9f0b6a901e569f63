"""The trade catalogue: products, variations and services, sections, prices, units, taxes, stores.

Fields: documentation: api-reference/catalog (`catalog.*.getFields` of each family).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from b24_sandbox import dates
from b24_sandbox.declared import entities
from b24_sandbox.fields import Entity, Prepare, parse_fields
from b24_sandbox.php import Map, Value
from b24_sandbox.row import Row

if TYPE_CHECKING:
    from b24_sandbox.world import World

PRODUCTS, OFFERS = 24, 25
"""The information blocks of products and of their variations."""


def _stamped(**defaults: Value) -> Prepare:
    """Fill the defaults of a new record and the dates and authors of an entity."""

    def prepare(portal: World, values: Map, stored: Row | None, user: int) -> None:
        now = dates.iso(portal.clock())
        if stored is None:
            for name, value in defaults.items():
                values.setdefault(name, value)
        marks: Map = {"TIMESTAMP_X": now, "DATE_MODIFY": now, "MODIFIED_BY": user}
        if stored is None:
            marks |= {"DATE_CREATE": now, "CREATED_BY": user, "CREATE_TIME": now}
        values.update({name: value for name, value in marks.items() if name in defaults})

    return prepare


_STAMPS: dict[str, Value] = {"DATE_CREATE": None, "CREATED_BY": None, "TIMESTAMP_X": None, "MODIFIED_BY": None}

CATALOG = Entity(
    "catalog_catalog",
    parse_fields("""
ID integer r | ID
IBLOCK_ID integer qi | Block
IBLOCK_TYPE_ID string r | Type of block
LID string r | Site
NAME string r | Name
PRODUCT_IBLOCK_ID integer | Block of products
SKU_PROPERTY_ID integer | Property of the product
SUBSCRIPTION char | Subscription
VAT_ID integer | Tax
"""),
)
PRODUCT = Entity(
    "catalog_product",
    parse_fields("""
ID integer r | ID
IBLOCK_ID integer qi | Information block
NAME string q | Name
ACTIVE char | Active
AVAILABLE char r | Available
BUNDLE char r | Bundle
CODE string | Symbolic code
XML_ID string | External code
CREATED_BY integer | Created by
MODIFIED_BY integer | Changed by
DATE_CREATE datetime | Created
TIMESTAMP_X datetime r | Changed
DATE_ACTIVE_FROM datetime | Begin of activity
DATE_ACTIVE_TO datetime | End of activity
DETAIL_PICTURE file | Detail picture
DETAIL_TEXT string | Details
DETAIL_TEXT_TYPE string | Type of details
PREVIEW_PICTURE file | Preview picture
PREVIEW_TEXT string | Preview
PREVIEW_TEXT_TYPE string | Type of preview
IBLOCK_SECTION_ID integer | Section
SORT integer | Sorting
TYPE integer r | Type
BARCODE_MULTI char | Barcode for every piece
CAN_BUY_ZERO char | May be bought when out of stock
HEIGHT double | Height
LENGTH double | Length
WIDTH double | Width
WEIGHT double | Weight
MEASURE integer | Unit
PURCHASING_CURRENCY string | Currency of purchase
PURCHASING_PRICE double | Price of purchase
QUANTITY double | Quantity
QUANTITY_RESERVED double | Reserved
QUANTITY_TRACE char | Quantity is counted
SUBSCRIBE char | Subscription
VAT_ID integer | Tax
VAT_INCLUDED char | Tax is included
PARENT_ID integer | Product of the variation
"""),
    _stamped(
        ACTIVE="Y",
        AVAILABLE="Y",
        BUNDLE="N",
        SORT=500,
        TYPE=1,
        BARCODE_MULTI="N",
        CAN_BUY_ZERO="N",
        QUANTITY=0.0,
        QUANTITY_TRACE="N",
        SUBSCRIBE="Y",
        VAT_INCLUDED="N",
        MEASURE=5,
        DETAIL_TEXT_TYPE="text",
        PREVIEW_TEXT_TYPE="text",
        **_STAMPS,
    ),
    indexes=("IBLOCK_ID", "IBLOCK_SECTION_ID"),
)
SECTION = entities()["catalog_section"]
PRICE = Entity(
    "catalog_price",
    parse_fields("""
ID integer r | ID
PRODUCT_ID integer qi | Product
CATALOG_GROUP_ID integer qi | Type of price
PRICE double q | Price
CURRENCY string q | Currency
EXTRA_ID integer | Markup
PRICE_SCALE double r | Price in the base currency
QUANTITY_FROM integer | Quantity from
QUANTITY_TO integer | Quantity to
TIMESTAMP_X datetime r | Changed
"""),
    _stamped(TIMESTAMP_X=None),
    indexes=("PRODUCT_ID",),
)
PRICE_TYPE = Entity(
    "catalog_price_type",
    parse_fields("""
ID integer r | ID
NAME string q | Name
BASE char | Base
SORT integer | Sorting
XML_ID string | External code
CREATED_BY integer r | Created by
DATE_CREATE datetime r | Created
MODIFIED_BY integer r | Changed by
TIMESTAMP_X datetime r | Changed
"""),
    _stamped(BASE="N", SORT=100, **_STAMPS),
)
MEASURE = Entity(
    "catalog_measure",
    parse_fields("""
ID integer r | ID
CODE integer q | Code
MEASURE_TITLE string q | Title
SYMBOL string | Symbol
SYMBOL_INTL string | International symbol
SYMBOL_LETTER_INTL string | International code
IS_DEFAULT char | Default
"""),
    _stamped(IS_DEFAULT="N"),
)
VAT = entities()["catalog_vat"]
STORE = entities()["catalog_store"]
STORE_PRODUCT = entities()["catalog_store_product"]
RATIO = entities()["catalog_ratio"]
PROPERTY = entities()["catalog_property"]
PROPERTY_ENUM = entities()["catalog_property_enum"]

TRADE = (
    CATALOG,
    PRODUCT,
    PRICE,
    PRICE_TYPE,
    MEASURE,
)
