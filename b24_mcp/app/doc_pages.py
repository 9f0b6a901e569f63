"""Search and read the official documentation; without a local copy of it, what the catalogue knows of methods."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, NotRequired, Required, TypedDict

import anyio
from anyio.to_thread import run_sync

from b24_mcp.app.answers.method_form import event_form, method_form
from b24_mcp.app.library import (
    LocalDocs,
    PageKind,
    SampleLanguage,
    docs_now,
    missing_language,
    needed_docs,
    open_library,
    why_no_docs,
)
from b24_mcp.catalog import Event, Method, known_methods
from b24_mcp.errors import B24Error, our_error
from b24_mcp.rest import to_json

if TYPE_CHECKING:
    from b24_mcp.docs import DocsLibrary, Hit


OnSync = Callable[[float, float, str], Awaitable[None]]
"""Receives the progress of a sync that a call waits for: done, whole, and what is done."""

_GOOD_FIT = 0.45
"""The least score of a method that answers a question."""
_NAMES = re.compile(r"\b[A-Za-z]\w*(?:\.\w+)+|\b[oO][nN][A-Z]\w{3,}")
_IDENTIFIER = re.compile(
    r"[A-Za-z]\w*(?:[.:]+\w+)+|[A-Za-z]\w*_\w*|[A-Z][A-Z0-9]{3,}|[a-z]+[A-Z]\w+|[A-Z][a-z]+[A-Z]\w+"
)
_LONGEST_WAIT = 25.0
_LOOK_EVERY = 0.5
_WHOLE_PAGE = 200_000
_ANSWER_OVERHEAD = 3_000
"""Characters of an answer that are reserved for everything but the text of the page."""


class _FoundPageExtras(TypedDict, total=False):
    section: str
    url: str


class FoundPage(_FoundPageExtras):
    """A page in the answer of a search. `url` is set for pages that are only online."""

    page: Required[str]
    title: Required[str]
    kind: Required[PageKind]
    lang: Required[str]
    extract: Required[str]


class FoundPages(TypedDict):
    """The answer of a search."""

    pages: list[FoundPage]
    hint: NotRequired[str]


class Cut(TypedDict):
    """How to read the rest of a text that was too long: the value for `section`, and an explanation."""

    section: str
    more: str


class PagePart(TypedDict, total=False):
    """Where the text of an answer is from, when it is not the whole page."""

    section: str
    cut: Cut
    sections: list[str]


class PageAnswer(PagePart):
    """A page of the documentation, or a part of it, as an answer."""

    page: Required[str]
    title: Required[str]
    kind: Required[PageKind]
    url: Required[str]
    text: Required[str]


async def search_documentation(query: str, kind: PageKind | None, limit: int, host: str, on_sync: OnSync) -> FoundPages:
    """Search the documentation. Without a local copy only methods of the catalogue are found.

    A missing copy is fetched in the background; when the catalogue has no answer either, the call waits for it a while.

    Raises:
        B24Error: `B24MCP_DOCS`, when the copy is damaged; `B24MCP_SETTINGS`.
    """
    found = await run_sync(search_pages, query, kind, limit, host)
    if found["pages"] or not await _synced(on_sync):
        return found
    return await run_sync(search_pages, query, kind, limit, host)


async def read_documentation(
    wanted: str, section: str, code: SampleLanguage, host: str, on_sync: OnSync
) -> tuple[Mapping[str, object], int]:
    """Return a page, as `read_page` does. A missing copy is fetched, and the call waits for it a while.

    Raises:
        B24Error: as `read_page`.
    """
    try:
        return await run_sync(read_page, wanted, section, code, host)
    except B24Error as exc:
        if exc.fault.code != "B24MCP_NO_DOCS" or not await _synced(on_sync):
            raise
    return await run_sync(read_page, wanted, section, code, host)


async def _synced(on_sync: OnSync) -> bool:
    """Wait for a running sync, and return whether the copies changed. The progress is reported meanwhile."""
    copies = await run_sync(docs_now)
    before, running = copies.languages, copies.running
    shown = -1.0
    with anyio.move_on_after(_LONGEST_WAIT):
        while running is not None and copies.languages == before:
            # The reported value must grow, but each step of a sync begins at 0.
            shown = max(shown + 0.01, float(running.percent))
            await on_sync(shown, 100.0, f"{running.step}, {running.percent} %")
            await anyio.sleep(_LOOK_EVERY)
            copies = await run_sync(docs_now)
            running = copies.running
    return copies.languages != before


def search_pages(query: str, kind: PageKind | None, limit: int, host: str = "") -> FoundPages:
    """Return the pages that match a question. Without a local copy only methods of the catalogue are found.

    Raises:
        B24Error: `B24MCP_DOCS`, when the copy is damaged; `B24MCP_SETTINGS`.
    """
    from b24_mcp.docs import DocsError

    local = needed_docs(query, host)
    if not local.library.languages:
        return _search_catalogue(query, kind, limit, why_no_docs(local.copies))
    try:
        hits = local.library.search(query, kind=kind, limit=limit, first=_named_pages(query))
    except DocsError as exc:
        raise _damaged(exc, query, host) from None
    answer: FoundPages = {"pages": [_found_page(hit) for hit in hits]}
    hints = [missing_language(local.copies, query)]
    if not hits:
        hints.append("No page matches. Use other words" + (", or search without kind." if kind else "."))
    if hint := " ".join(filter(None, hints)):
        answer["hint"] = hint
    return answer


def read_page(wanted: str, section: str, code: SampleLanguage, host: str = "") -> tuple[Mapping[str, object], int]:
    """Return a page, or one section of it, and the size limit of the answer in characters.

    `wanted` is a path, an address, the name of a method or an event, or another identifier, such as the code of an
    error. For a method or an event whose page is not in
    the local copy, the answer holds the facts of the catalogue.

    Raises:
        B24Error: `B24MCP_NO_PAGE`, when there is no such page or section; `B24MCP_NO_DOCS`, when there is no copy;
            `B24MCP_DOCS`, when the copy is damaged; `B24MCP_SETTINGS`.
    """
    from b24_mcp.docs import DocsError, NoSuchPageError

    local = needed_docs(wanted, host)
    library, budget = local.library, local.budget
    method = _method(wanted)
    event = known_methods().events.get(wanted.strip()) if method is None else None
    try:
        if library.languages:
            try:
                return _page_answer(library, _page_of(method, event, wanted), section, code, budget), budget
            except NoSuchPageError:
                hit = _about_identifier(library, wanted) if method is None and event is None else None
                if hit is None:
                    raise
                where = section or hit.section
                return _page_answer(library, f"{hit.language}/{hit.page}", where, code, budget), budget
    except NoSuchPageError as exc:
        if (method is None and event is None) or section:
            raise our_error("B24MCP_NO_PAGE", str(exc), hint=_hint(exc.similar, section)) from None
    except DocsError as exc:
        raise _damaged(exc, wanted, host) from None
    if event is not None:
        facts: Mapping[str, object] = {"title": event.name, "kind": "event", **event_form(event)}
    elif method is not None:
        facts = _method_facts(method)
    else:
        raise our_error("B24MCP_NO_DOCS", why_no_docs(local.copies))
    return (facts if library.languages else {**facts, "hint": why_no_docs(local.copies)}), budget


def _about_identifier(library: DocsLibrary, wanted: str) -> Hit | None:
    """Return the page and the section that are most about an identifier, such as the code of an error or a field."""
    if not _IDENTIFIER.fullmatch(wanted.strip()):
        return None
    return next(iter(library.search(wanted, limit=1)), None)


def _named_pages(query: str) -> list[str]:
    """Return the pages of the methods and events that a question names."""
    catalogue = known_methods()
    whole = query.strip()
    found: dict[str, None] = {}
    for name in [whole, *(word for word in _NAMES.findall(whole) if word != whole)]:
        method = catalogue.method(name)
        event = catalogue.events.get(name) if method is None else None
        page = method.facts.page if method is not None else event.page if event is not None else None
        if page:
            found[page] = None
    return list(found)


def _damaged(exc: Exception, text: str, host: str) -> B24Error:
    """Return the error for a damaged copy, after starting to build it again where that is allowed."""
    local: LocalDocs = needed_docs(text, host, damaged=True)
    if local.copies.running is None:
        return our_error("B24MCP_DOCS", str(exc))
    return our_error("B24MCP_DOCS", str(exc), hint="It is being built again now. Ask again in a minute.")


def page_as_markdown(page: str) -> str:
    """Return a whole page with its title and its address.

    Raises:
        B24Error: `B24MCP_NO_PAGE` or `B24MCP_DOCS`, when it cannot be read; `B24MCP_SETTINGS`.
    """
    from b24_mcp.docs import DocsError, NoSuchPageError

    try:
        read = open_library()[0].read(page, max_chars=_WHOLE_PAGE)
    except NoSuchPageError as exc:
        raise our_error("B24MCP_NO_PAGE", str(exc)) from None
    except DocsError as exc:
        raise our_error("B24MCP_DOCS", str(exc)) from None
    return f"# {read.title}\n\n{read.url}\n\n{read.text}\n"


def _found_page(hit: Hit) -> FoundPage:
    extras: _FoundPageExtras = {"section": hit.section} if hit.section else {}
    return {
        "page": f"{hit.language}/{hit.page}",
        "title": hit.title,
        **extras,
        "kind": hit.kind,
        "lang": hit.language,
        "extract": hit.extract,
    }


def _search_catalogue(query: str, kind: PageKind | None, limit: int, why: str) -> FoundPages:
    """Return the methods that match and the addresses of their pages online."""
    catalogue = known_methods()
    hits = catalogue.search.find(query, limit=limit) if kind in (None, "method") else []
    methods = (catalogue.method(hit.name, hit.version) for hit in hits if hit.score >= _GOOD_FIT)
    pages = [_method_page(method) for method in methods if method is not None and method.form.get("page")]
    return {"pages": pages, "hint": f"{'Only methods were searched. ' if pages else ''}{why}"}


def _method_page(method: Method) -> FoundPage:
    from b24_mcp.docs import online_address

    page = str(method.form["page"])
    return {
        "page": page,
        "title": method.name,
        "kind": "method",
        "lang": "en",
        "extract": method.summary,
        "url": online_address("en", page),
    }


def _method(wanted: str) -> Method | None:
    """Return the method with this name, or the one whose page has this path or address."""
    path = re.sub(r"^.*?(?=api-reference/)|\.(?:md|html)?(?:[?#].*)?$", "", wanted.strip())
    return known_methods().method(wanted.strip()) or known_methods().documented_at(path)


def _page_of(method: Method | None, event: Event | None, wanted: str) -> str:
    """Return the path of the page for the name of a method or an event; any other text is returned as it is."""
    if event is not None:
        return event.page or wanted
    is_name = method is not None and method.name.lower() == wanted.strip().lower()
    return (method.facts.page or wanted) if method is not None and is_name else wanted


def _page_answer(library: DocsLibrary, page: str, section: str, code: SampleLanguage, budget: int) -> PageAnswer:
    max_chars = budget - min(_ANSWER_OVERHEAD, budget // 2)
    read = library.read(page, section=section, code=code, max_chars=max_chars)
    part: PagePart = {}
    if read.section:
        part["section"] = read.section
    if read.more:
        part["cut"] = {"section": read.more, "more": "read on with this section, or read another by its name"}
    if read.more or read.section:
        part["sections"] = _first_names(read.sections, _ANSWER_OVERHEAD // 2)
    return {
        "page": f"{read.language}/{read.page}",
        "title": read.title,
        "kind": read.kind,
        "url": read.url,
        **part,
        "text": read.text,
    }


def _first_names(names: list[str], max_chars: int) -> list[str]:
    """Return the first names, as many as fit."""
    kept: list[str] = []
    for name in names:
        max_chars -= len(to_json(name)) + 1
        if max_chars < 0:
            return [*kept, "…"]
        kept.append(name)
    return kept


def _method_facts(method: Method) -> Mapping[str, object]:
    """Return what the catalogue knows of a method whose page is not in the local copy."""
    facts = method_form(method, known_methods().versions(method.name))
    title = _method_page(method) if facts.get("page") else {"title": method.name, "kind": "method"}
    return {**facts, **title}


def _hint(similar: list[str], section: str) -> str:
    if section and similar:
        return f"Its sections: {'; '.join(_first_names(similar, _ANSWER_OVERHEAD))}."
    meant = f"Similar pages: {', '.join(similar)}. " if similar else ""
    return f"{meant}search_docs finds pages by a question."
