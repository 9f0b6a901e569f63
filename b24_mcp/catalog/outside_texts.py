"""The methods whose answers commonly contain texts written outside the company.

`data/outside_texts.txt` lists them, one pattern a line; `*` stands for any characters. A line with `!` excludes methods
again. The file is read from the package, so a catalogue in the data folder of a user cannot change it.
"""

from __future__ import annotations

import re
from fnmatch import translate
from functools import cache, lru_cache
from importlib.resources import files


@lru_cache(maxsize=1024)
def has_outside_texts(method: str) -> bool:
    """Whether the answers of a method, documented or not, commonly contain texts written outside the company."""
    name = method.lower()
    included, excluded = _patterns()
    return included.match(name) is not None and excluded.match(name) is None


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    text = files("b24_mcp.catalog").joinpath("data/outside_texts.txt").read_text("utf-8")
    lines = [line.strip() for line in text.splitlines()]
    globs = [line for line in lines if line and not line.startswith("#")]
    return (
        _any_of([glob for glob in globs if not glob.startswith("!")]),
        _any_of([glob.removeprefix("!") for glob in globs if glob.startswith("!")]),
    )


def _any_of(globs: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(translate, globs)))
