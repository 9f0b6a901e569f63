"""`b24-mcp catalog`: the catalogue of methods and what it is built from."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from b24_mcp.catalog.build import Report


@click.group()
def catalog() -> None:
    """The catalogue of REST methods."""


@catalog.command()
@click.option(
    "--docs",
    required=True,
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The unpacked documentation: one edition, or a folder that holds both.",
)
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to write; the catalogue of this installation unless given.",
)
@click.option("-v", "--verbose", is_flag=True, help="List every difference between the editions.")
def build(docs: Path, out: Path | None, verbose: bool) -> None:
    """Build the catalogue from the official documentation.

    Writes the facts of all methods, and compiles them with the effects and texts that come with the program.

    Ends with 0, with 1 when a page breaks the grammar (everything else is written), with 2 when DIR holds no
    documentation.
    """
    from b24_mcp.catalog.build import NoDocumentationError
    from b24_mcp.catalog.build import build as run

    try:
        report = run(docs, out or _installed())
    except NoDocumentationError as exc:
        raise click.BadParameter(str(exc), param_hint="--docs") from None
    _show(report, verbose=verbose)
    _compile(out or _installed())
    sys.exit(1 if report.broken else 0)


@catalog.command("compile")
def compile_() -> None:
    """Compile the catalogue of this installation anew, after a change of its data."""
    _compile(_installed())


def _compile(target: Path) -> None:
    from b24_mcp.catalog.compiling import DataError, compile_catalogue

    try:
        compiled = compile_catalogue(_installed(), target / "catalog.db", facts=target)
    except DataError as exc:
        raise click.ClickException(f"The data of the catalogue is not in order: {exc}.") from None
    click.echo(f"compiled      {compiled.methods}")
    for what, names in (("not judged", compiled.unjudged), ("gone", compiled.gone)):
        if names:
            click.echo(f"{what:<13} {len(names)}: {', '.join(names[:8])}{' …' if len(names) > 8 else ''}")


def _installed() -> Path:
    from b24_mcp import catalog as room

    return Path(next(iter(room.__path__))) / "data"


def _show(report: Report, *, verbose: bool) -> None:
    click.echo(f"editions      {', '.join(report.languages)}")
    click.echo(f"methods       {report.methods} ({report.v3} of REST 3.0)")
    click.echo(f"without page  {report.without_page}")
    click.echo(f"events        {report.events}")
    if len(report.languages) < 2:
        click.echo("Only one edition: nothing to compare with.")
    for kind, count in report.by_kind():
        click.echo(f"differ in     {kind:<12}{count:>5}")
    if verbose:
        for one in report.differences:
            click.echo(f"{one.kind}\t{one.page}\t{one.what}\ten: {one.english}\tru: {one.russian}")
    for page, why in report.broken.items():
        click.echo(f"not read: {page}: {why}", err=True)
