"""`b24-mcp doctor`: a report on settings, portals, folders and clients."""

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
from b24_mcp.texts import language_of_user, translated

if TYPE_CHECKING:
    from b24_mcp.cli.diagnosis import Finding

_MARKS = {"ok": ("✔", "green"), "note": ("!", "yellow"), "wrong": ("✘", "red")}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
@click.option("--offline", is_flag=True, help="Send no request to a portal.")
def doctor(as_json: bool, offline: bool) -> None:
    """Check settings, portals, folders and clients.

    Shows where each setting comes from, what works, and how to correct what is wrong. Settings are read from the
    environment first, then from the settings file, then from the file of portals.

    Exits with 0 when nothing is wrong, otherwise with 1.
    """
    from b24_mcp.cli.diagnosis import diagnose

    redactor = Redactor()
    configure_logging(redactor)
    findings = asyncio.run(diagnose(redactor, offline=offline))
    if as_json:
        text = json.dumps({"version": __version__, "findings": [asdict(one) for one in findings]}, ensure_ascii=False)
        echo(redactor.redact(text))
    else:
        echo(f"b24-mcp {__version__}, Python {platform.python_version()}, {platform.system()}")
        _print(findings, redactor)
    sys.exit(1 if any(finding.status == "wrong" for finding in findings) else 0)


def _print(findings: Iterable[Finding], redactor: Redactor) -> None:
    language = language_of_user()

    def said(text: str) -> str:
        return one_line(redactor.redact(translated(text, language)))

    about = ""
    for finding in findings:
        mark, colour = _MARKS[finding.status]
        head = said(finding.about) if finding.about != about else ""
        about = finding.about
        echo(f" {head:<16} {said(finding.said)}", before=click.style(mark, fg=colour))
        if finding.to_do:
            echo(f"  {'':<16} → {said(finding.to_do)}")
