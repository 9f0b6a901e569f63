"""Handles of links to files: answers show a handle, and the link, which holds a secret, stays in this process."""

from __future__ import annotations

import re
import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass

from b24_mcp.access import current_caller

_MOST = 5_000
_HANDLE = re.compile(r"file:[a-z2-7]{10}")
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_LENGTH = 10


@dataclass(frozen=True, slots=True)
class FileLink:
    """A link to a file in an answer, with the name and the size that the answer named."""

    link: str
    name: str = ""
    size: int | None = None


def is_handle(text: str) -> bool:
    """Whether a text has the form of a handle."""
    return _HANDLE.fullmatch(text) is not None


class FileHandles:
    """The links of recent answers by their handles. A handle works for the caller and the portal that it was made for.

    The oldest handles are forgotten. Links of a portal are valid for an hour at most.
    """

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._links: OrderedDict[str, tuple[str, str, FileLink]] = OrderedDict()
        self._lock = threading.Lock()
        self._handles: dict[tuple[str, str, FileLink], str] = {}

    def handle_of(self, portal: str, link: FileLink) -> str:
        """Return the handle of a link, the same one for the same link."""
        entry = (current_caller().identity, portal, link)
        with self._lock:  # long answers are written in worker threads
            handle = self._handles.get(entry)
            if handle is None:
                handle = "file:" + "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
                self._links[handle], self._handles[entry] = entry, handle
                if len(self._links) > self._most:
                    _, oldest = self._links.popitem(last=False)
                    self._handles.pop(oldest, None)
            return handle

    def link_of(self, portal: str, handle: str) -> FileLink | None:
        """Return the link of a handle; None when it is not known to this caller for this portal."""
        entry = self._links.get(handle)
        return entry[2] if entry is not None and entry[:2] == (current_caller().identity, portal) else None
