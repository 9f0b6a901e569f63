"""Workgroups and projects of the demonstration company."""

from __future__ import annotations

from b24_sandbox import dates
from b24_sandbox.entities.groups import GROUP, MEMBER
from b24_sandbox.php import Value
from b24_sandbox.seed.tables import numbers, table
from b24_sandbox.storage import Storage

_GROUPS = tuple(
    (name, description, project, numbers(members)) for name, description, project, members in table("groups")
)
"""Name, description, project, members (the first is the owner)."""
GROUPS = len(_GROUPS)


def seed_groups(storage: Storage, now: float) -> None:
    """Write groups and members. Dates are counted back from `now` (Unix seconds)."""
    groups: list[tuple[Value, ...]] = []
    members: list[tuple[Value, ...]] = []
    for number, (name, description, project, people) in enumerate(_GROUPS, 1):
        moment = dates.iso(now - (300 - number * 40) * 86400.0)
        flags = ("Y", "Y", "N", "N", 1, 1, "E", project, "N")
        groups.append((number, "s1", name, description, moment, moment, moment, people[0], len(people), *flags))
        members += [(number, person, "K" if place else "A") for place, person in enumerate(people)]
    columns = "ID SITE_ID NAME DESCRIPTION DATE_CREATE DATE_UPDATE DATE_ACTIVITY OWNER_ID NUMBER_OF_MEMBERS ACTIVE"
    rest = "VISIBLE OPENED CLOSED SUBJECT_ID NUMBER_OF_MODERATORS INITIATE_PERMS PROJECT LANDING"
    storage.insert_many(GROUP, f"{columns} {rest}".split(), groups)
    storage.insert_many(MEMBER, ("GROUP_ID", "USER_ID", "ROLE"), members)
