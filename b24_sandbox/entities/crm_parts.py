"""Records that belong to other records of the CRM: activities, requisites, addresses, timeline, history, links.

Fields and types: documentation: api-reference/crm/timeline/**/…-fields, api-reference/crm/requisites/**/…-fields,
api-reference/crm/crm-stage-history-list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from b24_sandbox import php
from b24_sandbox.php import Map
from b24_sandbox.row import Row
from b24_sandbox.tables import entity

if TYPE_CHECKING:
    from b24_sandbox.world import World


_PROVIDERS = {
    1: ("CRM_MEETING", "MEETING"),
    2: ("VOXIMPLANT_CALL", "CALL"),
    3: ("TASK", "TASK"),
    4: ("CRM_EMAIL", "EMAIL"),
}
"""Provider and type of the provider by `TYPE_ID`."""


def _activity(portal: World, values: Map, stored: Row | None, user: int) -> None:
    """Fill the provider and the times of a new activity, and keep its status and its completion together."""
    if stored is None:
        provider, kind = _PROVIDERS.get(php.integer(values.get("TYPE_ID")), ("", ""))
        values.setdefault("PROVIDER_ID", provider)
        values.setdefault("PROVIDER_TYPE_ID", kind)
        values.setdefault("END_TIME", values["START_TIME"])
        values.setdefault("DEADLINE", values["END_TIME"])
    if "COMPLETED" in values:
        values["STATUS"] = 2 if values["COMPLETED"] == "Y" else 1
    elif php.integer(values.get("STATUS")) in (2, 3):
        values["COMPLETED"] = "Y"


ACTIVITY = entity("crm_activity", prepare=_activity)
ACTIVITY_BINDING = entity("crm_activity_binding")
COMMUNICATION = entity("crm_activity_communication")
STAGE_HISTORY = entity("crm_stage_history")
LINK = entity("crm_link")
"""The sort value of a linked contact or company where it was sent. The links themselves are lists in the records."""
COMMENT = entity("crm_timeline_comment")
TIMELINE_BINDING = entity("crm_timeline_binding")
