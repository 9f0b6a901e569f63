"""A person's approval of a call, where the client cannot ask for it: a code, confirmed in a terminal.

The answer to the model carries the code; `b24-mcp approve CODE` shows what it stands for and writes the approval into
the state that both processes share; the same call, made again, takes it out. The code opens nothing: whoever only knows
it can approve nothing.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from b24_mcp.state import ExpiringStore

LIFETIME = 600.0
"""Seconds a code waits for a person, and then an approval for its call."""

_LETTERS = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
_CODE_LENGTH = 8


@dataclass(frozen=True, slots=True)
class PendingApproval:
    """What a person is to approve: `digest` recognises the call, `said` tells everything it will do."""

    digest: str
    user: str
    client: str
    portal: str
    said: str


@dataclass(frozen=True, slots=True)
class Approvals:
    """Pending calls and approvals in the shared state. `now` gives Unix time, for tests.

    Raises (every method):
        OSError: when the state cannot be used.
    """

    store: ExpiringStore
    now: Callable[[], float] = time.time

    async def ask(self, request: PendingApproval) -> str:
        """Give the code under which a person finds this request: the same for the same call while it waits."""
        moment = self.now()
        known = await self.store.read_note(_asked(request.digest), moment)
        if known is not None and await self.store.read_note(_waiting(known), moment) is not None:
            return known
        code = "".join(secrets.choice(_LETTERS) for _ in range(_CODE_LENGTH))
        await self.store.put_note(_waiting(code), json.dumps(asdict(request)), moment, seconds=LIFETIME)
        await self.store.put_note(_asked(request.digest), code, moment, seconds=LIFETIME)
        return code

    async def find(self, code: str) -> PendingApproval | None:
        """What waits under a code, written in any letter case; None when there is nothing or its time is over."""
        stored = await self.store.read_note(_waiting(code.strip().upper()), self.now())
        return None if stored is None else PendingApproval(**json.loads(stored))

    async def approve(self, code: str) -> bool:
        """Let the call under this code through, once, within ten minutes; False when nothing waits there any longer."""
        stored = await self.store.take_note(_waiting(code.strip().upper()), self.now())
        if stored is None:
            return False
        await self.store.put_note(
            _approved(PendingApproval(**json.loads(stored)).digest), "yes", self.now(), seconds=LIFETIME
        )
        return True

    async def is_approved(self, digest: str) -> bool:
        """Whether a call may go through; asking uses nothing up."""
        return await self.store.read_note(_approved(digest), self.now()) is not None

    async def use(self, digest: str) -> bool:
        """Take the approval of a call: of several who ask, one gets it."""
        return await self.store.take_note(_approved(digest), self.now()) is not None


def _waiting(code: str) -> str:
    return f"approval:waiting:{code}"


def _asked(digest: str) -> str:
    return f"approval:asked:{digest}"


def _approved(digest: str) -> str:
    return f"approval:given:{digest}"
