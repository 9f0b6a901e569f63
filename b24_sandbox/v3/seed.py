"""The part of the demonstration company that only REST 3.0 shows: event log, working days, and `company.toml`.

It is written on first use, not when the portal is created, because most sandboxes do not need it.
"""

from __future__ import annotations

import json
from random import Random

from b24_sandbox import dates
from b24_sandbox.entities.staff import DEPARTMENT
from b24_sandbox.php import Value
from b24_sandbox.storage import Storage
from b24_sandbox.v3.eventlog import entry
from b24_sandbox.v3.seed_company import write_company
from b24_sandbox.v3.tables import COLLECTION, EVENT_LOG, NODE_EXTRA, TIME_RECORD

ENTRIES, WORKING_DAYS = 240, 20
EMPLOYEES = tuple(range(1, 20))
_DAY, _HOUR = 86400.0, 3600.0
_KINDS = ("USER_AUTHORIZE", "USER_AUTHORIZE", "USER_AUTHORIZE", "USER_LOGOUT", "USER_EDIT", "MODULE_RIGHTS_CHANGED")
_COLLECTIONS = (("База знаний продаж", 100), ("Регламенты сервиса", 200), ("Onboarding", 300))


def fill(storage: Storage, now: float, *, company: bool) -> None:
    """Write the data unless it exists. Without the company it is only the first entry of the log."""
    if storage.count(EVENT_LOG):
        return
    random = Random(24_30)  # noqa: S311 (invented data, not secrets)
    first = entry(now - 90 * _DAY, 1, "USER_AUTHORIZE", "main", "1")
    columns = list(first)
    log = [first]
    storage.begin()
    if company:
        for number in range(1, ENTRIES):
            user = random.choice(EMPLOYEES)
            moment = now - (90 * _DAY) * (1 - number / ENTRIES)
            log.append(entry(moment, user, random.choice(_KINDS), "main", str(user)))
        storage.insert_many(TIME_RECORD, _TIME_COLUMNS, _records(random, now))
        storage.insert_many(COLLECTION, _COLLECTION_COLUMNS, _collections(now))
        write_company(storage, now)
    founded = dates.iso(now - 430 * _DAY)
    data = json.dumps({"createdAt": founded, "updatedAt": founded})
    storage.insert_many(NODE_EXTRA, ("ID", "DATA"), [(row["ID"], data) for row in storage.rows(DEPARTMENT, ["ID"])])
    storage.insert_many(EVENT_LOG, columns, [[row[name] for name in columns] for row in log])
    storage.commit()


_TIME_COLUMNS = ("USER_ID", "START_TIME", "END_TIME", "DURATION", "BREAK_LENGTH", "STATE", "IS_APPROVED")
_COLLECTION_COLUMNS = (
    "NAME", "POSITION", "POLICY_LEVEL", "STATE", "CREATED_BY", "CREATED_AT", "UPDATED_BY", "UPDATED_AT",
)  # fmt: skip


def _records(random: Random, now: float) -> list[tuple[Value, ...]]:
    midnight = now - now % _DAY
    rows: list[tuple[Value, ...]] = []
    for back in range(WORKING_DAYS, 0, -1):
        for user in EMPLOYEES:
            start = midnight - back * _DAY + 6 * _HOUR + random.randint(0, 3600)
            pause = random.choice((1800, 2700, 3600))
            worked = random.randint(7 * 3600, 9 * 3600)
            end = start + pause + worked
            rows.append((user, dates.iso(start), dates.iso(end), worked, pause, "CLOSED", "Y"))
    return rows


def _collections(now: float) -> list[tuple[Value, ...]]:
    made = dates.iso(now - 200 * _DAY)
    return [(name, position, "view", "active", 1, made, 1, made) for name, position in _COLLECTIONS]
