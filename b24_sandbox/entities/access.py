"""Issued OAuth codes and tokens, stored like any other record (documentation: settings/oauth)."""

from __future__ import annotations

from b24_sandbox.fields import Entity, parse_fields

OAUTH_TOKEN = Entity(
    "oauth_token",
    parse_fields("""
ID integer r | ID
KIND string | code, access or refresh
TOKEN string | Token
USER_ID user | User
SCOPE string | Scopes with commas between
EXPIRES double | Unix seconds
"""),
    indexes=("TOKEN",),
)
