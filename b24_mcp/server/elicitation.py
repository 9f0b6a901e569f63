"""Elicitation: asking the user for approval through the client.

Since protocol 2026-07-28, a tool call that needs an answer ends with `input_required`, and the client makes the same
call again with the answer. The SDK encrypts the state that the client carries between the two calls, and binds it to
the tool, its arguments and the user. Older clients answer a request that is sent while the call runs.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mcp.server.elicitation import AcceptedElicitation, CancelledElicitation, DeclinedElicitation, ElicitationResult
from mcp.server.elicitation import render_elicitation_schema as schema_of
from mcp.server.mcpserver import Context
from mcp_types import ElicitRequest, ElicitRequestFormParams, ElicitRequestURLParams, ElicitResult, InputRequiredResult
from mcp_types.version import is_version_at_least
from pydantic import BaseModel, Field, StrictBool, ValidationError, create_model

from b24_mcp.app.app import App
from b24_mcp.texts import Language, text

if TYPE_CHECKING:
    from b24_mcp.app.approval import Answered, Opened

_SINCE = "2026-07-28"
_KEY = "approval"
_OPENED: Mapping[str, Opened] = {"accept": "opened", "decline": "declined", "cancel": "not asked"}


class ApprovalForm(BaseModel):
    """The form that the user fills in. Only the JSON value `true` allows the call, not a text or a number."""

    allow: StrictBool = Field(description="Allow exactly this, once")


class InputRequired(Exception):  # noqa: N818  # not an error: it ends the call with a question
    """Ends a tool call with a question to the user. `result` is the result that the client gets."""

    def __init__(self, result: InputRequiredResult) -> None:
        super().__init__("the user is asked first")
        self.result = result


@dataclass(frozen=True, slots=True)
class ClientQuestion:
    """The `AskUser` that asks through the client of a call."""

    ctx: Context[App]

    @property
    def longest(self) -> int:
        """The number of characters that clients show in a form."""
        return 2_000

    @property
    def can_ask(self) -> bool:
        """Whether the client shows forms and can be asked during a call."""
        capabilities = self.ctx.client_capabilities
        asks = capabilities.elicitation if capabilities is not None else None
        if asks is None or (asks.form is None and asks.url is not None):
            return False
        return self._in_rounds or self.ctx.session.can_send_request

    @property
    def can_open(self) -> bool:
        """Whether the client opens addresses in a browser and can be asked to during a call."""
        capabilities = self.ctx.client_capabilities
        asks = capabilities.elicitation if capabilities is not None else None
        return asks is not None and asks.url is not None and (self._in_rounds or self.ctx.session.can_send_request)

    async def open(self, address: str, code: str, question: str, language: Language) -> Opened:
        """Ask the user to open the page at an address.

        Raises:
            InputRequired: as `ask`.
        """
        message = text("question.page", language, question=question)
        if self._in_rounds:
            # In this protocol the question has no id: the code in the address identifies it.
            params = ElicitRequestURLParams(message=message, url=address)
            answer = _answer_in_round(self.ctx, params, [message, address])
            return "not asked" if answer is None else _OPENED[answer.action]
        return _OPENED[(await self.ctx.elicit_url(message, address, code)).action]

    async def closed(self, code: str) -> None:
        """Report the answer on the page to a client of an older protocol, which may still show the address."""
        if not self._in_rounds:
            await self.ctx.session.send_elicit_complete(code)

    async def ask(self, question: str, language: Language) -> Answered:
        """Ask the user.

        Raises:
            InputRequired: to end this round with the question; `FormalTool` makes it the result of the call.
        """
        question = text("question.assistant", language, question=question)
        form = _form(language)
        if self._in_rounds:
            return _answered(_answer_of_round(self.ctx, question, form))
        try:
            return _answered(await self.ctx.elicit(question, form))
        except ValueError:  # some clients accept by themselves, with an empty form
            return "unreadable"

    @property
    def _in_rounds(self) -> bool:
        version = self.ctx.protocol_version
        return version is not None and is_version_at_least(version, _SINCE)


def _form(language: Language) -> type[ApprovalForm]:
    """Return the form in a language."""
    return ApprovalForm if language == "en" else _translated_form(language)


@functools.cache
def _translated_form(language: Language) -> type[ApprovalForm]:
    allow = Field(description=text("question.allow", language))
    return create_model("ApprovalForm", __base__=ApprovalForm, allow=(StrictBool, allow))


def _answer_of_round(
    ctx: Context[App], question: str, form: type[ApprovalForm]
) -> ElicitationResult[ApprovalForm] | None:
    """Return the answer that came with this round, or end the round with the question; None for an unreadable answer.

    An answer counts only for the very question that was asked, with the same form.
    """
    schema = schema_of(form)
    answer = _answer_in_round(
        ctx, ElicitRequestFormParams(message=question, requested_schema=schema), [question, schema]
    )
    if answer is None:
        return None
    if answer.action == "accept":
        try:
            return AcceptedElicitation(data=ApprovalForm.model_validate(answer.content))
        except ValidationError:
            return None
    return DeclinedElicitation() if answer.action == "decline" else CancelledElicitation()


def _answer_in_round(
    ctx: Context[App], params: ElicitRequestFormParams | ElicitRequestURLParams, identity: list[object]
) -> ElicitResult | None:
    """Return the answer that came with this round, or end the round with the question; None for an unreadable answer.

    `identity` is what the answer must belong to, as JSON.
    """
    digest = hashlib.sha256(json.dumps(identity).encode()).hexdigest()
    answer = (ctx.input_responses or {}).get(_KEY)
    if answer is None or ctx.request_state != digest:
        request = ElicitRequest(params=params)
        raise InputRequired(InputRequiredResult(input_requests={_KEY: request}, request_state=digest))
    return answer if isinstance(answer, ElicitResult) else None


def _answered(result: ElicitationResult[ApprovalForm] | None) -> Answered:
    match result:
        case AcceptedElicitation(data=ApprovalForm(allow=True)):
            return "allowed"
        case AcceptedElicitation() | DeclinedElicitation():
            return "declined"
        case CancelledElicitation():
            return "not asked"
        case None:
            return "unreadable"
