"""Facts of a portal in files of `data/`: tables of tab-separated values, constants, descriptions of fields.

The first line of a table names its columns, `\\n` in a cell is a line break.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from b24_sandbox import php
from b24_sandbox.php import Map, Value

_DATA = Path(__file__).parent / "data"


@cache
def read(path: Path) -> tuple[tuple[str, ...], ...]:
    """Return all lines of a table, beginning with the names of the columns."""
    lines = path.read_text("utf-8").split("\n")
    return tuple(tuple(line.replace("\\n", "\n").split("\t")) for line in lines if line)


def table(name: str) -> tuple[tuple[str, ...], ...]:
    """Return the rows of `data/NAME.tsv`."""
    return read(_DATA / f"{name}.tsv")[1:]


def lists(rows: Iterable[tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Collect rows of two cells: first cell -> its second cells, in order."""
    found: dict[str, tuple[str, ...]] = {}
    for name, item in rows:
        found[name] = (*found.get(name, ()), item)
    return found


def constant(name: str) -> Value:
    """Return a value of `data/constants.json`: a part of answers that is always the same, or a default."""
    return _constants()[name]


def mapping(name: str) -> Map:
    """Return a mapping of `data/constants.json`."""
    return php.as_map(_constants()[name])


def texts(name: str) -> dict[str, str]:
    """Return a mapping of names to texts of `data/constants.json`."""
    return {key: php.text(value) for key, value in mapping(name).items()}


def fields(name: str) -> str:
    """Return the table of fields (`b24_sandbox.fields`) of `data/descriptions.toml` that a method describes; empty:
    there is none.
    """
    return php.text(_descriptions().get(name))


@cache
def _constants() -> Map:
    loaded: Map = json.loads((_DATA / "constants.json").read_text("utf-8"))
    return loaded


@cache
def _descriptions() -> Map:
    return tomllib.loads((_DATA / "descriptions.toml").read_text("utf-8"))
