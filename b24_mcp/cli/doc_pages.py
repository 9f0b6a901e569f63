"""`b24-mcp docs search` and `b24-mcp docs read`: the pages of the official documentation."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from b24_mcp.cli.find import described
from b24_mcp.cli.params import JSON
from b24_mcp.cli.running import answer_and_exit

if TYPE_CHECKING:
    from b24_mcp.app.answers.forms import Form
    from b24_mcp.app.app import App
    from b24_mcp.app.library import PageKind, SampleLanguage

_KINDS = ["method", "event", "widget", "tutorial", "article"]
_WIDTH = 78


@click.command()
@click.argument("query", nargs=-1, required=True)
@click.option("--kind", type=click.Choice(_KINDS), help="Only pages of this kind.")
@click.option("--limit", metavar="N", type=click.IntRange(1, 20), default=5, show_default=True, help="How many pages.")
@JSON
def search(query: tuple[str, ...], kind: PageKind | None, limit: int, as_json: bool) -> None:
    """Search the documentation for a question, in English or Russian.

    \b
    b24-mcp docs search how do I renew an OAuth token
    b24-mcp docs search "события сделки" --kind event

    Prints pages, each with the section that answers. `b24-mcp docs read PAGE` prints one.
    """

    async def question(app: App) -> Form:
        from b24_mcp.app.doc_pages import search_documentation  # so that --help answers at once
        from b24_mcp.app.knowledge import host_of

        return {"ok": True, **await search_documentation(" ".join(query), kind, limit, host_of(app), _progress)}

    answer_and_exit("b24-mcp docs search", question, as_json=as_json, view=_pages)


@click.command()
@click.argument("page")
@click.option("--section", metavar="NAME", help="Only this section of the page.")
@click.option(
    "--code",
    type=click.Choice(["curl", "python", "js", "php"]),
    default="curl",
    show_default=True,
    help="Language of the code samples.",
)
@JSON
def read(page: str, section: str | None, code: SampleLanguage, as_json: bool) -> None:
    """Read a page of the documentation, or a section of it, as Markdown.

    \b
    b24-mcp docs read crm.deal.add
    b24-mcp docs read QUERY_LIMIT_EXCEEDED

    PAGE is a page that `b24-mcp docs search` found, its address, or the name of a method, event or error code.
    """

    async def question(app: App) -> Form:
        from b24_mcp.app.doc_pages import read_documentation  # so that --help answers at once
        from b24_mcp.app.knowledge import host_of

        answer, _ = await read_documentation(page, section or "", code, host_of(app), _progress)
        return {"ok": True, **answer}

    answer_and_exit("b24-mcp docs read", question, as_json=as_json, view=_page)


async def _progress(done: float, whole: float, step: str) -> None:
    """Show the progress of a copy that is fetched first."""
    from b24_mcp.cli.progress import show_step

    show_step(step)


def _pages(form: Mapping[str, object]) -> Mapping[str, object]:
    """Return the pages that were found as a text."""
    pages = form.get("pages")
    parts = []
    for page in pages if isinstance(pages, list) else []:
        where = f": {page['section']}" if page.get("section") else ""
        extract = textwrap.fill(page["extract"], _WIDTH, initial_indent="  ", subsequent_indent="  ")
        parts.append("\n".join([f"{page['title']}{where}", f"  {page.get('url') or page['page']}", extract]))
    return {"text": "\n\n".join(parts) or "No page was found.", "hint": form.get("hint")}


def _page(form: Mapping[str, object]) -> Mapping[str, object]:
    """Return a page as its text, with its title, its address, and how to read on."""
    if "text" not in form:
        return described(form)
    seen: dict[str, object] = {"text": f"# {form.get('title')}\n{form.get('url')}\n\n{form['text']}"}
    if isinstance(cut := form.get("cut"), dict):
        seen["more"] = f"--section {cut['section']!r} reads on."
    return seen | {"hint": form.get("hint")}
