"""One call as a method receives it: parameters, caller and the world of the call.

Families of methods look up parameter names differently.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from b24_sandbox import links, php
from b24_sandbox.php import Map, Value
from b24_sandbox.row import Sent
from b24_sandbox.world import World

if TYPE_CHECKING:
    from b24_sandbox.answer import RowPage, Timing
    from b24_sandbox.callers import PortalCaller, RegisteredApplication
    from b24_sandbox.credentials import Credentials
    from b24_sandbox.event_sender import EventSender
    from b24_sandbox.executions import Executions
    from b24_sandbox.oauth import OAuthServer
    from b24_sandbox.storage import Storage


@dataclass(frozen=True, slots=True)
class FilePart:
    """A file of a multipart body."""

    filename: str
    content_type: str
    content: bytes


class CalledMethod(Protocol):
    """A method as a call sees it. `b24_sandbox.registry.RegisteredMethod` implements it."""

    @property
    def name(self) -> str:
        """The documented name."""

    @property
    def scope(self) -> str:
        """The scope that credentials need; empty: none."""

    @property
    def controller(self) -> bool:
        """Whether it is an action of a controller."""

    @property
    def run(self) -> Callable[[Call], Value]:
        """The body of the method."""


class MethodNames(Protocol):
    """The names of the portal's methods. `b24_sandbox.registry.Registry` implements it."""

    def find(self, name: str) -> CalledMethod | None:
        """Find a method by name."""

    def listed(self, scope: str | None = None) -> list[str]:
        """The names of classic methods, of one scope or of all."""

    def scopes(self) -> list[str]:
        """All scopes of the methods."""


class CallWorld(World, Protocol):
    """The world of a call: in addition to what rules about records use, the methods, the callers and the events."""

    @property
    def registry(self) -> MethodNames:
        """The methods."""

    @property
    def credentials(self) -> Credentials:
        """The credentials of callers."""

    @property
    def oauth(self) -> OAuthServer:
        """The authorization server."""

    @property
    def events(self) -> EventSender:
        """The delivery of events."""

    @property
    def executions(self) -> Executions | None:
        """The log of executed methods, when one was requested."""

    @property
    def link_key(self) -> str:
        """The key that signs links."""

    def next_nonce(self) -> str:
        """A number that no earlier signed link contains."""

    def perform(self, name: str, params: Map, outer: Call) -> tuple[RowPage, Timing]:
        """Run a command of the batch `outer` with the credentials of the batch."""

    def timed(
        self, method: str, caller: PortalCaller, params: Map, run: Callable[[], Value], *, inside_batch: bool = False
    ) -> tuple[Value, Timing]:
        """Run the body of a method under the operating limit and log the execution. Return its result and its timing.

        Raises:
            PortalError: 429 `OPERATION_TIME_LIMIT` before anything runs, or the error of `run`.
        """


@dataclass(slots=True)
class Call:
    """A call of `method` by `caller`. `start` is removed from `params`; it is `None` when it was not sent.

    `base` is the scheme and host the client used (`https://portal.example:8024`, without a trailing slash), for
    addresses in answers. `files` are the file parts of a multipart body by field name.
    """

    portal: CallWorld
    method: CalledMethod
    caller: PortalCaller
    params: Map
    start: int | None = None
    base: str = "http://127.0.0.1"
    files: Mapping[str, FilePart] = field(default_factory=dict)

    @property
    def user(self) -> int:
        """The id of the user the call acts as."""
        return self.caller.user

    @property
    def admin(self) -> bool:
        """Whether that user is an administrator of the portal."""
        return self.caller.admin

    @property
    def application(self) -> RegisteredApplication | None:
        """The OAuth application that calls; `None` for a webhook."""
        return self.caller.application

    @property
    def scopes(self) -> frozenset[str]:
        """The scopes granted to the credentials."""
        return self.caller.scopes

    def grants(self, method: CalledMethod) -> bool:
        """Whether the scopes of the credentials cover a method."""
        return not method.scope or method.scope in self.caller.scopes

    def link(self, name: str, params: Map, scope: str | None = None) -> str:
        """The address of a signed link that contains `params`: `download`, `upload` or the name of a method.

        The link contains these credentials and is valid for them only. `scope` defaults to the scope of the method; for
        `download` and `upload` it selects the handler (`Registry.link`).
        """
        granted = self.method.scope if scope is None else scope
        portal = self.portal
        return links.address(self.base, name, params, granted, self.caller, portal.link_key, portal.next_nonce())

    @property
    def storage(self) -> Storage:
        """The records of the portal."""
        return self.portal.storage

    @property
    def offset(self) -> int:
        """`start` as a list uses it."""
        return self.start or 0

    @property
    def now(self) -> float:
        """The time of the portal's clock in Unix seconds."""
        return self.portal.clock()

    def classic(self, name: str) -> Value:
        """Return a parameter as classic CRM methods look it up: exact, UPPER, lower, Capitalised, `arName`."""
        for key in (name, name.upper(), name.lower(), name.capitalize(), "ar" + name.capitalize()):
            if key in self.params:
                return self.params[key]
        return None

    def exact(self, name: str) -> Value:
        """Return a parameter as controllers bind it: the documented spelling only."""
        return self.params.get(name)

    @property
    def sent(self) -> Sent:
        """All parameters under the names they were sent with, as controllers bind them."""
        return Sent(self.params)

    @property
    def upper(self) -> Sent:
        """All parameters under UPPER-case names, as `user.*` and the common methods read them."""
        return Sent({key.upper(): value for key, value in self.params.items()})

    def upper_case(self) -> Sent:
        """The same as `upper`."""
        return self.upper

    def positional(self) -> list[Value]:
        """The parameters in order of appearance without their names. Texts that equal the method name are dropped."""
        name = self.method.name.lower()
        return [value for value in self.params.values() if not (isinstance(value, str) and name in value.lower())]


def split_start(params: Map) -> tuple[int | None, Map]:
    """Split `start` (this exact spelling) from the other parameters."""
    if "start" not in params:
        return None, params
    rest = dict(params)
    return php.integer(rest.pop("start")), rest
