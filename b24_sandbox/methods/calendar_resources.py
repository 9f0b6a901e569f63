"""`calendar.resource.booking.list`. Documentation: api-reference/calendar/resource.

Bookings are made in the cards of the CRM, in fields of a type that the sandbox lacks, so there are none.
"""

from __future__ import annotations

from b24_sandbox import php
from b24_sandbox.call import Call
from b24_sandbox.errors import PortalError
from b24_sandbox.php import Value
from b24_sandbox.registry import Registry


def _bookings(call: Call) -> Value:
    conditions = php.as_map(call.exact("filter"))
    if not any(php.as_list(conditions.get(name)) for name in ("resourceTypeIdList", "resourceIdList")):
        name = "filter['resourceTypeIdList']"
        raise PortalError("", f'The required parameter "{name}" is not set for the method "{call.method.name}"')
    return []


def register(registry: Registry) -> None:
    """Register what is more than a declaration."""
    registry.classic("calendar.resource.booking.list", "calendar", _bookings)
