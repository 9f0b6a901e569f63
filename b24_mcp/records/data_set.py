"""What a data set is, and which list it holds."""

from __future__ import annotations

from dataclasses import dataclass

from b24_mcp.records.columns import Column
from b24_mcp.rest.wire.params import Params


@dataclass(frozen=True, slots=True)
class DataSet:
    """A readable data set. `params` is JSON. The times are UTC, `updated_at` that of the last row.

    `state` is `finished`, `stopped`, or `running` while a resumed run adds rows to it.
    """

    name: str
    rows: int
    total: int | None
    complete: bool
    method: str
    params: str
    portal: str
    started_at: str
    updated_at: str
    columns: tuple[Column, ...]
    notes: tuple[str, ...]
    state: str


@dataclass(frozen=True, slots=True)
class DataSetOrigin:
    """The list that a data set holds."""

    method: str
    params: Params | None
    portal: str
