"""Calls in the statistics of telephony, and widgets that applications have placed on the portal.

Documentation: api-reference/telephony, api-reference/widgets.
"""

from __future__ import annotations

from b24_sandbox.fields import Entity, parse_fields

CALL = Entity(
    "telephony_call",
    parse_fields("""
ID integer r | ID
PORTAL_USER_ID user r | Employee
PORTAL_NUMBER string r | Number of the portal
PHONE_NUMBER string r | Number of the client
CALL_ID string r | Call
EXTERNAL_CALL_ID string r | Call in the external telephony
CALL_TYPE integer r | 1 out, 2 in, 3 in and redirected, 4 callback
CALL_DURATION integer r | Seconds
CALL_START_DATE datetime r | Begin
CALL_RECORD_URL string r | Record
CALL_VOTE integer r | Mark
COST double r | Cost
COST_CURRENCY string r | Currency
CALL_FAILED_CODE string r | Code of the end
CALL_FAILED_REASON string r | Reason
CRM_ENTITY_TYPE string r | Client's type
CRM_ENTITY_ID integer r | Client
CRM_ACTIVITY_ID integer r | Activity
REST_APP_ID integer r | Application
REST_APP_NAME string r | Name of the application
FINISHED bool r | Over
"""),
    indexes=("CALL_ID",),
)

WIDGET = Entity(
    "widget",
    parse_fields("""
ID integer r | ID
PLACEMENT string r | Place
HANDLER string r | Address
TITLE string r | Title
DESCRIPTION string r | Description
OPTIONS string r | Options in JSON
LANG_ALL string r | Texts in JSON
USER_ID user r | For this user only, 0: for all users
"""),
)

TELEPHONY = (CALL, WIDGET)
