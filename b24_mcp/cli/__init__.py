"""The command line: what a person types. Serving a client does not pass through here."""

from b24_mcp.cli.commands import cli

__all__ = ["cli"]
