"""The retry policy: whether a failed request is sent again, and after which pause.

A request that was certainly not executed may be sent again. One that may have been executed is sent again only if it
only reads, or in REST 3.0 under an idempotency key. The pauses grow and have jitter, so that processes that failed
together do not retry together.
"""

from __future__ import annotations

import random

from b24_mcp.errors import Fault

_JITTER = random.SystemRandom()
# The first pause in seconds, its growth, and the largest number of retries.
_AFTER_REFUSAL = (1.0, 1.7, 8)
_AFTER_NO_CONNECTION = (0.5, 2.0, 2)
_AFTER_DOUBT = (0.5, 1.6, 8)


def pause_before_retry(fault: Fault, tries: int, *, repeatable: bool, alike: int = 1) -> float | None:
    """Return the seconds to wait before the same request is sent again; None if it must not be sent again.

    `tries` is the number of times it was sent so far, `alike` how many of these failed in the same way. `repeatable` is
    whether it may safely be executed twice.
    """
    plan = _plan(fault, repeatable)
    if plan is None:
        return None
    first, growth, most = plan
    if tries > most or (alike > 1 and _is_final(fault)):
        return None
    return float(first * growth ** (tries - 1) * _JITTER.uniform(0.8, 1.2))


def is_answer(fault: Fault) -> bool:
    """Whether the portal itself had finished the request when it reported this failure.

    An error page of a gateway only means that the gateway stopped waiting.
    """
    if fault.status is None:
        return False
    return not fault.code.startswith("B24MCP_") or 200 <= fault.status < 300


def _is_final(fault: Fault) -> bool:
    """Whether another try would fail in the same way: a page instead of data, or the method itself fails."""
    return fault.executed == "unknown" and (is_answer(fault) or fault.status == 500)


def is_refused_by_limit(fault: Fault) -> bool:
    """Whether a limit refused the call before it was executed."""
    return fault.executed == "no" and fault.retryable and fault.kind in ("rate_limit", "operating_limit")


def _plan(fault: Fault, repeatable: bool) -> tuple[float, float, int] | None:
    if is_refused_by_limit(fault):
        return _AFTER_REFUSAL
    if fault.executed == "no" and fault.retryable and fault.kind == "unavailable":
        return _AFTER_NO_CONNECTION
    passing = fault.kind == "unavailable" or (fault.status or 0) >= 500
    return _AFTER_DOUBT if repeatable and fault.executed == "unknown" and passing else None
