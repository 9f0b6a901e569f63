"""Methods of the REST API: search by intent, and the full description of one method."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Required, TypedDict

from anyio.to_thread import run_sync

from b24_mcp.app.answers.forms import Form
from b24_mcp.app.answers.method_form import summary_of
from b24_mcp.app.answers.reply import Reply
from b24_mcp.app.app import App
from b24_mcp.app.descriptions import description, unknown_method
from b24_mcp.app.knowledge import host_of, known_now, known_soon, known_with_portal
from b24_mcp.catalog import RISK_KINDS, Event, Method
from b24_mcp.catalog.links import pages_of_call
from b24_mcp.errors import B24Error, our_error

if TYPE_CHECKING:
    from b24_mcp.discovery import Knowledge

_LONGEST_SIGNATURE = 160
_NOTHING_FOUND = "No method matches. Describe the action in other words, or name the object of the action."
_NOTHING_FITS = (
    "No method fits this well: these share some words only. The portal may have no such method. Or describe the action "
    "in other words."
)
_GOOD_FIT = 0.45
_FIND_RECORDS = "With a name, phone, e-mail or number and no id, call find_records: it needs no method."
_SEEKING = re.compile(
    r"\b(?:find|search|look up|lookup|locate|найти|найди|найдите|поиск|искать|ищу|отыскать)", re.IGNORECASE
)
_FIRST = 3
_OTHER_LANGUAGE = "No method matches. Ask in English or Russian."


Availability = Literal["not on this portal", "scope not granted", "needs an application: a webhook may not call it"]
"""Why a method cannot be called."""


class HitForm(TypedDict, total=False):
    """A method that a search found. `available` is false when a call would be refused, for `why_not_available`."""

    method: Required[str]
    version: Required[str]
    summary: str
    signature: str
    effect: str
    scope: Sequence[str]
    risks: Sequence[str]
    deprecated: bool
    classic: bool
    replaced_by: Sequence[str]
    source: str
    available: bool
    why_not_available: Availability


class EventHitForm(TypedDict, total=False):
    """An event that a search found. `event.bind` takes its name."""

    event: Required[str]
    scope: Sequence[str]
    data: str


async def search_methods(app: App, query: str, *, scope: str | None = None, limit: int = 8) -> Reply:
    """Return the methods and events that match an intent in English or Russian, the best match first.

    Raises:
        B24Error: `B24MCP_ARGUMENTS` for an unknown scope.
    """
    known = await known_soon(app)
    grants = _grants(app)

    def found() -> tuple[list[HitForm], float, list[EventHitForm]]:
        return *_found(known, query, scope, limit, grants), _found_events(known, query, scope)

    methods, fit, events = await run_sync(found)
    form: Form = {"ok": True, "methods": methods}
    if events:
        form["events"] = events
    if not methods:
        form["hint"] = _NOTHING_FOUND if _is_readable(query) else _OTHER_LANGUAGE
    elif fit < _GOOD_FIT:
        form["hint"] = _NOTHING_FITS
    elif _SEEKING.search(query) and any(pages_of_call(hit["method"], {}) for hit in methods[:_FIRST]):
        form["hint"] = _FIND_RECORDS
    return Reply(form)


async def method_reply(
    app: App, method: str, *, version: str | None = None, of: str | None = None, portal: str | None = None
) -> Reply:
    """Return the description of a method or an event, and whether the portal has and grants it.

    Raises:
        B24Error: `B24MCP_UNKNOWN_METHOD`, `B24MCP_ARGUMENTS` for an `of` that names nothing, or `B24MCP_PORTAL` for an
            unknown portal.
    """
    if portal is not None:
        await app.portals.get(portal)  # an unknown name is an error even when the portal is not needed
    known = await known_now(app, portal)
    found = await run_sync(description, known, method, version, of or "", host_of(app))
    if found is None or (found.method is not None and found.method.version == "v3"):
        before, known = known, await known_with_portal(app, portal)
        if known is not before:
            found = await run_sync(description, known, method, version, of or "", host_of(app))
    if found is None:
        raise await run_sync(unknown_method, known, method, version)
    form: Form = {"ok": True} | found.form
    if found.method is None:
        return Reply(form)
    if found.method.version == "v2":
        available, why = await _available(app, found.method, portal)
    else:
        available = known.available(found.method.name, "v3")
        why = "not on this portal" if available is False else None
    form["available"] = available
    return Reply(form | {"why_not_available": why} if why else form)


async def _available(app: App, method: Method, portal: str | None) -> tuple[bool | None, Availability | None]:
    """Whether the portal has a method and grants it, by its own answer, and why not; None when it does not answer."""
    try:
        opened = await app.portals.get(portal)
        grant = await opened.grants.of(method.name)
    except B24Error:
        return None, None
    if grant is None:
        return None, None
    if not grant.granted:
        return False, "scope not granted" if grant.exists else "not on this portal"
    if method.facts.context == "app" and not opened.portal.is_application:
        return False, "needs an application: a webhook may not call it"
    return True, None


@dataclass(frozen=True, slots=True)
class _Grants:
    """What the credential of the open portal may call: the granted scopes (None: not known)."""

    scopes: frozenset[str] | None
    is_application: bool

    def why_not(self, method: Method) -> Availability | None:
        """Return why a method of version 2 cannot be called; None when nothing speaks against it.

        One of several scopes is enough, and `basic` is always granted.
        """
        if method.facts.context == "app" and not self.is_application:
            return "needs an application: a webhook may not call it"
        needed = set(method.facts.scope)
        if self.scopes is None or not needed or "basic" in needed or not needed.isdisjoint(self.scopes):
            return None
        return "scope not granted"


def _grants(app: App) -> _Grants | None:
    """Return what is known of the grants of the open portal; they are asked for in the background."""
    opened = app.portals.opened()
    if opened is None:
        return None
    granted = opened.facts.scopes_now()
    if granted is None:
        app.background.start_soon(opened.facts.scopes)
    return _Grants(None if granted is None else frozenset(granted), opened.portal.is_application)


def _found(
    known: Knowledge, query: str, scope: str | None, limit: int, grants: _Grants | None = None
) -> tuple[list[HitForm], float]:
    """Return the methods that match, and how well the best of them does."""
    catalogue = known.catalogue
    if scope is not None and scope not in catalogue.scopes:
        raise our_error(
            "B24MCP_ARGUMENTS",
            f"There is no scope {scope[:60]!r}.",
            hint=f"Leave scope out, or use one of: {', '.join(sorted(catalogue.scopes))}.",
        )
    russian = re.search("[а-яё]", query, re.IGNORECASE) is not None
    hits = catalogue.search.find(query, scope=scope, limit=limit)
    found = (catalogue.method(hit.name, hit.version) for hit in hits)
    forms = []
    for method in found:
        if method is None:
            continue
        form = _hit(method, russian=russian)
        why = grants.why_not(method) if grants is not None and method.version == "v2" else None
        if known.available(method.name, method.version) is False:
            why = "not on this portal"
        if why is not None:
            form["available"], form["why_not_available"] = False, why
        forms.append(form)
    return forms, max((hit.score for hit in hits), default=0.0)


def _found_events(known: Knowledge, query: str, scope: str | None) -> list[EventHitForm]:
    found = known.catalogue.events.find(query)
    return [_event_hit(event) for event in found if scope is None or scope in event.scope]


def _hit(method: Method, *, russian: bool) -> HitForm:
    signature = method.signature
    if len(signature) > _LONGEST_SIGNATURE:
        signature = signature[:_LONGEST_SIGNATURE].rpartition(",")[0] + ", …"
    form = HitForm(
        method=method.name,
        version=method.version,
        summary=summary_of(method, russian=russian),
        signature=signature,
        effect=method.effect,
        scope=method.facts.scope,
    )
    if always := [kind for risk in method.risks if not risk.when for kind in risk.kinds]:
        form["risks"] = sorted(set(always), key=RISK_KINDS.index)
    if method.deprecated:
        form["deprecated"] = True
    if method.is_classic:
        form["classic"] = True
    if method.facts.replaced_by and (method.deprecated or method.is_classic):
        form["replaced_by"] = method.facts.replaced_by
    if method.facts.from_portal:
        form["source"] = "portal"
    return form


def _event_hit(event: Event) -> EventHitForm:
    form = EventHitForm(event=event.name, scope=event.scope)
    if event.payload:
        form["data"] = ", ".join(
            f"{one.name}: {{{', '.join(field.name for field in one.fields)}}}" if one.fields else one.name
            for one in event.payload
        )
    return form


def _is_readable(query: str) -> bool:
    """Whether a question may be in English or Russian, by its letters."""
    letters = [letter for letter in query if letter.isalpha()]
    readable = [letter for letter in letters if letter.isascii() or "а" <= letter.lower() <= "я" or letter in "ёЁ"]
    return len(readable) * 2 >= len(letters)
