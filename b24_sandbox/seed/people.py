"""The staff of the demonstration company, "Северный мост": equipment for workshops, sales and service.

The company, its staff and its clients are invented. Phones are of ranges reserved for fiction, e-mail addresses of
`example.com`.
"""

from __future__ import annotations

import json

from b24_sandbox import dates
from b24_sandbox.entities.staff import DEPARTMENT, USER
from b24_sandbox.php import Value
from b24_sandbox.seed.tables import table
from b24_sandbox.storage import Storage

_DAY = 86400.0

DEPARTMENTS: tuple[tuple[int, str, int | None, int], ...] = tuple(
    (int(number), name, int(parent) if parent else None, int(head))
    for number, name, parent, head in table("departments")
)
"""Id, name, parent, head."""

STAFF: tuple[tuple[str, str, str, str, int], ...] = tuple(
    (name, last_name, gender, position, int(department))
    for name, last_name, gender, position, department in table("staff")
)
"""First name, last name, gender, position, department. The position in the list is the id."""

SELLERS = (2, 3, 4, 5, 6, 7, 8, 9, 20)
SERVICE = (10, 11, 12, 13)
EVERYBODY = tuple(range(1, 20))
FORMER = 20
"""Kirill has left the company: an inactive user who is still responsible for deals."""


def seed_staff(storage: Storage, now: float, *, only_administrator: bool) -> None:
    """Write departments and users. Dates are counted back from `now` (Unix seconds)."""
    staff = STAFF[:1] if only_administrator else STAFF
    departments = DEPARTMENTS[:1] if only_administrator else DEPARTMENTS
    storage.insert_many(
        DEPARTMENT,
        ("ID", "NAME", "SORT", "PARENT", "UF_HEAD"),
        [(number, name, number * 100, parent, head) for number, name, parent, head in departments],
    )
    columns = (
        "ID",
        "ACTIVE",
        "NAME",
        "LAST_NAME",
        "SECOND_NAME",
        "EMAIL",
        "LAST_LOGIN",
        "DATE_REGISTER",
        "TIME_ZONE",
        "IS_ONLINE",
        "TIMESTAMP_X",
        "LAST_ACTIVITY_DATE",
        "PERSONAL_GENDER",
        "PERSONAL_BIRTHDAY",
        "PERSONAL_CITY",
        "WORK_PHONE",
        "WORK_POSITION",
        "UF_EMPLOYMENT_DATE",
        "UF_DEPARTMENT",
        "UF_PHONE_INNER",
        "USER_TYPE",
    )
    storage.insert_many(USER, columns, [_person(number, now) for number in range(1, len(staff) + 1)])


def _person(number: int, now: float) -> tuple[Value, ...]:
    name, last_name, gender, position, department = STAFF[number - 1]
    hired = dates.iso(now - (430 - number * 7) * _DAY)
    gone = number == FORMER
    seen = dates.iso(now - (60 * _DAY if gone else number * 1700.0))
    born = f"19{70 + number * 7 % 28}-{1 + number % 12:02d}-{1 + number * 3 % 27:02d}T03:00:00+03:00"
    return (
        number,
        int(not gone),
        name,
        last_name,
        "",
        f"user{number:02d}@example.com",
        seen,
        hired,
        "",
        "Y" if number <= 6 else "N",
        hired,
        seen,
        gender,
        born,
        "Vienna" if department == 3 else "Санкт-Петербург",
        f"+7 (000) 555-01-{number:02d}",
        position,
        hired[:10] + "T03:00:00+03:00",
        json.dumps([department]),
        str(100 + number),
        "employee",
    )
