"""The command line of `b24-mcp`. A server over stdio starts without it."""

from __future__ import annotations

from b24_mcp.cli.commands import cli

__all__ = ["cli"]
