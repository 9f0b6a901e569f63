"""Calls in the statistics of telephony, SIP lines, and widgets that applications have placed on the portal.

Documentation: api-reference/telephony, api-reference/widgets.
"""

from __future__ import annotations

from b24_sandbox.tables import entity

CALL = entity("telephony_call")
SIP_LINE = entity("sip_line")
WIDGET = entity("widget")
