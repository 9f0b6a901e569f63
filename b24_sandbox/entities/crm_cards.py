"""Views of the cards of CRM items: the sections and fields that one user, or all users, see.

Documentation: api-reference/crm/universal/item-details-configuration.
"""

from __future__ import annotations

from b24_sandbox.tables import entity

CARD = entity("crm_card")
