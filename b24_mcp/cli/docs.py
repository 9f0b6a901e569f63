"""`b24-mcp docs`: the local copy of the official documentation."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from b24_mcp.app.library import docs_source
from b24_mcp.cli.doc_pages import read, search
from b24_mcp.cli.progress import percentage
from b24_mcp.cli.renames import CommandGroup
from b24_mcp.cli.terminal import echo

if TYPE_CHECKING:
    from b24_mcp.config.settings import Settings
    from b24_mcp.docs.library import CopyStatus
    from b24_mcp.docs.origin import Language
    from b24_mcp.docs.sources import LicensedEdition
    from b24_mcp.docs.sync import SyncResult


@click.group(cls=CommandGroup)
def docs() -> None:
    """Search, read and update the copy of the official documentation."""


docs.add_command(search)
docs.add_command(read)


def data_folder() -> Path:
    """Return the folder for data sets and indexes.

    Raises:
        click.ClickException: when the settings cannot be read.
    """
    return _settings().data_folder


def _settings() -> Settings:
    from b24_mcp.config.settings import SettingsError, load_settings

    try:
        return load_settings()
    except SettingsError as exc:
        raise click.ClickException(f"{exc}.") from None


@docs.command()
@click.option(
    "--lang", type=click.Choice(["en", "ru", "both"]), default="both", show_default=True, help="Which edition."
)
@click.option(
    "--from",
    "places",
    metavar="PATH",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="Read it from here and not from GitHub: a folder, an archive (tar.gz, tar.xz, zip) or a folder of archives. "
    "Can be repeated, for example once for each edition.",
)
def sync(lang: Literal["en", "ru", "both"], places: tuple[Path, ...]) -> None:
    """Download the documentation, or update the copy.

    \b
    b24-mcp docs sync
    b24-mcp docs sync --lang en
    b24-mcp docs sync --from english.zip --from russian.zip

    The tools use this copy. They download it themselves when it is needed, unless B24_DOCS=off. If B24_DOCS names a
    folder, an archive or a server, that is used instead of GitHub. An interrupted sync leaves the earlier copy
    unchanged.

    Exits with 0, or with 1 when an edition is missing.
    """
    from b24_mcp.docs.origin import LANGUAGES

    wanted = [language for language in LANGUAGES if lang in (language, "both")]
    done = synchronise(wanted, places)
    if missing := [language for language in wanted if language not in {one.language for one in done}]:
        echo(f"missing       {', '.join(missing)}", err=lang != "both")
        sys.exit(0 if lang == "both" and done else 1)


def synchronise(wanted: list[Language], places: Sequence[Path] = ()) -> list[SyncResult]:
    """Synchronise the copies with a progress bar, print the results, and return them.

    Raises:
        click.ClickException: when it fails.
    """
    from b24_mcp.docs import DocsError
    from b24_mcp.docs.sync import replace_copy, sync_lock

    settings = _settings()
    source = docs_source(settings)
    folder = settings.data_folder / "docs"
    done: list[SyncResult] = []
    places = places or ([Path(source.place)] if source.place else [])
    try:
        with sync_lock(folder), _editions(folder, places, source.address, wanted, done) as editions:
            for incoming in editions:
                if incoming.language in wanted:
                    with percentage(f"indexing {incoming.language}") as progress:
                        done.append(replace_copy(folder, incoming, progress))
    except DocsError as exc:
        _print_synced(done)
        raise click.ClickException(str(exc)) from None
    _print_synced(done)
    return done


@docs.command()
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
def status(as_json: bool) -> None:
    """Show the editions on this computer.

    Prints their source, revision and size.

    Exits with 0, or with 1 when there is no usable edition.
    """
    from b24_mcp.docs import DocsError, DocsLibrary

    folder = data_folder() / "docs"
    try:
        editions = DocsLibrary(folder).status()
    except DocsError as exc:
        raise click.ClickException(str(exc)) from None
    if as_json:
        by_language = {
            one.language: {key: value for key, value in asdict(one).items() if key != "language"} for one in editions
        }
        echo(json.dumps({"folder": str(folder), "editions": by_language}, ensure_ascii=False))
    else:
        _print_status(folder, editions)
    sys.exit(0 if any(one.usable for one in editions) else 1)


@contextmanager
def _editions(
    folder: Path, places: Sequence[Path], address: str, wanted: list[Language], done: list[SyncResult]
) -> Iterator[Iterator[LicensedEdition]]:
    from b24_mcp.docs.sources import local_editions

    if places:
        yield _each_once(edition for place in places for edition in local_editions(place))
        return
    with tempfile.TemporaryDirectory(prefix="b24-docs-") as scratch:
        yield _downloaded(folder, Path(scratch), address, wanted, done)


def _each_once(editions: Iterator[LicensedEdition]) -> Iterator[LicensedEdition]:
    """Yield the first edition of each language."""
    seen: set[str] = set()
    for edition in editions:
        if edition.language not in seen:
            seen.add(edition.language)
            yield edition


def _downloaded(
    folder: Path, scratch: Path, address: str, wanted: list[Language], done: list[SyncResult]
) -> Iterator[LicensedEdition]:
    """Download the wanted editions one after the other. An edition that has not changed is added to `done`."""
    from b24_mcp.docs.download import GITHUB
    from b24_mcp.docs.github import fetch_edition, mirror
    from b24_mcp.docs.sync import SyncResult

    host = mirror(address) if address else GITHUB
    for language in wanted:
        with percentage(f"fetching {language}") as progress:
            incoming, known = fetch_edition(folder, scratch, language, progress, host=host)
        if known is not None:
            done.append(SyncResult(language, known, None))
        yield from incoming


def _print_synced(done: list[SyncResult]) -> None:
    for one in done:
        if one.written is None:
            echo(f"{one.language}            up to date since {one.origin.taken}")
            continue
        written = one.written
        echo(f"{one.language}            {written.pages} pages, {written.read} of them new or changed", nl=False)
        echo(f", {written.gone} removed" if written.gone else "")
        echo(f"  revision    {one.origin.revision or one.origin.sha256 or 'not known'}")
        for page, why in written.broken.items():
            echo(f"not read: {one.language}/{page}: {why}", err=True)


def _print_status(folder: Path, editions: list[CopyStatus]) -> None:
    echo(f"folder        {folder}")
    for one in editions:
        if one.origin is None:
            echo(f"{one.language}            made by another version of b24-mcp: run `b24-mcp docs sync` again")
            continue
        echo(f"{one.language}            {one.pages} pages, {one.sections} sections, {one.size / 1e6:.0f} MB")
        echo(f"  source      {one.origin.source} (github.com/{one.origin.repository}, MIT licence)")
        echo(f"  revision    {one.origin.revision or one.origin.sha256 or 'not known'}")
        echo(f"  fetched     {one.origin.taken}")
    if not editions:
        echo(_why_none())


def _why_none() -> str:
    """Return how the user gets a copy, with the present setting."""
    from b24_mcp.config.settings import SettingsError, load_settings

    try:
        is_off = load_settings().docs == "off"
    except SettingsError:
        is_off = False
    if is_off:
        return "There is no copy, and B24_DOCS=off fetches none: run `b24-mcp docs sync`."
    return "There is no copy yet: the first question fetches it, or run `b24-mcp docs sync`."
