"""The form with one file that an upload address of a portal takes. Source: RFC 7578."""

from __future__ import annotations

import secrets

from b24_mcp.rest.wire.file_body import BodyFile, FileBody
from b24_mcp.storage.existing_file import FoundFile

# As browsers write them, so that no name can end its quotes or its line.
_ESCAPES = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})


def form_with_file(found: FoundFile, name: str, field: str) -> tuple[str, FileBody]:
    """Return the media type and the body of a form with one file."""
    boundary = secrets.token_hex(24)
    disposition = f'form-data; name="{field.translate(_ESCAPES)}"; filename="{name.translate(_ESCAPES)}"'
    head = f"--{boundary}\r\nContent-Disposition: {disposition}\r\nContent-Type: application/octet-stream\r\n\r\n"
    tail = f"\r\n--{boundary}--\r\n"
    body = FileBody([head.encode(), BodyFile(found, is_base64=False), tail.encode()], found.sha256.encode())
    return f"multipart/form-data; boundary={boundary}", body
