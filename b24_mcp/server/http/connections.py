"""The limits of open connections: their number, in total and per address, and the time for a request to arrive."""

from __future__ import annotations

import ipaddress
import logging
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

_LOG = logging.getLogger(__name__)
_LOG_INTERVAL = 10.0
"""Seconds between two log lines about closed connections."""
_MIN_CONNECTIONS = 16
_RESERVED_FILES = 128
"""File descriptors reserved for the portal, data sets and queries, or a quarter of all when that is more."""


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """The limits: `most` connections in total, `per_address` from one address, and `receive` seconds for a complete
    request to arrive and for a client to read its response.
    """

    most: int = 512
    per_address: int = 256
    receive: float = 30.0


class Connection(Protocol):
    """An open connection as the limits see it. Its times are read from the clock of `Connections`."""

    address: str
    """The address or the IPv6 network of the client; "" when the limit per address does not apply."""
    served: bool
    """Whether a complete request has arrived on this connection."""
    waiting_since: float | None
    """When the server began to wait for a request or for the rest of one; None while it does not wait."""
    blocked_since: float | None
    """When the client stopped reading; None while it is reading."""

    def expire(self) -> None:
        """Close the connection after a timeout of its request."""

    def abort(self) -> None:
        """Close the connection at once."""


class Connections:
    """The open connections of a server.

    A new connection is accepted as long as an idle one can be closed instead: first the oldest that never carried a
    complete request, then the oldest that is not answering a request. So silent connections do not block other
    clients, whatever their number.
    """

    def __init__(self, limits: ConnectionLimits, clock: Callable[[], float] = time.monotonic) -> None:
        self.limits = limits
        self.clock = clock
        self._open: dict[Connection, None] = {}
        self._per_address: Counter[str] = Counter()
        # The connections that can be closed for others, oldest first: by address (None for all) and by `served`.
        self._evictable: defaultdict[tuple[str | None, bool], dict[Connection, None]] = defaultdict(dict)
        self._counts: Counter[str] = Counter()
        self._logged_at = clock()

    def __len__(self) -> int:
        """Return the number of open connections."""
        return len(self._open)

    def admit(self, connection: Connection) -> bool:
        """Add a new connection, and close an idle one when a limit is reached. Return False when none can be closed."""
        address = connection.address
        if address and self._per_address[address] >= self.limits.per_address and not self._evict(address):
            return False
        if len(self._open) >= self.limits.most and not self.evict():
            return False
        self._open[connection] = None
        self._per_address[address] += 1
        self.set_evictable(connection, True)
        return True

    def set_evictable(self, connection: Connection, evictable: bool) -> None:
        """Set whether a connection can be closed for another one, which is when it is not answering a request."""
        if connection not in self._open:
            return
        for served in (False, True):
            for address in (None, connection.address):
                self._evictable[address, served].pop(connection, None)
        if evictable:
            for address in (None, connection.address):
                self._evictable[address, connection.served][connection] = None

    def evict(self) -> bool:
        """Close one idle connection. Return False when all of them are answering a request."""
        return self._evict(None)

    def remove(self, connection: Connection) -> None:
        """Remove a closed connection."""
        if connection not in self._open:
            return
        self.set_evictable(connection, False)
        del self._open[connection]
        address = connection.address
        self._per_address[address] -= 1
        if not self._per_address[address]:
            del self._per_address[address]
            for served in (False, True):
                self._evictable.pop((address, served), None)

    def count(self, reason: str) -> None:
        """Count an event for the log, such as a refused connection."""
        self._counts[reason] += 1

    def sweep(self) -> None:
        """Close connections after their timeout, and log the counts every ten seconds. Called about once a second."""
        now = self.clock()
        for connection in list(self._open):
            if _is_expired(connection.blocked_since, now, self.limits.receive):
                self.count("clients did not read their response")
                connection.abort()
            elif _is_expired(connection.waiting_since, now, self.limits.receive):
                self.count("requests did not arrive in time")
                connection.expire()
        if now - self._logged_at >= _LOG_INTERVAL:
            self._logged_at = now
            self.report()

    def report(self) -> None:
        """Log what was counted since the last line, if anything."""
        if self._counts:
            counts = ", ".join(f"{count} {reason}" for reason, count in sorted(self._counts.items()))
            _LOG.warning("HTTP connections closed: %s (%d are open)", counts, len(self._open))
            self._counts.clear()

    def _evict(self, address: str | None) -> bool:
        for served in (False, True):
            evictable = self._evictable.get((address, served))
            if evictable:
                victim = next(iter(evictable))
                self.count("idle, replaced by others")
                self.remove(victim)
                victim.abort()
                return True
        self.count("refused while all others were answering a request")
        return False


def connections_allowed(wanted: int) -> int:
    """Return how many of the `wanted` connections the limit of file descriptors allows, minus a reserve."""
    try:
        import resource
    except ImportError:  # Windows does not count sockets
        return wanted
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return wanted
    return max(_MIN_CONNECTIONS, min(wanted, files - max(_RESERVED_FILES, files // 4)))


def address_of(peer: str | None) -> str:
    """Return the key of the limit per address: the IPv4 address, or the /64 network of an IPv6 address.

    It is "" for loopback and for sockets without an address: one proxy, or all users of this computer, share these.
    """
    try:
        address = ipaddress.ip_address((peer or "").partition("%")[0])
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            network = ipaddress.ip_network((address, 64), strict=False)
            return "" if address.is_loopback else str(network)
        address = address.ipv4_mapped
    return "" if address.is_loopback else str(address)


def _is_expired(since: float | None, now: float, seconds: float) -> bool:
    return since is not None and now - since >= seconds
