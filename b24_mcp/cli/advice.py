"""What to do about a failure, worded for a person at a terminal. The hints of errors are worded for a model."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from b24_mcp.errors import Fault

if TYPE_CHECKING:
    from b24_mcp.app.answers.forms import Form

# Where the hint for a model does not become one for a person by addressing the person.
_ADVICE = {
    "B24MCP_POLICY": "If it should be allowed, change B24_ACCESS, B24_ALLOW or B24_DENY, or these keys of the portal.",
    "B24MCP_PORTAL": "b24-mcp portals list shows the portals there are.",
    "B24MCP_APPROVAL": "Allow it with b24-mcp approve, or repeat the command with --yes.",
    "B24MCP_DECLINED": "Nothing was sent.",
    "B24MCP_EXPORT_FOLDER": "Set B24_FILES_DIR to the folders that exports may be written to.",
    "QUERY_LIMIT_EXCEEDED": "Wait a few seconds and run the command again.",
    "ACCESS_DENIED": "Use the webhook or login of a user who has the right.",
    "USER_ACCESS_ERROR": "Use the webhook or login of a user who has the right.",
}
_ABOUT_THE_PERSON = re.compile(
    r"\b(?:ask|tell) (?:the|a) person to |\b(?:a|the) person (?:has to|must|can|should) ",
    re.IGNORECASE,
)
_BY_THE_PERSON = re.compile(r", run by a person in a terminal")
_TOOL = re.compile(r"\b\w+_(?:methods?|docs?|call|records)\b")
_AS_IT_IS = "validate=false"


def advice(fault: Fault) -> str:
    """Return what a person can do; empty when nothing is known."""
    return _advice(fault.code, fault.hint)


def for_terminal(form: Form) -> Form:
    """Return an answer whose hint is worded for a person at a terminal."""
    error = form.get("error")
    if not isinstance(error, dict):
        return form
    return form | {"error": error | {"hint": _advice(error["code"], error.get("hint", ""))}}


def _advice(code: str, hint: str) -> str:
    if code in _ADVICE:
        return _ADVICE[code]
    sentences = re.split(r"(?<=\.)\s+", hint)
    worded = [_for_a_person(one) for one in sentences if not _TOOL.search(one)]
    if _AS_IT_IS in hint:
        worded.append("Correct the parameters, or send them unchanged with --no-validate.")
    return " ".join(one for one in worded if one)


def _for_a_person(sentence: str) -> str:
    text = _BY_THE_PERSON.sub("", sentence)
    text = _ABOUT_THE_PERSON.sub(lambda found: "Please " if found[0][0].isupper() else "please ", text)
    return "" if "person" in text.lower() else text
