"""Run a command in a pseudo-terminal, and read what a person sees there at the end."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

COLUMNS = 90
_CODE = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])")


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a line in one style: the numbers of its colour and whether it is bold."""

    text: str
    colour: int | None = None
    is_bold: bool = False


Line = Sequence[Span]


def run_in_terminal(command: Sequence[str], environment: Mapping[str, str], typed: str = "") -> str:
    """Return everything that a command writes to a terminal of `COLUMNS` columns. `typed` answers its question."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 60, COLUMNS, 0, 0))
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=dict(environment), start_new_session=True
    )
    os.close(theirs)
    written = bytearray()
    while True:
        try:
            read = os.read(ours, 65536)
        except OSError:  # Linux reports the end of the other side as an error
            break
        if not read:
            break
        written += read
        if typed and written.rstrip().endswith(b"[y/N]:"):
            os.write(ours, typed.encode() + b"\n")
            typed = ""
    os.close(ours)
    process.wait()
    return written.decode()


def lines_of(written: str) -> list[Line]:
    """Return the lines as they look at the end: what follows a carriage return replaces the line, long lines wrap."""
    lines: list[Line] = []
    for raw in written.replace("\r\n", "\n").rstrip("\n").split("\n"):
        lines += _wrapped(_spans(raw.rpartition("\r")[2]))
    return lines


def text_of(line: Line) -> str:
    """Return a line without styles."""
    return "".join(span.text for span in line).rstrip()


def _spans(raw: str) -> list[Span]:
    spans, colour, is_bold, position = [], None, False, 0
    for code in _CODE.finditer(raw):
        spans.append(Span(raw[position : code.start()], colour, is_bold))
        position = code.end()
        if code[2] == "m":
            for number in map(int, (code[1] or "0").split(";")):
                if number == 0:
                    colour, is_bold = None, False
                elif number == 1:
                    is_bold = True
                elif 30 <= number <= 37:
                    colour = number
    spans.append(Span(raw[position:], colour, is_bold))
    return [span for span in spans if span.text]


def _wrapped(spans: Sequence[Span]) -> list[Line]:
    lines: list[list[Span]] = [[]]
    room = COLUMNS
    for span in spans:
        left = span.text
        while left:
            if not room:
                lines.append([])
                room = COLUMNS
            part, left = left[:room], left[room:]
            lines[-1].append(Span(part, span.colour, span.is_bold))
            room -= len(part)
    return list(lines)
