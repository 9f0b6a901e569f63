"""Things that are registered under a code: actions of workflows, senders of messages, badges, settings."""

from __future__ import annotations

from b24_sandbox.fields import Entity, parse_fields

REGISTRATION = Entity(
    "registration",
    parse_fields("""
ID integer r | ID
KIND string r | What is registered
OWNER string r | The application or the user it belongs to, empty: the portal
CODE string r | Its code
DATA string r | Its values in JSON
"""),
    indexes=("KIND",),
)

REGISTRATIONS = (REGISTRATION,)
