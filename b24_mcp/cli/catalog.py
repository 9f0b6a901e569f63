"""`b24-mcp catalog`: the catalogue of REST methods."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from b24_mcp.cli.docs import data_folder
from b24_mcp.cli.progress import end_steps, show_step
from b24_mcp.cli.renames import CommandGroup
from b24_mcp.cli.terminal import echo

if TYPE_CHECKING:
    from b24_mcp.catalog import MethodFacts
    from b24_mcp.catalog.build import Report
    from b24_mcp.catalog.compiler import Compiled
    from b24_mcp.docs import DocsLibrary

_PAGES_SHOWN = 25
_FORMER = "catalog.former"
"""The folder with the catalogue before the last build, beside that of the last build."""


@click.group(cls=CommandGroup)
def catalog() -> None:
    """Build and compile the catalogue of REST methods."""


@catalog.command()
@click.option(
    "--docs",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Unpacked documentation: one edition, or a folder with both. The default is the copy of `b24-mcp docs sync`.",
)
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to write. The default is your data folder, where the server loads the catalogue when it starts.",
)
@click.option("-v", "--verbose", is_flag=True, help="List every difference between the editions.")
def build(docs: Path | None, out: Path | None, verbose: bool) -> None:
    """Build the catalogue from the official documentation.

    \b
    b24-mcp docs sync && b24-mcp catalog build

    The server then knows new methods. Writes the facts of all methods and compiles them with the effects and texts of
    this installation. A method that is new to this installation counts as destructive.

    Exits with 0, with 1 when a page cannot be parsed (everything else is written), with 2 when there is no
    documentation.
    """
    from b24_mcp.catalog.build import NoDocumentationError, build_from
    from b24_mcp.catalog.build import build as build_from_folder
    from b24_mcp.docs import DocsLibrary

    data = data_folder()
    out = out or data / "catalog"
    library = DocsLibrary(data / "docs")
    if docs is None and not library.languages:
        raise click.UsageError("There is no documentation yet. Run `b24-mcp docs sync` first, or use --docs.")
    if out == data / "catalog":
        _keep_former(out)
    try:
        if docs is not None:
            report = build_from_folder(docs, out, _show)
        else:
            with library.editions() as editions:
                report = build_from(editions, out, _show)
    except NoDocumentationError as exc:
        raise click.BadParameter(str(exc), param_hint="--docs") from None
    show_step("compiling the catalogue")
    compiled = _compile(out, library if docs is None else None)
    end_steps()
    _print_report(report, verbose=verbose)
    _print_compiled(compiled, out)
    sys.exit(1 if report.broken else 0)


@catalog.command()
def undo() -> None:
    """Undo the last build: use the catalogue before it again.

    \b
    b24-mcp catalog undo

    Without an earlier build, the catalogue of this installation is used again.

    Exits with 0, or with 1 when nothing was built.
    """
    built = data_folder() / "catalog"
    former = built.with_name(_FORMER)
    try:
        if not built.exists():
            raise click.ClickException("There is no catalogue to undo: the one of this installation is in use.")
        shutil.rmtree(built)
        if former.exists():
            former.rename(built)
    except OSError as exc:
        raise click.ClickException(f"{built} cannot be changed: {exc.strerror}.") from None
    echo("The catalogue before the last build is in use." if built.exists() else "The installed catalogue is in use.")


def _show(step: str, done: int, whole: int) -> None:
    """Show a step of the build. There are thousands of pages, so not each of them is shown."""
    if not whole:
        show_step(step)
    elif done % _PAGES_SHOWN == 0 or done == whole:
        show_step(f"{step}: {done} of {whole}")


def _keep_former(built: Path) -> None:
    """Keep a copy of the catalogue that a build replaces, for `b24-mcp catalog undo`.

    Raises:
        click.ClickException: when the folder cannot be changed.
    """
    former = built.with_name(_FORMER)
    try:
        if former.exists():
            shutil.rmtree(former)
        if built.exists():
            shutil.copytree(built, former)
    except OSError as exc:
        raise click.ClickException(f"{former} cannot be changed: {exc.strerror}.") from None


@catalog.command("compile")
def compile_() -> None:
    """Compile the catalogue of this installation.

    Run it after a change of the data files.
    """
    _print_compiled(_compile(_installed(), None), _installed())


def _compile(target: Path, library: DocsLibrary | None) -> Compiled:
    """Compile the catalogue in `target`. The texts of new methods come from the documentation in `library`.

    Raises:
        click.ClickException: when the data files contradict each other.
    """
    from b24_mcp.catalog.compiler import DataError, compile_catalogue
    from b24_mcp.catalog.user_catalogue import fingerprint

    def summaries(facts: MethodFacts) -> tuple[str, str]:
        """Return the summary of a method in English and in Russian."""
        if library is None or not facts.page:
            return "", ""
        english, russian = (library.summary(language, facts.page, facts.method) for language in ("en", "ru"))
        return english, russian

    mark = 0 if target.resolve() == _installed().resolve() else fingerprint()
    try:
        return compile_catalogue(
            _installed(), target / "catalog.db", facts=target, fingerprint=mark, summaries=summaries
        )
    except DataError as exc:
        raise click.ClickException(f"The data files of the catalogue are not consistent: {exc}.") from None


def _installed() -> Path:
    from b24_mcp import catalog as package

    return Path(next(iter(package.__path__))) / "data"


def _print_report(report: Report, *, verbose: bool) -> None:
    echo(f"editions      {', '.join(report.languages)}")
    echo(f"methods       {report.methods} ({report.v3} of REST 3.0)")
    echo(f"without page  {report.without_page}")
    echo(f"events        {report.events}")
    if len(report.languages) < 2:
        echo("Only one edition: there is nothing to compare it with.")
    for kind, count in report.by_kind():
        echo(f"differ in     {kind:<12}{count:>5}")
    if verbose:
        for one in report.differences:
            echo(f"{one.kind}\t{one.page}\t{one.what}\ten: {one.english}\tru: {one.russian}")
    for page, why in report.broken.items():
        echo(f"not read: {page}: {why}", err=True)


def _print_compiled(compiled: Compiled, target: Path) -> None:
    echo(f"compiled      {compiled.methods} into {target}")
    for what, names in (("not judged", compiled.unjudged), ("gone", compiled.gone)):
        if names:
            echo(f"{what:<13} {len(names)}: {', '.join(names[:8])}{' …' if len(names) > 8 else ''}")
