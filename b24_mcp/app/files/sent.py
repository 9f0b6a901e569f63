"""What an answer says about the files that a call sent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

from b24_mcp.app.answers.forms import Form
from b24_mcp.rest import PlannedCall
from b24_mcp.rest.wire.file_value import files_in


class SentFileForm(TypedDict):
    """A file that was sent: its name, its size in bytes, and the digest of its content."""

    name: str
    size: int
    sha256: str


def sent_files(calls: Iterable[PlannedCall]) -> Form:
    """Return the `files` of an answer, each once; empty when the calls sent none."""
    found = {str(file): file.found for call in calls for file in files_in(call.params)}
    forms = [SentFileForm(name=one.name, size=one.size, sha256=one.sha256) for one in found.values()]
    return {"files": forms} if forms else {}
