"""The outcomes of a batch so far, and the values that references to its commands lead to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from b24_mcp.catalog import known_methods
from b24_mcp.rest.batch.outcomes import Failed, NotRun, Outcome, Succeeded
from b24_mcp.rest.batch.references import NoValueError, Reference
from b24_mcp.rest.batch.references_v3 import v3_value
from b24_mcp.rest.wire.answer import CallTime
from b24_mcp.rest.wire.request import Format


@dataclass(slots=True)
class Ledger:
    """The outcome of each command of one batch, by name.

    `format` is the format of the portal's answers. `halt` is whether the first failure ends the batch; `halted_after`
    is the command that did.
    """

    format: Format
    halt: bool
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    halted_after: str | None = None

    def record(self, name: str, outcome: Outcome, *, may_halt: bool = True) -> None:
        """Record the outcome of a command. A failure halts the batch if `halt` and `may_halt` are true."""
        self.outcomes[name] = outcome
        if self.halt and may_halt and not isinstance(outcome, Succeeded):
            self.halted_after = name

    def value_of(self, reference: Reference) -> object:
        """Return the value that a reference to an earlier command leads to.

        Raises:
            NoValueError: the command has no such value.
        """
        match self.outcomes.get(reference.command):
            case Succeeded() as succeeded:
                return self._value_in(succeeded, reference)
            case Failed(error=error):
                if reference.root == "error":
                    return reference.value_in(
                        {"error": error.fault.code, "error_description": error.fault.message},
                    )
                raise NoValueError(f"it refers to {reference.command}, which failed")
            case NotRun():
                raise NoValueError(f"it refers to {reference.command}, which was not run")
            case _:
                raise NoValueError(f"it refers to {reference.command}, which a limit refused at that time")

    def _value_in(self, succeeded: Succeeded, reference: Reference) -> object:
        answer = succeeded.answer
        found: object
        match reference.root:
            case "result" if answer.version == "v3":
                return v3_value(reference, answer.result)
            case "result":
                value = reference.value_in(answer.result)
                return value == "1" if self._was_boolean(answer.method, reference) else value
            case "time":
                found = succeeded.times or _time_values(answer.time)
            case "total":
                found = answer.total
            case "next":
                found = answer.next
            case _:
                found = None
        if found is None:
            raise NoValueError(f"{reference} leads to nothing: {reference.command} has no {reference.root}")
        return reference.value_in(found)

    def _was_boolean(self, method: str, reference: Reference) -> bool:
        """Whether XML, which has no types, turned a result of `true` or `false` into text."""
        if self.format != "xml" or reference.path:
            return False
        known = known_methods().method(method, "v2")
        return known is not None and known.facts.result.kind == "boolean"


def _time_values(time: CallTime | None) -> Mapping[str, float]:
    if time is None:
        return {}
    values = {"duration": time.duration, "operating": time.operating}
    return {name: value for name, value in values.items() if value is not None}
