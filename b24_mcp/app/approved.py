"""Approved calls, made again by the code of their approval alone.

The code approves nothing. It finds the request that a person approved, of the same caller. The request is then planned
and judged like any other, and runs only if it is still the very call that was approved.
"""

from __future__ import annotations

from b24_mcp.access import PendingApproval, current_caller
from b24_mcp.app.answers.reply import Reply
from b24_mcp.app.app import App
from b24_mcp.app.approval import AskUser, declined_by_person, how_to_approve
from b24_mcp.app.calls import run_batch, run_call
from b24_mcp.app.requests import CallRequest, stored_request
from b24_mcp.errors import B24Error, our_error
from b24_mcp.rest import OnWait

_AGAIN = "Nothing was sent. Make the whole call again, with its arguments, to have it approved again."


async def run_approved(
    app: App, code: str, portal: str | None = None, *, ask: AskUser | None = None, on_wait: OnWait | None = None
) -> Reply:
    """Run the call or batch that was approved under a code and return its reply; see `run_call`.

    Raises:
        B24Error: `B24MCP_APPROVAL` when nothing that this caller requested is approved under the code, or when it is
            a request of another portal than `portal`. Nothing was sent.
    """
    approved = await approved_request(app, code, portal)
    request = stored_request(approved.request)
    if request is None:
        raise our_error("B24MCP_APPROVAL", f"The code {code} was given by another tool.", hint=_AGAIN)
    if isinstance(request, CallRequest):
        return await run_call(app, request, approved.portal_name, ask=ask, on_wait=on_wait)
    return await run_batch(app, request, approved.portal_name, ask=ask, on_wait=on_wait)


async def approved_request(app: App, code: str, portal: str | None = None) -> PendingApproval:
    """Return the approved request of a code. The approval is used up only when the request is sent.

    Raises:
        B24Error: as `run_approved`.
    """
    code = code.strip().upper()[:20]
    approvals = (await app.portals.get(portal)).approvals
    if approvals is None:
        raise our_error("B24MCP_APPROVAL", "With B24_STATE=memory nothing can be approved with a code.", hint=_AGAIN)
    caller = current_caller().name
    try:
        found = await approvals.find_approved(code)
        waiting = await approvals.find(code) if found is None else None
        declined = await approvals.find_declined(code) if found is None and waiting is None else None
        if declined is not None and declined.user == caller:
            await approvals.learn_decline(declined.digest)
            raise declined_by_person()
    except OSError as exc:
        raise our_error("B24MCP_APPROVAL", f"Approvals cannot be read: {exc}.") from None
    if waiting is not None and waiting.user == caller:
        raise our_error(
            "B24MCP_APPROVAL",
            f"The person has not approved {code} yet.",
            hint=f"Nothing was sent. Ask the user to {how_to_approve(code).rstrip(',')}. Do not do it yourself.",
        )
    if found is None or found.user != caller or not found.request:
        raise _unknown(code)
    if portal is not None and portal != found.portal_name:
        raise our_error(
            "B24MCP_APPROVAL",
            f"The code {code} approves a call on the portal {found.portal_name}, not on {portal}.",
            hint=f"Nothing was sent. Set portal to {found.portal_name}.",
        )
    return found


def _unknown(code: str) -> B24Error:
    return our_error(
        "B24MCP_APPROVAL",
        f"Nothing approved has the code {code!r}: it is wrong, was used already, or its ten minutes are over.",
        hint=_AGAIN,
    )
