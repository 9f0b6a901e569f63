"""Advice about a failure, worded for the user at a terminal. The hints of errors are worded for a model."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from b24_mcp.cli.extras import command_for
from b24_mcp.errors import Fault

if TYPE_CHECKING:
    from b24_mcp.app.answers.forms import Form

# Advice for codes whose hint cannot be reworded by rule.
_ADVICE = {
    "B24MCP_POLICY": "To allow it, change B24_ACCESS, B24_ALLOW or B24_DENY, or the same keys of the portal.",
    "B24MCP_PORTAL": "Run b24-mcp portals list to see the portals.",
    "B24MCP_APPROVAL": "Approve it with b24-mcp approve, or repeat the command with --yes.",
    "B24MCP_DECLINED": "Nothing was sent.",
    "B24MCP_FILE_FOLDER": "Set B24_FILES_DIR to the folders that files may be read from and written to.",
    "QUERY_LIMIT_EXCEEDED": "Wait a few seconds and run the command again.",
    "ACCESS_DENIED": "Use the webhook or login of a user who has the right.",
    "USER_ACCESS_ERROR": "Use the webhook or login of a user who has the right.",
}
_ABOUT_THE_USER = re.compile(
    r"\b(?:ask|tell) (?:the|a) (?:person|user) to |\b(?:a|the) (?:person|user) (?:has to|must|can|should) ",
    re.IGNORECASE,
)
_SPEAKS_OF_THE_USER = re.compile(r"\bperson\b|\b(?:ask|tell|with) the user\b", re.IGNORECASE)
_BY_THE_USER = re.compile(r", run by (?:a person|the user) in a terminal")
_TOOL = re.compile(r"\b\w+_(?:methods?|docs?|call|records|fields|info|file)\b")
_COMMANDS = {
    "describe_method": "b24-mcp describe",
    "describe_fields": "b24-mcp fields",
    "find_records": "b24-mcp find",
    "list_records": "b24-mcp list",
    "import_records": "b24-mcp import",
    "query_records": "b24-mcp query",
    "export_records": "b24-mcp export",
    "apply_records": "b24-mcp apply",
    "search_docs": "b24-mcp docs search",
    "read_doc": "b24-mcp docs read",
    "download_file": "b24-mcp download",
    "portal_info": "b24-mcp doctor",
    "resume=true": "--resume",
    "refresh=true": "--refresh",
    "validate=false": "--no-validate",
}
"""What a person types where a model uses a tool or an argument."""
_EXTRA = re.compile(r"\binstall b24-mcp\[([a-z,]+)\]", re.IGNORECASE)
_OF_A_MODEL = re.compile("|".join(rf"\b{re.escape(name)}\b" for name in _COMMANDS))
_ASKED_TO_ALLOW = re.compile(r"set (?:validate=false|--no-validate): a person is then asked to allow the call")


def advice(fault: Fault) -> str:
    """Return what the user can do about a failure; an empty text when nothing is known."""
    return _advice(fault.code, fault.hint)


def reworded(text: str) -> str:
    """Return a text with the commands that a person types instead of the tools and arguments of a model."""
    text = _EXTRA.sub(lambda found: f"run {command_for(found[1])}", text)
    text = _ASKED_TO_ALLOW.sub("add --no-validate", text)
    return _OF_A_MODEL.sub(lambda found: _COMMANDS[found[0]], text)


def for_terminal(form: Form) -> Form:
    """Return an answer whose hint is worded for the user at a terminal."""
    error = form.get("error")
    if not isinstance(error, dict):
        return form
    said = {"message": reworded(error["message"])} if "message" in error else {}
    return form | {"error": error | said | {"hint": _advice(error["code"], error.get("hint", ""))}}


def _advice(code: str, hint: str) -> str:
    if code in _ADVICE:
        return _ADVICE[code]
    sentences = re.split(r"(?<=\.)\s+", hint)
    kept = [_for_the_user(one) for one in map(reworded, sentences) if not _TOOL.search(one)]
    return " ".join(one for one in kept if one)


def _for_the_user(sentence: str) -> str:
    text = _BY_THE_USER.sub("", sentence)
    text = _ABOUT_THE_USER.sub(lambda found: "Please " if found[0][0].isupper() else "please ", text)
    return "" if _SPEAKS_OF_THE_USER.search(text) else text
