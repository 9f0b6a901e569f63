"""The requests of a list that is read by `start`: which pages one request asks for, and their answers."""

from __future__ import annotations

from collections.abc import Mapping

from b24_mcp.errors import B24Error
from b24_mcp.rest.batch.outcomes import Succeeded
from b24_mcp.rest.listing.pace import Pace
from b24_mcp.rest.listing.start_pages import StartPages
from b24_mcp.rest.listing.strategy import ListSender, error_of
from b24_mcp.rest.listing.verification import CHECKED_PAGES, IdVerification
from b24_mcp.rest.wire.answer import Answer


class StartRequests:
    """Sends the requests for pages of one list.

    `by_id` reads the first page together with the largest id. Without `together` each page is a request of its own.
    """

    def __init__(
        self,
        sender: ListSender,
        method: str,
        params: Mapping[str, object],
        pages: StartPages,
        *,
        together: bool,
        by_id: IdVerification | None,
    ) -> None:
        self._sender, self._method, self._params, self._pages = sender, method, params, pages
        self._pace = Pace(together=together)
        self.together, self.by_id = together, by_id
        self._speculative = 1

    @property
    def most_pages(self) -> int:
        """The number of pages that fit in the next request."""
        return self._pace.pages

    def starts(self, wanted: int | None) -> list[int]:
        """Return the starts of the pages of the next request.

        If ids identify rows, a large request begins with the page before, to see whether rows have moved.
        """
        known = self._pages
        start, size = known.start, known.size
        if known.is_first:
            seam = start - size
            return [seam, start] if seam in known.digests and self.together else [start]
        pages = self._pace.pages
        if wanted is not None:
            pages = min(pages, max(1, -(-wanted // size)))
        if known.total and known.is_count_right:  # and one page more if the last one is full
            pages = min(pages, max(1, (known.total - start) // size + 1))
        else:
            pages = min(pages, self._speculative)
            self._speculative *= 2
        if pages > 4 and known.key is not None and start - size in known.digests:
            start, pages = start - size, min(pages + 1, self._pace.pages)
        return [start + number * size for number in range(pages)]

    async def send(self, starts: list[int], wanted: int | None) -> tuple[list[Answer], B24Error | None]:
        """Send one request. Return the pages up to the first that failed, and its error."""
        may_be_long = wanted is None or wanted > CHECKED_PAGES * self._pages.size
        if self._pages.is_first and self.by_id is not None and self.together and may_be_long:
            answer = await self.by_id.begin(self._page(starts[0]))
            if answer is not None:
                return [answer], None
        if len(starts) == 1:
            try:
                return [await self._sender.call(self._method, self._page(starts[0]))], None
            except B24Error as exc:
                return [], exc
        answered = await self._sender.batch(
            {f"start{start}": {"method": self._method, "params": self._page(start)} for start in starts}
        )
        answers: list[Answer] = []
        for outcome in answered.outcomes.values():
            if not isinstance(outcome, Succeeded):
                return answers, error_of(outcome, answered)
            answers.append(outcome.answer)
        return answers, None

    def adapt(self, tried: int, answers: list[Answer], error: B24Error | None) -> B24Error | None:
        """Adapt the size of the next request to the outcome of one. Return the error if retrying is of no use."""
        if answers:
            self._pace.learn(answer.time for answer in answers)
        if error is None:
            return None
        self._pace.back_off(tried)
        return None if self._pace.may_retry(tried, error.fault) else error

    async def pause(self) -> None:
        """Wait after a failed request."""
        seconds = self._pace.take_pause()
        if seconds:
            await self._sender.pause(seconds)

    def _page(self, start: int) -> dict[str, object]:
        return {**self._params, "start": start}
