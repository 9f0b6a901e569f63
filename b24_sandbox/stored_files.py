"""The storage that a portal redirects downloads to: it needs no credential, and each address works for a short time."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from dataclasses import dataclass, field

from b24_sandbox.messages import HTML, HttpRequest, Response

STORAGE_PATH = "/storage/"
"""The beginning of the paths of the storage."""
_MOST = 100


def is_file(response: Response) -> bool:
    """Whether a response is a file."""
    return response.status == 200 and any(name == "Content-Disposition" for name, _ in response.headers)


@dataclass(slots=True)
class DownloadStorage:
    """The files that can be read at the storage. A request with a credential is refused, as a storage does."""

    _files: OrderedDict[str, Response] = field(default_factory=OrderedDict)

    def redirect(self, response: Response, base: str) -> Response:
        """The redirect to the address of a file."""
        name = secrets.token_hex(16)
        self._files[name] = response
        if len(self._files) > _MOST:
            self._files.popitem(last=False)
        return Response(302, HTML, b"", (("Location", f"{base.rstrip('/')}{STORAGE_PATH}{name}"),))

    def answer(self, received: HttpRequest) -> Response | None:
        """The file at an address; `None` when there is none."""
        if "authorization" in received.headers or "cookie" in received.headers or "auth=" in received.query:
            return Response(400, HTML, b"Only one auth mechanism allowed")
        return self._files.get(received.path.removeprefix(STORAGE_PATH))
