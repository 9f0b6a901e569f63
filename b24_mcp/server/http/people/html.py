"""Pages for people: HTML that is escaped unless it was made here, and the headers that go with it."""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Iterable, Sequence

from starlette.responses import HTMLResponse

from b24_mcp.server.http.people.style import STYLE
from b24_mcp.texts import Language

_EMPTY = frozenset({"br", "hr", "input", "link", "meta"})


class Html(str):
    """Text that is HTML. Any other text is escaped where it is put into a page."""

    __slots__ = ()


def escaped(value: object) -> Html:
    """Return a value as HTML: `Html` as it is, anything else escaped, also for the use in an attribute."""
    return value if isinstance(value, Html) else Html(html.escape(str(value)))


def joined(parts: Iterable[object]) -> Html:
    """Return values in a row as HTML."""
    return Html("".join(map(escaped, parts)))


def element(name: str, /, *children: object, **attributes: object) -> Html:
    """Return an element. `class_` is the attribute `class`, `aria_label` is `aria-label`.

    An attribute with the value None or False is left out, and True stands for one without a value.
    """
    written = "".join(
        f" {key}" if value is True else f' {key}="{escaped(value)}"'
        for key, value in ((key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items())
        if value is not None and value is not False
    )
    return Html(f"<{name}{written}>" if name in _EMPTY else f"<{name}{written}>{joined(children)}</{name}>")


def html_page(
    title: str,
    body: Iterable[object],
    language: Language,
    *,
    status: int = 200,
    form_targets: Sequence[str] = ("'self'",),
    framed_by: Sequence[str] = (),
) -> HTMLResponse:
    """Return a page. It loads nothing, runs no script, and is not kept by the browser.

    `form_targets` are the origins that forms may lead to, redirects included. `framed_by` are the origins whose pages
    may show this page in a frame.
    """
    head = (
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("style", Html(STYLE)),
    )
    whole = element("html", element("head", *head), element("body", element("main", *body)), lang=language)
    framing = " ".join(framed_by) or "'none'"
    policy = (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; "
        f"form-action {' '.join(form_targets)}; frame-ancestors {framing}"
    )
    headers = PRIVATE | {"content-security-policy": policy, "content-language": language, "vary": "Accept-Language"}
    if not framed_by:
        headers["x-frame-options"] = "DENY"
    return HTMLResponse(f"<!doctype html>\n{whole}\n", status, headers)


_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
PRIVATE = {
    "cache-control": "no-store",
    # With no-referrer, browsers send forms with the origin null, which then cannot be checked.
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex",
    "cross-origin-opener-policy": "same-origin",
}
"""The headers of every answer to a browser."""
