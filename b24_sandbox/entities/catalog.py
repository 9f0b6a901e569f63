"""The trade catalogue: products, variations and services, sections, prices, units, taxes, stores.

Fields: documentation: api-reference/catalog (`catalog.*.getFields` of each family).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from b24_sandbox import dates
from b24_sandbox.declared import entities
from b24_sandbox.php import Map
from b24_sandbox.row import Row
from b24_sandbox.tables import entity

if TYPE_CHECKING:
    from b24_sandbox.world import World

PRODUCTS, OFFERS = 24, 25
"""The information blocks of products and of their variations."""


def _authored(portal: World, values: Map, stored: Row | None, user: int) -> None:
    """Set the author and the date of a new product, whatever was sent."""
    if stored is None:
        values.update({"DATE_CREATE": dates.iso(portal.clock()), "CREATED_BY": user})


CATALOG = entity("catalog_catalog")
PRODUCT = entity("catalog_product", prepare=_authored)
PRICE = entity("catalog_price")
PRICE_TYPE = entity("catalog_price_type")
MEASURE = entity("catalog_measure")
SECTION = entities()["catalog_section"]
VAT = entities()["catalog_vat"]
STORE = entities()["catalog_store"]
STORE_PRODUCT = entities()["catalog_store_product"]
RATIO = entities()["catalog_ratio"]
PROPERTY = entities()["catalog_property"]
PROPERTY_ENUM = entities()["catalog_property_enum"]
