"""The question to the user before a job: the method, the number of rows, examples with titles, and the risks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from b24_mcp.access import reasons_in
from b24_mcp.app.planning import Plan
from b24_mcp.rest import PlannedCall, to_json
from b24_mcp.secrets import Redactor, show_hidden
from b24_mcp.texts import text, translated

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
        language = self.language
        of_job = {"portal": translated(self.opened.gate.portal, language), "method": self.job_method, "rows": self.rows}
        lines = [text("question.job", language, why=reasons_in(self.why, language), **of_job)]
        if self.actions:
            lines.append(text("question.searched", language, actions=counted(self.actions)))
        room = (longest or 10_000) - sum(map(len, lines)) - 60
        each = max(_LEAST_EXAMPLE, min(_LONGEST_EXAMPLE, room // max(1, len(self.examples))))
        for row, title, call in self.examples:
            shown = show_hidden(redactor.redact(to_json(call.params)))
            cut = "" if len(shown) <= each else text("question.cut", language, count=len(shown) - each)
            titled = f' "{show_hidden(redactor.redact(title))}"' if title else ""
            different = f" {call.method}" if call.method != self.job_method else ""
            lines.append(f"{text('question.row', language, row=row)}{titled}:{different} {shown[:each]}{cut}")
        hidden = self.rows - len(self.examples)
        if hidden > 0:
            lines.append(text("question.hidden_rows", language, count=hidden))
        return redactor.redact("\n".join(lines))


def counted(actions: Mapping[str, int]) -> str:
    """Return the numbers of rows by action, in words."""
    return ", ".join(f"{count} {action}" for action, count in actions.items() if count)
