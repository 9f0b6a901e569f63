"""Product rows, the classic product catalogue of the CRM, units, taxes, currencies.

Fields: documentation: api-reference/crm/universal/product-rows/crm-item-productrow-fields,
api-reference/crm/deals/crm-deal-productrows-get, api-reference/crm/currency/**, api-reference/crm/outdated/**.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from b24_sandbox import dates
from b24_sandbox.fields import Entity, parse_fields
from b24_sandbox.php import Map
from b24_sandbox.row import Row

if TYPE_CHECKING:
    from b24_sandbox.world import World

CATALOG_ID = 24
"""The only product catalogue of the classic methods."""


def _product(portal: World, values: Map, stored: Row | None, user: int) -> None:
    now = dates.iso(portal.clock())
    values["TIMESTAMP_X"], values["MODIFIED_BY"] = now, user
    if stored is None:
        values["DATE_CREATE"], values["CREATED_BY"] = now, user
        values.setdefault("ACTIVE", "Y")
        values.setdefault("SORT", 500)
        values.setdefault("CATALOG_ID", CATALOG_ID)
        values.setdefault("CURRENCY_ID", portal.currency)
        values.setdefault("VAT_INCLUDED", "N")
        values.setdefault("DESCRIPTION_TYPE", "text")
        values.setdefault("MEASURE", 9)


def _section(portal: World, values: Map, stored: Row | None, user: int) -> None:
    if stored is None:
        values.setdefault("CATALOG_ID", CATALOG_ID)


def _measure(portal: World, values: Map, stored: Row | None, user: int) -> None:
    if stored is None:
        values.setdefault("IS_DEFAULT", "N")


def _vat(portal: World, values: Map, stored: Row | None, user: int) -> None:
    values["TIMESTAMP_X"] = dates.iso(portal.clock())
    if stored is None:
        values.setdefault("ACTIVE", "Y")
        values.setdefault("C_SORT", 100)


PRODUCT_ROW = Entity(
    "crm_product_row",
    parse_fields("""
ID integer r | ID
OWNER_ID integer qi | Owner ID
OWNER_TYPE string qi | Owner type
PRODUCT_ID integer q | Product
PRODUCT_NAME string | Product name
PRICE double | Price
PRICE_EXCLUSIVE double r | Price with discount without tax
PRICE_NETTO double r | PRICE_NETTO
PRICE_BRUTTO double r | PRICE_BRUTTO
QUANTITY double | Quantity
DISCOUNT_TYPE_ID integer | Discount type
DISCOUNT_RATE double | Discount rate
DISCOUNT_SUM double | Discount
TAX_RATE double | Tax
TAX_INCLUDED char | Tax included
CUSTOMIZED char | Customised
MEASURE_CODE integer | Unit code
MEASURE_NAME string | Unit
SORT integer | Sorting
TYPE integer r | TYPE
STORE_ID integer r | STORE_ID
XML_ID string h | External code
"""),
    indexes=("OWNER_ID",),
)

PRODUCT = Entity(
    "crm_product",
    parse_fields("""
ID integer r | ID
CATALOG_ID integer i | Catalogue
PRICE double | Price
CURRENCY_ID string | Currency
NAME string q | Name
CODE string | Symbol code
DESCRIPTION string | Description
DESCRIPTION_TYPE string | Type of description
ACTIVE char | Active
SECTION_ID integer | Section
SORT integer | Sorting
VAT_ID integer | Tax rate
VAT_INCLUDED char | Tax included
MEASURE integer | Unit
XML_ID string | External code
PREVIEW_PICTURE product_file | Picture for the list
DETAIL_PICTURE product_file | Detailed picture
DATE_CREATE datetime r | Created on
TIMESTAMP_X datetime r | Modified on
MODIFIED_BY integer r | Modified by
CREATED_BY integer r | Created by
"""),
    _product,
)

SECTION = Entity(
    "crm_product_section",
    parse_fields("""
ID integer r | ID
CATALOG_ID integer i | Catalogue
SECTION_ID integer | Parent section
NAME string q | Name
XML_ID string | External code
CODE string | Symbol code
"""),
    _section,
)

MEASURE = Entity(
    "crm_measure",
    parse_fields("""
ID integer r | ID
CODE integer q | Code
MEASURE_TITLE string q | Name
SYMBOL_RUS string | Symbol
SYMBOL_INTL string | International symbol
SYMBOL_LETTER_INTL string | International letter code
IS_DEFAULT char | Default
"""),
    _measure,
)
MEASURES = (
    (1, 6, "Метр", "м", "m", "MTR", "N"),
    (3, 112, "Литр", "л", "l", "LTR", "N"),
    (5, 163, "Грамм", "г", "g", "GRM", "N"),
    (7, 166, "Килограмм", "кг", "kg", "KGM", "N"),
    (9, 796, "Штука", "шт", "pc. 1", "PCE. NMB", "Y"),
)
"""The units of a new portal, in the order of the columns of `MEASURE`."""

VAT = Entity(
    "crm_vat",
    parse_fields("""
ID integer r | ID
TIMESTAMP_X datetime r | Modified on
ACTIVE string | Active
C_SORT integer | Sorting
NAME string q | Name
RATE double q | Rate
"""),
    _vat,
)
VATS = ((1, "Без НДС", 0.0), (2, "НДС 20%", 20.0), (3, "НДС 10%", 10.0))
"""The tax rates of a new portal: id, name, per cent."""

CURRENCY = Entity(
    "crm_currency",
    parse_fields("""
ID integer rh | ID
CURRENCY string | Currency
AMOUNT_CNT int | Face value
AMOUNT double | Rate
BASE char r | Base currency
SORT int | Sorting
DATE_UPDATE datetime r | Updated on
LID string rh | Language
FULL_NAME string rh | Name
FORMAT_STRING string rh | Format
DEC_POINT string rh | Decimal point
THOUSANDS_SEP string rh | Thousands separator
DECIMALS int rh | Decimals
LANG object h | Localisations by language
"""),
)
CURRENCIES = (
    ("RUB", 1.0, "Y", "Российский рубль", "# &#8381;"),
    ("USD", 90.0, "N", "Доллар США", "$#"),
    ("EUR", 98.0, "N", "Евро", "# &euro;"),
    ("CNY", 12.5, "N", "Китайский юань", "&yen;#"),
)
"""The currencies of a new portal: code, rate, base, name, format."""
