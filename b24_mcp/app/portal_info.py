"""Information about a portal: the user, the granted scopes, and the limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import TypedDict

from anyio.to_thread import run_sync

from b24_mcp.access import current_caller, probing
from b24_mcp.app.answers.forms import failure_form, head
from b24_mcp.app.answers.reply import Reply
from b24_mcp.app.app import App
from b24_mcp.app.files.folders import folders_line
from b24_mcp.app.library import docs_now, docs_summary
from b24_mcp.app.open_portal import OpenPortal
from b24_mcp.config import SANDBOX
from b24_mcp.config.renamed import renamed_settings_in_use
from b24_mcp.errors import B24Error

_NUMBERS = (
    "missing_scopes: documented methods that need the scope; requests_free: requests that may be sent now without "
    "waiting; clock_ahead: seconds; pipelines: id and stages; custom_fields: fields"
)
_SANDBOX_ONLY = (
    "No portal is configured, so the sandbox answers. Its data is invented and safe to change. A person sets "
    "B24_WEBHOOK_URL to reach a portal."
)
_MISSING_SHOWN = 12
_NOTES_SHOWN = 800  # characters
_QUERIES_SHOWN = 20
_SKEW_SHOWN = 5.0  # seconds


class UserForm(TypedDict):
    """The user whose credential is used. A value is null when the portal does not report it."""

    id: str | None
    name: str | None
    admin: bool | None


class LimitsForm(TypedDict, total=False):
    """The limits of a portal: its plan, and how many requests may be sent now without waiting."""

    plan: str
    requests_free: int


class PortalForm(TypedDict, total=False):
    """A portal as it was found.

    `not_checked` maps methods that the access rules forbid to the reason. `missing_scopes` maps scopes that are not
    granted to the number of methods that need them; of many, `other_missing_scopes` are those with the fewest methods.
    `smart_processes`, `pipelines` and `custom_fields` are one line each, null when the portal does not say.
    `clock_ahead` is in seconds. `documentation` are the editions on this computer, `notes` what a person wrote about
    the portal, `folders` those for files, `numbers` explains the numbers of the answer, and `portals` are the
    configured portals.
    """

    name: str
    host: str
    user: UserForm | str
    not_checked: Mapping[str, str]
    access: str
    rest_v3: bool | None
    licence: str | None
    clock_ahead: float
    scopes: Sequence[str] | None
    missing_scopes: Mapping[str, int]
    other_missing_scopes: Sequence[str]
    smart_processes: str | None
    pipelines: str | None
    custom_fields: str | None
    limits: LimitsForm
    documentation: str
    notes: Mapping[str, object]
    folders: str
    numbers: str
    portals: Sequence[str]
    note: str
    warnings: Sequence[str]


async def portal_reply(app: App, portal: str | None = None) -> Reply:
    """Return the reply about a portal: host, user, access level, scopes, what is special about its
    CRM, limits, and the configured portals.

    Raises:
        B24Error: when the portal cannot be opened.
    """
    from b24_mcp.app.crm_lines import crm_lines
    from b24_mcp.catalog import known_methods
    from b24_mcp.discovery import look_at  # not needed to start and list the tools

    opened = await app.portals.get(portal)
    catalogue = await run_sync(known_methods)
    with probing():
        portrait = await look_at(opened.portal, catalogue)
    if portrait.trouble is not None:
        failure = failure_form(portrait.trouble, opened.notice) | {"host": portrait.host}
        return Reply(failure, opened.settings.budget)
    form = PortalForm(name=opened.name, host=portrait.host)
    if "profile" in portrait.not_checked:
        form["user"] = "not checked"
    else:
        form["user"] = UserForm(id=portrait.user_id, name=portrait.user, admin=portrait.is_admin)
    if portrait.not_checked:
        form["not_checked"] = dict(portrait.not_checked)
    form["access"] = opened.gate.level
    form["rest_v3"] = portrait.has_v3
    form["licence"] = portrait.licence
    if portrait.skew is not None and abs(portrait.skew) >= _SKEW_SHOWN:
        form["clock_ahead"] = portrait.skew
    form["scopes"] = portrait.scopes
    form["missing_scopes"] = dict(islice(portrait.missing.items(), _MISSING_SHOWN))
    if len(portrait.missing) > _MISSING_SHOWN:
        form["other_missing_scopes"] = list(portrait.missing)[_MISSING_SHOWN:]
    lines = await crm_lines(opened.facts)
    form["smart_processes"] = lines.smart_processes
    form["pipelines"] = lines.pipelines
    form["custom_fields"] = lines.custom_fields
    form["limits"] = await _limits(opened)
    form["documentation"] = await run_sync(_documentation)
    if notes := await run_sync(_notes, opened):
        form["notes"] = notes
    form["folders"] = await run_sync(folders_line, opened.settings)
    form["numbers"] = _NUMBERS
    form["portals"] = await run_sync(_names, app)
    if form["portals"] == [SANDBOX]:
        form["note"] = _SANDBOX_ONLY
    if warnings := renamed_settings_in_use():
        form["warnings"] = warnings
    return Reply(head(True, opened.notice) | form, opened.settings.budget)


async def _limits(opened: OpenPortal) -> LimitsForm:
    limits = LimitsForm(plan=opened.portal.plan)
    if (free := await opened.portal.requests_free()) is not None:
        limits["requests_free"] = free
    return limits


def _documentation() -> str:
    """Return which editions of the documentation are on this computer, and what happens to them."""
    from b24_mcp.docs import DocsError

    try:
        return docs_summary(docs_now())
    except (B24Error, DocsError) as exc:
        return str(exc)


def _notes(opened: OpenPortal) -> Mapping[str, object]:
    """Return in short what a person wrote about the portal: the meanings of words, and the names of queries."""
    from b24_mcp.config.notes import notes_file, read_notes

    notes = read_notes(notes_file(opened.settings, opened.name))
    words: dict[str, str] = {}
    for one in notes:
        if one.kind == "word" and len(str(words)) + len(one.name) + len(one.text) < _NOTES_SHOWN:
            words[one.name] = one.text
    form: dict[str, object] = {"words": words} if words else {}
    if queries := [one.name for one in notes if one.kind == "query" and one.name]:
        form["queries"] = queries[:_QUERIES_SHOWN]
    return form | {"more": "SELECT * FROM portal_notes"} if notes else {}


def _names(app: App) -> list[str]:
    """Return the names of the configured portals that this caller may use."""
    allowed = current_caller().portals
    return [name for name in app.portals.configuration().names if allowed is None or name in allowed]
