"""Calendars and their events (documentation: api-reference/calendar)."""

from __future__ import annotations

from b24_sandbox.fields import Entity, parse_fields

CALENDAR = Entity(
    "calendar_section",
    parse_fields("""
ID integer r | ID
NAME string q | Name
DESCRIPTION string | Description
COLOR string | Colour
TEXT_COLOR string | Colour of text
CAL_TYPE string r | user, group or company_calendar
OWNER_ID integer r | Owner
CREATED_BY user r | Author
DATE_CREATE datetime r | Created
TIMESTAMP_X datetime r | Changed
"""),
)

CALENDAR_EVENT = Entity(
    "calendar_event",
    parse_fields("""
ID integer r | ID
PARENT_ID integer r | Event of the host
CAL_TYPE string r | Kind of calendar
OWNER_ID integer r | Owner
SECTION_ID integer | Calendar
NAME string q | Name
DESCRIPTION string | Description
DATE_FROM datetime | Begin
DATE_TO datetime | End
TZ_FROM string | Zone of the begin
TZ_TO string | Zone of the end
DT_SKIP_TIME char | Whole days
ACCESSIBILITY string | busy, quest, free or absent
IMPORTANCE string | high, normal or low
PRIVATE_EVENT string | Private
RRULE string | Repetition in JSON
LOCATION string | Place
REMIND string | Reminders in JSON
COLOR string | Colour
TEXT_COLOR string | Colour of text
IS_MEETING bool | Meeting
MEETING_STATUS string r | H host, Y, N or Q
MEETING_HOST user r | Host
ATTENDEES integer m | Guests
UF_CRM_CAL_EVENT string m | CRM items
CREATED_BY user r | Author
DATE_CREATE datetime r | Created
TIMESTAMP_X datetime r | Changed
"""),
    indexes=("OWNER_ID", "PARENT_ID"),
)

CALENDARS = (CALENDAR, CALENDAR_EVENT)
