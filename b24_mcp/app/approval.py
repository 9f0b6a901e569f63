"""The approval of a plan: by the user in the client or the terminal, or with a code for `b24-mcp approve`."""

from __future__ import annotations

from typing import Literal, Protocol

from anyio.to_thread import run_sync

from b24_mcp.access import PendingApproval, Permit, current_caller
from b24_mcp.app.planning import Plan
from b24_mcp.errors import our_error
from b24_mcp.secrets import Redactor

Answered = Literal["allowed", "declined", "not asked"]


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

    async def ask(self, question: str) -> Answered:
        """Return the answer of the user; "not asked" when the client closed the question without an answer."""
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
    gate = plan.opened.gate
    if ask is not None and ask.can_ask and not await _is_approved(plan):
        match await ask.ask(await run_sync(plan.question, redactor, ask.longest)):
            case "allowed":
                return gate.permit(plan.judgement)
            case "declined":
                raise our_error("B24MCP_DECLINED", "The person declined this call.", method=plan.method)
    return await _permit_by_code(plan, redactor, request)


async def _permit_by_code(plan: Plan, redactor: Redactor, request: str) -> Permit:
    """Return the permit of a plan that was approved with a code, or raise an error with a new code."""
    approvals, method = plan.opened.approvals, plan.method
    first = plan.to_approve[0]
    need = f"{first.call.method} needs the approval of the user, because {first.why}"
    if approvals is None:
        raise our_error(
            "B24MCP_APPROVAL",
            f"{need}. This client did not ask the user, and with B24_STATE=memory there is no other way to approve.",
            method=method,
            hint="Nothing was sent. The person can leave B24_STATE unset to approve calls in a terminal.",
        )
    caller = current_caller()
    try:
        if await approvals.use(plan.digest):
            return plan.opened.gate.permit(plan.judgement)
        text = await run_sync(plan.question, redactor)
        if await run_sync(_holds_secret, request, redactor):
            request = ""
        pending = PendingApproval(
            plan.digest, caller.name, caller.client, plan.opened.gate.portal, text, request, plan.opened.name
        )
        code = await approvals.ask(pending)
    except OSError as exc:
        raise our_error("B24MCP_APPROVAL", f"{need}. Approvals cannot be stored: {exc}.", method=method) from None
    raise our_error(
        "B24MCP_APPROVAL",
        f"{need}. This client did not ask the user.",
        method=method,
        hint=f"Nothing was sent. Ask the user to run `b24-mcp approve {code}` in a terminal within ten minutes, then "
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
