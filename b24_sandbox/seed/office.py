"""The data of the demonstration company besides its CRM, and the data of every portal."""

from __future__ import annotations

from b24_sandbox import dates
from b24_sandbox.seed.calendars import seed_calendars
from b24_sandbox.seed.documents import seed_documents
from b24_sandbox.seed.goods import base, seed_goods
from b24_sandbox.seed.group_drives import seed_group_drives
from b24_sandbox.seed.groups import seed_groups
from b24_sandbox.seed.messenger import seed_chats
from b24_sandbox.seed.registers import seed_lists
from b24_sandbox.seed.working_time import seed_working_time
from b24_sandbox.storage import Storage


def seed_office(storage: Storage, now: float, *, empty: bool) -> None:
    """Write all data, or with `empty` that of every portal only. Dates are counted back from `now` (Unix seconds)."""
    base(storage, dates.iso(now - 250 * 86400.0))
    if not empty:
        seed_documents(storage, now)
        seed_groups(storage, now)
        seed_group_drives(storage, now)
        seed_lists(storage, now)
        seed_goods(storage, now)
        seed_calendars(storage, now)
        seed_chats(storage, now)
        seed_working_time(storage, now)
