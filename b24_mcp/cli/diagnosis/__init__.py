"""The checks of `b24-mcp doctor`. Each returns findings, and each finding says what to do."""

from __future__ import annotations

from b24_mcp.cli.diagnosis.clients import check_clients
from b24_mcp.cli.diagnosis.extras import check_extras
from b24_mcp.cli.diagnosis.finding import Finding
from b24_mcp.cli.diagnosis.folders import check_folders
from b24_mcp.cli.diagnosis.login import check_login
from b24_mcp.cli.diagnosis.portals import check_portals
from b24_mcp.cli.diagnosis.records import check_records
from b24_mcp.cli.diagnosis.settings import check_settings
from b24_mcp.secrets import Redactor

__all__ = ["Finding", "diagnose"]


async def diagnose(redactor: Redactor, *, offline: bool) -> list[Finding]:
    """Return the findings of all checks. Secrets of the settings are added to `redactor` first."""
    configuration, findings = check_settings()
    if configuration is not None:
        for secret in configuration.settings.secrets():
            redactor.add(secret)
        if not offline:
            findings += [finding async for finding in check_portals(configuration, redactor)]
        findings += await check_folders(configuration.settings)
        findings += [finding async for finding in check_records(configuration.settings)]
        findings += check_login(configuration)
        findings += check_extras(configuration.settings)
    return [*findings, *check_clients()]
