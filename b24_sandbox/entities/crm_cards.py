"""Views of the cards of CRM items: the sections and fields that one user, or all users, see.

Documentation: api-reference/crm/universal/item-details-configuration.
"""

from __future__ import annotations

from b24_sandbox.fields import Entity, parse_fields

CARD = Entity(
    "crm_card",
    parse_fields("""
ID integer r | ID
NAME string r | Of which items: the number of their type and the pipeline or kind, as 2:0
USER_ID user r | The owner, 0: the common view
SECTIONS string r | Sections in JSON
"""),
    indexes=("NAME",),
)
