"""Universal lists of the demonstration company."""

from __future__ import annotations

from b24_sandbox import dates
from b24_sandbox.entities.iblock import CHOICE, ELEMENT, IBLOCK, PROPERTY, SECTION, VALUE
from b24_sandbox.php import Value
from b24_sandbox.seed.tables import table
from b24_sandbox.storage import Storage

_TRIPS = table("trips")


def seed_lists(storage: Storage, now: float) -> None:
    """Write two lists. Dates are counted back from `now` (Unix seconds)."""
    stamp = dates.iso(now - 150 * 86400.0)
    stamps: tuple[Value, ...] = ("Y", 500, stamp, 1, stamp, 1)
    names = ("ACTIVE", "SORT", "DATE_CREATE", "CREATED_BY", "TIMESTAMP_X", "MODIFIED_BY")
    blocks = [(1, "lists", "business_trips", "Командировки", *stamps), (2, "lists", "spares", "Запчасти", *stamps)]
    storage.insert_many(IBLOCK, ("ID", "IBLOCK_TYPE_ID", "CODE", "NAME", *names), blocks)
    section = (1, 1, "foreign", "За рубеж", *stamps)
    storage.insert_many(SECTION, ("ID", "IBLOCK_ID", "CODE", "NAME", *names), [section])
    properties = [
        (1, 1, "COST", "Стоимость", "N", 20, "N", "N"),
        (2, 1, "STATUS", "Состояние", "L", 30, "N", "N"),
        (3, 1, "PEOPLE", "Участники", "S:employee", 40, "N", "Y"),
    ]
    fields = ("ID", "IBLOCK_ID", "CODE", "NAME", "TYPE", "SORT", "IS_REQUIRED", "MULTIPLE")
    storage.insert_many(PROPERTY, fields, properties)
    choices = [(1, 2, "План", 10, "Y"), (2, 2, "Согласована", 20, "N"), (3, 2, "Завершена", 30, "N")]
    storage.insert_many(CHOICE, ("ID", "PROPERTY_ID", "VALUE", "SORT", "DEF"), choices)
    elements = [
        (number, 1, city, f"trip{number}", 1 if city == "Vienna" else None, *stamps)
        for number, (city, _) in enumerate(_TRIPS, 1)
    ]
    storage.insert_many(ELEMENT, ("ID", "IBLOCK_ID", "NAME", "CODE", "IBLOCK_SECTION_ID", *names), elements)
    held: list[tuple[Value, ...]] = []
    for number, (_, cost) in enumerate(_TRIPS, 1):
        held += [
            (number, 1, cost),
            (number, 2, str(1 + number % 3)),
            (number, 3, "2"),
            (number, 3, str(2 + number)),
        ]
    storage.insert_many(VALUE, ("ELEMENT_ID", "PROPERTY_ID", "VALUE"), held)
