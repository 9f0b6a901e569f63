"""Keeping secrets out of every text that leaves the process.

Bitrix24 carries its secrets inside addresses: the code of a webhook is a part of the path, also of the signed
download links the portal answers with, and tokens travel as `auth`. So a text is cleaned by the known secrets first,
in whatever way they are written, and by the shape of such addresses and fields second.
"""

from __future__ import annotations

import base64
import logging
import re
from collections.abc import Iterable, Iterator
from typing import Any

MASK = "***"

_SLASH = r"(?:\\*/|%(?:25)*2[Ff]|\\+u002[Ff]|&#(?:47|[xX]2[Ff]);)"
_END_OF_PART = rf"(?={_SLASH}|[\"'\s?&#\\<>]|%(?:25)*(?:3[Ff]|2[36])|$)"
# After a numeric user id anything is a code; after a login only what is long enough not to be a word.
_WEBHOOK_PATH = re.compile(
    rf"({_SLASH}rest{_SLASH}(?:api{_SLASH})?)(\d+{_SLASH}(?=[A-Za-z0-9_-]+)|[A-Za-z0-9_.@-]+{_SLASH}(?=[A-Za-z0-9_-]{{8,}}))"
    rf"([A-Za-z0-9_-]+){_END_OF_PART}"
)
_OPENING = r"(?:\[|%(?:25)*5[Bb])"
_CLOSING = r"(?:\]|%(?:25)*5[Dd])"
_CREDENTIAL_PARAMETER = re.compile(
    r"((?:^|[?&;\s\"']|%(?:25)*(?:3[Ff]|26)|\\+u0026|&#38;)"
    r"(?:auth|access_token|refresh_token|client_secret|token|AUTH_ID|REFRESH_ID|application_token|sessid|signature)"
    rf"(?:{_OPENING}auth{_CLOSING})?"
    r"(?:=|%(?:25)*3[Dd]|\\+u003[Dd]))"
    r"((?:(?!%(?:25)*26)[^&\s\"'<>\\]|\\+/|\\+u(?!0026|0022|0027|003[CcEe])[0-9A-Fa-f]{4})+)"
)
# Fields that hold a secret in answers and events of the portal (documentation: api-reference).
_SECRET_FIELDS = (
    "access_token|refresh_token|application_token|client_secret|auth_id|refresh_id|sessid|bottoken"  # noqa: S105
    "|password|incoming_password|sip_password"
)
_SECRET_FIELD = re.compile(rf"((\\*)\"(?:{_SECRET_FIELDS})\2\"\s*:\s*\2\")((?:(?!\2\")[^\"])+)", re.IGNORECASE)
_IS_SECRET_FIELD = re.compile(_SECRET_FIELDS, re.IGNORECASE)
# A text without any of these marks has no secret in the shape of an address or a field.
_MARKS_OF_SHAPES = ("rest", "auth", "token", "secret", "_id", "sessid", "signature", "password")
_IS_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\\/|&#")
# A secret shorter than this is only masked inside an address: alone it would mask ordinary words and numbers.
_SHORTEST_BARE_SECRET = 6
_SHORTEST_BASE64 = 10
_HTML_NAMES = {"&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos"}


