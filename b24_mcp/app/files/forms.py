"""The forms in which methods take a file."""

from __future__ import annotations

from b24_mcp.catalog.files import FileParameter
from b24_mcp.rest.files.sending import SEPARATE_FROM
from b24_mcp.rest.wire.file_value import FileValue, InlineFile, SeparateFile, disk_file
from b24_mcp.storage.existing_file import FoundFile
from b24_mcp.storage.places import sent_name


def in_form(found: FoundFile, parameter: FileParameter) -> object:
    """Return a file as a parameter takes it."""
    kind, _, detail = parameter.form.partition(":")
    if kind in ("disk", "chat"):
        return disk_file(
            found,
            prefix="n" if detail == "n" else "",
            folder="chat" if kind == "chat" else "user",
            is_number=detail == "number",
        )
    content = content_of(found, parameter)
    if kind in ("base64", "address64"):
        return content
    pair = [sent_name(found.name), content]
    if kind in ("pair", "address"):
        return pair
    return {"value": {"fileData": pair}} if kind == "value" else {"fileData": pair}


def content_of(found: FoundFile, parameter: FileParameter | None) -> FileValue:
    """Return the content of a file. A large one is sent to an address of its own where the parameter allows it."""
    if parameter is not None and parameter.form.startswith("address") and found.size >= SEPARATE_FROM:
        return SeparateFile(found)
    return InlineFile(found)
