"""`b24-mcp notes`: what words mean on a portal, for the assistants that work with it."""

from __future__ import annotations

import click

from b24_mcp.cli.terminal import echo


@click.command()
@click.argument("portal", required=False)
@click.option("--edit", is_flag=True, help="Open the file in your editor. A new file explains its form.")
@click.option("--path", "only_path", is_flag=True, help="Print only the path of the file.")
def notes(portal: str | None, edit: bool, only_path: bool) -> None:
    """Show or edit the notes on PORTAL: what words mean in your company, and named queries.

    \b
    b24-mcp notes
    b24-mcp notes sales --edit

    Without PORTAL, the default portal is meant. Assistants read these notes: portal_info shows them in short, and
    query_records has them as the table portal_notes. Only a person writes them.
    """
    from b24_mcp.config import ConfigurationError, load_configuration
    from b24_mcp.config.notes import TEMPLATE, notes_file, read_notes
    from b24_mcp.config.settings import SettingsError
    from b24_mcp.storage.files import create_private_file
    from b24_mcp.storage.folders import make_private

    try:
        configuration = load_configuration()
    except (ConfigurationError, SettingsError) as exc:
        raise click.ClickException(f"{exc}.") from None
    name = portal or configuration.default
    if name not in configuration.names:
        raise click.ClickException(f"There is no portal {name!r}. There are: {', '.join(configuration.names)}.")
    file = notes_file(configuration.settings, name)
    if only_path:
        echo(str(file))
        return
    if edit:
        try:
            if not file.exists():
                make_private(file.parent, own=True)
                create_private_file(file, TEMPLATE.encode())
        except OSError as exc:
            raise click.ClickException(f"{file} cannot be written: {exc.strerror}.") from None
        click.edit(filename=str(file))
    found = read_notes(file)
    echo(f"file          {file}")
    if not found:
        echo(f"There are no notes on {name} yet: b24-mcp notes {name} --edit")
    for note in found:
        shown = " ".join(note.text.split())
        echo(f"{note.kind:<13} {note.name}{': ' if note.name else ''}{shown}")
