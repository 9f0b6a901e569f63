"""Tables in `catalog/data`: files of tab-separated values whose first line names the columns."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

_OF_CALLS = (
    *("entities", "elsewhere", "exact", "operators", "lenient", "needs", "synonyms", "files", "links"),
    *("currency_words", "listed", "method_words", "replaced", "value_words"),
)
"""The tables that a call may need, some only when it has a mistake."""


def read_table(name: str) -> list[dict[str, str]]:
    """Read `data/NAME.tsv` as one dictionary for each line, keyed by the names of the columns."""
    head, *lines = _text(name).splitlines()
    columns = head.split("\t")
    return [dict(zip(columns, line.split("\t"), strict=True)) for line in lines]


@cache
def load_tables() -> None:
    """Read the tables that calls need from disk now, so that no later check has to wait for it."""
    for name in _OF_CALLS:
        _text(name)


@cache
def _text(name: str) -> str:
    return files("b24_mcp.catalog").joinpath(f"data/{name}.tsv").read_text("utf-8")