class Redactor:
    """Masks the given secrets, and whatever has the shape of a Bitrix24 credential, in texts."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: set[str] = set()
        self._plain: re.Pattern[str] | None = None
        self._encoded: re.Pattern[str] | None = None
        self._in_addresses: list[re.Pattern[str]] = []
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str) -> None:
        """Learn one more secret, such as the code of a webhook, plain or as written in an address."""
        if not secret or secret in self._secrets:
            return
        if len(secret) < _SHORTEST_BARE_SECRET:
            self._in_addresses.append(re.compile(rf"({_SLASH}){re.escape(secret)}{_END_OF_PART}"))
            return
        self._secrets.add(secret)
        longest_first = sorted(self._secrets, key=len, reverse=True)
        plain = [re.escape(form) for known in longest_first for form in (known, *_in_base64(known))]
        self._plain = re.compile("|".join(plain), re.IGNORECASE)
        self._encoded = re.compile("|".join(map(_however_written, longest_first)), re.IGNORECASE)

    def redact(self, text: str) -> str:
        """Give the text with every secret replaced by `***`."""
        if self._plain is not None and self._encoded is not None:
            text = self._plain.sub(MASK, text)
            if _IS_ENCODED.search(text):
                text = self._encoded.sub(MASK, text)
        for short in self._in_addresses:
            text = short.sub(rf"\g<1>{MASK}", text)
        folded = text.casefold()
        if not any(mark in folded for mark in _MARKS_OF_SHAPES):  # much faster than one pattern on long texts
            return text
        if "rest" in text:
            text = _WEBHOOK_PATH.sub(rf"\g<1>\g<2>{MASK}", text)
        text = _CREDENTIAL_PARAMETER.sub(rf"\g<1>{MASK}", text)
        return _SECRET_FIELD.sub(rf"\g<1>{MASK}", text)

    def clean(self, value: Any) -> Any:
        """Give a value of JSON with every secret in it masked: in texts, and in fields whose name says that they hold
        one, also in a table of columns and rows.
        """
        match value:
            case str():
                return self.redact(value)
            case {"columns": list(columns), "rows": list(rows)}:
                secret = {place for place, name in enumerate(columns) if _names_a_secret(name)}
                cleaned = [self._row(row, secret) for row in rows]
                return self._fields({name: inner for name, inner in value.items() if name != "rows"}) | {
                    "rows": cleaned
                }
            case dict():
                return self._fields(value)
            case list():
                return [self.clean(inner) for inner in value]
        return value

    def _fields(self, value: dict[str, Any]) -> dict[str, Any]:
        return {
            self.redact(name): MASK if inner and isinstance(inner, str) and _names_a_secret(name) else self.clean(inner)
            for name, inner in value.items()
        }

    def _row(self, row: Any, secret: set[int]) -> Any:
        if not isinstance(row, list):
            return self.clean(row)
        return [
            MASK if place in secret and inner and isinstance(inner, str) else self.clean(inner)
            for place, inner in enumerate(row)
        ]


class RedactingFormatter(logging.Formatter):
    """Formats a log record, exception text included, and redacts the whole."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__("%(levelname)s %(name)s: %(message)s")
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        """Format the record; what comes back holds no secret."""
        return self._redactor.redact(super().format(record))


def _names_a_secret(name: object) -> bool:
    return isinstance(name, str) and _IS_SECRET_FIELD.fullmatch(name) is not None


def _however_written(secret: str) -> str:
    """A pattern of a secret each character of which may be encoded: in an address, JSON or HTML, also repeatedly."""
    return "".join(f"(?:{'|'.join(_writings(character))})" for character in secret)


def _writings(character: str) -> Iterator[str]:
    code = ord(character)
    yield re.escape(character)
    yield "".join(f"%(?:25)*{byte:02x}" for byte in character.encode("utf-8", "surrogatepass"))
    units = character.encode("utf-16-be", "surrogatepass").hex()
    yield "".join(rf"\\+u{units[at : at + 4]}" for at in range(0, len(units), 4))
    yield rf"&(?:amp;)*#(?:0*{code}|x0*{code:x});"
    if character in "/\"'\\":
        yield rf"\\+{re.escape(character)}"
    if character in _HTML_NAMES:
        yield rf"&(?:amp;)*{_HTML_NAMES[character]};"


def _in_base64(secret: str) -> Iterator[str]:
    """What of a secret is the same in every base64 text that holds it, for its three possible places in there."""
    data = secret.encode("utf-8", "surrogatepass")
    if len(data) < _SHORTEST_BASE64:
        return
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + data).decode()
        own = whole[-(-before * 8 // 6) : (before + len(data)) * 8 // 6]
        yield own
        if "+" in own or "/" in own:
            yield own.replace("+", "-").replace("/", "_")
