"""The outcomes of the commands of a batch, and how they are read from the portal's answer.

The answer has five maps, of results, errors, totals, offsets and times, each keyed by the label of a command. Source:
documentation, settings/how-to-call-rest-api/batch; measured behaviour for their odd forms.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from b24_mcp.errors import B24Error, our_error
from b24_mcp.rest.wire.answer import Answer, CallTime, by_label, integer, read_time, restore_empty_list
from b24_mcp.rest.wire.portal_errors import is_error, portal_error
from b24_mcp.rest.wire.request import Format

_MAPS = ("result", "result_error", "result_total", "result_next", "result_time")


@dataclass(frozen=True, slots=True)
class Succeeded:
    """A command that ran, with the answer that a single call would have. `times` is its time block as received."""

    answer: Answer
    times: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """A command that was sent and failed. `time` and `warnings` are as in an `Answer`."""

    error: B24Error
    time: CallTime | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NotRun:
    """A command that certainly did not run, and the reason."""

    reason: str


Outcome = Succeeded | Failed | NotRun


@dataclass(frozen=True, slots=True)
class BatchAnswer:
    """The outcome of each command, in order. `requests` is the number of HTTP requests. `error` is set if a request
    failed as a whole and nothing more was sent.
    """

    outcomes: Mapping[str, Outcome]
    requests: int
    error: B24Error | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BatchMaps:
    """The five maps of the answer to a batch, keyed by label."""

    result: Mapping[str, object]
    errors: Mapping[str, object]
    totals: Mapping[str, object]
    nexts: Mapping[str, object]
    times: Mapping[str, object]
    format: Format

    @classmethod
    def read(cls, answer: Answer, format: Format) -> BatchMaps:
        """Read the maps. Each of them may be an object, a list, or missing.

        Raises:
            B24Error: `B24MCP_BAD_ANSWER`: there are no such maps. The commands may have run.
        """
        maps: list[dict[str, object]] = []
        try:
            body = by_label(answer.result)
            for name in _MAPS:
                value = body.get(name)
                maps.append({} if value in (None, "", []) else by_label(value))
        except TypeError as exc:
            raise our_error("B24MCP_BAD_ANSWER", f"The answer is not that of a batch: {exc}.", method="batch") from None
        result, errors, totals, nexts, times = maps
        return cls(result, errors, totals, nexts, times, format)

    def outcome(self, label: str, method: str, warnings: tuple[str, ...]) -> Succeeded | Failed:
        """Return the outcome of one command that was sent. A command that the answer does not mention may have run.

        An empty entry among the errors, beside a result, reports nothing.
        """
        times = self.times.get(label)
        time = None if times is None else read_time(times)
        entry = self.errors.get(label)
        if entry:
            empty = isinstance(entry, dict) and not any(entry.values())
            if not (empty and label in self.result):
                body = entry if isinstance(entry, dict) and is_error(entry) else _error_body(entry)
                return Failed(portal_error(body, method=method, status=None), time, warnings)
        if label not in self.result:
            error = our_error(
                "B24MCP_NO_ANSWER", "The answer of the batch does not mention this command.", method=method
            )
            return Failed(error, time, warnings)
        result, total, following = self.result[label], self.totals.get(label), self.nexts.get(label)
        answer = Answer(
            method=method,
            result=restore_empty_list(method, result) if self.format == "xml" else result,
            total=None if total is None else integer(total),
            next=None if following is None else integer(following),
            time=time,
            warnings=warnings,
        )
        return Succeeded(answer, times if isinstance(times, dict) else None)


def _error_body(entry: object) -> dict[str, object]:
    return {"error": "", "error_description": entry}
