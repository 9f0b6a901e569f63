"""The commands of a batch, checked as a whole before any of them is sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from b24_mcp.catalog import Version
from b24_mcp.errors import B24Error, our_error
from b24_mcp.rest.batch.references import NotAReferenceError, Reference, references_in
from b24_mcp.rest.batch.references_v3 import v3_references_in
from b24_mcp.rest.wire.method_name import documented_name
from b24_mcp.rest.wire.params import Params, check_params
from b24_mcp.rest.wire.request import Format, check_version

_LONGEST_NAME = 64
# A name stands between brackets in a reference, which white space would end.
_NAME = re.compile(rf"[^\s\[\]\x00-\x1f\x7f]{{1,{_LONGEST_NAME}}}")
_NOT_IN_A_BATCH = {"download", "upload"}


@dataclass(frozen=True, slots=True)
class Command:
    """One command of a batch. `references` are those to earlier commands found in its parameters."""

    name: str
    method: str
    params: Params
    references: tuple[Reference, ...] = ()
    version: Version = "v2"


def check_commands(commands: Mapping[str, Mapping[str, Any]], format: Format = "json") -> list[Command]:
    """Check names, methods, parameters and references of all commands, keeping their order.

    Raises:
        B24Error: for the first command that is wrong, naming it; nothing was sent.
    """
    if not commands:
        raise our_error("B24MCP_COMMANDS", "The batch is empty: give at least one command.", method="batch")
    checked: list[Command] = []
    earlier: dict[str, Version] = {}
    for name, command in commands.items():
        _check_name(name)
        try:
            checked.append(_check_command(name, command, earlier, commands, format))
        except B24Error as exc:
            raise our_error(
                exc.fault.code, f"Command {name!r}: {exc.fault.message}", method="batch", hint=exc.fault.hint
            ) from None
        earlier[name] = checked[-1].version
    return checked


def _check_name(name: str) -> None:
    if not name.strip():
        raise our_error("B24MCP_COMMANDS", "A command has an empty name: give each command a name.", method="batch")
    if not _NAME.fullmatch(name):
        raise our_error(
            "B24MCP_COMMANDS",
            f"{name[:_LONGEST_NAME]!r} cannot be the name of a command: use up to {_LONGEST_NAME} characters without "
            "spaces and square brackets.",
            method="batch",
        )


def _check_command(
    name: str,
    command: Mapping[str, Any],
    earlier: Mapping[str, Version],
    all_names: Mapping[str, object],
    format: Format,
) -> Command:
    method, params, version = command.get("method"), command.get("params"), command.get("version", "v2")
    params = {} if params is None else params
    if not isinstance(method, str):
        raise our_error("B24MCP_COMMANDS", "method is missing or is no text.")
    if not isinstance(params, dict | list):
        raise our_error("B24MCP_COMMANDS", "params is neither an object nor a list.")
    method = documented_name(method)
    if method.lower() in _NOT_IN_A_BATCH:
        raise our_error("B24MCP_COMMANDS", f"{method} cannot be part of a batch.")
    check_params(params, method)
    check_version(version, params, format, method)
    try:
        references = tuple(v3_references_in(params) if version == "v3" else references_in(params))
    except NotAReferenceError as exc:
        raise our_error("B24MCP_REFERENCE", f"{exc}.") from None
    for reference in references:
        if reference.command not in earlier:
            raise our_error("B24MCP_REFERENCE", _why_not(reference, name, all_names))
        if reference.root != "result" and earlier[reference.command] == "v3":
            raise our_error("B24MCP_REFERENCE", f"{reference}: an answer of REST 3.0 has a result only.")
    return Command(name, method, params, references, version)


def _why_not(reference: Reference, name: str, all_names: Mapping[str, object]) -> str:
    if reference.command == name:
        return f"{reference} refers to the command itself."
    if reference.command in all_names:
        return f"{reference} refers to a command that comes later: put {reference.command!r} before {name!r}."
    return (
        f"{reference} looks like a reference, but no earlier command is called {reference.command!r}, and the portal "
        "would put something else in its place."
    )
