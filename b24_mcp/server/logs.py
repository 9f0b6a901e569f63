"""Logging of the program: to stderr only, since stdout belongs to the protocol, and never with a secret in it."""

from __future__ import annotations

import logging
import sys

from b24_mcp.rest import RedactingFormatter, Redactor


def configure_logging(redactor: Redactor) -> None:
    """Send warnings and worse to stderr, redacted. Call it before the SDK sets up logging of its own."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(RedactingFormatter(redactor))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
