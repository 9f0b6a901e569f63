"""Small pages: the choice of a portal, what went wrong and what to do, and the invitation to log in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.responses import Response

from b24_mcp.server.http.people.html import Html, element, html_page
from b24_mcp.texts import Language, text


def link(words: str, address: str, *, is_main: bool = False, **attributes: object) -> Html:
    """Return a link that looks like a button."""
    return element("a", words, class_="button main" if is_main else "button", href=address, **attributes)


def choice_page(links: Mapping[str, str], language: Language) -> Response:
    """Return the page to choose a portal. `links` are the addresses by what the person reads."""
    title = text("people.choose", language)
    rows = [element("li", link(name, address), class_="row") for name, address in links.items()]
    return html_page(title, [element("h1", title), element("ul", *rows)], language)


def welcome_page(login: str, language: Language) -> Response:
    """Return the page for somebody who is not logged in. `login` is the address that begins the login."""
    title = text("people.title", language)
    return html_page(
        title,
        [
            element("h1", title),
            element("p", text("people.welcome", language)),
            element("p", link(text("people.log_in", language), login, is_main=True)),
        ],
        language,
    )


def problem_page(cause: str, language: Language, again: str, *, status: int = 400) -> Response:
    """Return the page about a login that failed. `cause` is a name below `people.problem_`."""
    return _message_page(
        text("people.problem", language),
        text(f"people.problem_{cause}", language),
        link(text("people.again", language), again, is_main=True),
        language,
        status,
    )


def message_page(said: str, language: Language, home: str, *, status: int) -> Response:
    """Return a page with a message and the way to the page of the person. `said` is a name below `people`."""
    return _message_page(
        text("people.problem", language),
        text(f"people.{said}", language),
        link(text("people.home", language), home),
        language,
        status,
    )


def in_frame_page(home: str, language: Language, portals: Sequence[str]) -> Response:
    """Return the page that Bitrix24 shows in a frame when a person opens the application there."""
    title = text("people.title", language)
    away = link(text("people.open_tab", language), home, is_main=True, target="_blank", rel="noopener")
    body = [element("h1", title), element("p", text("people.in_frame", language)), element("p", away)]
    return html_page(title, body, language, framed_by=portals)


def _message_page(title: str, said: str, way: Html, language: Language, status: int) -> Response:
    body = [element("h1", title), element("div", element("p", said), class_="card problem", role="alert")]
    return html_page(title, [*body, element("p", way)], language, status=status)
