"""One request for pages of one or several ranges of ids, chained by references within each range."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from b24_mcp.errors import B24Error
from b24_mcp.rest.batch.outcomes import BatchAnswer, Failed, Succeeded
from b24_mcp.rest.listing.query import Bound, KeysetQuery
from b24_mcp.rest.listing.ranges import IdRange, Share
from b24_mcp.rest.listing.strategy import ListSender, why_not
from b24_mcp.rest.wire.answer import Answer


@dataclass(slots=True)
class ChainAnswer:
    """What came back for one share: the pages that were answered, in order, and the error that ended them.

    `at_end` once a page was found not to be full: what follows it means nothing, failures neither.
    """

    share: Share
    answers: list[Answer]
    error: B24Error | None = None
    at_end: bool = False


async def ask(
    sender: ListSender,
    method: str,
    query: KeysetQuery,
    ranges: Sequence[IdRange],
    request: list[Share],
    last_id: Sequence[str],
) -> list[ChainAnswer]:
    """Send one request. `last_id` is the path from the result of a full page to the id of its last row."""
    if sum(share.pages for share in request) == 1:
        id_range = ranges[request[0].id_range]
        try:
            answer = await sender.call(method, query.page(id_range.after, id_range.until))
        except B24Error as exc:
            return [ChainAnswer(request[0], [], exc)]
        return [ChainAnswer(request[0], [answer])]
    commands: dict[str, dict[str, Any]] = {}
    for share in request:
        id_range = ranges[share.id_range]
        after: Bound | None = id_range.after
        for number in range(share.pages):
            name = _name(share, number)
            commands[name] = {"method": method, "params": query.page(after, id_range.until)}
            after = f"$result[{name}]" + "".join(f"[{part}]" for part in last_id)
    try:
        answered = await sender.batch(commands)
    except B24Error as exc:
        return [ChainAnswer(share, [], exc) for share in request]
    return [_read(share, answered, is_first=share is request[0]) for share in request]


def _read(share: Share, answered: BatchAnswer, *, is_first: bool) -> ChainAnswer:
    asked = ChainAnswer(share, [])
    for number in range(share.pages):
        outcome = answered.outcomes[_name(share, number)]
        if isinstance(outcome, Succeeded):
            asked.answers.append(outcome.answer)
            continue
        # What did not run because the chain of another range failed is simply asked for again.
        asked.error = why_not(outcome, answered) if isinstance(outcome, Failed) or is_first else None
        break
    return asked


def _name(share: Share, number: int) -> str:
    return f"range{share.id_range}page{number}"
