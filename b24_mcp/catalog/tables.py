"""Tables in `catalog/data`: files of tab-separated values whose first line names the columns."""

from __future__ import annotations

from importlib.resources import files


def read_table(name: str) -> list[dict[str, str]]:
    """Read `data/NAME.tsv` as one dictionary for each line, keyed by the names of the columns."""
    head, *lines = files("b24_mcp.catalog").joinpath(f"data/{name}.tsv").read_text("utf-8").splitlines()
    columns = head.split("\t")
    return [dict(zip(columns, line.split("\t"), strict=True)) for line in lines]
