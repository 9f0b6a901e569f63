"""The program at a pseudo-terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import termios

from tests.cli.conftest import PROGRAM


def on_a_terminal(
    *arguments: str, columns: int = 80, typed: str = "", stdin: bool = False, **settings: str
) -> tuple[int, str]:
    """Run a command whose output is a terminal, and return its exit code and what is shown.

    With `stdin` its input is the terminal as well, and `typed` is typed there.
    """
    master, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    environment = dict(os.environ) | {"TERM": "xterm"} | settings
    environment.pop("COLUMNS", None)
    process = subprocess.Popen(
        [PROGRAM, *arguments],
        stdin=terminal if stdin else subprocess.DEVNULL,
        stdout=terminal,
        stderr=terminal,
        env=environment,
        start_new_session=True,
    )
    os.close(terminal)
    if typed:
        os.write(master, typed.encode())
    shown = b""
    while True:
        try:
            part = os.read(master, 65_536)
        except OSError:
            break
        if not part:
            break
        shown += part
    os.close(master)
    return process.wait(timeout=60), shown.decode().replace("\r\n", "\n")
