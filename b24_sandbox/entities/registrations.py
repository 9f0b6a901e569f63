"""Things that are registered under a code: actions of workflows, senders of messages, badges, settings."""

from __future__ import annotations

from b24_sandbox.tables import entity

REGISTRATION = entity("registration")
