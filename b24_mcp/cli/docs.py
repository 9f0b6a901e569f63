"""`b24-mcp docs`: the local copy of the official documentation."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from b24_mcp.cli.terminal import echo

if TYPE_CHECKING:
    from b24_mcp.docs.index import Progress
    from b24_mcp.docs.origin import Language
    from b24_mcp.docs.sources import LicensedEdition
    from b24_mcp.docs.sync import SyncResult


@click.group()
def docs() -> None:
    """The official documentation on this computer."""


def data_folder() -> Path:
    """The folder for data sets and indexes. Ends the program when the settings cannot be read."""
    from b24_mcp.config.settings import SettingsError, load_settings

    try:
        return load_settings().data_folder
    except SettingsError as exc:
        raise click.ClickException(f"{exc}.") from None


@docs.command()
@click.option("--lang", type=click.Choice(["en", "ru", "both"]), default="both", help="Which edition; both by default.")
@click.option(
    "--from",
    "place",
    metavar="PATH",
    type=click.Path(exists=True, path_type=Path),
    help="A folder, an archive (tar.gz, tar.xz, zip) or a folder of archives instead of GitHub.",
)
def sync(lang: str, place: Path | None) -> None:
    """Fetch the documentation, or bring it up to date.

    From then on search_docs and read_doc answer from it. What interrupts a sync leaves the copy there was as it is.

    Ends with 0, with 1 when an edition could not be had.
    """
    from b24_mcp.docs import DocsError
    from b24_mcp.docs.origin import LANGUAGES
    from b24_mcp.docs.sync import replace_copy, sync_lock

    folder = data_folder() / "docs"
    wanted = [language for language in LANGUAGES if lang in (language, "both")]
    done: list[SyncResult] = []
    try:
        with sync_lock(folder), _editions(folder, place, wanted, done) as editions:
            for incoming in editions:
                if incoming.language in wanted:
                    with _bar(f"indexing {incoming.language}") as progress:
                        done.append(replace_copy(folder, incoming, progress))
    except DocsError as exc:
        _tell(done)
        raise click.ClickException(str(exc)) from None
    _tell(done)
    if missing := [language for language in wanted if language not in {one.language for one in done}]:
        echo(f"not there     {', '.join(missing)}", err=lang != "both")
        sys.exit(0 if lang == "both" and done else 1)


@docs.command()
@click.option("--json", "as_json", is_flag=True, help="As one line of JSON.")
def status(as_json: bool) -> None:
    """Say which editions are here, where they came from and how large they are.

    Ends with 0, with 1 when there is none.
    """
    from b24_mcp.docs import DocsError, DocsLibrary

    folder = data_folder() / "docs"
    try:
        found = DocsLibrary(folder).status()
    except DocsError as exc:
        raise click.ClickException(str(exc)) from None
    if as_json:
        editions = {
            one.language: {key: value for key, value in asdict(one).items() if key != "language"} for one in found
        }
        echo(json.dumps({"folder": str(folder), "editions": editions}, ensure_ascii=False))
        sys.exit(0 if any(one.usable for one in found) else 1)
    echo(f"folder        {folder}")
    for one in found:
        if one.origin is None:
            echo(f"{one.language}            made by another version of b24-mcp: sync again")
            continue
        echo(f"{one.language}            {one.pages} pages, {one.sections} sections, {one.size / 1e6:.0f} MB")
        echo(f"  from        {one.origin.source} (github.com/{one.origin.repository}, MIT licence)")
        echo(f"  revision    {one.origin.revision or one.origin.sha256 or 'not known'}")
        echo(f"  taken       {one.origin.taken}")
    if not found:
        echo("Nothing is here yet: `b24-mcp docs sync` fetches it.")
    sys.exit(0 if any(one.usable for one in found) else 1)


@contextmanager
def _editions(
    folder: Path, place: Path | None, wanted: list[Language], done: list[SyncResult]
) -> Iterator[Iterator[LicensedEdition]]:
    from b24_mcp.docs.sources import local_editions

    if place is not None:
        yield local_editions(place)
        return
    with tempfile.TemporaryDirectory(prefix="b24-docs-") as scratch:
        yield _downloaded(folder, Path(scratch), wanted, done)


def _downloaded(
    folder: Path, scratch: Path, wanted: list[Language], done: list[SyncResult]
) -> Iterator[LicensedEdition]:
    """Fetch what is wanted, one after the other; what has not changed since the last time goes straight to `done`."""
    from b24_mcp.docs.github import fetch_edition
    from b24_mcp.docs.sync import SyncResult

    for language in wanted:
        with _bar(f"fetching {language}") as progress:
            incoming, known = fetch_edition(folder, scratch, language, progress)
        if known is not None:
            done.append(SyncResult(language, known, None))
        yield from incoming


@contextmanager
def _bar(label: str) -> Iterator[Progress]:
    """A bar on stderr, where that is a terminal."""
    with click.progressbar(length=100, label=f"{label:<13}", file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:

        def progress(_: str, done: int, whole: int) -> None:
            bar.update(max(int(100 * done / max(whole, 1)) - bar.pos, 0))

        yield progress


def _tell(done: list[SyncResult]) -> None:
    for one in done:
        if one.written is None:
            echo(f"{one.language}            up to date since {one.origin.taken}")
            continue
        written = one.written
        echo(f"{one.language}            {written.pages} pages, {written.read} of them new or changed", nl=False)
        echo(f", {written.gone} gone" if written.gone else "")
        echo(f"  revision    {one.origin.revision or one.origin.sha256 or 'not known'}")
        for page, why in written.broken.items():
            echo(f"not in order: {one.language}/{page}: {why}", err=True)
