"""What opens a portal: an incoming webhook or an OAuth login. The client knows both by this one form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, Self

from b24_mcp.errors import Fault


class Route(Protocol):
    """The way one request takes: where a method is, and what is shown there. It never changes."""

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """What is sent beside the request, secret."""
        ...

    def is_at(self, address: str) -> bool:
        """Whether an address is on this very host and port."""
        ...

    def moved_to(self, address: str) -> Self | None:
        """The same way at the host of an address, or None when that is not surely the portal's own."""
        ...

    def address_of(self, method: str, suffix: str = "") -> str:
        """The address of a method, perhaps secret. `suffix` is empty or `.xml`."""
        ...

    def v3_address_of(self, method: str) -> str:
        """The address of a method of REST 3.0."""
        ...


class Credential(Protocol):
    """What opens a portal. `owner` is whom the portal's accounting charges, the same at every start; secret."""

    @property
    def host(self) -> str:
        """The portal's host name with its port, fit to be shown."""
        ...

    @property
    def is_https(self) -> bool:
        """Whether the way to the portal is encrypted."""
        ...

    @property
    def is_loopback(self) -> bool:
        """Whether the portal is on this machine."""
        ...

    @property
    def owner(self) -> str:
        """Whom the portal's accounting charges."""
        ...

    @property
    def setting(self) -> str:
        """The name of the setting in which a person gives the portal's address."""
        ...

    async def route(self) -> Route:
        """The way for the next request.

        Raises:
            B24Error: when there is none at present; nothing was sent.
        """
        ...

    async def renew(self, route: Route, fault: Fault) -> bool:
        """The portal refused a request that took `route`: is it worth sending once more, the new way?

        Raises:
            B24Error: when the credential should have been renewed and could not be.
        """
        ...

    async def follow(self, route: Route, address: str) -> Credential | None:
        """The credential for the address the portal names as its new one; None when that is not surely it."""
        ...

    def at_configured_address(self) -> Credential:
        """The credential for the address it had before `follow`."""
        ...

    async def aclose(self) -> None:
        """Let go of files and connections."""
        ...
