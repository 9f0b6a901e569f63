"""The approval of a plan: by the user in the client or the terminal, or with a code for `b24-mcp approve`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol

from anyio.to_thread import run_sync

from b24_mcp.access import PendingApproval, Permit, current_caller
from b24_mcp.app.planning import Plan
from b24_mcp.errors import our_error
from b24_mcp.secrets import Redactor
from b24_mcp.texts import Language

Answered = Literal["allowed", "declined", "refused", "not asked", "unreadable"]
_SAID: Mapping[Answered, str] = {
    "declined": "The question was declined by the person or by the client.",
    "not asked": "This client did not ask the user.",
    "unreadable": "The client sent no valid answer to the question: neither yes nor no.",
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
        "not asked" when the client closed the question, and "unreadable" for an answer that is no valid form.
        """
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
    answer: Answered = "not asked"
    if ask is not None and ask.can_ask and not await _is_approved(plan):
        answer = await ask.ask(await run_sync(plan.question, redactor, ask.longest), plan.language)
        if answer == "allowed":
            return plan.opened.gate.permit(plan.judgement)
        if answer == "refused":
            raise our_error("B24MCP_DECLINED", "The person declined this call.", method=plan.method)
    return await _permit_by_code(plan, redactor, request, answer)


async def _permit_by_code(plan: Plan, redactor: Redactor, request: str, answer: Answered) -> Permit:
    """Return the permit of a plan that was approved with a code, or raise an error with a new code.

    `answer` is that of the client. Clients without a terminal or a person decline by themselves, so the code is offered
    after any answer but "allowed".
    """
    approvals, method = plan.opened.approvals, plan.method
    first = plan.to_approve[0]
    need = f"{first.call.method} needs the approval of the user, because {first.why}"
    code_of_error = "B24MCP_DECLINED" if answer == "declined" else "B24MCP_APPROVAL"
    if approvals is None:
        raise our_error(
            code_of_error,
            f"{need}. {_SAID[answer]} With B24_STATE=memory there is no other way to approve.",
            method=method,
            hint="Nothing was sent. The person can leave B24_STATE unset to approve calls in a terminal.",
        )
    caller = current_caller()
    try:
        if answer == "not asked" and await approvals.use(plan.digest):
            return plan.opened.gate.permit(plan.judgement)
        text = await run_sync(plan.question, redactor)
        if await run_sync(_holds_secret, request, redactor):
            request = ""
        pending = PendingApproval(
            plan.digest, caller.name, caller.client, plan.opened.gate.portal, text, request, plan.opened.name
        )
        code = await approvals.ask(pending)
    except OSError as exc:
        message = f"{need}. {_SAID[answer]} Approvals cannot be stored: {exc}."
        raise our_error(code_of_error, message, method=method) from None
    start = _DECLINED + "Then ask" if answer == "declined" else "Nothing was sent. Ask"
    raise our_error(
        code_of_error,
        f"{need}. {_SAID[answer]}",
        method=method,
        hint=f"{start} the user to run `b24-mcp approve {code}` in a terminal within ten minutes, then "
        f"{_how_to_repeat(request, code)}. Only the user can approve: do not run the command yourself.",
    )


def _holds_secret(request: str, redactor: Redactor) -> bool:
    """Whether a request holds a secret of the portal. Such a request is not stored: no secret is written to a file."""
    return redactor.redact(request) != request


def _how_to_repeat(request: str, code: str) -> str:
    if request:
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
