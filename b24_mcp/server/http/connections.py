"""The limits of open connections: how many there are, from which address, and how long a request may take to arrive."""

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
"""Seconds between two lines about connections that were dropped."""
_FEWEST = 16
_RESERVE = 128
"""File descriptors left for the portal, data sets and queries, at least; a quarter of them where that is more."""


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """The limits: `most` connections in all, `per_address` of one address, and the seconds (`receive`) in which a
    request has to arrive whole and a client has to read what it is sent.
    """

    most: int = 512
    per_address: int = 256
    receive: float = 30.0


class Connection(Protocol):
    """An open connection, as far as the limits are concerned. The times are those of the clock of `Connections`."""

    address: str
    """The address of the client, or the IPv6 network it is in; "" when the share of an address does not apply."""
    served: bool
    """Whether a whole request came in on this connection."""
    waiting_since: float | None
    """When the server began to wait for a request, or for the rest of one; None while none is expected to arrive."""
    blocked_since: float | None
    """When the client stopped reading; None while it reads."""

    def expire(self) -> None:
        """Close the connection because its request did not arrive in time."""

    def abort(self) -> None:
        """Close the connection at once."""


class Connections:
    """The open connections of a server.

    A new connection is always taken while another one can be closed for it: first the oldest that never carried a whole
    request, then the oldest that is not answering one. So connections that are opened and left silent keep no client
    out, whatever their number.
    """

    def __init__(self, limits: ConnectionLimits, clock: Callable[[], float] = time.monotonic) -> None:
        self.limits = limits
        self.clock = clock
        self._open: dict[Connection, None] = {}
        self._per_address: Counter[str] = Counter()
        # The connections that may be closed for others, oldest first: by address (None for all), and by `served`.
        self._spare: defaultdict[tuple[str | None, bool], dict[Connection, None]] = defaultdict(dict)
        self._dropped: Counter[str] = Counter()
        self._logged_at = clock()

    def __len__(self) -> int:
        """The number of open connections."""
        return len(self._open)

    def admit(self, connection: Connection) -> bool:
        """Count a new connection in, and close another one where that is needed; False when none can be closed."""
        address = connection.address
        if address and self._per_address[address] >= self.limits.per_address and not self._evict(address):
            return False
        if len(self._open) >= self.limits.most and not self.evict():
            return False
        self._open[connection] = None
        self._per_address[address] += 1
        self.set_evictable(connection, True)
        return True

    def set_evictable(self, connection: Connection, spare: bool) -> None:
        """Note whether a connection may be closed for another one: whenever it is not answering a request."""
        if connection not in self._open:
            return
        for served in (False, True):
            for address in (None, connection.address):
                self._spare[address, served].pop(connection, None)
        if spare:
            for address in (None, connection.address):
                self._spare[address, connection.served][connection] = None

    def evict(self) -> bool:
        """Close the connection that is missed least; False when all of them are answering a request."""
        return self._evict(None)

    def remove(self, connection: Connection) -> None:
        """Count a connection out that was closed."""
        if connection not in self._open:
            return
        self.set_evictable(connection, False)
        del self._open[connection]
        address = connection.address
        self._per_address[address] -= 1
        if not self._per_address[address]:
            del self._per_address[address]
            for served in (False, True):
                self._spare.pop((address, served), None)

    def note(self, reason: str) -> None:
        """Count something for the log, such as a connection that was refused."""
        self._dropped[reason] += 1

    def sweep(self) -> None:
        """Close what is over its time, and write a line about it every ten seconds. Called about once a second."""
        now = self.clock()
        for connection in list(self._open):
            if _is_over(connection.blocked_since, now, self.limits.receive):
                self.note("clients did not read their answer")
                connection.abort()
            elif _is_over(connection.waiting_since, now, self.limits.receive):
                self.note("requests did not arrive in time")
                connection.expire()
        if now - self._logged_at >= _LOG_INTERVAL:
            self._logged_at = now
            self.report()

    def report(self) -> None:
        """Write a line about what was counted since the last one, if there is anything."""
        if self._dropped:
            counts = ", ".join(f"{count} {reason}" for reason, count in sorted(self._dropped.items()))
            _LOG.warning("HTTP connections closed: %s (%d are open)", counts, len(self._open))
            self._dropped.clear()

    def _evict(self, address: str | None) -> bool:
        for served in (False, True):
            spare = self._spare.get((address, served))
            if spare:
                victim = next(iter(spare))
                self.note("idle ones made room for others")
                self.remove(victim)
                victim.abort()
                return True
        self.note("came while all others were answering a request")
        return False


def connections_allowed(wanted: int) -> int:
    """Return how many of the `wanted` connections the limit of file descriptors allows, with a reserve for all else."""
    try:
        import resource
    except ImportError:  # Windows, whose sockets are not counted
        return wanted
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return wanted
    return max(_FEWEST, min(wanted, files - max(_RESERVE, files // 4)))


def address_of(peer: str | None) -> str:
    """Return what the share of an address is counted by: the IPv4 address, or the /64 network of an IPv6 address.

    It is "" for loopback and for sockets without an address: one proxy, or all users of this computer, are behind it.
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


def _is_over(since: float | None, now: float, seconds: float) -> bool:
    return since is not None and now - since >= seconds
