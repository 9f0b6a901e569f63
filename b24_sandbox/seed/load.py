"""Many plain deals in seconds, for measurements."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from b24_sandbox import dates
from b24_sandbox.entities.crm import CONTACT, DEAL
from b24_sandbox.entities.staff import USER
from b24_sandbox.php import Map, Value
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
_SAME: Map = {
    "TYPE_ID": "SALE",
    "CATEGORY_ID": 0,
    "IS_RECURRING": "N",
    "IS_RETURN_CUSTOMER": "N",
    "IS_REPEATED_APPROACH": "N",
    "CURRENCY_ID": "RUB",
    "IS_MANUAL_OPPORTUNITY": "Y",
    "TAX_VALUE": 0.0,
    "OPENED": "Y",
    "OBSERVERS": "[]",
}
_DAYS = ("BEGINDATE", "CLOSEDATE")
_MOMENTS = ("DATE_CREATE", "DATE_MODIFY", "MOVED_TIME", "LAST_ACTIVITY_TIME")
_AUTHORS = ("ASSIGNED_BY_ID", "CREATED_BY_ID", "MODIFY_BY_ID", "MOVED_BY_ID", "LAST_ACTIVITY_BY")
_VARIED = ("TITLE", "STAGE_ID", "STAGE_SEMANTIC_ID", "IS_NEW", "CLOSED", "OPPORTUNITY", "CONTACT_ID", "CONTACT_IDS")
_COLUMNS = (*_VARIED, *_DAYS, *_MOMENTS, *_AUTHORS, *_SAME)


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
        varied = (
            f"Поставка №{number}",
            stage,
            semantics,
            "Y" if stage == "NEW" else "N",
            "N" if semantics == "P" else "Y",
        )
        amount = float(chance.randrange(10, 9000) * 100)
        linked = (contact, f"[{contact}]" if contact else "[]")
        yield (
            *varied,
            amount,
            *linked,
            day,
            day,
            *[created] * len(_MOMENTS),
            *[person] * len(_AUTHORS),
            *_SAME.values(),
        )
