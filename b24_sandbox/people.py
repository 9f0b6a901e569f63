"""The people of the portal as other records name them."""

from __future__ import annotations

from b24_sandbox.entities.staff import USER
from b24_sandbox.php import Map, text
from b24_sandbox.row import Row
from b24_sandbox.world import World


def person(portal: World, user: int) -> Row:
    """The record of a user; empty when there is none."""
    return portal.storage.row(USER, user) or Row()


def full_name(row: Map) -> str:
    """The first and the last name of a person or a client."""
    return f"{text(row.get('NAME'))} {text(row.get('LAST_NAME'))}".strip()
