"""The portal's entities as data: one module a part of the portal, all of them in :data:`ENTITIES`."""

from b24_mcp.sandbox.entities.access import OAUTH_TOKEN
from b24_mcp.sandbox.entities.crm import COMPANY, CONTACT, DEAL, LEAD
from b24_mcp.sandbox.entities.directories import CATEGORY, STATUS
from b24_mcp.sandbox.entities.staff import DEPARTMENT, USER
from b24_mcp.sandbox.entities.tasks import ELAPSED, PRODUCT_ROW, TASK

ENTITIES = (USER, DEPARTMENT, STATUS, CATEGORY, LEAD, DEAL, CONTACT, COMPANY, PRODUCT_ROW, TASK, ELAPSED, OAUTH_TOKEN)
