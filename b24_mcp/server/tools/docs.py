"""The tools that know the official documentation: finding pages and reading them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Literal

from anyio.to_thread import run_sync
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ResourceNotFoundError
from mcp_types import ToolAnnotations
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from b24_mcp.app.answers.forms import Form
from b24_mcp.app.answers.reply import Reply
from b24_mcp.app.app import App
from b24_mcp.app.library import DOC_ADDRESS, NO_COPY, open_library
from b24_mcp.catalog import Method, known_methods
from b24_mcp.errors import B24Error, our_error
from b24_mcp.rest import to_json
from b24_mcp.server.tooling import FormalTool, make_tool

if TYPE_CHECKING:
    from b24_mcp.docs import DocsLibrary

# As in the room docs, which is not imported before it is needed.
Kind = Literal["method", "event", "widget", "tutorial", "article"]
CodeLanguage = Literal["curl", "python", "js", "php"]

_WHOLE_PAGE = 200_000
_AROUND = 3_000
_ESSENTIALS = ("scope", "params", "result", "errors", "deprecated", "replaced_by")


async def search_docs(
    ctx: Context[App],
    query: Annotated[str, Field(description="A question in English or Russian")],
    kind: Annotated[Kind | SkipJsonSchema[None], Field(description="Only pages of this kind")] = None,
    limit: Annotated[int, Field(description="How many, by default 5", ge=1, le=20)] = 5,
) -> Reply:
    """Search the official Bitrix24 documentation: how things work, tutorials, events, widgets, methods.

    Gives pages with the section that fits and an extract; read_doc reads them. Works offline.
    """
    return Reply({"ok": True} | await run_sync(_found, query, kind, limit))


async def read_doc(
    ctx: Context[App],
    page: Annotated[str, Field(description="Page as search_docs gives it, its address, or a method name")],
    section: Annotated[
        str | SkipJsonSchema[None], Field(description="Only this section. To read on: what cut.section says")
    ] = None,
    code: Annotated[CodeLanguage, Field(description="Language of the samples of code")] = "curl",
) -> Reply:
    """Read a page of the official Bitrix24 documentation, or a section of it, as Markdown. Works offline."""
    form, budget = await run_sync(_read, page, section or "", code)
    return Reply({"ok": True} | form, budget)


def _found(query: str, kind: Kind | None, limit: int) -> Form:
    from b24_mcp.docs import DocsError

    library, _ = open_library()
    if not library.languages:
        return _found_methods(query, kind, limit)
    try:
        hits = library.search(query, kind=kind, limit=limit)
    except DocsError as exc:
        raise our_error("B24MCP_DOCS", str(exc)) from None
    form: Form = {
        "pages": [
            {"page": f"{hit.language}/{hit.page}", "title": hit.title}
            | ({"section": hit.section} if hit.section else {})
            | {"kind": hit.kind, "lang": hit.language, "extract": hit.extract}
            for hit in hits
        ]
    }
    if not hits:
        form["hint"] = "Nothing fits. Ask in other words" + (", or without kind." if kind else ".")
    return form


def _found_methods(query: str, kind: Kind | None, limit: int) -> Form:
    """Without a copy of the documentation: the methods that fit, and where their pages are online."""
    catalogue = known_methods()
    hits = catalogue.search.find(query, limit=limit) if kind in (None, "method") else []
    methods = (catalogue.method(hit.name, hit.version) for hit in hits)
    pages = [_as_page(method) for method in methods if method is not None and method.form.get("page")]
    return {"pages": pages, "hint": f"{'Only methods are known here. ' if pages else ''}{NO_COPY}."}


def _as_page(method: Method) -> Form:
    from b24_mcp.docs import online_address

    page = str(method.form["page"])
    url = online_address("en", page)
    return {"page": page, "title": method.name, "kind": "method", "lang": "en", "extract": method.summary, "url": url}


def _read(wanted: str, section: str, code: CodeLanguage) -> tuple[Form, int]:
    from b24_mcp.docs import DocsError, NoSuchPageError

    library, budget = open_library()
    method = _method(wanted)
    try:
        if library.languages:
            return _page_form(library, method, wanted, section, code, budget), budget
    except NoSuchPageError as exc:
        if method is None or section:
            raise our_error("B24MCP_NO_PAGE", str(exc), hint=_hint(exc.similar, section)) from None
    except DocsError as exc:
        raise our_error("B24MCP_DOCS", str(exc)) from None
    if method is None:
        raise our_error("B24MCP_NO_DOCS", f"{NO_COPY}.")
    return _essentials(method, copied=bool(library.languages)), budget


def _method(wanted: str) -> Method | None:
    """The method that is meant by its name, or by the path or address of its page."""
    path = re.sub(r"^.*?(?=api-reference/)|\.(?:md|html)?(?:[?#].*)?$", "", wanted.strip())
    return known_methods().method(wanted.strip()) or known_methods().documented_at(path)


def _page_form(
    library: DocsLibrary, method: Method | None, wanted: str, section: str, code: CodeLanguage, budget: int
) -> Form:
    named = method is not None and method.name.lower() == wanted.strip().lower() and method.form.get("page")
    page = str(named) if named else wanted
    # What stands around the text takes a part of the budget.
    room = budget - min(_AROUND, budget // 2)
    read = library.read(page, section=section, code=code, room=room)
    form: Form = {"page": f"{read.language}/{read.page}", "title": read.title, "kind": read.kind, "url": read.url}
    if read.section:
        form["section"] = read.section
    if read.more:
        form["cut"] = {"section": read.more, "more": "read on with this section, or read another by its name"}
    if read.more or read.section:
        form["sections"] = _within(read.sections, _AROUND // 2)
    return form | {"text": read.text}


def _within(names: list[str], room: int) -> list[str]:
    """As many names as there is room for."""
    kept: list[str] = []
    for name in names:
        room -= len(to_json(name)) + 1
        if room < 0:
            return [*kept, "…"]
        kept.append(name)
    return kept


def _essentials(method: Method, *, copied: bool) -> Form:
    """What the catalogue knows of a method, where its page is not at hand."""
    facts = method.form
    form = _as_page(method) if facts.get("page") else {"title": method.name, "kind": "method"}
    form |= {"method": method.name, "version": method.version, "effect": method.effect}
    form |= {key: facts[key] for key in _ESSENTIALS if facts.get(key)}
    return form if copied else form | {"hint": f"{NO_COPY}."}


def _hint(similar: list[str], section: str) -> str:
    if section and similar:
        return f"Its sections: {'; '.join(_within(similar, _AROUND))}."
    meant = f"Perhaps one of these was meant: {', '.join(similar)}. " if similar else ""
    return f"{meant}search_docs finds pages by question."


def add_doc_resource(server: MCPServer[App]) -> None:
    """Offer each page as a resource too."""

    @server.resource(DOC_ADDRESS, name="doc", title="A page of the Bitrix24 documentation", mime_type="text/markdown")
    def doc_page(page: str) -> str:
        """A page of the official documentation as Markdown, e.g. en/settings/oauth/index."""
        from b24_mcp.docs import DocsError

        try:
            read = open_library()[0].read(page, room=_WHOLE_PAGE)
        except (B24Error, DocsError) as exc:
            raise ResourceNotFoundError(str(exc)) from None
        return f"# {read.title}\n\n{read.url}\n\n{read.text}\n"


def doc_tools() -> list[FormalTool]:
    """The tools of this family, ready to be served."""
    offline = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
    return [
        make_tool(search_docs, title="Search the Bitrix24 documentation", annotations=offline),
        make_tool(read_doc, title="Read the Bitrix24 documentation", annotations=offline),
    ]
