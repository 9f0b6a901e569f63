"""A request to apply a method to the rows of a query."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

from b24_mcp.app.open_portal import OpenPortal
from b24_mcp.app.runs import run_key
from b24_mcp.rest import Params

OnMatch = Literal["update", "skip"]


@dataclass(frozen=True, slots=True)
class ApplyRequest:
    """One call of `method` for each row of `sql`, as the caller requested it.

    `params` hold columns (see `template`). `match` are the fields by which records that exist are found, and `on_match`
    is what happens to them. `save_as` is the name of the data set of outcomes. With `resume` an interrupted job is
    continued, and none is begun.
    """

    sql: str
    method: str
    params: Params
    match: tuple[str, ...] = ()
    on_match: OnMatch = "update"
    save_as: str | None = None
    resume: bool = False
    dry_run: bool = False

    def key(self, opened: OpenPortal) -> str:
        """Return the key of the job: the same for the same call of the same caller on the same portal."""
        arguments = asdict(self)
        del arguments["resume"], arguments["dry_run"]
        return run_key("apply_records", opened, arguments)
