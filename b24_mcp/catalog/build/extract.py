"""The facts of every method and event of one edition."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from b24_mcp.catalog.build import pages
from b24_mcp.catalog.build.answers import answer_of
from b24_mcp.catalog.build.errors import errors_of
from b24_mcp.catalog.build.header import context_of, header_of, who_of
from b24_mcp.catalog.build.known import COMMON_OBJECTS, MISSPELT_VALUES, NAMES, POSITIONAL, STALE
from b24_mcp.catalog.build.model import Facts
from b24_mcp.catalog.build.naming import name_of
from b24_mcp.catalog.build.paging import paging_of
from b24_mcp.catalog.build.parameters import DocumentedParam, parameters_of
from b24_mcp.catalog.build.samples import from_samples, shape
from b24_mcp.dialect.editions import Edition, Source
from b24_mcp.dialect.kinds import is_event, may_be_method
from b24_mcp.dialect.markup import BrokenPageError
from b24_mcp.dialect.requests import requests_of


@dataclass(slots=True)
class Extract:
    """What one edition gave: methods by page, events, and the pages that break the grammar."""

    methods: dict[str, Facts] = field(default_factory=dict)
    events: dict[str, tuple[str, list[str]]] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)


def extract(edition: Edition) -> Extract:
    """Read all pages of an edition. A page that breaks the grammar is noted and the rest is read all the same."""
    result = Extract()
    for source in edition.pages():
        if source.page in STALE or not (may_be_method(source) or is_event(source)):
            continue
        try:
            page = pages.open_page(source)
        except BrokenPageError as exc:
            result.broken[source.page] = str(exc)
            continue
        if is_event(source):
            if name := pages.event_name(page):
                result.events[source.page] = (name, header_of(source.text)[0])
            continue
        name = name_of(source.page, [page.title], source.text)
        if name and _agrees(name, source, page.title):
            result.methods[source.page] = facts_of(page, name, pages.version_of(source))
    return result


def _agrees(name: str, source: Source, title: str) -> bool:
    squeezed = re.sub(r"[^a-z0-9]", "", name.lower())
    stem = re.sub(r"[^a-z0-9]", "", source.page.rpartition("/")[2].lower())
    return source.page in NAMES or name.lower() in title.lower() or stem in {squeezed, squeezed + "restv3"}


def facts_of(page: pages.SourcePage, name: str, version: str) -> Facts:
    """Read the facts of a method off its page."""
    scopes, who_line = header_of(page.text)
    found = parameters_of(page.blocks)
    errors = errors_of(page.blocks)
    order = POSITIONAL.get(name.lower()) if version == "v2" else None
    requests = requests_of(page.blocks)
    params = [param for param in found.params if param.name != "auth"]
    if not found.params:
        params = from_samples(requests)
    if order is not None:
        params = _ordered(params, order)
    shape(params, requests)
    _correct(params, name, version)
    answer = answer_of(page.blocks, name, version)
    deprecated, links = pages.deprecation_of(page)
    # REST 3.0 keeps its cursors inside `pagination`.
    names = [one.name for _, one in flat(params)] if version == "v3" else [one.name for one in params]
    is_list = answer.kind in {"list", "map"} or answer.list_key is not None
    return Facts(
        method=name,
        version=version,
        page=page.page,
        scope=scopes,
        who=who_of(who_line),
        context=context_of(page.lead, page.text),
        params=params,
        positional=order is not None,
        one_of=found.one_of,
        deprecated=deprecated,
        links=links,
        answer=answer,
        paging=paging_of(name, version, names, is_list=is_list),
        errors=errors,
        orphans=found.orphans,
    )


def _correct(params: list[DocumentedParam], method: str, version: str) -> None:
    for param in params:
        if (method.lower().rpartition(".")[0] + ".", param.name) in MISSPELT_VALUES:
            param.values = ()
        if version == "v3" and not param.fields:
            param.fields = [
                DocumentedParam(key, kind, False) for key, kind in COMMON_OBJECTS.get(param.name, {}).items()
            ]


def _ordered(params: list[DocumentedParam], order: tuple[str, ...]) -> list[DocumentedParam]:
    """Put parameters into the order the server takes them in, under the names of the page.

    What the order calls otherwise than the page is taken in the page's order; what is then left over stands in the
    last one, which the page shows by its keys only.
    """
    left = {re.sub(r"^ar|_", "", param.name.lower()): param for param in params}
    by_name = {name: left.pop(name.lower().replace("_", "")) for name in order if name.lower().replace("_", "") in left}
    unnamed = [name for name in order if name not in by_name]
    others = list(left.values())
    if len(others) > len(unnamed) > 0:
        first, rest = others[: len(unnamed) - 1], others[len(unnamed) - 1 :]
        others = [*first, DocumentedParam(unnamed[-1], "object", None, fields=rest)]
    by_name |= dict(zip(unnamed, others, strict=False))
    return [by_name.get(name) or DocumentedParam(name) for name in order]


def flat(params: list[DocumentedParam], path: tuple[str, ...] = ()) -> Iterator[tuple[str, DocumentedParam]]:
    """Give all parameters with their dotted paths."""
    for param in params:
        here = (*path, param.name)
        yield ".".join(here), param
        yield from flat(param.fields, here)
