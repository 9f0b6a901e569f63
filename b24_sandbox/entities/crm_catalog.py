"""Product rows, the classic product catalogue of the CRM, units, taxes, currencies.

Fields: documentation: api-reference/crm/universal/product-rows/crm-item-productrow-fields,
api-reference/crm/deals/crm-deal-productrows-get, api-reference/crm/currency/**, api-reference/crm/outdated/**.
"""

from __future__ import annotations

from b24_sandbox import facts
from b24_sandbox.tables import entity

CATALOG_ID = 24
"""The only product catalogue of the classic methods."""

PRODUCT_ROW = entity("crm_product_row")
PRODUCT = entity("crm_product")
SECTION = entity("crm_product_section")
MEASURE = entity("crm_measure")
VAT = entity("crm_vat")
CURRENCY = entity("crm_currency")

MEASURES = tuple((int(number), int(code), *names) for number, code, *names in facts.table("records/crm_measure"))
"""The units of a new portal, in the order of the columns of `MEASURE`."""
