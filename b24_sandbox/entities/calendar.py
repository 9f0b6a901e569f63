"""Calendars and their events (documentation: api-reference/calendar)."""

from __future__ import annotations

from b24_sandbox.tables import entity

CALENDAR = entity("calendar_section")
CALENDAR_EVENT = entity("calendar_event")
