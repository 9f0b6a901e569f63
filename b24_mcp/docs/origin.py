"""The origin of a copy, and the address of a page online."""

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
    """The origin of a copy. `source` is the address, file or folder it was read from, `taken` the time (UTC). The Git
    revision, the SHA-256 of the archive and the ETag are set when known.
    """

    repository: str
    source: str
    revision: str | None
    sha256: str | None
    taken: str
    etag: str | None = None

    def to_json(self) -> str:
        """Return the origin as JSON."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> DocsOrigin:
        """Parse the JSON that `to_json` returned."""
        return cls(**json.loads(text))


def online_address(language: str, page: str) -> str:
    """Return the address of a page in the online documentation."""
    return f"{_ONLINE[language]}/{page}.html"
