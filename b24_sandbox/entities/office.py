"""All entities of a portal except staff and CRM, for the storage."""

from __future__ import annotations

from b24_sandbox.entities.calendar import CALENDARS
from b24_sandbox.entities.catalog import TRADE
from b24_sandbox.entities.disk import DISK
from b24_sandbox.entities.events import EVENTS
from b24_sandbox.entities.groups import GROUPS
from b24_sandbox.entities.iblock import IBLOCKS
from b24_sandbox.entities.im import MESSENGER
from b24_sandbox.entities.registrations import REGISTRATIONS
from b24_sandbox.entities.task_parts import TASK_PARTS
from b24_sandbox.entities.telephony import TELEPHONY
from b24_sandbox.fields import Entity

OFFICE: tuple[Entity, ...] = (
    *TASK_PARTS,
    *DISK,
    *EVENTS,
    *GROUPS,
    *IBLOCKS,
    *CALENDARS,
    *MESSENGER,
    *TRADE,
    *TELEPHONY,
    *REGISTRATIONS,
)
