"""Issued OAuth codes and tokens, stored like any other record (documentation: settings/oauth)."""

from __future__ import annotations

from b24_sandbox.tables import entity

OAUTH_TOKEN = entity("oauth_token")
