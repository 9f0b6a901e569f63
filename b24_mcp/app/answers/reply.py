"""The reply to a tool call, and its text: without secrets, without invisible characters, within its size.

The order of the steps matters. Invisible characters are removed before secrets are searched for, because one inside a
secret would hide it. Secrets are masked before anything is cut, because a part of a secret is not recognised.
"""

from __future__ import annotations

import marshal
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from anyio import CapacityLimiter
from anyio.to_thread import run_sync

from b24_mcp.app.answers.budget import cut_to
from b24_mcp.app.answers.forms import Form, with_notice
from b24_mcp.rest import to_json, to_json_bytes
from b24_mcp.secrets import Redactor, each_text, hide_fields, names_fields, without_hidden

BUDGET = 20_000
"""The default number of characters of an answer."""

LONG = 50_000
"""A form with more characters than this takes long enough to write that other callers would be delayed."""

_CHARACTERS_OF_AN_ENTRY = 10
_MARSHAL_WITHOUT_REFERENCES = 2
"""The version of the format. Later ones write a text that repeats only once."""

# The escapes of invisible characters below U+0020 in JSON with `ensure_ascii` off.
_ESCAPED_CONTROLS = (b"\\u00", b"\\b", b"\\f")


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to one tool call or command: its form, and how it may be cut to `budget` characters.

    For a batch, `writes` are the names of the commands that change something, whose outcomes are never cut, and
    `methods` maps the name of each command to its method. `picture` is a PNG for a client that shows it.
    """

    form: Form
    budget: int = BUDGET
    writes: Collection[str] = ()
    methods: Mapping[str, str] | None = None
    picture: bytes | None = None

    @property
    def ok(self) -> bool:
        """Whether everything in the request succeeded."""
        return self.form["ok"] is True


def is_long(value: Any, most: int = LONG) -> bool:
    """Whether a value has more than about `most` characters.

    Every answer is measured, so `marshal` does it: it copies a value four times faster than JSON is written. A list
    with many entries is long without being copied.
    """
    for one in (value, *value.values()) if isinstance(value, dict) else (value,):
        if isinstance(one, list) and len(one) > most // _CHARACTERS_OF_AN_ENTRY:
            return True
    try:
        return len(marshal.dumps(value, _MARSHAL_WITHOUT_REFERENCES)) > most
    except ValueError:  # nested too deeply, or a value of another type
        return True


async def write(reply: Reply, redactor: Redactor, limiter: CapacityLimiter | None = None) -> str:
    """Return a reply as JSON of about `reply.budget` characters at most.

    Every answer is written by this function. A long answer is written in a worker thread, under the limiter, so that
    other calls are not delayed. The same holds for an answer that will be cut, because the hint on how to read the rest
    comes from the catalogue. When invisible characters were removed, the `notice` of the form says so.
    """
    if is_long(reply.form, min(LONG, reply.budget // 2)):
        return await run_sync(reply_text, reply, redactor, limiter=limiter)
    return reply_text(reply, redactor)


def reply_text(reply: Reply, redactor: Redactor) -> str:
    """Return a reply as JSON, in the thread of the caller."""
    form, data = reply.form, to_json_bytes(reply.form)
    if fields := names_fields(data):
        form = hide_fields(form)
        data = to_json_bytes(form)
    text = data.decode()
    if not _has_escaped_controls(data) and not redactor.finds(text, data, fields=fields):
        if len(text) <= reply.budget and "results" not in form:
            return text
        return to_json(cut_to(form, reply.budget, writes=reply.writes, methods=reply.methods))
    form, hidden = _cleaned(form, redactor)
    writes = [redactor.redact(without_hidden(name)[0]) for name in reply.writes]
    methods = {redactor.redact(without_hidden(name)[0]): method for name, method in (reply.methods or {}).items()}
    if hidden:
        before = f"{form['notice']} " if "notice" in form else ""
        form = with_notice(form, f"{before}{hidden} invisible characters were removed.")
    # The whole text is redacted once more: some secrets are recognised only with a name and a value side by side.
    return redactor.redact(to_json(cut_to(form, reply.budget, writes=writes, methods=methods)))


def _has_escaped_controls(data: bytes) -> bool:
    """Whether a JSON text has the escape of an invisible character."""
    return b"\\" in data and any(escape in data for escape in _ESCAPED_CONTROLS)


def _cleaned(form: Form, redactor: Redactor) -> tuple[Form, int]:
    """Return a form without secrets and invisible characters, and how many of these were removed."""
    removed = 0

    def clean(text: str) -> str:
        nonlocal removed
        left, count = without_hidden(text)
        removed += count
        return redactor.redact(left)

    return each_text(form, clean), removed
