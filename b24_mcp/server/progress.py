"""Telling a client that a call waits, so that nobody takes it for dead."""

from __future__ import annotations

from mcp.server.mcpserver import Context

from b24_mcp.rest import OnWait
from b24_mcp.server.app import App


def progress_of(ctx: Context[App]) -> OnWait:
    """Report waiting as MCP progress; clients that did not ask for progress get none."""

    async def tell(waited: float, whole: float, why: str) -> None:
        await ctx.report_progress(waited, whole, f"waiting {whole - waited:.0f} s more: {why}")

    return tell
