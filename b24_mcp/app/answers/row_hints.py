"""What to do to see the rest of an answer that was cut, in the names of parameters that the method really has."""

from __future__ import annotations

from b24_mcp.catalog import Version, known_methods

_GENERAL = "ask for less, or narrow the call"
_FEWER_FIELDS = {"select"}
_NARROWER = {"filter"}
_FEWER_ROWS = {"limit"}
_FURTHER = {"last_id", "first_id", "offset", "page"}
# `start` is not among them: it names a page of 50, so it does not lead to the rows between a cut and the next page.
_READ_WHOLE = "list_records reads every row into a data set"


def how_to_see_the_rest(method: str | None, version: Version | None = None, *, texts: bool = False) -> str:
    """The advice for rows of `method` that were left out. With `texts` the end of long texts is missing as well."""
    said = [*_parameters(method, version)] or [_GENERAL]
    if texts:
        said.append("query_records with substr(COLUMN, START, LENGTH) reads on in a long text of a data set")
    return "; ".join(said)


def _parameters(method: str | None, version: Version | None) -> list[str]:
    known = known_methods().method(method, version) if method else None
    if known is None:
        return []
    facts = known.facts
    names = [parameter.name for parameter in facts.params]
    has = {kind: [name for name in names if name.lower() in kind_names] for kind, kind_names in _KINDS.items()}
    if "pagination" in names:
        has["fewer rows"].append("pagination.limit")
        has["further"].append("pagination.offset")
    said = []
    if has["fewer fields"]:
        said.append(f"ask for fewer fields with {has['fewer fields'][0]}")
    if has["narrower"]:
        said.append(f"narrow {has['narrower'][0]}")
    if has["fewer rows"]:
        said.append(f"ask for fewer rows with {has['fewer rows'][0]}")
    if has["further"]:
        said.append(f"read on with {' or '.join(has['further'])}")
    if facts.paging not in (None, "pop", "LAST_ID", "cursor"):
        said.append(_READ_WHOLE)
    return said


_KINDS = {"fewer fields": _FEWER_FIELDS, "narrower": _NARROWER, "fewer rows": _FEWER_ROWS, "further": _FURTHER}
