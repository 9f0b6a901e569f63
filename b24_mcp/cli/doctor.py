"""`b24-mcp doctor`: what is configured, whether it works, and what to do where it does not."""

from __future__ import annotations

import asyncio
import json
import platform
import sys
from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from b24_mcp import __version__
from b24_mcp.app.logs import configure_logging
from b24_mcp.cli.terminal import echo, one_line
from b24_mcp.secrets import Redactor

if TYPE_CHECKING:
    from b24_mcp.cli.examining import Finding
    from b24_mcp.config import Configuration

_MARKS = {"ok": ("✔", "green"), "note": ("!", "yellow"), "wrong": ("✘", "red")}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As one line of JSON.")
@click.option("--offline", is_flag=True, help="Ask no portal.")
def doctor(as_json: bool, offline: bool) -> None:
    """Examine settings, portals, folders and clients, and show what to do where something is wrong.

    The environment comes before the file of settings, and both come before the file of portals.

    Ends with 0 when nothing is wrong, else with 1.
    """
    redactor = Redactor()
    configure_logging(redactor)
    findings = asyncio.run(_examine(redactor, offline=offline))
    if as_json:
        text = json.dumps({"version": __version__, "findings": [asdict(one) for one in findings]}, ensure_ascii=False)
        echo(redactor.redact(text))
    else:
        echo(f"b24-mcp {__version__}, Python {platform.python_version()}, {platform.system()}")
        _show(findings, redactor)
    sys.exit(1 if any(finding.status == "wrong" for finding in findings) else 0)


async def _examine(redactor: Redactor, *, offline: bool) -> list[Finding]:
    from b24_mcp.cli.examining import examine_clients, examine_folders, examine_portals, examine_settings

    configuration, findings = examine_settings()
    if configuration is not None:
        _tell_secrets(configuration, redactor)
        if not offline:
            findings += [finding async for finding in examine_portals(configuration, redactor)]
        findings += examine_folders(configuration.settings)
    return [*findings, *examine_clients()]


def _tell_secrets(configuration: Configuration, redactor: Redactor) -> None:
    for secret in configuration.settings.secrets():
        redactor.add(secret)


def _show(findings: Iterable[Finding], redactor: Redactor) -> None:
    about = ""
    for finding in findings:
        mark, colour = _MARKS[finding.status]
        head = finding.about if finding.about != about else ""
        about = finding.about
        echo(f" {head:<16} {one_line(redactor.redact(finding.said))}", before=click.style(mark, fg=colour))
        if finding.to_do:
            echo(f"  {'':<16} → {one_line(redactor.redact(finding.to_do))}")
