"""The program at a pseudo-terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import termios
from collections.abc import Sequence

from tests.cli.conftest import PROGRAM


def on_a_terminal(
    *arguments: str, columns: int = 80, answers: Sequence[tuple[str, str]] = (), **settings: str
) -> tuple[int, str]:
    """Run a command whose output is a terminal, and return its exit code and what is shown.

    With `answers` its input is the terminal as well: each is a part of a question, and what is typed then.
    """
    master, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    environment = dict(os.environ) | {"TERM": "xterm"} | settings
    environment.pop("COLUMNS", None)
    process = subprocess.Popen(
        [PROGRAM, *arguments],
        stdin=terminal if answers else subprocess.DEVNULL,
        stdout=terminal,
        stderr=terminal,
        env=environment,
        start_new_session=True,
    )
    os.close(terminal)
    waiting = list(answers)
    shown = b""
    unanswered = 0
    while True:
        try:
            part = os.read(master, 65_536)
        except OSError:
            break
        if not part:
            break
        shown += part
        if waiting and waiting[0][0].encode() in shown[unanswered:]:
            unanswered = len(shown)
            os.write(master, f"{waiting.pop(0)[1]}\n".encode())
    os.close(master)
    return process.wait(timeout=60), shown.decode().replace("\r\n", "\n")
