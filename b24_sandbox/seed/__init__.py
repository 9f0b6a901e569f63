"""The initial data of a portal: always one administrator and the directories, usually a whole company."""

from __future__ import annotations

from b24_sandbox import declared
from b24_sandbox.entities import ENTITIES
from b24_sandbox.entities.directories import (
    CATEGORIES,
    CATEGORY,
    STATUS,
    STATUS_COLUMNS,
    first_statuses,
)
from b24_sandbox.seed.crm_parts import seed_crm_parts
from b24_sandbox.seed.people import seed_staff
from b24_sandbox.storage import Storage


def seed(storage: Storage, now: float, *, empty: bool) -> None:
    """Fill a new database in one transaction. The content depends only on `now` (Unix seconds)."""
    storage.begin()
    storage.insert_many(STATUS, STATUS_COLUMNS, first_statuses())
    storage.insert_many(
        CATEGORY,
        ("ID", "NAME", "SORT", "ENTITY_TYPE_ID", "IS_DEFAULT", "ORIGIN_ID", "ORIGINATOR_ID"),
        [(number, name, sort, 2, "N" if number else "Y", "", "") for number, name, sort in CATEGORIES],
    )
    declared.fill(storage)
    seed_crm_parts(storage, now)
    seed_staff(storage, now, only_administrator=empty)
    if not empty:
        from b24_sandbox.seed.company import seed_company  # not needed when an existing file is opened again
        from b24_sandbox.seed.news import seed_news

        seed_company(storage, now)
        seed_news(storage, now, ENTITIES)
    from b24_sandbox.seed.office import seed_office  # needed only for a new database

    seed_office(storage, now, empty=empty)
    storage.commit()
