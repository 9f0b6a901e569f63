"""The facts of all methods and events of one edition."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from b24_mcp.catalog.build import pages
from b24_mcp.catalog.build.answers import result_of
from b24_mcp.catalog.build.corrections import correction_of, is_excluded, method_of_page
from b24_mcp.catalog.build.drafts import ParameterDraft
from b24_mcp.catalog.build.enumerations import common_values, stated_sources, stated_values
from b24_mcp.catalog.build.errors import errors_of
from b24_mcp.catalog.build.events import event_of
from b24_mcp.catalog.build.groups import one_is_enough
from b24_mcp.catalog.build.header import context_of, header_of, limits_of, needs_application, permission_of, who_of
from b24_mcp.catalog.build.method_name import name_of
from b24_mcp.catalog.build.paging import paging_of
from b24_mcp.catalog.build.parameters import parameters_of
from b24_mcp.catalog.build.samples import from_samples, literals_of, open_by_literals, regroup, shape
from b24_mcp.catalog.build.values import Allowed
from b24_mcp.catalog.facts import Event, MethodFacts, Parameter, Version
from b24_mcp.catalog.names import folded
from b24_mcp.catalog.positional import Argument, arguments_of
from b24_mcp.dialect.editions import Edition, Source
from b24_mcp.dialect.kinds import is_event, may_be_method
from b24_mcp.dialect.markup import BrokenPageError
from b24_mcp.dialect.requests import requests_of

_COMMON_OBJECTS: dict[str, dict[str, str]] = {
    "pagination": {"limit": "integer", "offset": "integer", "page": "integer"},
    "cursor": {"field": "string", "value": "any", "order": "string", "limit": "integer"},
}
"""Objects that every method of REST 3.0 accepts alike, with the types of their keys; pages describe them in prose."""


@dataclass(frozen=True, slots=True)
class DocumentedMethod:
    """The facts of a method from its page, and the pages that its note of deprecation links to."""

    facts: MethodFacts
    links: tuple[str, ...] = ()


@dataclass(slots=True)
class Extract:
    """The contents of one edition: methods and events by page, and malformed pages with the reason."""

    methods: dict[str, DocumentedMethod] = field(default_factory=dict)
    events: dict[str, Event] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)


def extract(edition: Edition, on_page: Callable[[int, int], None] = lambda done, whole: None) -> Extract:
    """Read all pages of an edition. A malformed page is noted and skipped.

    `on_page` gets the number of pages that were read, and of all pages.
    """
    result = Extract()
    whole = len(edition.page_names())
    for done, source in enumerate(edition.pages(), 1):
        on_page(done, whole)
        if is_excluded(source.page) or not (may_be_method(source) or is_event(source)):
            continue
        try:
            page = pages.open_page(source)
        except BrokenPageError as exc:
            result.broken[source.page] = str(exc)
            continue
        if is_event(source):
            if name := pages.event_name(page):
                result.events[source.page] = event_of(page, name)
            continue
        name = name_of(source.page, [page.title], source.text)
        if name and _agrees(name, source, page.title):
            method = facts_of(page, name, pages.version_of(source))
            result.methods[source.page] = _in_section(method, edition)
    return result


def _in_section(method: DocumentedMethod, edition: Edition) -> DocumentedMethod:
    """Return a method with the context that the index of its section states."""
    facts = method.facts
    index = edition.page(f"{(facts.page or '').rpartition('/')[0]}/index") if facts.context == "any" else None
    if index is None or not needs_application(index.text, facts.method):
        return method
    return replace(method, facts=replace(facts, context="app"))


def _agrees(name: str, source: Source, title: str) -> bool:
    squeezed = re.sub(r"[^a-z0-9]", "", name.lower())
    stem = re.sub(r"[^a-z0-9]", "", source.page.rpartition("/")[2].lower())
    return (
        method_of_page(source.page) is not None
        or name.lower() in title.lower()
        or stem in {squeezed, squeezed + "restv3"}
    )


def facts_of(page: pages.SourcePage, name: str, version: Version) -> DocumentedMethod:
    """Read the facts of a method from its page."""
    scopes, who_line = header_of(page.text)
    found = parameters_of(page.blocks)
    arguments = arguments_of(name) if version == "v2" else None
    requests = requests_of(page.blocks)
    drafts = [draft for draft in found.params if draft.name != "auth"]
    if not found.params:
        drafts = from_samples(requests)
    if arguments is not None:
        drafts = _ordered(drafts, arguments)
    drafts = regroup(drafts, requests)
    shape(drafts, requests)
    open_by_literals(drafts, literals_of(page.blocks))
    correction = correction_of(name, version)
    for draft in drafts:
        if draft.name in correction.no_values:
            draft.allowed = Allowed()
        if version == "v2" and draft.name.lower() == "select":
            # Other fields of the object can be selected too, or `*`.
            draft.allowed = replace(draft.allowed, is_open=bool(draft.allowed.values))
        if version == "v3" and (common := _COMMON_OBJECTS.get(draft.name)):
            draft.fields = draft.fields or [ParameterDraft(key, kind, False) for key, kind in common.items()]
            for one in draft.fields:
                one.type, one.required = one.type or common.get(one.name, ""), one.required or False
    _state_values(drafts, stated_values(name, version))
    for draft in drafts:
        if not draft.allowed.values:
            draft.allowed = common_values(name, version).get(draft.name, draft.allowed)
    for path, source in stated_sources(name, version).items():
        for draft in drafts:
            if draft.name == path:
                draft.limits = replace(draft.limits, source=source)
    groups = [tuple(group) for group in found.one_of]
    if one_is_enough(page.lead) and not groups:
        groups = [tuple(draft.name for draft in drafts)]
        for draft in drafts:
            draft.required = "conditional"
    params = tuple(draft.finished() for draft in drafts)
    result = result_of(page.blocks, name, version)
    deprecation = pages.deprecation_of(page)
    who = who_of(who_line)
    # REST 3.0 keeps its cursors inside `pagination`.
    names = [one.name for _, one in flat(params)] if version == "v3" else [one.name for one in params]
    is_list = result.kind in {"list", "map"} or result.list_key is not None
    facts = MethodFacts(
        method=name,
        version=version,
        scope=tuple(scopes),
        who=who,
        context=context_of(page.lead, page.text),
        params=params,
        result=result,
        paging=paging_of(name, version, names, is_list=is_list),
        errors=errors_of(page.blocks),
        page=page.page,
        positional=arguments is not None,
        one_of=tuple(groups),
        deprecated=deprecation.deprecated,
        superseded=deprecation.superseded,
        batch=correction.batch,
        limits=limits_of(page.lead),
        permission=permission_of(who_line) if who == "rights" else "",
    )
    return DocumentedMethod(facts, tuple(deprecation.links))


def _state_values(drafts: Iterable[ParameterDraft], stated: Mapping[str, Allowed], path: tuple[str, ...] = ()) -> None:
    for draft in drafts if stated else ():
        here = (*path, draft.name)
        draft.allowed = stated.get(".".join(here), draft.allowed)
        _state_values(draft.fields, stated, here)


def _ordered(params: list[ParameterDraft], arguments: Sequence[Argument]) -> list[ParameterDraft]:
    """Return the parameters in the order in which the portal reads them, under the names of the page.

    An argument that the page names otherwise gets the next parameter of the page. The last of them gets all that
    remain, because the page shows that one only by its keys.
    """
    left = {folded(param.name): param for param in params}
    by_name: dict[str, ParameterDraft] = {}
    for argument in arguments:
        for name in argument.names:
            if folded(name) in left:
                by_name[argument.name] = left.pop(folded(name))
                break
    unnamed = [argument.name for argument in arguments if argument.name not in by_name]
    others = list(left.values())
    if len(others) > len(unnamed) > 0:
        first, rest = others[: len(unnamed) - 1], others[len(unnamed) - 1 :]
        others = [*first, ParameterDraft(unnamed[-1], "object", None, fields=rest)]
    by_name |= dict(zip(unnamed, others, strict=False))
    return [by_name.get(argument.name) or ParameterDraft(argument.name) for argument in arguments]


def flat(params: Iterable[Parameter], path: tuple[str, ...] = ()) -> Iterator[tuple[str, Parameter]]:
    """Yield all parameters with their dotted paths."""
    for param in params:
        here = (*path, param.name)
        yield ".".join(here), param
        yield from flat(param.fields, here)
