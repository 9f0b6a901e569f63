"""Helpers to write rows of the initial data."""

from __future__ import annotations

from collections.abc import Sequence

from b24_sandbox.fields import Entity
from b24_sandbox.php import Map
from b24_sandbox.seed.moments import Moments
from b24_sandbox.storage import Storage


def write(storage: Storage, entity: Entity, rows: Sequence[Map]) -> None:
    """Write records that all have the columns of the first one."""
    if rows:
        columns = list(rows[0])
        storage.insert_many(entity, columns, [[row[name] for name in columns] for row in rows])


def stamps(moments: Moments, created: float, changed: float, author: int) -> Map:
    """Return the authorship and times of a CRM record. `created` and `changed` are days before now."""
    made, edited = moments.ago(created), moments.ago(changed)
    return {
        "ASSIGNED_BY_ID": author,
        "CREATED_BY_ID": author,
        "MODIFY_BY_ID": author,
        "DATE_CREATE": made,
        "DATE_MODIFY": edited,
        "LAST_ACTIVITY_BY": author,
        "LAST_ACTIVITY_TIME": edited,
        "OPENED": "Y",
        "OBSERVERS": "[]",
    }
