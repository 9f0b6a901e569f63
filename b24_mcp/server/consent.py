"""A call judged before it is made, and a person asked where the rules want that.

Where the client can ask, it asks: the SDK puts the question in the way each generation of the protocol has for it, so
a question is returned by a resolver and may be asked again in another round. Where it cannot, the answer carries a code
for the person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import anyio.to_thread
from mcp.server.elicitation import (
    AcceptedElicitation,
    CancelledElicitation,
    DeclinedElicitation,
    ElicitationResult,
)
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.resolve import Elicit
from pydantic import BaseModel, Field, StrictBool

from b24_mcp.access import Judgement, PendingApproval, Permit, current_caller, digest_of_call, question
from b24_mcp.app.app import App
from b24_mcp.app.portals import OpenPortal
from b24_mcp.catalog import Catalogue
from b24_mcp.errors import B24Error, our_error
from b24_mcp.rest import Act
from b24_mcp.secrets import Redactor

_LONGEST_QUESTION = 2_000
_OUTSIDE: Literal["cannot ask"] = "cannot ask"


class ApprovalForm(BaseModel):
    """What a person answers. Only the JSON value `true` allows: no text and no number is read as one."""

    allow: StrictBool = Field(description="Allow exactly this, once")


Unasked = Literal["cannot ask"] | None
"""Nobody was asked: because nothing needs approval (None), or because the client has no way to."""

Answered = ElicitationResult[ApprovalForm]


@dataclass(slots=True)
class Plan:
    """A call or a batch, checked and judged, or the error it met on the way there."""

    opened: OpenPortal
    acts: Sequence[Act] = ()
    halt: bool = False
    judgement: Judgement = field(default_factory=lambda: Judgement(()))
    checked: Any = None
    error: B24Error | None = None

    @property
    def digest(self) -> str:
        """What the same call is recognised by."""
        return digest_of_call(current_caller().name, self.opened.gate.key, self.acts, self.halt)

    def judge(self, known: Catalogue | None, *, reading_only: bool = False) -> None:
        """Judge everything that is to be done. No person is asked about a method that is not in `known`, unless that is
        None.

        Raises:
            B24Error: `B24MCP_POLICY` or `B24MCP_UNKNOWN_METHOD`; nothing was sent.
        """
        self.judgement = self.opened.gate.judge(self.acts, reading_only=reading_only)
        self.judgement.refuse()
        for act in (ruling.act for ruling in self.judgement.to_approve):
            if known is not None and act.version not in known.versions(act.method):
                raise our_error(
                    "B24MCP_UNKNOWN_METHOD",
                    f"{act.method} is not documented. Nothing was sent; if this portal has it all the same, "
                    "validate=false asks a person to allow it.",
                    method=act.method,
                )


async def ask(ctx: Context[App], plan: Plan, dry_run: bool) -> Elicit[ApprovalForm] | Unasked:
    """Ask the person what needs approval, if the client can ask. A question depends on the arguments alone."""
    if plan.error is not None or dry_run or not plan.judgement.to_approve:
        return None
    approvals = plan.opened.approvals
    if not _can_ask(ctx) or (approvals is not None and await _is_approved(plan)):
        return _OUTSIDE
    redactor = ctx.request_context.lifespan_context.redactor
    said = await anyio.to_thread.run_sync(_question, plan, _LONGEST_QUESTION, redactor)
    return Elicit(f"An assistant wants to change data in Bitrix24. {said}", ApprovalForm)


async def permit_for(plan: Plan, answered: Answered, redactor: Redactor) -> Permit | None:
    """What the call may carry to the portal, after the person was asked or had no need to be.

    Raises:
        B24Error: `B24MCP_DECLINED` or `B24MCP_APPROVAL`; nothing was sent.
    """
    if not plan.judgement.to_approve:
        return None
    match answered:
        case AcceptedElicitation(data=ApprovalForm(allow=True)):
            return plan.opened.gate.permit(plan.acts)
        case AcceptedElicitation(data=ApprovalForm()) | DeclinedElicitation():
            raise our_error("B24MCP_DECLINED", "The person did not allow this call.", method=_method(plan))
        case CancelledElicitation() | AcceptedElicitation():
            return await _permit_from_outside(plan, redactor)


async def _permit_from_outside(plan: Plan, redactor: Redactor) -> Permit:
    approvals, method = plan.opened.approvals, _method(plan)
    first = plan.judgement.to_approve[0]
    need = f"{first.act.method} needs the approval of a person, because {first.why}"
    if approvals is None:
        raise our_error(
            "B24MCP_APPROVAL",
            f"{need}. This client did not ask, and with B24_STATE=memory nothing else can.",
            method=method,
            hint="Nothing was sent. The person can leave B24_STATE unset to approve calls in a terminal.",
        )
    caller = current_caller()
    try:
        if await approvals.use(plan.digest):
            return plan.opened.gate.permit(plan.acts)
        said = await anyio.to_thread.run_sync(_question, plan, None, redactor)
        code = await approvals.ask(
            PendingApproval(plan.digest, caller.name, caller.client, plan.opened.gate.portal, said)
        )
    except OSError as exc:
        raise our_error("B24MCP_APPROVAL", f"{need}, and approvals cannot be kept: {exc}.", method=method) from None
    raise our_error(
        "B24MCP_APPROVAL",
        f"{need}, and this client did not ask.",
        method=method,
        hint=f"Nothing was sent. Ask the person to run `b24-mcp approve {code}` in a terminal within ten minutes, then "
        "make exactly the same call once more. Only the person can approve: do not run it yourself.",
    )


def _question(plan: Plan, longest: int | None, redactor: Redactor) -> str:
    portal = plan.opened.gate.portal
    if longest is None:
        return question(plan.judgement, portal, redactor)
    return question(plan.judgement, portal, redactor, longest=longest)


async def _is_approved(plan: Plan) -> bool:
    assert plan.opened.approvals is not None
    try:
        return await plan.opened.approvals.is_approved(plan.digest)
    except OSError:
        return False


def _can_ask(ctx: Context[App]) -> bool:
    """Whether this client shows forms, and can be reached with one from inside a call."""
    capabilities = ctx.client_capabilities
    asks = capabilities.elicitation if capabilities is not None else None
    if asks is None or (asks.form is None and asks.url is not None):
        return False
    in_rounds = ctx.protocol_version is not None and ctx.protocol_version >= "2026-07-28"
    return in_rounds or ctx.session.can_send_request


def _method(plan: Plan) -> str:
    return plan.acts[0].method if len(plan.acts) == 1 and not plan.acts[0].name else "batch"
