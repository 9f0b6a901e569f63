"""What the pictures show: the commands, run on the sandbox in a new home folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.pictures.terminal import Line, lines_of, run_in_terminal, text_of

PROJECT = Path(__file__).parent.parent.parent
PICTURES = PROJECT / "docs" / "pictures"
_HOME = "/home/anna"
_QUERY = """\
SELECT u.name, count(*) AS deals, sum(d.OPPORTUNITY) AS roubles FROM deals d \
JOIN portal_users u ON u.id = d.ASSIGNED_BY_ID \
WHERE d.CLOSED = 'N' AND d.CURRENCY_ID = 'RUB' GROUP BY 1 ORDER BY 3 DESC LIMIT 5"""
# What differs from run to run or from computer to computer.
_MOVING = (
    (r"\d{4}-\d\d-\d\d(T[\d:]+([+-][\d:]+|Z)?)?", "DATE"),
    (r"\d\d\.\d\d\.\d{4}", "DATE"),
    (r"\b\d+\.\d+\.\d+\b", "VERSION"),
    (r"(?<=VERSION, )\w+$", "SYSTEM"),
    (r"^rows .*", "rows"),
)


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: the arguments of each command in it, and what is typed.

    `hidden` are the numbers of commands whose output goes to a file. The picture ends with the line that begins with
    `last`.
    """

    name: str
    title: str
    commands: Sequence[Sequence[str]]
    typed: str = ""
    language: str = "C.UTF-8"
    hidden: Sequence[int] = ()
    last: str = ""


SHOTS = (
    Shot("demo", "b24-mcp demo: five questions, the calls made for them, and the answers", [["demo"]]),
    Shot("demo.ru", "b24-mcp demo: пять вопросов, вызовы и ответы", [["demo"]], language="ru_RU.UTF-8"),
    Shot("doctor", "b24-mcp doctor checks settings, portals, folders and clients", [["doctor"]]),
    Shot(
        "approval",
        "b24-mcp asks before a deal is deleted",
        [["call", "crm.deal.delete", "--params", '{"id": 21}']],
        typed="n",
        last="Make this call?",
    ),
    Shot(
        "approval.ru",
        "b24-mcp спрашивает перед удалением сделки",
        [["call", "crm.deal.delete", "--params", '{"id": 21}']],
        typed="n",
        language="ru_RU.UTF-8",
        last="Выполнить этот вызов?",
    ),
    Shot(
        "list",
        "b24-mcp list reads a whole list with a bar, and b24-mcp query answers from it",
        [
            ["list", "crm.deal.list", "--save-as", "deals"],
            ["query", _QUERY],
        ],
        hidden=[0],
    ),
)


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture of a chart: its title, and the query that is drawn. `data` are the arguments that read the list."""

    name: str
    title: str
    sql: str
    data: Sequence[str] = ("list", "crm.deal.list", "--save-as", "deals")


_OPEN_DEALS = """\
SELECT u.name AS {person}, sum(d.OPPORTUNITY) AS {roubles} FROM deals d JOIN portal_users u ON u.id = d.ASSIGNED_BY_ID \
WHERE d.CLOSED = 'N' AND d.CURRENCY_ID = 'RUB' GROUP BY 1"""
DRAWINGS = (
    Drawing(
        "chart",
        "Money in open deals",
        _OPEN_DEALS.format(person="person", roubles="roubles"),
    ),
    Drawing(
        "chart.ru",
        "Деньги в открытых сделках",
        _OPEN_DEALS.format(person="сотрудник", roubles='"рубли"'),
    ),
)


def draw(drawing: Drawing) -> str:
    """Draw a chart with the program, and return its SVG."""
    with tempfile.TemporaryDirectory() as home:
        environment = _environment(home, "C.UTF-8")
        picture = ["chart", drawing.sql, "--title", drawing.title, "--format", "svg", "--out", "-"]
        for arguments in (drawing.data, picture):
            command = [sys.executable, "-m", "b24_mcp", *arguments]
            done = subprocess.run(command, env=environment, capture_output=True, check=True, timeout=60)
        return done.stdout.decode()


def shoot(shot: Shot) -> list[Line]:
    """Run the commands of a picture and return the lines of the terminal."""
    with tempfile.TemporaryDirectory() as home:
        environment = _environment(home, shot.language)
        lines: list[Line] = []
        for number, arguments in enumerate(shot.commands):
            shown = " ".join(_quoted(argument) for argument in arguments)
            shown = f"$ b24-mcp {shown}" + (" > deals.json" if number in shot.hidden else "")
            lines += [[], *lines_of(f"\x1b[1m{shown}\x1b[0m")] if lines else lines_of(f"\x1b[1m{shown}\x1b[0m")
            command = [sys.executable, "-m", "b24_mcp", *arguments]
            if number in shot.hidden:
                command = ["/bin/sh", "-c", 'exec "$@" > /dev/null', "sh", *command]
            written = run_in_terminal(command, environment, shot.typed)
            lines += lines_of(written.replace(home, _HOME))
    ends = [number for number, line in enumerate(lines) if shot.last and text_of(line).startswith(shot.last)]
    return lines[: ends[0] + 1] if ends else lines


def _environment(home: str, language: str) -> dict[str, str]:
    return {
        **{name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ},
        "HOME": home,
        "TERM": "xterm-256color",
        "LC_ALL": language,
        "PYTHONUTF8": "1",
        "PYTHONPATH": str(PROJECT),
    }


def masked(text: str) -> str:
    """Return a line with its moving parts replaced."""
    for pattern, word in _MOVING:
        text = re.sub(pattern, word, text)
    return text


def _quoted(argument: str) -> str:
    if re.fullmatch(r"[\w./-]+", argument):
        return argument
    return f'"{argument}"' if "'" in argument else f"'{argument}'"
