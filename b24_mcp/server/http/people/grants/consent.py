"""The page that asks a person whether a client may act for them, and the pages that say why it cannot be asked."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from b24_mcp.access import LEVELS, Level
from b24_mcp.access.person import LoggedInPerson
from b24_mcp.server.http.people import SignedIn
from b24_mcp.server.http.people.grants.clients import OAuthClient
from b24_mcp.server.http.people.grants.redirects import destination_of, form_sources
from b24_mcp.server.http.people.html import Html, element, html_page
from b24_mcp.texts import Language, text
from b24_mcp.texts.catalogue import catalogue

CONSENT_PATH = "/oauth/consent"

catalogue()  # read the file of texts now, so that no request waits for it


def language_of(request: Request, person: LoggedInPerson | None = None) -> Language:
    """Return the language of a person, or else the first one that the browser asks for and we have."""
    if person is not None:
        return language_of_person(person)
    for part in request.headers.get("accept-language", "").split(","):
        wanted = part.partition(";")[0].strip().lower().partition("-")[0]
        if wanted in ("en", "ru"):
            return "ru" if wanted == "ru" else "en"
    return "en"


def consent_page(
    client: OAuthClient,
    redirect_uri: str,
    signed: SignedIn,
    request_id: str,
    asked: Level,
    levels: Sequence[Level],
    base: str,
) -> Response:
    """Return the page with the question. `levels` can be chosen, and the last of them is chosen already.

    `base` is the address of this server for browsers.
    """
    person = signed.person
    language = language_of_person(person)

    def say(key: str, /, **values: object) -> str:
        return text(f"consent.{key}", language, **values)

    name = client.name or say("no_name")
    target = destination_of(redirect_uri)
    facts = [
        (say("client"), [name, _quiet(say("verified", host=client.host) if client.host else say("unverified"))]),
        (say("target"), [target.name, _quiet(say(f"target_{target.kind}"))]),
        (say("person"), [person.name]),
        (say("portal"), [person.portal]),
    ]
    rows = [part for label, values in facts for part in (element("dt", label), element("dd", *_spaced(values)))]
    choices = [_choice(level, say(f"{level}_name"), say(level), is_chosen=level == levels[-1]) for level in levels]
    narrowed = [element("p", say("narrowed", asked=say(f"{asked}_name")))] if asked not in levels else []
    form = element(
        "form",
        element("input", type="hidden", name="form_token", value=signed.form_token),
        element("input", type="hidden", name="request", value=request_id),
        element("fieldset", element("legend", say("level")), *choices),
        element("button", say("allow"), type="submit", name="answer", value="allow", class_="main"),
        element("button", say("decline"), type="submit", name="answer", value="decline"),
        method="post",
        action=base + CONSENT_PATH,
    )
    body = [
        element("h1", say("title")),
        element("p", say("about", name=name)),
        element("dl", *rows, class_="card"),
        *narrowed,
        form,
        element("p", say("later"), class_="quiet"),
        element("p", say("not_you"), Html(" "), element("a", say("log_out"), href=f"{base}/logout"), class_="quiet"),
    ]
    return opened_by_others(html_page(say("title"), body, language, form_targets=form_sources(redirect_uri)))


def problem_page(
    language: Language, name: str, /, *, status: int = 400, back: str | None = None, **values: object
) -> Response:
    """Return a page that says why access cannot be given. `back` is the address that tells it to the client."""
    title = text("consent.problem_title", language)
    body: list[Html] = [
        element("h1", title),
        element("p", text(f"consent.{name}", language, **values), class_="card problem"),
    ]
    if back is None:
        body.append(element("p", text("consent.start_again", language)))
    else:
        target = destination_of(back)
        label = text("consent.back", language, target=target.name)
        body.append(element("p", element("a", label, href=back, rel="noreferrer", class_="button")))
    return opened_by_others(html_page(title, body, language, status=status))


def opened_by_others(response: Response) -> Response:
    """Return the page so that the window that opened it stays its opener: some clients open it in a small window, and
    their own page at the end of the login reports to the large one.
    """
    response.headers["cross-origin-opener-policy"] = "unsafe-none"
    return response


def language_of_person(person: LoggedInPerson) -> Language:
    """Return the language in which a person reads."""
    return "ru" if person.language == "ru" else "en"


def _choice(level: Level, name: str, meaning: str, *, is_chosen: bool) -> Html:
    key = f"level-{LEVELS.index(level)}"
    radio = element("input", type="radio", id=key, name="level", value=level, checked=is_chosen)
    return element("p", radio, Html(" "), element("label", element("strong", name), Html(" "), meaning, for_=key))


def _quiet(words: str) -> Html:
    return element("span", words, class_="quiet")


def _spaced(values: Sequence[object]) -> list[object]:
    """Return values with a line break between them."""
    return [part for value in values for part in (element("br"), value)][1:]
