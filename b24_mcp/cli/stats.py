"""`b24-mcp stats`: the most frequent refusals and errors on this computer."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import UTC, datetime

import click

from b24_mcp.cli.answers import print_answer
from b24_mcp.cli.params import JSON
from b24_mcp.cli.terminal import echo
from b24_mcp.secrets import Redactor


@click.command()
@click.option("--limit", metavar="N", type=click.IntRange(1, 500), default=20, show_default=True, help="How many.")
@click.option("--clear", is_flag=True, help="Remove all counts.")
@JSON
def stats(limit: int, clear: bool, as_json: bool) -> None:
    """Show which refusals and errors were most frequent.

    \b
    b24-mcp stats

    Calls of assistants and of the command line are counted by method and code, without values, in your data folder.
    Nothing is sent anywhere. B24_STATS=false counts nothing.
    """
    from b24_mcp.app.fault_counts import FaultCounts  # so that --help answers at once
    from b24_mcp.config.settings import SettingsError, load_settings

    try:
        settings = load_settings()
    except SettingsError as exc:
        raise click.ClickException(f"{exc}.") from None
    counts = FaultCounts(settings.data_folder)
    if clear:
        try:
            counts.clear()
        except OSError as exc:
            raise click.ClickException(f"{counts.path} cannot be removed: {exc.strerror}.") from None
        echo("The counts are removed.", err=True)
        return
    faults = [
        {"count": one.count, "code": one.code, "method": one.method, "last": _day(one.last)}
        for one in counts.most_frequent(limit)
    ]
    notes = [] if settings.stats else ["B24_STATS is false: nothing is counted now."]
    form = {"ok": True, "faults": faults, "file": str(counts.path), "notes": notes}
    print_answer(form, Redactor(), as_json=as_json, view=None if faults else _nothing)
    sys.exit(0)


def _nothing(form: Mapping[str, object]) -> Mapping[str, object]:
    """Return what is shown when nothing was counted."""
    return {"text": "No refusals or errors were counted yet."} | {key: form[key] for key in ("file", "notes")}


def _day(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).date().isoformat()
