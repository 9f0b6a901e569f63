"""The initial CRM data of every portal besides stages: pipelines of invoices, presets, units, taxes, currencies."""

from __future__ import annotations

from b24_sandbox import dates
from b24_sandbox.entities.crm_catalog import (
    CURRENCIES,
    CURRENCY,
    MEASURE,
    MEASURES,
    VAT,
    VATS,
)
from b24_sandbox.entities.crm_requisites import PRESET, PRESET_FIELD, PRESET_FIELDS, PRESETS
from b24_sandbox.entities.directories import CATEGORY, INVOICE_CATEGORY
from b24_sandbox.storage import Storage


def seed_crm_parts(storage: Storage, now: float) -> None:
    """Write the data. `now` (Unix seconds) dates the rates of currencies."""
    moment = dates.iso(now)
    storage.insert_many(
        CATEGORY,
        ("ID", "NAME", "SORT", "ENTITY_TYPE_ID", "IS_DEFAULT", "ORIGIN_ID", "ORIGINATOR_ID"),
        [(INVOICE_CATEGORY, "Общее", 100, 31, "Y", "", "")],
    )
    storage.insert_many(
        PRESET,
        ("ID", "ENTITY_TYPE_ID", "COUNTRY_ID", "NAME", "XML_ID", "DATE_CREATE", "CREATED_BY_ID", "ACTIVE", "SORT"),
        [(number, 8, 1, name, key, moment, 1, "Y", 500 + number * 10) for number, name, key in PRESETS],
    )
    storage.insert_many(
        PRESET_FIELD,
        ("FIELD_NAME", "FIELD_TITLE", "SORT", "IN_SHORT_LIST", "PRESET_ID"),
        [
            (name, "", 500 + place * 10, "N", preset)
            for preset, names in PRESET_FIELDS.items()
            for place, name in enumerate(names, start=1)
        ],
    )
    storage.insert_many(MEASURE, [field.name for field in MEASURE.columns], MEASURES)
    storage.insert_many(
        VAT,
        ("ID", "NAME", "RATE", "ACTIVE", "C_SORT", "TIMESTAMP_X"),
        [(number, name, rate, "Y", number * 100, moment) for number, name, rate in VATS],
    )
    storage.insert_many(
        CURRENCY,
        (
            "CURRENCY",
            "AMOUNT_CNT",
            "AMOUNT",
            "BASE",
            "SORT",
            "DATE_UPDATE",
            "LID",
            "FULL_NAME",
            "FORMAT_STRING",
            "DEC_POINT",
            "THOUSANDS_SEP",
            "DECIMALS",
        ),
        [
            (code, 1, rate, base, number * 100, moment, "ru", name, form, ".", "&nbsp;", 2)
            for number, (code, rate, base, name, form) in enumerate(CURRENCIES, start=1)
        ],
    )
