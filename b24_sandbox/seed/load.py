"""Many plain deals in seconds, for measurements."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from b24_sandbox import dates
from b24_sandbox.entities.crm import CONTACT, DEAL
from b24_sandbox.entities.staff import USER
from b24_sandbox.php import Value
from b24_sandbox.storage import Storage

_HOUR = 3600.0
_HOURS = 10_000
_STAGES = (
    ("NEW", "P"),
    ("PREPARATION", "P"),
    ("PREPAYMENT_INVOICE", "P"),
    ("EXECUTING", "P"),
    ("FINAL_INVOICE", "P"),
    ("WON", "S"),
    ("LOSE", "F"),
)
_COLUMNS = (
    "TITLE",
    "TYPE_ID",
    "CATEGORY_ID",
    "STAGE_ID",
    "STAGE_SEMANTIC_ID",
    "IS_NEW",
    "IS_RECURRING",
    "IS_RETURN_CUSTOMER",
    "IS_REPEATED_APPROACH",
    "CURRENCY_ID",
    "OPPORTUNITY",
    "IS_MANUAL_OPPORTUNITY",
    "TAX_VALUE",
    "CONTACT_ID",
    "CONTACT_IDS",
    "BEGINDATE",
    "CLOSEDATE",
    "OPENED",
    "CLOSED",
    "ASSIGNED_BY_ID",
    "CREATED_BY_ID",
    "MODIFY_BY_ID",
    "MOVED_BY_ID",
    "DATE_CREATE",
    "DATE_MODIFY",
    "MOVED_TIME",
    "LAST_ACTIVITY_BY",
    "LAST_ACTIVITY_TIME",
    "OBSERVERS",
)


def load_deals(storage: Storage, now: float, count: int) -> int:
    """Add deals up to `count` and return how many were added. Dates are counted back from `now` (Unix seconds)."""
    first = storage.count(DEAL) + 1
    if first > count:
        return 0
    contacts = storage.count(CONTACT)
    people = min(9, storage.count(USER))
    storage.begin()
    storage.insert_many(DEAL, _COLUMNS, _rows(first, count, now, contacts, people))
    storage.commit()
    return count - first + 1


def _rows(first: int, last: int, now: float, contacts: int, people: int) -> Iterator[tuple[Value, ...]]:
    chance = Random(first)  # noqa: S311 (load, not secrets)
    moments = [dates.iso(now - hours * _HOUR) for hours in range(_HOURS)]
    for number in range(first, last + 1):
        stage, semantics = _STAGES[number % len(_STAGES)]
        created = moments[chance.randrange(_HOURS)]
        day = created[:10] + "T03:00:00+03:00"
        contact = chance.randrange(contacts) + 1 if contacts else None
        person = chance.randrange(people) + 1
        yield (
            f"Поставка №{number}",
            "SALE",
            0,
            stage,
            semantics,
            "Y" if stage == "NEW" else "N",
            "N",
            "N",
            "N",
            "RUB",
            float(chance.randrange(10, 9000) * 100),
            "Y",
            0.0,
            contact,
            f"[{contact}]" if contact else "[]",
            day,
            day,
            "Y",
            "N" if semantics == "P" else "Y",
            person,
            person,
            person,
            person,
            created,
            created,
            created,
            person,
            created,
            "[]",
        )
