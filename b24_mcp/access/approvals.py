"""Approval by code, for clients that cannot ask the user: the user confirms the code in a terminal or on a page.

The answer to the model contains the code. `b24-mcp approve CODE` shows the call and stores the approval in the state
that both processes share. People who log in over HTTP find their waiting calls on their page, and approve or decline
them there. The same call, made again, uses the approval up. It may be made again by its code alone: the request is
stored beside the question, as private as the rest of the state. The code is not a credential: without access to the
terminal or the page it approves nothing, and it repeats a request only for the caller who made it.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace

import anyio

from b24_mcp.state import ExpiringStore

LIFETIME = 600.0
"""How long a code is valid, and then how long an approval is valid, in seconds."""

_LETTERS = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
_CODE_LENGTH = 8
_PAUSE = 0.5
"""Seconds between two checks of a code that waits for an answer."""
_STORED_WITHIN = 2.0
"""Seconds after which the answer to a code is certainly stored."""


@dataclass(frozen=True, slots=True)
class PendingApproval:
    """A call that waits for approval, or that was approved.

    `digest` identifies the call; `said` is the question about it. `user` is the name of the caller, who alone may
    answer on a page. `request` is the request as JSON, and `portal_name` the configured name of its portal. Both are
    empty when the request cannot be repeated by its code. `asked_at` is in Unix time.
    """

    digest: str
    user: str
    client: str
    portal: str
    said: str
    request: str = ""
    portal_name: str = ""
    asked_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Approvals:
    """The pending calls and the approvals in the shared state. `now` returns Unix time, and `sleep` waits for seconds.
    Tests replace both.

    Raises (every method):
        OSError: when the state cannot be used.
    """

    store: ExpiringStore
    now: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep

    async def ask(self, request: PendingApproval) -> str:
        """Store a request and return its code. The same call gets the same code until the answer to it was used."""
        known = await self._known_code(request.digest)
        if known is not None:
            return known
        moment = self.now()
        code = "".join(secrets.choice(_LETTERS) for _ in range(_CODE_LENGTH))
        stored, group = json.dumps(asdict(replace(request, asked_at=moment))), _group(request.user)
        await self.store.put_note(_waiting(code), stored, moment, seconds=LIFETIME, group=group)
        await self.store.put_note(_asked(request.digest), code, moment, seconds=LIFETIME)
        return code

    async def find(self, code: str) -> PendingApproval | None:
        """Return the request of a code, in any letter case; None when the code is unknown or expired."""
        stored = await self.store.read_note(_waiting(_normal(code)), self.now())
        return None if stored is None else _pending(stored)

    async def waiting_for(self, user: str) -> Mapping[str, PendingApproval]:
        """Return the requests of a caller that wait for an answer, by their codes, the oldest first."""
        stored = await self.store.read_group(_group(user), self.now())
        found = {key.removeprefix(_waiting("")): _pending(text) for key, text in stored.items()}
        return dict(sorted(found.items(), key=lambda item: (item[1].asked_at, item[0])))

    async def approve(self, code: str) -> bool:
        """Approve the call of a code, once, within ten minutes. Return False when the code is unknown or expired."""
        code = _normal(code)
        stored = await self.store.take_note(_waiting(code), self.now())
        if stored is None:
            return False
        digest = _pending(stored).digest
        await self.store.put_note(_approved(digest), code, self.now(), seconds=LIFETIME)
        await self.store.put_note(_approved_request(code), stored, self.now(), seconds=LIFETIME)
        return True

    async def decline(self, code: str) -> bool:
        """Decline the call of a code. The next try of the caller is refused. Return False when the code is unknown."""
        code = _normal(code)
        stored = await self.store.take_note(_waiting(code), self.now())
        if stored is None:
            return False
        await self.store.put_note(_declined(_pending(stored).digest), code, self.now(), seconds=LIFETIME)
        await self.store.put_note(_declined_request(code), stored, self.now(), seconds=LIFETIME)
        return True

    async def find_declined(self, code: str) -> PendingApproval | None:
        """Return the request of a code that a person declined, until its caller was informed."""
        stored = await self.store.read_note(_declined_request(_normal(code)), self.now())
        return None if stored is None else _pending(stored)

    async def learn_decline(self, digest: str) -> bool:
        """Return whether a person declined a call, and forget it: the next such call asks again."""
        code = await self.store.take_note(_declined(digest), self.now())
        if code is None:
            return False
        await self.store.take_note(_declined_request(code), self.now())
        await self.store.take_note(_asked(digest), self.now())
        return True

    async def wait_for_answer(self, code: str, seconds: float) -> None:
        """Wait until a code was approved, declined or has expired, and at most for some seconds."""
        ends_at = self.now() + seconds
        while await self.find(code) is not None:
            if self.now() >= ends_at:
                return
            await self.sleep(_PAUSE)
        # The answer is stored a moment after the code stops waiting. An expired code gets no answer.
        ends_at = self.now() + _STORED_WITHIN
        while self.now() < ends_at and not await self._is_answered(code):
            await self.sleep(_PAUSE)

    async def _known_code(self, digest: str) -> str | None:
        """Return the code of a call that was asked about, until the answer to it was used."""
        ends_at = self.now() + _STORED_WITHIN
        while (code := await self.store.read_note(_asked(digest), self.now())) is not None:
            if await self.find(code) is not None or await self._is_answered(code):
                return code
            if self.now() >= ends_at:
                return None
            await self.sleep(_PAUSE)  # its answer is being stored
        return None

    async def _is_answered(self, code: str) -> bool:
        return await self.find_approved(code) is not None or await self.find_declined(code) is not None

    async def find_approved(self, code: str) -> PendingApproval | None:
        """Return the approved call of a code that was not made yet. This does not use the approval up."""
        stored = await self.store.read_note(_approved_request(_normal(code)), self.now())
        return None if stored is None else _pending(stored)

    async def is_approved(self, digest: str) -> bool:
        """Whether a call is approved. This does not use the approval up."""
        return await self.store.read_note(_approved(digest), self.now()) is not None

    async def use(self, digest: str) -> bool:
        """Use the approval of a call up. Of several concurrent callers, only one gets True."""
        code = await self.store.take_note(_approved(digest), self.now())
        if code is None:
            return False
        await self.store.take_note(_approved_request(code), self.now())
        await self.store.take_note(_asked(digest), self.now())
        return True


def _group(user: str) -> str:
    return f"approval:of:{user}"


def _pending(stored: str) -> PendingApproval:
    """Read a stored request. What another version of the program stored beside it is ignored."""
    known = {field.name for field in fields(PendingApproval)}
    return PendingApproval(**{name: value for name, value in json.loads(stored).items() if name in known})


def _normal(code: str) -> str:
    return code.strip().upper()


def _waiting(code: str) -> str:
    return f"approval:waiting:{code}"


def _asked(digest: str) -> str:
    return f"approval:asked:{digest}"


def _approved(digest: str) -> str:
    return f"approval:given:{digest}"


def _approved_request(code: str) -> str:
    return f"approval:request:{code}"


def _declined(digest: str) -> str:
    return f"approval:declined:{digest}"


def _declined_request(code: str) -> str:
    return f"approval:declined-request:{code}"
