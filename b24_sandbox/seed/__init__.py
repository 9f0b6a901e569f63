"""The initial data of a portal: always one administrator and the directories, usually a whole company."""

from __future__ import annotations

from b24_sandbox import declared
from b24_sandbox.entities.directories import STATUS, STATUS_COLUMNS, first_statuses
from b24_sandbox.storage import Storage


def seed(storage: Storage, now: float, *, empty: bool) -> None:
    """Fill a new database in one transaction. The content depends only on `now` (Unix seconds)."""
    from b24_sandbox.seed.moments import Moments  # not needed when an existing file is opened again
    from b24_sandbox.seed.records import COMPANY, PORTAL, write_records

    moments = Moments(now)
    storage.begin()
    storage.insert_many(STATUS, STATUS_COLUMNS, first_statuses())
    declared.fill(storage)
    write_records(storage, moments, PORTAL)
    if not empty:
        from b24_sandbox.seed.company import seed_company

        write_records(storage, moments, COMPANY)
        seed_company(storage, now)
    storage.commit()
