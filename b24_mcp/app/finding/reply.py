"""Find records by a name, a phone number, an e-mail address or a number, and describe the best of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Required, TypedDict

from anyio.to_thread import run_sync

from b24_mcp.access import NOTICE
from b24_mcp.app import record_names
from b24_mcp.app.answers.forms import Form, failure_form, head, with_notice
from b24_mcp.app.answers.reply import Reply
from b24_mcp.app.app import App
from b24_mcp.app.finding.finder import COMPANY, Finder, number_of
from b24_mcp.app.finding.kinds import DYNAMIC, FindKind, FindKinds, find_kinds
from b24_mcp.app.finding.question import Question, read_question
from b24_mcp.app.finding.ranking import GOOD, Candidate, joined
from b24_mcp.app.links import record_link
from b24_mcp.app.open_portal import OpenPortal
from b24_mcp.discovery.people import DirectoryEntry
from b24_mcp.discovery.schemas import text
from b24_mcp.errors import B24Error, our_error
from b24_mcp.rest import to_json

_ROOM = 600
_NOTHING = (
    "Nothing fits. Try another spelling, fewer words, or a whole phone number. Records the user may not see are not "
    "found."
)
_ONLY_SIMILAR = "No record has all of it: these are similar. Ask the user which one is meant before you change one."
_CROWDED = "more match than were read (the newest 50): add a word"


class FoundForm(TypedDict, total=False):
    """A record that was found. `match` is there when it is not the words: phone, e-mail, id, or similar words."""

    kind: Required[str]
    id: Required[int]
    title: str
    process: str
    position: str
    stage: str
    person: str
    company: str
    match: str
    link: str


async def find_reply(
    app: App, asked: str, *, kinds: Sequence[str] | None = None, limit: int = 5, portal: str | None = None
) -> Reply:
    """Return the reply with the records that fit best, at most `limit` of each kind, and what was not searched.

    Raises:
        B24Error: `B24MCP_ARGUMENTS` for an unknown kind, or a text with nothing to search for; `B24MCP_PORTAL`.
    """
    opened = await app.portals.get(portal)
    known = await run_sync(_tables)
    question = await run_sync(read_question, asked, known.words, known.fillers)
    if question.is_empty or question.is_too_short:
        raise our_error(
            "B24MCP_ARGUMENTS",
            "text must hold at least two letters, or a number.",
            hint="Nothing was sent. Use a name, part of a title, a phone number, an e-mail address, or an id.",
        )
    chosen, processes = _chosen(known, kinds)
    if question.number and question.kind and not question.words and not kinds:
        chosen = [kind for kind in chosen if kind.kind == question.kind] or chosen
        processes = frozenset()
    finder = Finder(opened, question, chosen, processes)
    try:
        found = await finder.run(limit)
    except B24Error as exc:
        return Reply(failure_form(exc, opened.notice), opened.settings.budget)
    form = await _form(opened, question, finder, found)
    return Reply(form, opened.settings.budget)


def _tables() -> FindKinds:
    """Read the tables that are needed."""
    record_names.load()
    return find_kinds()


def _chosen(known: FindKinds, kinds: Sequence[str] | None) -> tuple[list[FindKind], frozenset[int] | None]:
    """Return the kinds that a caller names, and the types of smart processes: None for all of them."""
    usual = [kind for kind in known.all if kind.kind != DYNAMIC]
    if not kinds:
        return usual, None
    named: set[str] = set()
    for name in kinds:
        kind = known.named(name)
        if kind is None:
            raise our_error(
                "B24MCP_ARGUMENTS",
                f"There are no records of the kind {name[:40]!r}.",
                hint=f"Nothing was sent. Leave kinds out, or use: {', '.join(known.names)}. dynamic:ID is one smart "
                "process.",
            )
        named.add(kind)
    types = frozenset(int(number) for one in named if (number := one.partition(":")[2]).isdecimal())
    return [kind for kind in usual if kind.kind in named], None if DYNAMIC in named else types


async def _form(opened: OpenPortal, question: Question, finder: Finder, found: Sequence[Candidate]) -> Form:
    facts = opened.facts
    people = await facts.people({number for one in found if (number := number_of(one.row.get(one.kind.person)))})
    names = {number: person.name for number, person in (people or {}).items()}
    companies = opened.record_names.known(
        {COMPANY: [number for one in found if (number := number_of(one.row.get(one.kind.company)))]}
    )
    stages = facts.directories_now() or ()
    origin = opened.portal.origin

    def described() -> list[FoundForm]:
        return [_described(one, origin, question, stages, names, companies.get(COMPANY, {})) for one in found]

    form = head(True, opened.notice)
    shown = await run_sync(described)
    form["found"] = shown
    if crowded := sorted(finder.crowded):
        form["more"] = {_CROWDED: crowded}
    if finder.not_searched:
        form["not_searched"] = _by_reason(finder.not_searched)
    form["requests"] = finder.requests
    if finder.problems:
        form["warnings"] = finder.problems
    if not found:
        form["hint"] = _NOTHING
    elif found[0].how == "words" and question.words and found[0].score < GOOD:
        form["hint"] = _ONLY_SIMILAR
    while len(shown) > 1 and len(to_json(form)) > opened.settings.budget - _ROOM:
        shown.pop()
        form["hint"] = "More were found than fit here: name fewer kinds, or use a smaller limit."
    return with_notice(form, NOTICE) if shown else form


def _described(
    one: Candidate,
    origin: str,
    question: Question,
    stages: Sequence[DirectoryEntry],
    people: Mapping[int, str],
    companies: Mapping[int, str],
) -> FoundForm:
    kind, row = one.kind, one.row
    form = FoundForm(kind=kind.kind, id=one.id)
    details = {
        "title": one.full_title if kind.more_title and not kind.position else one.title,
        "process": kind.process,
        "position": joined(row, [kind.position]),
        "stage": _stage(kind, text(row.get(kind.stage)), stages),
        "person": _person(row.get(kind.person), people),
        "company": companies.get(number_of(row.get(kind.company)), ""),
        "match": _match(one, question),
        "link": record_link(origin, kind.kind, row) or "",
    }
    for name, value in details.items():
        if value:
            form[name] = value  # type: ignore[literal-required]
    return form


def _match(one: Candidate, question: Question) -> str:
    if one.how in ("phone", "e-mail"):
        return one.how
    if question.number:
        return "id" if str(one.id) == question.number else ""
    return "similar" if one.score < GOOD else ""


def _stage(kind: FindKind, stage: str, entries: Sequence[DirectoryEntry]) -> str:
    """Return the name of a stage; its id when the name is not known."""
    if kind.stage_names:
        return kind.stage_names.get(stage, stage)
    named = [one.name for one in entries if one.id == stage and _is_directory(kind.stages, one.directory)]
    return named[0] if named else stage


def _is_directory(stages: str, directory: str) -> bool:
    """Whether a directory holds stages of a kind: its own, or that of one of its pipelines."""
    return directory == stages or directory.startswith(f"{stages}_")


def _person(value: object, people: Mapping[int, str]) -> str:
    name = text(value.get("name")) if isinstance(value, Mapping) else ""
    number = number_of(value)
    return name or people.get(number, "") or (f"user {number}" if number else "")


def _by_reason(reasons: Mapping[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for kind, why in reasons.items():
        found.setdefault(why, []).append(kind)
    return found
