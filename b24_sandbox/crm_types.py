"""Types of CRM items by number: table, pipelines, stages and names.

Numbers (documentation: api-reference/crm/data-types): 1 lead, 2 deal, 3 contact, 4 company, 7 estimate, 31 invoice, and
smart processes: even numbers from 1030 on (128 to 192 on the first portals).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from b24_sandbox import php
from b24_sandbox.entities.crm import COMPANY, CONTACT, DEAL, LEAD
from b24_sandbox.entities.crm_cascade import OWNER_CODES, owner_code, owner_word
from b24_sandbox.entities.crm_catalog import CURRENCY
from b24_sandbox.entities.crm_sales import INVOICE, QUOTE, TYPE, item_entity
from b24_sandbox.entities.directories import (
    CATEGORY,
    STATUS,
    STATUS_COLUMNS,
    entity_types,
    semantic_info,
    stage_rows,
)
from b24_sandbox.entities.pipelines import INVOICE_NUMBER, categories, default_category, stage_directory
from b24_sandbox.fields import Entity
from b24_sandbox.php import Map
from b24_sandbox.row import Row

if TYPE_CHECKING:
    from b24_sandbox.world import World

BASES: dict[int, Entity] = {1: LEAD, 2: DEAL, 3: CONTACT, 4: COMPANY, 7: QUOTE, INVOICE_NUMBER: INVOICE}
_WORDS = {"lead": 1, "deal": 2, "contact": 3, "company": 4, "quote": 7, "smart_invoice": 31, "invoice": 31}

__all__ = [
    "BASES",
    "base_entity",
    "categories",
    "default_category",
    "owner_code",
    "owner_word",
    "stage_directory",
]


def type_row(portal: World, number: int) -> Map | None:
    """The stored smart process with this number, or `None`."""
    columns = [field.name for field in TYPE.columns]
    return next(iter(portal.storage.rows(TYPE, columns, "ENTITY_TYPE_ID = ?", [number])), None)


def type_numbers(portal: World) -> list[int]:
    """The numbers of all smart processes."""
    rows = portal.storage.rows(TYPE, ["ENTITY_TYPE_ID"])
    return [row.integer("ENTITY_TYPE_ID") for row in rows]


def base_entity(portal: World, number: int) -> Entity | None:
    """The entity of a type without its user fields, or `None` for an unknown type."""
    if number in BASES:
        return BASES[number]
    key = f"type:{number}"
    if key not in portal.schema.kept:
        row = type_row(portal, number)
        made = None if row is None else item_entity(number, row, php.text(row["TITLE"]), user_fields=f"CRM_{row['ID']}")
        portal.schema.kept[key] = made
    kept = portal.schema.kept[key]
    return kept if isinstance(kept, Entity) else None


def number_of(word: str, portal: World) -> int:
    """The number of a type by its timeline name (`deal`, `dynamic_1030`, any case), or 0."""
    lowered = word.strip().lower()
    if lowered in _WORDS:
        return _WORDS[lowered]
    number = php.integer(lowered.removeprefix("dynamic_")) if lowered.startswith("dynamic_") else 0
    return number if number and base_entity(portal, number) is not None else 0


def number_of_code(code: str, portal: World) -> int:
    """The number of a type by its short code (`D`, `T406`), or 0."""
    for number, known in OWNER_CODES.items():
        if known == code.upper():
            return number
    try:
        number = int(code[1:], 16) if code[:1] in ("T", "t") else 0
    except ValueError:
        return 0
    return number if number and base_entity(portal, number) is not None else 0


def exists(portal: World, number: int, record: int) -> bool:
    """Whether an item exists."""
    entity = base_entity(portal, number)
    return entity is not None and record > 0 and portal.storage.row(entity, record) is not None


def has_categories(portal: World, number: int) -> bool:
    """Whether the items of a type have pipelines."""
    return number in (2, INVOICE_NUMBER) or (number not in BASES and base_entity(portal, number) is not None)


def stage_prefix(number: int, category: int) -> str:
    """The prefix of the stage codes of a pipeline."""
    if number == 2:
        return f"C{category}:" if category else ""
    return "" if number in (1, 7) else f"DT{number}_{category}:"


def add_stages(portal: World, number: int, category: int) -> None:
    """Write the initial stages of a new pipeline."""
    template = {2: "pipeline", INVOICE_NUMBER: "invoice"}.get(number, "process")
    rows = stage_rows(stage_directory(number, category), category, stage_prefix(number, category), template)
    portal.storage.insert_many(STATUS, STATUS_COLUMNS, rows)
    portal.stages_changed()


def is_unknown_currency(portal: World, columns: Map) -> bool:
    """Whether the columns of an item contain a currency that the portal does not have."""
    code = php.text(columns.get("CURRENCY_ID"))
    return bool(code) and not portal.storage.count(CURRENCY, "CURRENCY = ?", [code])


def is_directory(portal: World, name: str) -> bool:
    """Whether a directory of statuses exists."""
    return any(described["ID"] == name for described in directories(portal))


def directories(portal: World) -> list[Map]:
    """All directories of statuses as `crm.status.entity.types` shows them."""
    found = entity_types()
    for number in (2, INVOICE_NUMBER, *type_numbers(portal)):
        for category in categories(portal, number):
            if number == 2 and not category:
                continue
            found.append(_pipeline(portal, number, category))
    return found


def _pipeline(portal: World, number: int, category: int) -> Map:
    row = portal.storage.row(CATEGORY, category) or Row()
    prefix = stage_prefix(number, category)
    final = {2: ("NEW", "WON", "LOSE"), INVOICE_NUMBER: ("N", "P", "D")}.get(number, ("NEW", "SUCCESS", "FAIL"))
    title = {2: "Стадии сделок", INVOICE_NUMBER: "Стадии счетов"}.get(number, f"Стадии {number}")
    described: Map = {"ID": stage_directory(number, category), "NAME": f"{title}: {php.text(row.get('NAME'))}"}
    if number == 2:
        described["PARENT_ID"] = "DEAL_STAGE"
    return {
        **described,
        "SEMANTIC_INFO": semantic_info(*(prefix + code for code in final)),
        "PREFIX": prefix.rstrip(":"),
        "FIELD_ATTRIBUTE_SCOPE": f"category_{category}",
        "ENTITY_TYPE_ID": number,
        "CATEGORY_ID": str(category),
    }
