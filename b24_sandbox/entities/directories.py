"""Directories of the CRM (stages, sources, types) and deal pipelines: stored records and initial values.

Shapes: documentation: api-reference/crm/status/crm-status-list and api-reference/crm/universal/category.
"""

from __future__ import annotations

from functools import cache

from b24_sandbox import facts
from b24_sandbox.php import Map, Value
from b24_sandbox.tables import entity

STATUS = entity("crm_status")
CATEGORY = entity("crm_category")

INVOICE_CATEGORY = 2
"""The pipeline of invoices in a new portal."""
STATUS_COLUMNS = ("ENTITY_ID", "STATUS_ID", "NAME", "NAME_INIT", "SORT", "SYSTEM", "CATEGORY_ID", "COLOR", "SEMANTICS")

_SYSTEM = frozenset(("WON", "LOSE", "CONVERTED", "JUNK", "SUCCESS", "FAIL", "APPROVED", "DECLAINED"))
"""Stages that are system stages wherever they stand."""
_TEMPLATES = ("pipeline", "process", "invoice")
"""Initial stages of new pipelines of deals, smart processes and invoices in the table of statuses."""


def semantic_info(start: str, success: str, failure: str) -> Map:
    """The first stage and the final stages of a directory, as its description shows them."""
    stages: Map = {"START_FIELD": start, "FINAL_SUCCESS_FIELD": success, "FINAL_UNSUCCESS_FIELD": failure}
    return {**stages, "FINAL_SORT": 0}


def entity_types() -> list[Map]:
    """The directories of a new portal without those of pipelines, as `crm.status.entity.types` shows them."""
    found: list[Map] = []
    for code, name, start, success, failure, scope, number, category in facts.table("directories"):
        described: Map = {"ID": code, "NAME": name}
        if start:
            described["SEMANTIC_INFO"] = semantic_info(start, success, failure)
        if scope:
            described["FIELD_ATTRIBUTE_SCOPE"] = scope
        if number:
            described["ENTITY_TYPE_ID"] = int(number)
        if category:
            described["CATEGORY_ID"] = category
        found.append(described)
    return found


@cache
def _statuses() -> dict[str, list[tuple[str, ...]]]:
    """Directory -> its statuses: code, name, colour and semantics (`S`, `F` or empty). Plain values have no colour."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for directory, *status in facts.table("statuses"):
        found.setdefault(directory, []).append(tuple(status))
    return found


def stage_rows(
    directory: str, category: int | None = None, prefix: str = "", template: str = ""
) -> list[tuple[Value, ...]]:
    """The rows of `STATUS_COLUMNS` for the initial values of a directory; `template` is the directory they come from.

    The first stage of a directory and the final ones are system stages.
    """
    rows: list[tuple[Value, ...]] = []
    for number, (code, name, color, semantics) in enumerate(_statuses()[template or directory], start=1):
        system = bool(color) and (number == 1 or code.rpartition(":")[2] in _SYSTEM)
        own, flag = (name, "Y") if system else ("", "N")
        shown = (color or None, semantics or None)
        rows.append((directory, prefix + code, name, own, number * 10, flag, category, *shown))
    return rows


def first_statuses() -> list[tuple[Value, ...]]:
    """The rows of `STATUS_COLUMNS` in a new portal."""
    rows: list[tuple[Value, ...]] = []
    for directory in _statuses():
        if directory == "invoice":
            name, prefix = f"SMART_INVOICE_STAGE_{INVOICE_CATEGORY}", f"DT31_{INVOICE_CATEGORY}:"
            rows += stage_rows(name, INVOICE_CATEGORY, prefix, directory)
        elif directory not in _TEMPLATES:
            rows += stage_rows(directory, 1 if directory == "DEAL_STAGE_1" else None)
    return rows
