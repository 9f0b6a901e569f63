"""`b24-mcp catalog`: the catalogue of methods and what it is built from."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from b24_mcp.cli.docs import data_folder
from b24_mcp.cli.terminal import echo

if TYPE_CHECKING:
    from b24_mcp.catalog import MethodFacts
    from b24_mcp.catalog.build import Report
    from b24_mcp.docs import DocsLibrary


@click.group()
def catalog() -> None:
    """The catalogue of REST methods."""


@catalog.command()
@click.option(
    "--docs",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The unpacked documentation: one edition, or a folder that holds both. By default what `docs sync` fetched.",
)
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to write. By default your data directory, where the program takes it up when it starts.",
)
@click.option("-v", "--verbose", is_flag=True, help="List every difference between the editions.")
def build(docs: Path | None, out: Path | None, verbose: bool) -> None:
    """Build the catalogue from the official documentation, so that its newest methods are known.

    Writes the facts of all methods, and compiles them with the effects and texts that come with the program. A method
    that is new counts as destructive.

    Ends with 0, with 1 when a page breaks the grammar (everything else is written), with 2 when there is no
    documentation.
    """
    from b24_mcp.catalog.build import NoDocumentationError, build_from
    from b24_mcp.catalog.build import build as run
    from b24_mcp.docs import DocsLibrary

    data = data_folder()
    out = out or data / "catalog"
    library = DocsLibrary(data / "docs")
    try:
        if docs is not None:
            report = run(docs, out)
        elif not library.languages:
            raise click.UsageError("No documentation is here yet. Run `b24-mcp docs sync` first, or give --docs.")
        else:
            with library.editions() as editions:
                report = build_from(editions, out)
    except NoDocumentationError as exc:
        raise click.BadParameter(str(exc), param_hint="--docs") from None
    _show(report, verbose=verbose)
    _compile(out, library if docs is None else None)
    sys.exit(1 if report.broken else 0)


@catalog.command("compile")
def compile_() -> None:
    """Compile the catalogue of this installation anew, after a change of its data."""
    _compile(_installed(), None)


def _compile(target: Path, library: DocsLibrary | None) -> None:
    from b24_mcp.catalog.compiler import DataError, compile_catalogue
    from b24_mcp.catalog.user_catalogue import fingerprint

    def summaries(facts: MethodFacts) -> tuple[str, str]:
        """What the pages of a new method say of it, in the person's own copy of them."""
        if library is None or not facts.page:
            return "", ""
        english, russian = (library.summary(language, facts.page, facts.method) for language in ("en", "ru"))
        return english, russian

    mark = 0 if target.resolve() == _installed().resolve() else fingerprint()
    try:
        compiled = compile_catalogue(
            _installed(), target / "catalog.db", facts=target, fingerprint=mark, summaries=summaries
        )
    except DataError as exc:
        raise click.ClickException(f"The data of the catalogue is not in order: {exc}.") from None
    echo(f"compiled      {compiled.methods} into {target}")
    for what, names in (("not judged", compiled.unjudged), ("gone", compiled.gone)):
        if names:
            echo(f"{what:<13} {len(names)}: {', '.join(names[:8])}{' …' if len(names) > 8 else ''}")


def _installed() -> Path:
    from b24_mcp import catalog as room

    return Path(next(iter(room.__path__))) / "data"


def _show(report: Report, *, verbose: bool) -> None:
    echo(f"editions      {', '.join(report.languages)}")
    echo(f"methods       {report.methods} ({report.v3} of REST 3.0)")
    echo(f"without page  {report.without_page}")
    echo(f"events        {report.events}")
    if len(report.languages) < 2:
        echo("Only one edition: nothing to compare with.")
    for kind, count in report.by_kind():
        echo(f"differ in     {kind:<12}{count:>5}")
    if verbose:
        for one in report.differences:
            echo(f"{one.kind}\t{one.page}\t{one.what}\ten: {one.english}\tru: {one.russian}")
    for page, why in report.broken.items():
        echo(f"not read: {page}: {why}", err=True)
