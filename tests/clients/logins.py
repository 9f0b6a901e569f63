"""A login of a client program in a terminal: it prints an address, the person allows it in the browser."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from tests.clients.browser import allow, deliver

SECONDS = 90
_COLUMNS = 4_000
"""Wide enough for a whole address, which the program would break into lines otherwise."""
_ESCAPES = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_ADDRESS = re.compile(r"https?://[^\s\x1b]+/oauth/authorize\?[^\s\x1b]+(?=\s)")
Return = Literal["visit", "paste"]
"""How the answer reaches the program: the browser visits its address, or the person pastes the address."""


def log_in(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], back: Return = "visit"
) -> tuple[int | None, str]:
    """Run a login to its end. Return the exit code, None if it did not end in time, and what the program printed."""
    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 50, _COLUMNS, 0, 0))
    program = subprocess.Popen(
        command,
        cwd=folder,
        env=dict(environment),
        stdin=child,
        stdout=child,
        stderr=child,
        start_new_session=True,
    )
    os.close(child)
    said, is_allowed = "", False
    until = time.monotonic() + SECONDS
    try:
        while time.monotonic() < until and (chunk := _read(parent, until)) is not None:
            said += _ESCAPES.sub("", chunk.decode("utf-8", "replace"))
            found = _ADDRESS.search(said)
            if found and not is_allowed:
                is_allowed = True
                answer = allow(found[0], environment.get("TEAM_PERSON"))
                if back == "visit":
                    said += f"[the callback answered {deliver(answer)}]"
                else:
                    os.write(parent, answer.encode() + b"\r")
        with contextlib.suppress(subprocess.TimeoutExpired):
            return program.wait(max(0.0, until - time.monotonic())), said
        return None, said
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(program.pid, signal.SIGKILL)  # its own process group only
        program.wait()
        os.close(parent)


def _read(terminal: int, until: float) -> bytes | None:
    """Return what the program printed next; None at its end."""
    ready, _, _ = select.select([terminal], [], [], max(0.0, until - time.monotonic()))
    if not ready:
        return None
    try:
        return os.read(terminal, 65_536) or None
    except OSError:  # the program has closed its side
        return None
