"""A form as the text that a client gets: without secrets, without invisible characters, within its size.

The order matters. Invisible characters are removed before secrets are looked for, since one inside a secret would hide
it; and secrets are masked before anything is cut, since half a secret is no longer found.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any

from b24_mcp.app.answers.budget import cut_to
from b24_mcp.app.answers.forms import Form, with_notice
from b24_mcp.app.answers.truncation import compact
from b24_mcp.secrets import Redactor, each_text, hide_fields, without_hidden

LONG = 50_000
"""A form with more characters than this is long: writing it takes long enough to delay other callers."""

# How JSON writes invisible characters below U+0020, with `ensure_ascii` off.
_ESCAPED_CONTROLS = ("\\u00", "\\b", "\\f")


def is_long(value: Any, most: int = LONG) -> bool:
    """Return whether a value has more than about `most` characters; it looks no further than that."""
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


def written(
    form: Form,
    budget: int,
    redactor: Redactor,
    *,
    writes: Collection[str] = (),
    methods: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """Return a form as JSON of about `budget` characters at most, with secrets masked and invisible characters removed.

    A form from which invisible characters were removed says so in its `notice`. `writes`, `methods`: see `cut_to`.
    """
    form = hide_fields(form)
    text = compact(form)
    if _is_clean(text, redactor):
        return compact(cut_to(form, budget, writes=writes, methods=methods))
    form, hidden = _cleaned(form, redactor)
    writes = [redactor.redact(without_hidden(name)[0]) for name in writes]
    methods = {redactor.redact(without_hidden(name)[0]): method for name, method in methods.items()}
    if hidden:
        said = f"{form['notice']} " if "notice" in form else ""
        form = with_notice(form, f"{said}{hidden} invisible characters were removed.")
    # Once more as a whole: what comes together only where names and values are written side by side.
    return redactor.redact(compact(cut_to(form, budget, writes=writes, methods=methods)))


def _is_clean(text: str, redactor: Redactor) -> bool:
    if any(escape in text for escape in _ESCAPED_CONTROLS) or without_hidden(text)[1]:
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
