"""The question to the user before a job: the method, the number of rows, examples with titles, and the risks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from b24_mcp.app.planning import Plan
from b24_mcp.rest import PlannedCall, to_json
from b24_mcp.secrets import Redactor, show_hidden

_LONGEST_EXAMPLE = 400
_LEAST_EXAMPLE = 80


@dataclass(frozen=True, slots=True)
class JobPlan(Plan):
    """The plan of a job. Its `calls` are the first calls; `frozen_digest` identifies all of them.

    `examples` are the first calls with the numbers and the titles of their rows. `why` says why an approval is needed.
    """

    frozen_digest: str = ""
    rows: int = 0
    job_method: str = ""
    why: str = ""
    actions: Mapping[str, int] | None = None
    examples: Sequence[tuple[int, str, PlannedCall]] = ()

    @property
    def digest(self) -> str:
        """The digest that identifies the frozen rows."""
        return self.frozen_digest

    @property
    def method(self) -> str:
        """The method of the job."""
        return self.job_method

    def question(self, redactor: Redactor, longest: int | None = None) -> str:
        """Return the question to the user, of about `longest` characters at most."""
        lines = [f"On {self.opened.gate.portal}, {self.job_method} for {self.rows} rows of a query: {self.why}."]
        if self.actions:
            lines.append(f"Records that exist were searched for: {counted(self.actions)}.")
        room = (longest or 10_000) - sum(map(len, lines)) - 60
        each = max(_LEAST_EXAMPLE, min(_LONGEST_EXAMPLE, room // max(1, len(self.examples))))
        for row, title, call in self.examples:
            text = show_hidden(redactor.redact(to_json(call.params)))
            cut = "" if len(text) <= each else f" … {len(text) - each} more characters are NOT shown here"
            titled = f' "{show_hidden(redactor.redact(title))}"' if title else ""
            different = f" {call.method}" if call.method != self.job_method else ""
            lines.append(f"- row {row}{titled}:{different} {text[:each]}{cut}")
        hidden = self.rows - len(self.examples)
        if hidden > 0:
            lines.append(f"- and {hidden} more rows, not shown here")
        return redactor.redact("\n".join(lines))


def counted(actions: Mapping[str, int]) -> str:
    """Return the numbers of rows by action, in words."""
    return ", ".join(f"{count} {action}" for action, count in actions.items() if count)
