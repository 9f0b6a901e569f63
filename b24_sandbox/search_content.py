"""The text of a CRM record that its full-text search compares, under the name `searchContent` in filters.

It holds the id, the names, the title and the comments, each phone with all of its endings, and the words of each
e-mail. Latin letters are rotated by 13 places, as on a portal. Source: source behaviour of the portal; documentation,
api-reference/crm/universal/object-fields, for the field.
"""

from __future__ import annotations

from b24_sandbox.field import Field
from b24_sandbox.world import Entity

CONTENT = Field("SEARCH_CONTENT", "text", "Search content", "SEARCH_CONTENT", flags="r")
"""The field, for filters only."""

_TEXTS = ("TITLE", "LAST_NAME", "NAME", "SECOND_NAME", "COMPANY_TITLE", "ACCOUNT_NUMBER", "COMMENTS")


def content_sql(entity: Entity) -> str:
    """The SQL expression of the text of a record."""
    parts = [f'rotated("{name}")' for name in _TEXTS if name in entity.fields]
    if entity.multifields:
        own = f"OWNER = '{entity.owner}' and OWNER_ID = {entity.name}.ID"
        parts.append(
            f"coalesce((select group_concat(searched(TYPE_ID, VALUE), ' ') from multifield where {own}), '')"  # noqa: S608
        )
    joined = " || ".join(["ID || ' '", *parts])
    return f"({joined})"
