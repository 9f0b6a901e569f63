"""`Idempotency-Key`: a repeated write gets the stored answer and does not run again.

A key belongs to one webhook or application, one user and one method, and expires after 24 hours of the portal's clock.
Only successful answers are stored. Documentation: api-reference/rest-v3.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from b24_sandbox import php
from b24_sandbox.php import Value
from b24_sandbox.v3 import errors
from b24_sandbox.v3.context import Context
from b24_sandbox.v3.tables import IDEMPOTENCY

LIFETIME = 24 * 3600.0
LONGEST = 255


@dataclass(frozen=True, slots=True)
class StoredReply:
    """One key of one caller for one method, with a fingerprint of its request."""

    key: str
    owner: str
    body_hash: str

    def stored(self, context: Context) -> bytes | None:
        """The stored body, or `None` for a new key.

        Raises:
            ApiError: 422 when the key was used for another request.
        """
        found = context.storage.rows(
            IDEMPOTENCY, ["BODY_HASH", "ANSWER"], "OWNER = ? and EXPIRES > ?", [self.owner, context.now], "ID desc", 1
        )
        if not found:
            return None
        if found[0]["BODY_HASH"] != self.body_hash:
            raise errors.refusal(
                "IDEMPOTENCYKEYREUSEDEXCEPTION", "The idempotency key was already used with another request body", 422
            )
        return php.text(found[0]["ANSWER"]).encode()

    def store(self, context: Context, body: bytes) -> None:
        """Store a successful answer."""
        context.storage.insert(
            IDEMPOTENCY,
            {
                "OWNER": self.owner,
                "BODY_HASH": self.body_hash,
                "ANSWER": body.decode(),
                "EXPIRES": context.now + LIFETIME,
            },
        )


def entry(key: str, context: Context, method: str, params: Value) -> StoredReply:
    """Parse a key.

    Raises:
        ApiError: 400 for a key that is empty, too long or not printable ASCII.
    """
    import hashlib  # slow to import and rarely needed

    if not 1 <= len(key) <= LONGEST or not all(" " <= character <= "~" for character in key):
        raise errors.refusal(
            "INVALIDIDEMPOTENCYKEYEXCEPTION", f"The idempotency key must be 1 to {LONGEST} printable ASCII characters"
        )
    text = json.dumps(params, sort_keys=True, ensure_ascii=False)
    owner = json.dumps([context.caller.credential, context.user, method, key])
    return StoredReply(key, owner, hashlib.sha256(text.encode("utf-8", "replace")).hexdigest())
