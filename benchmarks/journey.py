"""The journey of a request through the package: files, moves between files, function calls, and forms of a command.

Run `python -m benchmarks.journey` (`-v` lists every function). One `call_method`, one `batch_call` of two commands and
one `list_records` are made through an MCP client in this process, on the sandbox, after each was made twice to fill the
caches. Counted are the Python functions of `b24_mcp` outside the sandbox that are entered: a coroutine once, however
often it waits; comprehensions not at all. A move is a call of a function in another file than the one that called it.

A form is a type in which the command of a batch exists between the arguments of the tool and the request: the types
of all arguments of functions that hold the parameters of the command are collected.
"""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import anyio
import click
from mcp import Client

import b24_mcp
from b24_mcp.secrets import Redactor
from b24_mcp.server.mcp_server import build_server

ROOT = Path(b24_mcp.__file__).parent
SANDBOX = str(ROOT / "sandbox")
COMPREHENSIONS = {"<genexpr>", "<listcomp>", "<dictcomp>", "<setcomp>"}
MARK = "journey-of-a-command"
CALLS: list[tuple[str, dict[str, Any]]] = [
    ("call_method", {"method": "crm.deal.get", "params": {"id": 2}}),
    (
        "batch_call",
        {
            "commands": {
                "deal": {"method": "crm.deal.get", "params": {"id": 2}},
                "contacts": {
                    "method": "crm.contact.list",
                    "params": {"filter": {"COMPANY_ID": "$result[deal][COMPANY_ID]", "NAME": MARK}},
                },
            }
        },
    ),
    ("list_records", {"method": "crm.deal.list", "params": {"select": ["ID", "TITLE"]}}),
]
CHECKS = {
    "catalog/arguments/table.py is_usual": "arguments",
    "rest/wire/method_name.py check_method_name": "method name",
    "rest/planned.py check_params": "parameters",
    "rest/planned.py check_version": "version",
}


@dataclass(slots=True)
class Journey:
    """What was entered during one call: functions as (file, name, file of the caller), and the forms of a command."""

    calls: list[tuple[str, str, str | None]] = field(default_factory=list)
    forms: dict[str, None] = field(default_factory=dict)
    frames: dict[int, FrameType] = field(default_factory=dict)

    @property
    def files(self) -> list[str]:
        """The files, in the order in which they were entered."""
        return list(dict.fromkeys(file for file, _, _ in self.calls))

    @property
    def moves(self) -> int:
        """Calls into another file."""
        return sum(file != caller for file, _, caller in self.calls)


class Tracer:
    """A profile function that fills `journey` while there is one."""

    def __init__(self) -> None:
        self.journey: Journey | None = None

    def __call__(self, frame: FrameType, event: str, argument: object) -> None:
        """Record one event of the interpreter."""
        journey = self.journey
        if journey is None or event != "call" or not is_ours(frame) or id(frame) in journey.frames:
            return
        if frame.f_code.co_name in COMPREHENSIONS:
            return
        journey.frames[id(frame)] = frame  # a reference, so that no other frame gets this id
        caller = frame.f_back
        while caller is not None and not is_ours(caller):
            caller = caller.f_back
        journey.calls.append((file_of(frame), frame.f_code.co_name, None if caller is None else file_of(caller)))
        names = frame.f_code.co_varnames[: frame.f_code.co_argcount + frame.f_code.co_kwonlyargcount]
        for form in forms_in(frame.f_locals[name] for name in names if name in frame.f_locals):
            journey.forms.setdefault(form)


def is_ours(frame: FrameType) -> bool:
    """Whether a function belongs to the package outside the sandbox."""
    file = frame.f_code.co_filename
    return file.startswith(str(ROOT)) and not file.startswith(SANDBOX)


def file_of(frame: FrameType) -> str:
    """Return the file of a function, relative to the package."""
    return Path(frame.f_code.co_filename).relative_to(ROOT).as_posix()


def forms_in(values: Iterable[object]) -> Iterable[str]:
    """Yield the form of each value that is the marked command, alone or in a collection of commands."""
    for value in values:
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
        for one in (value, *inner):
            form = form_of(one)
            if form is not None:
                yield form


def form_of(value: object) -> str | None:
    """Return the name of the form if a value is the marked command."""
    if isinstance(value, str):
        return "query string" if MARK in value and value.startswith("crm.") else None
    if isinstance(value, dict):
        return f"dict({', '.join(value)})" if "method" in value and MARK in str(value.get("params")) else None
    params = getattr(value, "params", None)
    return type(value).__name__ if params is not None and MARK in str(params) else None


async def trace(verbose: bool) -> None:
    """Make the calls and print what was counted."""
    tracer = Tracer()
    threading.setprofile(tracer)
    sys.setprofile(tracer)
    async with Client(build_server(Redactor())) as client:
        for tool, arguments in CALLS:
            for _ in range(2):
                await client.call_tool(tool, arguments)
            journey = tracer.journey = Journey()
            result = await client.call_tool(tool, arguments)
            tracer.journey = None
            if result.is_error:
                raise click.ClickException(f"{tool} failed: {result.content}")
            show(tool, journey, verbose)
    sys.setprofile(None)
    threading.setprofile(None)


def show(tool: str, journey: Journey, verbose: bool) -> None:
    """Print one journey."""
    counts = f"{len(journey.files)} files, {journey.moves} moves, {len(journey.calls)} function calls"
    click.echo(f"{tool}: {counts}")
    checks = Counter(f"{file} {name}" for file, name, _ in journey.calls)
    click.echo(f"  checks: {', '.join(f'{said} {checks[check]}' for check, said in CHECKS.items())}")
    if journey.forms:
        click.echo(f"  forms of a command: {len(journey.forms)} ({', '.join(journey.forms)})")
    if verbose:
        for file in journey.files:
            names = Counter(name for one, name, _ in journey.calls if one == file)
            listed = ", ".join(name if times == 1 else f"{name} {times}" for name, times in names.items())
            click.echo(f"  {file}: {listed}")


if __name__ == "__main__":
    anyio.run(trace, "-v" in sys.argv[1:])
