"""The one exit of answers: a form becomes text without secrets, without invisible characters, within its size.

The order matters. Invisible characters are removed before secrets are searched, because one inside a secret would hide
it; and secrets are masked before anything is cut, because a part of a secret is no longer recognised.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from anyio import CapacityLimiter
from anyio.to_thread import run_sync

from b24_mcp.app.answers.budget import cut_to
from b24_mcp.app.answers.forms import Form, with_notice
from b24_mcp.app.answers.truncation import compact
from b24_mcp.secrets import Redactor, each_text, hide_fields, without_hidden

BUDGET = 20_000
"""Characters of an answer where no setting says otherwise."""

LONG = 50_000
"""A form with more characters than this is long: writing it takes long enough to delay other callers."""

# How JSON writes invisible characters below U+0020, with `ensure_ascii` off.
_ESCAPED_CONTROLS = ("\\u00", "\\b", "\\f")


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to one tool call or command: its form, and how it may be cut to `budget` characters.

    Of a batch, `writes` are the names of the commands that change something, whose outcomes are never cut, and
    `methods` has the method of each command.
    """

    form: Form
    budget: int = BUDGET
    writes: Collection[str] = ()
    methods: Mapping[str, str] | None = None

    @property
    def ok(self) -> bool:
        """Whether everything that was asked for succeeded."""
        return self.form["ok"] is True


def is_long(value: object, most: int = LONG) -> bool:
    """Return whether a value has more than about `most` characters; it is examined no further than that."""
    left = most
    waiting = [value]
    while waiting and left >= 0:
        match waiting.pop():
            case str() as text:
                left -= len(text)
            case dict() as form:
                left -= 8 * len(form)
                if left >= 0:
                    waiting += form.keys()
                    waiting += form.values()
            case list() | tuple() as entries:
                left -= 2 * len(entries)
                if left >= 0:
                    waiting += entries
    return left < 0


async def write(reply: Reply, redactor: Redactor, limiter: CapacityLimiter | None = None) -> str:
    """Return a reply as JSON of about `reply.budget` characters at most.

    Every answer is written by this function. A long one is written in a worker thread, under the limiter, so that other
    calls are not delayed. So is one that will be cut: the hint on how to read the rest comes from the catalogue. A form
    from which invisible characters were removed says so in its `notice`.
    """
    if is_long(reply.form, min(LONG, reply.budget // 2)):
        return await run_sync(_written, reply, redactor, limiter=limiter)
    return _written(reply, redactor)


def _written(reply: Reply, redactor: Redactor) -> str:
    form = hide_fields(reply.form)
    text = compact(form)
    if _is_clean(text, redactor):
        if len(text) <= reply.budget and "results" not in form:
            return text
        return compact(cut_to(form, reply.budget, writes=reply.writes, methods=reply.methods))
    form, hidden = _cleaned(form, redactor)
    writes = [redactor.redact(without_hidden(name)[0]) for name in reply.writes]
    methods = {redactor.redact(without_hidden(name)[0]): method for name, method in (reply.methods or {}).items()}
    if hidden:
        said = f"{form['notice']} " if "notice" in form else ""
        form = with_notice(form, f"{said}{hidden} invisible characters were removed.")
    # Once more as a whole: a secret may only appear where names and values are written side by side.
    return redactor.redact(compact(cut_to(form, reply.budget, writes=writes, methods=methods)))


def _is_clean(text: str, redactor: Redactor) -> bool:
    for escape in _ESCAPED_CONTROLS:
        if escape in text:
            return False
    # Of the ASCII characters, JSON escapes all invisible ones but U+007F.
    if (not text.isascii() or "\x7f" in text) and without_hidden(text)[1]:
        return False
    return redactor.redact(text) == text


def _cleaned(form: Form, redactor: Redactor) -> tuple[Form, int]:
    removed = 0

    def clean(text: str) -> str:
        nonlocal removed
        left, count = without_hidden(text)
        removed += count
        return redactor.redact(left)

    return each_text(form, clean), removed
