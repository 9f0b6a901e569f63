"""All tables of the CRM except statuses and pipelines. Tables of smart processes are created with them."""

from __future__ import annotations

from b24_sandbox.entities.crm import COMPANY, CONTACT, DEAL, LEAD
from b24_sandbox.entities.crm_cards import CARD
from b24_sandbox.entities.crm_catalog import CURRENCY, MEASURE, PRODUCT, PRODUCT_ROW, SECTION, VAT
from b24_sandbox.entities.crm_parts import (
    ACTIVITY,
    ACTIVITY_BINDING,
    COMMENT,
    COMMUNICATION,
    LINK,
    STAGE_HISTORY,
    TIMELINE_BINDING,
)
from b24_sandbox.entities.crm_requisites import (
    ADDRESS,
    BANK_DETAIL,
    PRESET,
    PRESET_FIELD,
    REQUISITE,
    REQUISITE_LINK,
)
from b24_sandbox.entities.crm_sales import AUTOMATED_SOLUTION, INVOICE, QUOTE, TYPE
from b24_sandbox.files import FILE
from b24_sandbox.schema import ENUM_VALUE, RELATION, USER_FIELD

CRM_ENTITIES = (
    LEAD,
    DEAL,
    CONTACT,
    COMPANY,
    QUOTE,
    INVOICE,
    PRODUCT_ROW,
    PRODUCT,
    SECTION,
    MEASURE,
    VAT,
    CURRENCY,
    ACTIVITY,
    ACTIVITY_BINDING,
    COMMUNICATION,
    COMMENT,
    TIMELINE_BINDING,
    STAGE_HISTORY,
    LINK,
    CARD,
    REQUISITE,
    BANK_DETAIL,
    PRESET,
    PRESET_FIELD,
    ADDRESS,
    REQUISITE_LINK,
    TYPE,
    AUTOMATED_SOLUTION,
    USER_FIELD,
    ENUM_VALUE,
    RELATION,
    FILE,
)
