"""The commands of a batch, checked as a whole before any of them is sent."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import replace

from b24_mcp.catalog import Version
from b24_mcp.errors import B24Error, our_error
from b24_mcp.rest.batch.references import NotAReferenceError, Reference, references_in
from b24_mcp.rest.batch.references_v3 import v3_references_in
from b24_mcp.rest.planned import PlannedBatch, PlannedCall, plan_call
from b24_mcp.rest.wire.request import Format

_LONGEST_NAME = 64
# In a reference the name is in brackets, and white space would end it.
_NAME = re.compile(rf"[^\s\[\]\x00-\x1f\x7f]{{1,{_LONGEST_NAME}}}")
_NOT_IN_A_BATCH = {"download", "upload"}

Command = PlannedCall


def plan_batch(commands: Mapping[str, object], *, halt: bool = False, format: Format = "json") -> PlannedBatch:
    """Check commands `{name: {"method": …, "params": …, "version": …}}` as a whole, keeping their order.

    The version of a command is v2 unless given.

    Raises:
        B24Error: for the first command that is wrong, with its name; nothing was sent.
    """
    plan = BatchPlan(list(commands), format)
    for name, command in commands.items():
        if not isinstance(command, Mapping):
            raise _about(name, our_error("B24MCP_COMMANDS", "a command must be an object with method and params."))
        version = command.get("version", "v2")
        if version not in ("v2", "v3"):
            raise _about(name, our_error("B24MCP_COMMANDS", "version must be v2 or v3."))
        plan.add(name, command.get("method"), command.get("params"), version)
    return plan.finished(halt=halt)


class BatchPlan:
    """The plan of a batch, made command by command. `names` are the names of all commands in their order.

    Raises:
        B24Error: `B24MCP_COMMANDS` without any command.
    """

    def __init__(self, names: Sequence[str], format: Format = "json") -> None:
        if not names:
            raise our_error("B24MCP_COMMANDS", "The batch is empty: give at least one command.", method="batch")
        self._names = frozenset(names)
        self._format: Format = format
        self._planned: dict[str, PlannedCall] = {}

    def add(
        self,
        name: str,
        method: object,
        params: object,
        version: Version,
        warnings: tuple[str, ...] = (),
    ) -> None:
        """Check the next command: its name, method, parameters, and its references to earlier commands.

        Raises:
            B24Error: for a wrong command, with its name; nothing was sent.
        """
        _check_name(name)
        try:
            self._planned[name] = self._command(name, method, params, version, warnings)
        except B24Error as exc:
            raise _about(name, exc) from None

    def finished(self, *, halt: bool) -> PlannedBatch:
        """Return the batch."""
        return PlannedBatch(tuple(self._planned.values()), halt, self._format)

    def _command(
        self, name: str, method: object, params: object, version: Version, warnings: tuple[str, ...]
    ) -> PlannedCall:
        params = {} if params is None else params
        if not isinstance(method, str):
            raise our_error("B24MCP_COMMANDS", "method is missing or is not a string.")
        if not isinstance(params, dict | list):
            raise our_error("B24MCP_COMMANDS", "params must be an object or a list.")
        planned = plan_call(method, params, version, self._format, name=name, warnings=warnings)
        if planned.method.lower() in _NOT_IN_A_BATCH:
            raise our_error("B24MCP_COMMANDS", f"{planned.method} cannot be part of a batch.")
        try:
            references = tuple(v3_references_in(params) if version == "v3" else references_in(params))
        except NotAReferenceError as exc:
            raise our_error("B24MCP_REFERENCE", f"{exc}.") from None
        for reference in references:
            earlier = self._planned.get(reference.command)
            if earlier is None:
                raise our_error("B24MCP_REFERENCE", _why_not(reference, name, self._names))
            if reference.root != "result" and earlier.version == "v3":
                raise our_error("B24MCP_REFERENCE", f"{reference}: an answer of REST 3.0 has only a result.")
        return replace(planned, references=references) if references else planned


def _about(name: str, error: B24Error) -> B24Error:
    fault = error.fault
    return our_error(fault.code, f"Command {name!r}: {fault.message}", method="batch", hint=fault.hint)


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


def _why_not(reference: Reference, name: str, all_names: Container[str]) -> str:
    if reference.command == name:
        return f"{reference} refers to the command itself."
    if reference.command in all_names:
        return f"{reference} refers to a command that comes later: put {reference.command!r} before {name!r}."
    return (
        f"{reference} looks like a reference, but no earlier command is named {reference.command!r}, and the portal "
        "would replace it by another value."
    )
