"""Delivery of events to handlers: form posts from a separate thread, so that calls never wait for a handler.

Only addresses of this machine are called; other deliveries are dropped. There are no retries: a handler that fails or
takes more than 5 seconds loses the event, as on the portal (documentation: api-reference/events).
"""

from __future__ import annotations

import queue
import threading
from urllib.parse import urlencode, urlsplit

from b24_sandbox import php
from b24_sandbox.php import Map, Value

TIMEOUT = 5.0
_AGENT = "Bitrix24 Webhook Engine"


def is_loopback(address: str) -> bool:
    """Whether an address belongs to this machine. Only such addresses are called."""
    parts = urlsplit(address)
    host = (parts.hostname or "").lower()
    return parts.scheme in ("http", "https") and (host in ("localhost", "::1") or _is_127(host))


def _is_127(host: str) -> bool:
    parts = host.split(".")
    return len(parts) == 4 and parts[0] == "127" and all(part.isdigit() and int(part) < 256 for part in parts)


def form(payload: Map) -> str:
    """Encode nested data as a form with PHP's brackets: `data[FIELDS][ID]=57`."""
    return urlencode([pair for name, value in payload.items() for pair in _flat(name, value)])


def _flat(name: str, value: Value) -> list[tuple[str, str]]:
    if php.is_array(value):
        return [pair for key, item in php.as_map(value).items() for pair in _flat(f"{name}[{key}]", item)]
    return [(name, php.text(value))]


class Deliveries:
    """A queue of posts and the thread that sends them. The first post starts the thread."""

    def __init__(self) -> None:
        self._waiting: queue.Queue[tuple[str, str] | None] = queue.Queue()
        self._thread: threading.Thread | None = None

    def post(self, address: str, payload: Map) -> None:
        """Queue `payload` for delivery and return at once."""
        if not is_loopback(address):
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="b24-sandbox-events", daemon=True)
            self._thread.start()
        self._waiting.put((address, form(payload)))

    def settle(self) -> None:
        """Wait until all queued posts have been sent or have failed."""
        self._waiting.join()

    def close(self) -> None:
        """Send the queued posts and stop the thread."""
        if self._thread is not None:
            self._waiting.put(None)
            self._thread.join(TIMEOUT + 1)
            self._thread = None

    def _work(self) -> None:
        import httpx  # slower to import than the whole sandbox, and most portals have no handlers

        headers = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": _AGENT}
        with httpx.Client(timeout=TIMEOUT, trust_env=False, follow_redirects=False, verify=False) as client:  # noqa: S501
            while True:
                item = self._waiting.get()
                try:
                    if item is None:
                        return
                    client.post(item[0], content=item[1], headers=headers)
                except httpx.HTTPError:  # the event is lost when its handler is not reachable
                    continue
                finally:
                    self._waiting.task_done()
