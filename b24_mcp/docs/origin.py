"""Where the documentation comes from, and where it can be read online."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Literal

Language = Literal["en", "ru"]
LANGUAGES: tuple[Language, ...] = ("en", "ru")
# The vendor publishes both under the MIT licence.
REPOSITORIES: dict[Language, str] = {"en": "bitrix24/b24restdocs", "ru": "bitrix-tools/b24-rest-docs"}
_ONLINE: dict[str, str] = {"en": "https://apidocs.bitrix24.com", "ru": "https://apidocs.bitrix24.ru"}


@dataclass(frozen=True, slots=True)
class DocsOrigin:
    """Where a copy came from: the repository on GitHub, or the file or folder it was taken from; its revision, or the
    SHA-256 of the archive; when it was taken (UTC); and what the server calls this state of it.
    """

    repository: str
    source: str
    revision: str | None
    sha256: str | None
    taken: str
    etag: str | None = None

    def write(self) -> str:
        """The origin as JSON."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def read(cls, text: str) -> DocsOrigin:
        """The origin from JSON."""
        return cls(**json.loads(text))


def online_address(language: str, page: str) -> str:
    """The address of a page in the official documentation."""
    return f"{_ONLINE[language]}/{page}.html"
