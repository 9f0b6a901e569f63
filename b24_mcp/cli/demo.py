"""`b24-mcp demo`: five questions to an assistant, answered on the sandbox portal through the MCP server."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from b24_mcp.cli.tables import table_lines
from b24_mcp.cli.terminal import echo
from b24_mcp.texts import LANGUAGES, Language, language_of_user, text

if TYPE_CHECKING:
    from b24_mcp.cli.demo_scenes import Scene

_WIDEST = 79
_LOCALE = "LC_ALL"
_NEXT = (
    ("b24-mcp connect claude-code", "demo.next_connect"),
    ("b24-mcp portals add NAME", "demo.next_portal"),
    ("b24-mcp doctor", "demo.next_doctor"),
)


@click.command()
@click.option("--language", type=click.Choice(LANGUAGES), help="The language. Default: that of this computer.")
def demo(language: Language | None) -> None:
    """Show five questions, the calls made for them, and the answers.

    \b
    b24-mcp demo
    b24-mcp demo --language ru

    The calls go through the MCP server to the sandbox portal, which has an invented company. Your settings and portals
    are not used, no request leaves this computer, and all files are removed at the end.

    Exits with 1 when an answer is not as expected.
    """
    language = language or language_of_user()
    with _no_settings(language):
        asyncio.run(_play(language))


async def _play(language: Language) -> None:
    from b24_mcp.app.logs import configure_logging
    from b24_mcp.cli.demo_scenes import DemoError, Questions, scenes
    from b24_mcp.secrets import Redactor
    from b24_mcp.server.in_process import in_process_client

    redactor = Redactor()
    configure_logging(redactor)
    width = min(_WIDEST, shutil.get_terminal_size().columns)
    echo(before=click.style(text("demo.title", language), bold=True))
    _print_text(text("demo.about", language), width, "")
    questions, failure = Questions(), ""
    async with in_process_client(redactor, questions.declined) as client:
        number = 0
        try:
            async for scene in scenes(client, language, questions):
                number += 1
                _print(number, scene, width)
        except DemoError as exc:
            failure = str(exc)
    if failure:
        raise click.ClickException(text("demo.failed", language, message=failure))
    echo()
    echo(before=click.style(text("demo.next", language), bold=True))
    for command, name in _NEXT:
        echo(f"   {command:<29}{text(name, language)}")


def _print(number: int, scene: Scene, width: int) -> None:
    echo()
    echo(before=click.style(f"{number}. {scene.question}", bold=True))
    for step in scene.steps:
        echo(before=click.style(_shortened(f"   > {step.call}", width), fg="cyan"))
        if step.outcome:
            _print_text(step.outcome, width, "     ")
    if scene.quoted:
        for line in scene.quoted.splitlines():
            _print_text(line, width, "   | ")
    for line in table_lines(scene.columns, scene.rows, width - 3, right=scene.amounts) if scene.columns else ():
        echo(f"   {line}")
    _print_text(scene.answer, width, "   ")


def _print_text(said: str, width: int, indent: str) -> None:
    for paragraph in said.splitlines():
        for line in textwrap.wrap(paragraph, width, initial_indent=indent, subsequent_indent=indent):
            echo(line)


def _shortened(line: str, width: int) -> str:
    return line if len(line) <= width else line[: width - 1] + "…"


@contextmanager
def _no_settings(language: Language) -> Iterator[None]:
    """Hide the settings of the user, so that no portal of theirs can be reached, and use a temporary folder for files.

    The folder is removed at the end.
    """
    kept = {name: value for name, value in os.environ.items() if name.upper().startswith("B24") or name == _LOCALE}
    with tempfile.TemporaryDirectory(prefix="b24-mcp-demo-") as name:
        folder = Path(name)
        (folder / ".env").touch(mode=0o600)
        places = {
            "B24_ENV_FILE": folder / ".env",
            "B24_CONFIG": folder / "portals.toml",
            "B24_STATE": folder / "limits.db",
            "B24_DATA_DIR": folder / "data",
            "B24_FILES_DIR": folder / "files",
            "B24_AUDIT": folder / "audit",
            "B24_DOCS": "off",
            _LOCALE: {"en": "C.UTF-8", "ru": "ru_RU.UTF-8"}[language],  # the server asks in this language
        }
        for variable in kept:
            del os.environ[variable]
        os.environ.update({variable: str(place) for variable, place in places.items()})
        try:
            yield
        finally:
            for variable in places:
                os.environ.pop(variable, None)
            os.environ.update(kept)
