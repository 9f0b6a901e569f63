"""Keeping secrets out of every text that leaves the process.

Bitrix24 carries its secrets inside addresses: the code of a webhook is a part of the path, also of the signed
download links the portal answers with, and tokens travel as `auth`. So a text is cleaned by the known secrets
first and by the shape of such addresses second.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable
from urllib.parse import quote

MASK = "***"

_SLASH = r"(?:\\?/|%2[Ff])"
_END_OF_PART = rf"(?={_SLASH}|[\"'\s?&#]|$)"
# After a numeric user id anything is a code; after a login only what is long enough not to be a word.
_WEBHOOK_PATH = re.compile(
    rf"({_SLASH}rest{_SLASH}(?:api{_SLASH})?)(\d+{_SLASH}(?=[A-Za-z0-9_-]+)|[A-Za-z0-9_.@-]+{_SLASH}(?=[A-Za-z0-9_-]{{8,}}))"
    rf"([A-Za-z0-9_-]+){_END_OF_PART}"
)
_CREDENTIAL_PARAMETER = re.compile(
    r"((?:^|[?&\s\"']|%3[Ff]|%26|\\u0026)"
    r"(?:auth|access_token|refresh_token|client_secret|token|AUTH_ID|REFRESH_ID|application_token)"
    r"(?:=|%3[Dd]|\\u003[Dd]))"
    r"([^&\s\"'<>\\%]+(?:%[0-9A-Fa-f]{2}[^&\s\"'<>\\%]*)*)"
)
# A secret shorter than this is only masked inside an address: alone it would mask ordinary words and numbers.
_SHORTEST_BARE_SECRET = 6


class Redactor:
    """Masks the given secrets, and whatever has the shape of a Bitrix24 credential, in texts."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._known: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self._in_addresses: list[re.Pattern[str]] = []
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str) -> None:
        """Learn one more secret, such as the code of a webhook, plain or as written in an address."""
        if len(secret) < _SHORTEST_BARE_SECRET:
            self._in_addresses.append(re.compile(rf"({_SLASH}){re.escape(secret)}{_END_OF_PART}"))
            return
        encoded = quote(secret, safe="")
        self._known |= {secret, secret.replace("/", r"\/"), json.dumps(secret)[1:-1], encoded, quote(encoded, safe="")}
        longest_first = sorted(self._known, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE)

    def redact(self, text: str) -> str:
        """Give the text with every secret replaced by `***`."""
        if self._pattern is not None:
            text = self._pattern.sub(MASK, text)
        for short in self._in_addresses:
            text = short.sub(rf"\g<1>{MASK}", text)
        if "rest" in text:
            text = _WEBHOOK_PATH.sub(rf"\g<1>\g<2>{MASK}", text)
        return _CREDENTIAL_PARAMETER.sub(rf"\g<1>{MASK}", text)


class RedactingFormatter(logging.Formatter):
    """Formats a log record, exception text included, and redacts the whole."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__("%(levelname)s %(name)s: %(message)s")
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        """Format the record; what comes back holds no secret."""
        return self._redactor.redact(super().format(record))
