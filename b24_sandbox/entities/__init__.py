"""The portal's entities as data: one module per part of the portal, all collected in `ENTITIES`."""

from __future__ import annotations

from b24_sandbox import declared
from b24_sandbox.entities.access import OAUTH_TOKEN
from b24_sandbox.entities.crm_all import CRM_ENTITIES
from b24_sandbox.entities.directories import CATEGORY, STATUS
from b24_sandbox.entities.office import OFFICE
from b24_sandbox.entities.staff import DEPARTMENT, USER
from b24_sandbox.entities.tasks import ELAPSED, TASK
from b24_sandbox.v3.tables import TABLES as REST_V3

ENTITIES = (
    USER,
    DEPARTMENT,
    STATUS,
    CATEGORY,
    *CRM_ENTITIES,
    TASK,
    ELAPSED,
    OAUTH_TOKEN,
    *OFFICE,
    *REST_V3,
    *declared.entities().values(),
)
