"""The page of a person at `/`: who they are, clients with access, questions that wait, and their last writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.responses import Response

from b24_mcp.access import PendingApproval, RecentWrite
from b24_mcp.catalog import known_methods
from b24_mcp.server.http.people import GrantedClient, SignedIn
from b24_mcp.server.http.people.html import Html, element, html_page, joined
from b24_mcp.server.http.people.messages import link
from b24_mcp.server.http.people.paths import APPROVE, LOGOUT, OwnAddress
from b24_mcp.texts import Language, text

REVOKE = "/clients/revoke"
NOTICES = ("approved", "declined", "too_late", "revoked", "not_revoked")
"""What the page can say about the last form, by the value of `said` in its address."""
_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class PersonPage:
    """The pages for a signed-in person in a language. `portal` is what the person reads as the name of the portal,
    and `now` the Unix time of the request.
    """

    address: OwnAddress
    signed_in: SignedIn
    portal: str
    language: Language
    now: float

    def home(
        self,
        clients: Sequence[GrantedClient],
        waiting: Mapping[str, PendingApproval],
        writes: Sequence[RecentWrite],
        said: str = "",
    ) -> Response:
        """Return the page at `/`. `said` is one of `NOTICES`, or empty."""
        notice = [element("div", self._text(said), class_="card notice", role="status")] if said in NOTICES else []
        body = [
            element("h1", self._text("title")),
            *notice,
            self._who(),
            element("h2", self._text("waiting"), id="waiting"),
            *self._listed([self._question(code, one) for code, one in waiting.items()], "no_waiting", "waiting"),
            element("h2", self._text("clients"), id="clients"),
            *self._listed([self._client(client) for client in clients], "no_clients", "clients"),
            element("h2", self._text("writes"), id="writes"),
            *self._listed([self._write(write) for write in writes], "no_writes", "writes", class_="row"),
            element("h2", self._text("session")),
            self._leaving(),
        ]
        return html_page(self._text("title"), body, self.language)

    def approval(self, code: str, waiting: PendingApproval) -> Response:
        """Return the page with one question."""
        title = self._text("approve_title")
        home = link(self._text("home"), self.address.to("/"))
        body = [element("h1", title), self._who(), self._question(code, waiting), element("p", home)]
        return html_page(title, body, self.language)

    def leaving(self) -> Response:
        """Return the page with the buttons to log out."""
        title = self._text("session")
        return html_page(title, [element("h1", title), self._who(), self._leaving()], self.language)

    def _who(self) -> Html:
        person = self.signed_in.person
        facts = {"who": person.name, "portal": self.portal, "level": self._text(f"level_{person.level}")}
        shown = [joined((element("dt", self._text(name)), element("dd", value))) for name, value in facts.items()]
        return element("dl", *shown)

    def _question(self, code: str, waiting: PendingApproval) -> Html:
        client = waiting.client or self._text("unnamed_client")
        buttons = [
            element("button", self._text("approve"), type="submit", name="answer", value="approve", class_="main"),
            element("button", self._text("decline"), type="submit", name="answer", value="decline", class_="bad"),
        ]
        asked = self._text("asked", client=client, ago=self._ago(waiting.asked_at), code=code)
        return element(
            "div",
            element("h3", self._text("question", code=code), id=f"question-{code}"),
            element("p", asked, class_="quiet"),
            element("pre", waiting.said, tabindex="0", aria_labelledby=f"question-{code}"),
            element("p", self._text("once"), class_="quiet"),
            self._form(f"{APPROVE}{code}", *buttons, aria_labelledby=f"question-{code}"),
            class_="card",
        )

    def _client(self, client: GrantedClient) -> Html:
        name = client.name or self._text("unnamed_client")
        revoke = element(
            "button",
            self._text("revoke"),
            type="submit",
            class_="bad",
            aria_label=self._text("revoke_client", client=name),
        )
        facts = (
            self._text(f"level_{client.level}"),
            self._text("since", ago=self._ago(client.granted_at)),
            self._text("used", ago=self._ago(client.used_at)),
        )
        return element(
            "div",
            element("h3", name),
            element("p", self._text("client_host", host=client.host), class_="quiet") if client.host else Html(""),
            element("p", " · ".join(facts), class_="quiet"),
            self._form(REVOKE, element("input", type="hidden", name="grant", value=client.id), revoke),
            class_="card",
        )

    def _write(self, write: RecentWrite) -> Html:
        method = known_methods().method(write.method)
        summary = "" if method is None else (method.summary_ru if self.language == "ru" else "") or method.summary
        summary = summary.partition(";")[0]  # what follows is for models
        fields = f"{self._text('fields')} {', '.join(write.fields)}" if write.fields else ""
        facts = [write.portal, write.client, self._text("was_approved") if write.approved else ""]
        return joined(
            (
                element("div", self._moment(write.at), " ", element("b", write.method), ": ", self._outcome(write)),
                element("div", summary) if summary else "",
                element("div", fields, class_="quiet") if fields else "",
                element("div", " · ".join(fact for fact in facts if fact), class_="quiet"),
            )
        )

    def _outcome(self, write: RecentWrite) -> str:
        if write.outcome == "ok":
            return self._text("outcome_ok")
        if not write.outcome:
            return self._text("outcome_missing")
        executed = write.executed if write.executed in ("yes", "no") else "unknown"
        return self._text(f"outcome_{executed}", code=write.outcome)

    def _leaving(self) -> Html:
        here = element("button", self._text("log_out"), type="submit")
        everywhere = element(
            "button", self._text("log_out_everywhere"), type="submit", name="everywhere", value="1", class_="bad"
        )
        return element(
            "div",
            self._form(LOGOUT, here),
            element("p", self._text("everywhere"), class_="quiet", id="everywhere"),
            self._form(LOGOUT, everywhere, aria_describedby="everywhere"),
            class_="card",
        )

    def _form(self, path: str, *fields: object, **attributes: object) -> Html:
        token = element("input", type="hidden", name="form_token", value=self.signed_in.form_token)
        return element("form", token, *fields, method="post", action=self.address.to(path), **attributes)

    def _listed(self, entries: Sequence[Html], nothing: str, heading: str, class_: str | None = None) -> Iterator[Html]:
        if entries:
            yield element("ul", *(element("li", one, class_=class_) for one in entries), aria_labelledby=heading)
        else:
            yield element("p", self._text(nothing), class_="quiet")

    def _moment(self, at: float) -> Html:
        return element("time", self._ago(at), datetime=datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds"))

    def _ago(self, at: float) -> str:
        """Return how long ago something was, because the server does not know the time zone of the browser."""
        seconds = max(0.0, self.now - at)
        if seconds < 60:
            return self._text("ago_now")
        for name, length in (("days", _DAY), ("hours", 3_600.0), ("minutes", 60.0)):
            if seconds >= length:
                return self._text(f"ago_{name}", count=int(seconds // length))
        return ""

    def _text(self, name: str, **values: object) -> str:
        return text(f"people.{name}", self.language, **values)
