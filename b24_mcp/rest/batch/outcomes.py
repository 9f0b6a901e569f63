"""What became of the commands of a batch, and reading it from the portal's answer.

The answer has five maps, of results, errors, totals, offsets and times, each keyed by the label of a command. Source:
documentation, settings/how-to-call-rest-api/batch; measured behaviour for their odd forms.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from b24_mcp.errors import B24Error, our_error
from b24_mcp.rest.wire.answer import Answer, CallTime, by_label, integer, read_time, restore_empty_list
from b24_mcp.rest.wire.portal_errors import is_error, portal_error
from b24_mcp.rest.wire.request import Format


@dataclass(frozen=True, slots=True)
class Succeeded:
    """A command that ran; its answer has the form of a single call's. `times` is what a batch says of its time, as the
    portal wrote it.
    """

    answer: Answer
    times: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """A command that was sent and did not succeed. `time` and `warnings` as in an `Answer`."""

    error: B24Error
    time: CallTime | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NotRun:
    """A command that surely did not run, and why."""

    reason: str


Outcome = Succeeded | Failed | NotRun


@dataclass(frozen=True, slots=True)
class BatchAnswer:
    """What became of each command, in their order. `requests` is the number of HTTP requests it took; `error` is set
    when a request failed as a whole and no further one was sent.
    """

    outcomes: Mapping[str, Outcome]
    requests: int
    error: B24Error | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BatchMaps:
    """The five maps of a batch answer, each keyed by label."""

    result: dict[str, Any]
    errors: dict[str, Any]
    totals: dict[str, Any]
    nexts: dict[str, Any]
    times: dict[str, Any]
    format: Format

    @classmethod
    def read(cls, answer: Answer, format: Format) -> BatchMaps:
        """Read the maps, each of which may be an object, a list or an empty list.

        Raises:
            B24Error: `B24MCP_BAD_ANSWER` when there are none: the commands may have run all the same.
        """
        try:
            body = by_label(answer.result)
            return cls(
                result=by_label(body.get("result")),
                errors=by_label(body.get("result_error")),
                totals=by_label(body.get("result_total")),
                nexts=by_label(body.get("result_next")),
                times=by_label(body.get("result_time")),
                format=format,
            )
        except TypeError as exc:
            raise our_error("B24MCP_BAD_ANSWER", f"The answer is not that of a batch: {exc}.", method="batch") from None

    def outcome(self, label: str, method: str, warnings: tuple[str, ...]) -> Succeeded | Failed:
        """Return what became of one command that was sent. A command the answer does not mention may have run.

        An empty entry among the errors, beside a result, reports nothing.
        """
        time = read_time(self.times.get(label))
        entry = self.errors.get(label)
        empty = isinstance(entry, dict) and not any(entry.values())
        if entry and not (empty and label in self.result):
            body = entry if isinstance(entry, dict) and is_error(entry) else {"error": "", "error_description": entry}
            return Failed(portal_error(body, method=method, status=None), time, warnings)
        if label in self.result:
            result = self.result[label]
            answer = Answer(
                method=method,
                result=restore_empty_list(method, result) if self.format == "xml" else result,
                total=integer(self.totals.get(label)),
                next=integer(self.nexts.get(label)),
                time=time,
                warnings=warnings,
            )
            times = self.times.get(label)
            return Succeeded(answer, times if isinstance(times, dict) else None)
        return Failed(
            our_error("B24MCP_NO_ANSWER", "The answer of the batch does not mention this command.", method=method),
            time,
            warnings,
        )
