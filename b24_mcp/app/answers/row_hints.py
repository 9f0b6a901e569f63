"""How to read the rest of an answer that was cut, in the names of parameters that the method has."""

from __future__ import annotations

from b24_mcp.catalog import Version, known_methods

_GENERAL = "request less, or narrow the call"
_FEWER_FIELDS = {"select"}
_NARROWER = {"filter"}
_FEWER_ROWS = {"limit"}
# `start` is missing here: it selects a page of 50, so it does not lead to the rows between a cut and the next page.
_NEXT_ROWS = {"last_id", "first_id", "offset", "page"}
_READ_WHOLE = "list_records reads every row into a data set"
# How a method divides its list into pages where `list_records` cannot read the whole list.
_NOT_LISTED = (None, "pop", "LAST_ID", "cursor")


def how_to_see_the_rest(method: str | None, version: Version | None = None, *, texts: bool = False) -> str:
    """Return the advice for rows of `method` that were left out. With `texts`, long texts were shortened as well."""
    hints = _parameter_hints(method, version) or [_GENERAL]
    if texts:
        hints.append("query_records with substr(COLUMN, START, LENGTH) reads the rest of a long text of a data set")
    return "; ".join(hints)


def _parameter_hints(method: str | None, version: Version | None) -> list[str]:
    known = known_methods().method(method, version) if method else None
    if known is None:
        return []
    facts = known.facts
    names = [parameter.name for parameter in facts.params]
    fewer_fields, narrower, fewer_rows, next_rows = (
        [name for name in names if name.lower() in kind] for kind in (_FEWER_FIELDS, _NARROWER, _FEWER_ROWS, _NEXT_ROWS)
    )
    if "pagination" in names:
        fewer_rows.append("pagination.limit")
        next_rows.append("pagination.offset")
    hints = []
    if fewer_fields:
        hints.append(f"request fewer fields with {fewer_fields[0]}")
    if narrower:
        hints.append(f"narrow {narrower[0]}")
    if fewer_rows:
        hints.append(f"request fewer rows with {fewer_rows[0]}")
    if next_rows:
        hints.append(f"read on with {' or '.join(next_rows)}")
    if facts.paging not in _NOT_LISTED:
        hints.append(_READ_WHOLE)
    return hints
