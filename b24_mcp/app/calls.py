"""Run calls and batches: plan, judge, approve, send, and return the answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import anyio
from anyio.to_thread import run_sync

from b24_mcp.access import NOTICE
from b24_mcp.app.answers.dry_run_forms import dry_batch_form, dry_call_form
from b24_mcp.app.answers.forms import (
    Form,
    batch_form,
    call_form,
    failure_form,
    with_notice,
)
from b24_mcp.app.answers.reply import Reply, is_long
from b24_mcp.app.app import App
from b24_mcp.app.approval import AskUser, permit_of
from b24_mcp.app.files.links import LinkReplacer
from b24_mcp.app.files.sent import sent_files
from b24_mcp.app.links import with_link, with_links
from b24_mcp.app.mistakes import with_scope
from b24_mcp.app.open_portal import OpenPortal
from b24_mcp.app.planning import (
    BatchRequest,
    CallRequest,
    fitted_to_portal,
    judged,
    numbered,
    prepare_batch,
    prepare_call,
    with_similar_names,
)
from b24_mcp.catalog import has_outside_texts
from b24_mcp.errors import B24Error
from b24_mcp.rest import (
    Answer,
    BatchAnswer,
    Failed,
    OnWait,
    Outcome,
    PlannedCall,
    Succeeded,
    dry_run_batch,
)


async def run_call(
    app: App,
    request: CallRequest,
    portal: str | None = None,
    *,
    ask: AskUser | None = None,
    on_wait: OnWait | None = None,
) -> Reply:
    """Run a call and return its reply, also when it fails. `ask` asks the user for approval.

    Raises:
        B24Error: when the portal cannot be opened.
    """
    opened = await app.portals.get(portal)
    planned: PlannedCall | None = None
    try:
        planned = await prepare_call(opened, request, app.background)
        plan = judged(opened, (planned,), validated=request.validate, reading_only=request.reading_only)
        if request.validate:
            plan = await fitted_to_portal(plan, reading_only=request.reading_only)
            (planned,) = plan.calls
            planned = await _checked_for_duplicates(opened, planned)
        plan = await numbered(plan, sending=not request.dry_run)
        if request.dry_run:
            return Reply(dry_call_form(plan.judgement, planned, opened.notice), opened.settings.budget)
        permit = await permit_of(plan, ask, app.redactor, request.stored())
        ends_at = anyio.current_time() + opened.settings.deadline
        if request.limit is None:
            answer = await opened.portal.send(planned, permit, on_wait=on_wait)
        else:
            from b24_mcp.app.limited import send_limited  # most calls do without

            answer = await send_limited(opened, planned, permit, request.limit, on_wait=on_wait)
        answer = await _without_links(app, opened, answer)
    except B24Error as exc:
        return await _failure(exc, opened, planned)
    form = call_form(answer, opened.notice, planned.warnings, planned, empty=request.empty)
    form = _with_outsider_notice(form, (answer,)) | sent_files([planned])
    form = with_link(form, opened.portal.origin, planned, answer)
    if request.resolve:
        from b24_mcp.app.names import with_names  # most calls do without

        form = await with_names(form, opened, [(planned, answer)], ends_at)
    return Reply(form, opened.settings.budget)


async def _checked_for_duplicates(opened: OpenPortal, planned: PlannedCall) -> PlannedCall:
    """Return a call with a warning when it adds a person or a company that exists."""
    if not planned.method.lower().endswith(".add") or not planned.method.lower().startswith("crm."):
        return planned
    from b24_mcp.app.apply.duplicates import may_duplicate, with_duplicate_warning  # most calls do without

    return await with_duplicate_warning(opened, planned) if may_duplicate(planned) else planned


async def run_batch(
    app: App,
    request: BatchRequest,
    portal: str | None = None,
    *,
    ask: AskUser | None = None,
    on_wait: OnWait | None = None,
) -> Reply:
    """Run a batch and return its reply, also when it fails; see `run_call`.

    Raises:
        B24Error: when the portal cannot be opened.
    """
    opened = await app.portals.get(portal)
    try:
        planned = await prepare_batch(opened, request, app.background)
        commands = planned.commands
        reading_only = request.reading_only
        plan = judged(opened, commands, validated=request.validate, reading_only=reading_only, halt=planned.halt)
        if request.validate:
            plan = await fitted_to_portal(plan, reading_only=reading_only)
            commands = tuple(plan.calls)
            planned = replace(planned, commands=commands)
        plan = await numbered(plan, sending=not request.dry_run)
        if request.dry_run:
            form = dry_batch_form(plan.judgement, commands, await dry_run_batch(planned), opened.notice)
            return Reply(form, opened.settings.budget)
        permit = await permit_of(plan, ask, app.redactor, request.stored())
        ends_at = anyio.current_time() + opened.settings.deadline
        answer = await opened.portal.send_batch(planned, permit, on_wait=on_wait)
        answer = await _batch_without_links(app, opened, answer)
        answer = await _with_scopes(answer, opened)
    except B24Error as exc:
        return await _failure(exc, opened, None)
    answers = {name: one.answer for name, one in answer.outcomes.items() if isinstance(one, Succeeded)}
    form = _with_outsider_notice(batch_form(answer, commands, opened.notice), answers.values())
    answered = [(command, answers[command.name]) for command in commands if command.name in answers]
    form |= sent_files([command for command, _ in answered])
    form = with_links(form, opened.portal.origin, answered)
    if request.resolve:
        from b24_mcp.app.names import with_names  # most calls do without

        form = await with_names(form, opened, answered, ends_at)
    return Reply(
        form,
        opened.settings.budget,
        writes={ruling.call.name for ruling in plan.judgement.rulings if ruling.effect != "read"},
        methods={command.name: command.method for command in commands},
    )


async def _without_links(app: App, opened: OpenPortal, answer: Answer) -> Answer:
    """Return an answer with handles instead of links to files. A long one is searched in a worker thread."""
    links = LinkReplacer(app.handles, opened.gate.key, opened.portal.host)
    if is_long(answer.result):
        return await run_sync(links.answer, answer)
    return links.answer(answer)


async def _batch_without_links(app: App, opened: OpenPortal, answer: BatchAnswer) -> BatchAnswer:
    """Return the answer of a batch with handles instead of links to files."""
    links = LinkReplacer(app.handles, opened.gate.key, opened.portal.host)
    succeeded = {name: one for name, one in answer.outcomes.items() if isinstance(one, Succeeded)}

    def replaced() -> BatchAnswer:
        changed = {name: replace(one, answer=links.answer(one.answer)) for name, one in succeeded.items()}
        return replace(answer, outcomes={**answer.outcomes, **changed})

    if is_long([one.answer.result for one in succeeded.values()]):
        return await run_sync(replaced)
    return replaced()


async def _failure(error: B24Error, opened: OpenPortal, planned: PlannedCall | None) -> Reply:
    if error.fault.kind == "unknown_method":
        error = await run_sync(with_similar_names, error, opened.discovery.known.catalogue)
    if error.fault.kind == "permission":
        error = await run_sync(with_scope, error, opened.discovery.known.catalogue)
    form = failure_form(error, opened.notice, None if planned is None else planned.version)
    return Reply(form, opened.settings.budget)


async def _with_scopes(answer: BatchAnswer, opened: OpenPortal) -> BatchAnswer:
    """Return the answer of a batch with hints that name the scopes that are not granted."""
    refused = {
        name: one
        for name, one in answer.outcomes.items()
        if isinstance(one, Failed) and one.error.fault.kind == "permission"
    }
    if not refused:
        return answer
    catalogue = opened.discovery.known.catalogue

    def named() -> dict[str, Outcome]:
        return {name: replace(one, error=with_scope(one.error, catalogue)) for name, one in refused.items()}

    return replace(answer, outcomes={**answer.outcomes, **await run_sync(named)})


def _with_outsider_notice(form: Form, answers: Iterable[Answer]) -> Form:
    """Return the form with a notice when a result may hold texts written by outsiders."""
    for answer in answers:
        if answer.result and isinstance(answer.result, Mapping | list) and has_outside_texts(answer.method):
            return with_notice(form, NOTICE)
    return form
