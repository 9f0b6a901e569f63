"""Judge stages: each belongs to one pipeline, and a record takes only those of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from b24_mcp.app.portal_checks.finding import FieldFinding, mistake, warning
from b24_mcp.app.portal_checks.uses import FieldUse
from b24_mcp.app.portal_checks.values import choice_finding, listed
from b24_mcp.catalog.arguments.references import has_reference
from b24_mcp.catalog.names import folded
from b24_mcp.discovery import Option, Pipeline, PortalField

Origin = Literal["given", "default", "record", "unknown"]
"""How the pipeline is known: the call names it, a new record gets it, or the record to change is in it."""


def is_pipeline(field: PortalField) -> bool:
    """Whether a field holds the pipeline of a record."""
    return folded(field.name) == "categoryid"


def as_options(pipelines: Sequence[Pipeline]) -> list[Option]:
    """Return pipelines as the values of a field."""
    return [Option(str(one.id), one.name) for one in pipelines]


def pipeline_beside(use: FieldUse) -> int | None:
    """Return the id of the pipeline that stands beside a stage in the same object; None when there is no one id."""
    for name, value in use.beside.items():
        if folded(name.lstrip("=")) == "categoryid" and not isinstance(value, bool | float):
            return int(value) if isinstance(value, int) or (isinstance(value, str) and value.isdecimal()) else None
    return None


def names_pipeline(use: FieldUse) -> bool:
    """Whether any condition or value beside a stage is about the pipeline."""
    return any(folded(name).endswith("categoryid") for name in use.beside)


def stage_finding(
    use: FieldUse, value: object, pipelines: Sequence[Pipeline], own: Pipeline | None, origin: Origin
) -> FieldFinding | None:
    """Return what is wrong with a stage of a record whose pipeline is `own`, None for any."""
    choices = _stages_of(pipelines if own is None else [own])
    written = str(value).strip()
    if own is not None and isinstance(value, str) and not has_reference(value):
        other = next((one for one in pipelines if any(stage.id == written for stage in one.stages)), None)
        if other is not None and other.id != own.id:
            return _elsewhere(use, written, other, own, origin)
    if not choices:
        return None
    where = f"stage in the pipeline {_named(own)}" if own is not None and len(pipelines) > 1 else "stage"
    return choice_finding(value, choices, where)


def _elsewhere(use: FieldUse, stage: str, other: Pipeline, own: Pipeline, origin: Origin) -> FieldFinding:
    """Return the finding for a stage of another pipeline."""
    belongs = f"is {stage}, a stage of the pipeline {_named(other)}"
    if use.role == "filter":
        return warning(f"{belongs}, and the filter is for the pipeline {_named(own)}: nothing fits both")
    name = "CATEGORY_ID" if use.name == use.name.upper() else "categoryId"
    if origin == "default":
        return mistake(
            f"{belongs}; a new record is made in {_named(own)} unless {name} says otherwise: add "
            f"{name} {other.id}, or use one of {listed(_stages_of([own]))}"
        )
    whose = "this record is in" if origin == "record" else f"{name} is"
    same = next((one for one in own.stages if one.id.rpartition(":")[2] == stage.rpartition(":")[2]), None)
    meant = f"{same.id} is meant; " if same is not None else ""
    return mistake(f"{belongs}; {whose} {_named(own)}: {meant}its stages are {listed(_stages_of([own]))}")


def _stages_of(pipelines: Sequence[Pipeline]) -> list[Option]:
    stages = {stage.id: Option(stage.id, stage.name) for one in pipelines for stage in one.stages}
    return list(stages.values())


def _named(pipeline: Pipeline | None) -> str:
    assert pipeline is not None
    return f'{pipeline.id} "{pipeline.name}"' if pipeline.name else str(pipeline.id)
