"""Judge the parts of calls by what is known of the portal now. Sends nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from pydantic_core import to_json

from b24_mcp.app.portal_checks.exceptions import exception_of
from b24_mcp.app.portal_checks.finding import UNCHANGED, FieldFinding, mistake, warning
from b24_mcp.app.portal_checks.names import field_of, kind_in_words, unknown_name
from b24_mcp.app.portal_checks.parts import Part
from b24_mcp.app.portal_checks.records import Record, record_id
from b24_mcp.app.portal_checks.stages import (
    Origin,
    as_options,
    is_pipeline,
    names_pipeline,
    pipeline_beside,
    stage_finding,
)
from b24_mcp.app.portal_checks.uses import FieldUse, Path, replaced
from b24_mcp.app.portal_checks.values import choice_finding, is_plain, list_finding, single_values, typed_finding
from b24_mcp.catalog.arguments.references import is_reference
from b24_mcp.discovery import Option, Pipeline, PortalEntity, PortalFacts, PortalField
from b24_mcp.errors import FieldProblem
from b24_mcp.rest import PlannedCall

_LONGEST_FILTER = 500


@dataclass(slots=True)
class Verdicts:
    """What was found in one call.

    `confirmed` are the paths of names that the portal has. `without_field` are the entities in which a field or an
    option is missing, `without_value` those for which a stage or an entry of a directory is: they may be new.
    """

    problems: list[FieldProblem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    changes: dict[Path, object] = field(default_factory=dict)
    confirmed: list[str] = field(default_factory=list)
    without_field: set[PortalEntity] = field(default_factory=set)
    without_value: set[PortalEntity] = field(default_factory=set)
    not_checked: list[str] = field(default_factory=list)
    """The parameters of which nothing is known."""

    def add(self, use: FieldUse, finding: FieldFinding | None, place: int | None = None) -> None:
        """Add a finding about a use, or about one value in its list."""
        if finding is None:
            return
        where = use.where if place is None else f"{use.where}.{place}"
        if finding.certain:
            self.problems.append(FieldProblem(where, finding.message))
            return
        self.warnings.append(f"{where} {finding.message}")
        if finding.value is not UNCHANGED:
            self.changes[use.path if place is None else (*use.path, place)] = finding.value

    def applied(self, call: PlannedCall) -> PlannedCall:
        """Return the call with the values that were put in, and with what the user has to know."""
        warnings = [one for one in call.warnings if not self._settles(one)]
        if self.changes and isinstance(call.params, dict):
            call = replace(call, params=replaced(call.params, self.changes))
        found = (*warnings, *self.warnings, *self._filters(call.params))
        return call if found == call.warnings else replace(call, warnings=found)

    def _filters(self, params: object) -> Iterator[str]:
        """Yield each filter as it is sent, if anything in it was changed or could not be checked."""
        for name in dict.fromkeys([*[str(path[0]) for path in self.changes], *self.not_checked]):
            if name.lower() == "filter" and isinstance(params, dict):
                yield f"{name} is sent as {to_json(params[name]).decode()[:_LONGEST_FILTER]}"

    def _settles(self, message: str) -> bool:
        """Whether a warning says that a name is not documented which the portal has."""
        return any(message.startswith(f"{path} is not a documented") for path in self.confirmed)


class Judge:
    """Judges the parts of one call. `pipelines` are those of records that calls change, where they are known."""

    def __init__(self, call: PlannedCall, facts: PortalFacts, pipelines: Mapping[Record, int]) -> None:
        self._call = call
        self._facts = facts
        self._records = pipelines
        self.verdicts = Verdicts()

    def judge(self, part: Part) -> None:
        """Judge one part; nothing is found when the portal does not say which fields there are."""
        fields = self._facts.fields_now(part.entity)
        if fields is None:
            if part.asks:
                self._not_checked(part)
            return
        kept = 0
        for use in part.uses:
            found = field_of(use, fields, part.family)
            if found is None:
                finding = unknown_name(use, fields, part.documented, part.family.elsewhere)
                if finding is not None and finding.missing:
                    self.verdicts.without_field.add(part.entity)
                if finding is None and exception_of(part.entity, use.role, use.name) is not None:
                    self.verdicts.confirmed.append(use.where)
                self.verdicts.add(use, finding)
                kept += finding is None or not finding.certain
                continue
            self.verdicts.confirmed.append(use.where)
            exception = exception_of(part.entity, use.role, use.name)
            if exception is not None and exception.what == "refuses":
                self.verdicts.add(use, mistake(f"cannot be used here: {exception.instead}"))
                continue
            if exception is not None and exception.what == "omits":
                self.verdicts.add(use, warning(exception.instead))
                continue
            if exception is not None and exception.what == "any":
                continue
            if use.role == "fields":
                finding = _not_taken(found, part.entity, self._call.method)
                if finding is None and exception_of(part.entity, use.role, use.name) is not None:
                    self.verdicts.confirmed.append(use.where)
                self.verdicts.add(use, finding)
                kept += finding is None
            if use.role in ("fields", "filter"):
                self._values(part, use, found)
        self._nothing_left(part, kept)

    def _nothing_left(self, part: Part, kept: int) -> None:
        """Refuse a change of nothing but fields that the portal does not let anyone change."""
        if kept or not self._call.method.lower().endswith(".update") or part.uses[0].role != "fields":
            return
        if not self.verdicts.problems:
            self.verdicts.problems.append(
                FieldProblem(part.parameter, f"would change nothing: {'; '.join(self.verdicts.warnings)}")
            )

    def _not_checked(self, part: Part) -> None:
        trouble = self._facts.trouble(part.entity)
        why = f" ({trouble.fault.code or trouble.fault.kind})" if trouble else ""
        self.verdicts.not_checked.append(part.parameter)
        self.verdicts.warnings.append(
            f"{part.parameter} was not checked: the portal did not say which fields "
            f"{kind_in_words(part.entity.kind)} have{why}"
        )

    def _values(self, part: Part, use: FieldUse, found: PortalField) -> None:
        fields = self._facts.fields_now(part.entity)
        plural = None if fields is None else fields.named(f"{found.name}s")
        if finding := list_finding(use, found, plural):
            self.verdicts.add(use, finding)
            return
        documented = part.documented.named(use.name)
        is_judged = documented is not None and bool(documented.type) and is_plain(found)
        is_choice = not (use.is_search or set(use.operator) & {"<", ">"} or (documented and documented.values))
        for place, value in single_values(use):
            if value is None or is_reference(value) or isinstance(value, dict | list):
                continue
            finding = None if is_judged else typed_finding(use, found, value)
            if finding is None and is_choice:
                finding = self._choice(part.entity, use, found, value)
                if finding is not None and finding.missing:
                    without = self.verdicts.without_value if found.options is None else self.verdicts.without_field
                    without.add(part.entity)
            self.verdicts.add(use, finding, place)

    def _choice(self, entity: PortalEntity, use: FieldUse, found: PortalField, value: object) -> FieldFinding | None:
        """Return what is wrong with a value that has to be one of several."""
        if self._facts.is_stage(entity, found):
            pipelines = self._facts.stages_now(entity)
            if not pipelines:
                return None
            own, origin = self._pipeline(entity, use, pipelines)
            return stage_finding(use, value, pipelines, own, origin)
        choices = self._choices(entity, found)
        return choice_finding(value, choices, "value of this field") if choices else None

    def _choices(self, entity: PortalEntity, found: PortalField) -> tuple[Option, ...] | list[Option] | None:
        if is_pipeline(found):
            pipelines = self._facts.stages_now(entity)
            return as_options(pipelines) if pipelines else None
        return self._facts.values_now(entity, found)

    def _pipeline(
        self, entity: PortalEntity, use: FieldUse, pipelines: tuple[Pipeline, ...]
    ) -> tuple[Pipeline | None, Origin]:
        """Return the pipeline that the stage has to be of, None for any."""
        by_id = {one.id: one for one in pipelines}
        if len(pipelines) == 1:
            return pipelines[0], "default"
        given = pipeline_beside(use)
        method = self._call.method.lower()
        is_update = method.endswith(".update")
        moves = entity.style == "item" or not is_update
        if given is not None and moves:
            return by_id.get(given), "given"
        if (names_pipeline(use) and moves) or use.role == "filter":
            return None, "unknown"
        if method.endswith(".add"):
            return next((one for one in pipelines if one.is_default), None), "default"
        number = record_id(self._call.params) if is_update and isinstance(self._call.params, dict) else None
        if number is None:
            return None, "unknown"
        return by_id.get(self._records.get((entity.in_style("item"), number), -1)), "record"


def stage_uses(part: Part, facts: PortalFacts) -> Iterator[FieldUse]:
    """Yield the uses of a part that set the stage of a record."""
    fields = facts.fields_now(part.entity)
    if fields is not None:
        for use in part.uses:
            found = field_of(use, fields, part.family)
            if found is not None and use.role == "fields" and facts.is_stage(part.entity, found):
                yield use


def _not_taken(found: PortalField, entity: PortalEntity, method: str) -> FieldFinding | None:
    if found.read_only:
        return warning("is filled in by the portal; the value is ignored")
    if found.immutable and entity.type_id is not None and method.lower().endswith(".update"):
        return warning(f"is set only while a record is added; {method} does not change it")
    return None
