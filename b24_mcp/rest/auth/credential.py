"""The protocol of credentials. The client uses webhooks and OAuth logins through it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, Self

from b24_mcp.errors import Fault


class Route(Protocol):
    """The addresses and headers of one request. A route never changes."""

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers of the request; they are secret."""
        ...

    def is_at(self, address: str) -> bool:
        """Whether an address has the same host and port."""
        ...

    def moved_to(self, address: str) -> Self | None:
        """Return the route with the host of an address; None when that may be another portal."""
        ...

    def address_of(self, method: str, suffix: str = "") -> str:
        """Return the address of a method, which may be secret. `suffix` is empty or `.xml`."""
        ...

    def v3_address_of(self, method: str) -> str:
        """Return the address of a method of REST 3.0, which may be secret."""
        ...


class Credential(Protocol):
    """The credential of a portal."""

    @property
    def host(self) -> str:
        """The portal's host name with its port. It holds no secret."""
        ...

    @property
    def is_https(self) -> bool:
        """Whether the connection to the portal is encrypted."""
        ...

    @property
    def is_loopback(self) -> bool:
        """Whether the portal is on this computer."""
        ...

    @property
    def owner(self) -> str:
        """The key under which the portal counts operating time. It is secret, and the same at every start."""
        ...

    @property
    def setting(self) -> str:
        """The name of the setting that holds the portal's address."""
        ...

    @property
    def is_application(self) -> bool:
        """Whether calls are made by an application; some methods refuse a webhook."""
        ...

    async def route(self) -> Route:
        """Return the route of the next request.

        Raises:
            B24Error: when there is no usable credential at present; nothing was sent.
        """
        ...

    async def renew(self, route: Route, fault: Fault) -> bool:
        """Renew the credential after the portal refused a request. Return whether to send the request again.

        Raises:
            B24Error: when the credential should have been renewed and could not be.
        """
        ...

    async def follow(self, route: Route, address: str) -> Credential | None:
        """Return the credential for the new address that the portal named; None when it may be another portal's."""
        ...

    def at_configured_address(self) -> Credential:
        """Return the credential for the address that it had before `follow`."""
        ...

    async def aclose(self) -> None:
        """Close files and connections."""
        ...
