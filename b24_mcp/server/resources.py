"""The MCP resources: data sets, documented methods and documentation pages, with completion of their names."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from anyio.to_thread import run_sync
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ResourceNotFoundError
from mcp_types import Completion, CompletionArgument, CompletionContext, PromptReference, ResourceTemplateReference

from b24_mcp.access.caller import calling
from b24_mcp.app.app import App
from b24_mcp.app.knowledge import documented, known_now
from b24_mcp.app.library import DOC_ADDRESS, page_names
from b24_mcp.errors import B24Error
from b24_mcp.secrets import PERSON
from b24_mcp.server.callers import caller_of, key_of_person

if TYPE_CHECKING:
    from b24_mcp.discovery import Knowledge
    from b24_mcp.records import DataSetLibrary

_METHOD_ADDRESS = "b24://method/{method}"
_MOST_COMPLETIONS = 100


def add_records_resource(server: MCPServer[App]) -> None:
    """Add the data sets as resources: all, or those of one method, and each by its name.

    The list of resources does not contain them, because it would have to open the portal when a client starts.
    """

    @server.resource("b24://records{?method}", name="data-sets", title="Data sets", mime_type="application/json")
    async def data_sets(ctx: Context[App], method: str = "") -> str:
        """All data sets read from the portal, each with its rows, columns, origin and age."""
        from b24_mcp.app.answers.record_forms import set_form  # not needed to start; so are the imports below
        from b24_mcp.rest import to_json

        sets = await (await _library(ctx)).sets()
        wanted = [one for one in sets if method.lower() in ("", one.method.lower())]
        return _redacted(ctx, to_json([set_form(data_set) for data_set in wanted]))

    @server.resource("b24://records/{name}", name="data-set", title="A data set", mime_type="application/json")
    async def data_set(name: str, ctx: Context[App]) -> str:
        """One data set: its rows, columns, origin and age."""
        from b24_mcp.app.answers.record_forms import set_form
        from b24_mcp.rest import to_json

        found = await (await _library(ctx)).find(name)
        if found is None:
            raise ResourceNotFoundError(f"there is no data set {name[:80]!r}")
        return _redacted(ctx, to_json(set_form(found)))


def add_method_resource(server: MCPServer[App], running: Callable[[], App | None]) -> None:
    """Add each documented method as a resource, and the completion of names.

    `running` returns the application once it is open: the SDK does not pass it to completions.
    """

    async def known() -> Knowledge:
        app = running()
        return await run_sync(documented) if app is None else await known_now(app)

    @server.resource(_METHOD_ADDRESS, name="method", title="A Bitrix24 method", mime_type="application/json")
    async def method_facts(method: str) -> str:
        """The documented parameters, effect, result and errors of a REST method, as JSON."""
        from b24_mcp.app.answers.method_form import method_form
        from b24_mcp.rest import to_json

        catalogue = (await known()).catalogue
        found = await run_sync(catalogue.method, method)
        if found is None:
            raise ResourceNotFoundError(f"no method {method[:80]!r} is documented")
        return to_json(method_form(found, catalogue.versions(found.name)))

    @server.completion()  # type: ignore[no-untyped-call, untyped-decorator]  # the SDK leaves it untyped
    async def complete(
        ref: PromptReference | ResourceTemplateReference,
        argument: CompletionArgument,
        context: CompletionContext | None,
    ) -> Completion | None:
        # A server has one completion handler, so this one completes documentation pages too.
        offered = {_METHOD_ADDRESS: (await known()).catalogue.completions, DOC_ADDRESS: page_names}
        if not isinstance(ref, ResourceTemplateReference) or ref.uri not in offered:
            return None
        names = await run_sync(offered[ref.uri], argument.value)
        return Completion(values=names[:_MOST_COMPLETIONS], total=len(names), has_more=len(names) > _MOST_COMPLETIONS)


def add_doc_resource(server: MCPServer[App]) -> None:
    """Add the resource template of documentation pages to a server."""

    @server.resource(DOC_ADDRESS, name="doc", title="A page of the Bitrix24 documentation", mime_type="text/markdown")
    def doc_page(page: str) -> str:
        """A page of the official documentation as Markdown, e.g. en/settings/oauth/index."""
        from b24_mcp.app.doc_pages import page_as_markdown

        try:
            return page_as_markdown(page)
        except B24Error as exc:
            raise ResourceNotFoundError(str(exc)) from None


async def _library(ctx: Context[App]) -> DataSetLibrary:
    """Return the data sets of the default portal of this caller."""
    app = ctx.request_context.lifespan_context
    with calling(caller_of(ctx)):
        return app.data_sets.of(await app.portals.get())


def _redacted(ctx: Context[App], text: str) -> str:
    """Return a text without secrets, also those of the person who reads it."""
    person = PERSON.set(key_of_person())
    try:
        return ctx.request_context.lifespan_context.redactor.redact(text)
    finally:
        PERSON.reset(person)
