"""Chains of pages: the commands that read a range of ids page after page in one batch.

Each page begins after the last id of the page before, by a reference. So only the first command of a chain differs from
one request to the next. The others are planned and encoded once for each range.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from b24_mcp.errors import B24Error
from b24_mcp.rest.batch.commands import BatchPlan, Command
from b24_mcp.rest.batch.ledger import Ledger
from b24_mcp.rest.batch.outcomes import BatchAnswer, Failed, Succeeded
from b24_mcp.rest.batch.resolved_command import ResolvedCommand
from b24_mcp.rest.batch.v2 import BatchV2
from b24_mcp.rest.listing.query import Bound, KeysetQuery
from b24_mcp.rest.listing.ranges import IdRange, Share
from b24_mcp.rest.listing.strategy import ListSender, error_of
from b24_mcp.rest.planned import PlannedBatch
from b24_mcp.rest.wire.answer import Answer


@dataclass(slots=True)
class ChainEncoding(BatchV2):
    """An encoding that is used for many requests. A command that is sent again is not encoded again."""

    _resolved: dict[str, ResolvedCommand] = field(default_factory=dict, init=False)

    def resolve(self, command: Command, ledger: Ledger) -> ResolvedCommand:
        """Return what `BatchV2.resolve` returns. Before the first outcome it depends on nothing but the command."""
        if ledger.outcomes:
            return BatchV2.resolve(self, command, ledger)
        known = self._resolved.get(command.name)
        if known is None or known.command is not command:
            known = self._resolved[command.name] = BatchV2.resolve(self, command, ledger)
        return known


@dataclass(slots=True)
class ChainAnswer:
    """The answers to one share: the pages in their order, and the error that ended them.

    `at_end` is set once a page was found not to be full. What follows such a page means nothing, also an error.
    """

    share: Share
    answers: list[Answer]
    error: B24Error | None = None
    at_end: bool = False


class Chains:
    """The chains of one list."""

    def __init__(self, method: str, query: KeysetQuery) -> None:
        self._method, self._query = method, query
        self._bounds: dict[int, tuple[int | None, tuple[str, ...]]] = {}
        self._commands: dict[int, tuple[Command, ...]] = {}
        self._encoding = ChainEncoding([], halt=True, format="json")

    async def read(
        self, sender: ListSender, ranges: Sequence[IdRange], request: list[Share], last_id: tuple[str, ...]
    ) -> list[ChainAnswer]:
        """Send one request. `last_id` is the path from the result of a full page to the id of its last row."""
        if sum(share.pages for share in request) == 1:
            id_range = ranges[request[0].id_range]
            try:
                answer = await sender.call(self._method, self._query.page(id_range.after, id_range.until))
            except B24Error as exc:
                return [ChainAnswer(request[0], [], exc)]
            return [ChainAnswer(request[0], [answer])]
        try:
            answered = await sender.run(self._batch(ranges, request, last_id), self._encoding)
        except B24Error as exc:
            return [ChainAnswer(share, [], exc) for share in request]
        return [_chain_answer(share, answered, is_first=share is request[0]) for share in request]

    def _batch(self, ranges: Sequence[IdRange], request: Sequence[Share], last_id: tuple[str, ...]) -> PlannedBatch:
        """Return the batch of one request."""
        commands: list[Command] = []
        for share in request:
            id_range = ranges[share.id_range]
            first, *others = self._planned(share, id_range, last_id)
            if first.params != (params := self._query.page(id_range.after, id_range.until)):
                plan = BatchPlan([first.name])
                plan.add(first.name, self._method, params, "v2")
                (first,) = plan.finished(halt=True).commands
            commands += (first, *others)
        return PlannedBatch(tuple(commands), halt=True)

    def _planned(self, share: Share, id_range: IdRange, last_id: tuple[str, ...]) -> tuple[Command, ...]:
        """Return a chain, planned as a whole. Its first command may begin after an earlier id."""
        number, known = share.id_range, self._commands.get(share.id_range, ())
        if len(known) >= share.pages and self._bounds[number] == (id_range.until, last_id):
            return known[: share.pages]
        names = [_name(number, page) for page in range(share.pages)]
        plan = BatchPlan(names)
        after: Bound | None = id_range.after
        for name in names:
            plan.add(name, self._method, self._query.page(after, id_range.until), "v2")
            after = f"$result[{name}]" + "".join(f"[{part}]" for part in last_id)
        self._bounds[number] = (id_range.until, last_id)
        self._commands[number] = plan.finished(halt=True).commands
        every = [command for commands in self._commands.values() for command in commands]
        self._encoding = ChainEncoding(every, halt=True, format="json")
        return self._commands[number]


def _chain_answer(share: Share, answered: BatchAnswer, *, is_first: bool) -> ChainAnswer:
    chain = ChainAnswer(share, [])
    for page in range(share.pages):
        outcome = answered.outcomes[_name(share.id_range, page)]
        if isinstance(outcome, Succeeded):
            chain.answers.append(outcome.answer)
            continue
        # A command that did not run because another range failed is requested again, without an error.
        chain.error = error_of(outcome, answered) if isinstance(outcome, Failed) or is_first else None
        break
    return chain


def _name(id_range: int, page: int) -> str:
    return f"range{id_range}page{page}"
