"""The approval of a plan: by the user in the client or the terminal, or with a code for `b24-mcp approve`."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Literal, Protocol

from anyio.to_thread import run_sync

from b24_mcp.access import Approvals, PendingApproval, Permit, current_caller
from b24_mcp.app.planning import Plan
from b24_mcp.errors import B24Error, our_error
from b24_mcp.secrets import Redactor
from b24_mcp.texts import Language

Answered = Literal["allowed", "declined", "refused", "not asked", "unreadable", "waiting"]
Opened = Literal["opened", "declined", "not asked"]
APPROVAL_PAGE: ContextVar[str | None] = ContextVar("approval_page", default=None)
"""The beginning of the addresses at which the person of the running call answers questions; None without such pages."""
_LONGEST_WAIT = 40.0
_WAIT_SHARE = 0.7
"""The longest wait of a call for the answer on a page: in seconds, and as a share of the deadline of a call."""
_LONGEST_MESSAGE = 2_000
_SAID: Mapping[Answered, str] = {
    "declined": "The question was declined by the person or by the client.",
    "not asked": "This client did not ask the user.",
    "unreadable": "The client sent no valid answer to the question: neither yes nor no.",
    "waiting": "The person was sent to the page of the question, and has not answered there yet.",
}
_DECLINED = (
    "Nothing was sent. If the person declined, do not repeat the call, and ask what to do instead. Some clients "
    "decline by themselves, without showing the question. "
)


class AskUser(Protocol):
    """A way to ask the user about a plan."""

    @property
    def longest(self) -> int | None:
        """The largest number of characters of a question; None for any number."""
        ...

    @property
    def can_ask(self) -> bool:
        """Whether a user can be asked in this way."""
        ...

    async def ask(self, question: str, language: Language) -> Answered:
        """Return the answer of the user to a question in this language.

        It is "refused" when a person surely refused, and "declined" when the client may have done so by itself. It is
        "not asked" when the client closed the question, "unreadable" for an answer that is no valid form, and "waiting"
        while a page waits for the person.
        """
        ...

    @property
    def can_open(self) -> bool:
        """Whether the client can open an address in the browser of the user."""
        ...

    async def open(self, address: str, code: str, question: str, language: Language) -> Opened:
        """Ask the user to open the page at an address, which has the question. Return whether they agreed to open it.

        `code` identifies the question.
        """
        ...

    async def closed(self, code: str) -> None:
        """Report to the client that the question of a page was answered."""
        ...


async def permit_of(plan: Plan, ask: AskUser | None, redactor: Redactor, request: str = "") -> Permit:
    """Return the permit of a plan, once the user has given the approval if one is needed.

    `request` is as in `permit_for`.

    Raises:
        B24Error: as `permit_for`.
    """
    if not plan.to_approve:
        return plan.permit()
    permit = await permit_for(plan, ask, redactor, request)
    await plan.opened.gate.begin_window()
    return permit


async def permit_for(plan: Plan, ask: AskUser | None, redactor: Redactor, request: str = "") -> Permit:
    """Return the permit of a plan that needs approval, once the user has given it.

    `request` is the request of the plan as JSON, to be repeated by the code of its approval; see
    `b24_mcp.app.approved`.

    Raises:
        B24Error: `B24MCP_DECLINED` or `B24MCP_APPROVAL`; nothing was sent.
    """
    await _refuse_declined(plan)
    answer: Answered = "not asked"
    if ask is not None and ask.can_open and _page_address("") is not None and plan.opened.approvals is not None:
        return await _permit_by_page(plan, ask, redactor, request)
    if ask is not None and ask.can_ask and not await _is_approved(plan):
        answer = await ask.ask(await run_sync(plan.question, redactor, ask.longest), plan.language)
        if answer == "allowed":
            return plan.opened.gate.permit(plan.judgement)
        if answer == "refused":
            raise our_error("B24MCP_DECLINED", "The person declined this call.", method=plan.method)
    return await _permit_by_code(plan, redactor, request, answer)


async def _permit_by_page(plan: Plan, ask: AskUser, redactor: Redactor, request: str) -> Permit:
    """Return the permit of a plan that the person approves on a page of this server, and wait for their answer."""
    approvals = plan.opened.approvals
    assert approvals is not None
    try:
        if await approvals.use(plan.digest):
            return plan.opened.gate.permit(plan.judgement)
        code = await _asked(plan, approvals, redactor, request)
        address = _page_address(code)
        assert address is not None
        opened = await ask.open(
            address, code, await run_sync(plan.question, redactor, ask.longest or _LONGEST_MESSAGE), plan.language
        )
        if opened == "opened":
            await approvals.wait_for_answer(code, min(_LONGEST_WAIT, plan.opened.settings.deadline * _WAIT_SHARE))
            await ask.closed(code)
    except OSError as exc:
        raise _not_stored(plan, exc, "not asked") from None
    await _refuse_declined(plan)
    answered: Mapping[Opened, Answered] = {"opened": "waiting", "declined": "declined", "not asked": "not asked"}
    return await _permit_by_code(plan, redactor, request, answered[opened])


async def _permit_by_code(plan: Plan, redactor: Redactor, request: str, answer: Answered) -> Permit:
    """Return the permit of a plan that was approved with a code, or raise an error with a new code.

    `answer` is that of the client. Clients without a terminal or a person decline by themselves, so the code is offered
    after any answer but "allowed".
    """
    approvals, method = plan.opened.approvals, plan.method
    if approvals is None:
        raise our_error(
            _code_after(answer),
            f"{_need(plan)}. {_SAID[answer]} With B24_STATE=memory there is no other way to approve.",
            method=method,
            hint="Nothing was sent. The person can leave B24_STATE unset to approve calls in a terminal.",
        )
    try:
        if answer in ("not asked", "waiting") and await approvals.use(plan.digest):
            return plan.opened.gate.permit(plan.judgement)
        code = await _asked(plan, approvals, redactor, request)
    except OSError as exc:
        raise _not_stored(plan, exc, answer) from None
    start = _DECLINED + "Then ask" if answer == "declined" else "Nothing was sent. Ask"
    is_repeatable = bool(request) and not await run_sync(_holds_secret, request, redactor)
    raise our_error(
        _code_after(answer),
        f"{_need(plan)}. {_SAID[answer]}",
        method=method,
        hint=f"{start} the user to {how_to_approve(code)} within ten minutes, then "
        f"{_how_to_repeat(is_repeatable, code)}. Only the user can approve: do not {_not_to_do()} yourself.",
    )


async def _asked(plan: Plan, approvals: Approvals, redactor: Redactor, request: str) -> str:
    """Store the question about a plan and return its code."""
    caller = current_caller()
    text = await run_sync(plan.question, redactor)
    if await run_sync(_holds_secret, request, redactor):
        request = ""
    return await approvals.ask(
        PendingApproval(
            plan.digest, caller.name, caller.client, plan.opened.gate.portal, text, request, plan.opened.name
        )
    )


async def _refuse_declined(plan: Plan) -> None:
    """Refuse a plan that the person declined on their page, the first time that it is requested again.

    Raises:
        B24Error: `B24MCP_DECLINED`; nothing was sent.
    """
    if plan.opened.approvals is None:
        return
    try:
        declined = await plan.opened.approvals.learn_decline(plan.digest)
    except OSError:
        return  # reported where the question is stored
    if declined:
        raise declined_by_person(plan.method)


def declined_by_person(method: str = "") -> B24Error:
    """Return the error of a call that the person declined on their page."""
    return our_error(
        "B24MCP_DECLINED",
        "The person declined this call on the page of the server.",
        method=method,
        hint="Nothing was sent. Do not repeat the call. Ask the person what to do instead.",
    )


def how_to_approve(code: str) -> str:
    """Return what the user has to do to approve a code, as the middle of a sentence."""
    address = _page_address(code)
    terminal = f"run `b24-mcp approve {code}` in a terminal"
    return terminal if address is None else f"open {address} in a browser, or {terminal} of the server,"


def _page_address(code: str) -> str | None:
    beginning = APPROVAL_PAGE.get()
    return None if beginning is None else f"{beginning}{code}"


def _not_to_do() -> str:
    return "run the command" if APPROVAL_PAGE.get() is None else "open the page or run the command"


def _need(plan: Plan) -> str:
    first = plan.to_approve[0]
    return f"{first.call.method} needs the approval of the user, because {first.why}"


def _code_after(answer: Answered) -> str:
    return "B24MCP_DECLINED" if answer == "declined" else "B24MCP_APPROVAL"


def _not_stored(plan: Plan, exc: OSError, answer: Answered) -> B24Error:
    message = f"{_need(plan)}. {_SAID[answer]} Approvals cannot be stored: {exc}."
    return our_error(_code_after(answer), message, method=plan.method)


def _holds_secret(request: str, redactor: Redactor) -> bool:
    """Whether a request holds a secret of the portal. Such a request is not stored: no secret is written to a file."""
    return redactor.redact(request) != request


def _how_to_repeat(is_repeatable: bool, code: str) -> str:
    if is_repeatable:
        return f'call the same tool with {{"approval": "{code}"}} alone'
    return "make exactly the same call once more"


async def _is_approved(plan: Plan) -> bool:
    """Whether the plan was already approved with a code, so that the user is not asked again."""
    if plan.opened.approvals is None:
        return False
    try:
        return await plan.opened.approvals.is_approved(plan.digest)
    except OSError:
        return False
