"""The facts of two editions merged into one set, with the differences between them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from b24_mcp.catalog.build.corrections import correction_of, methods_without_page
from b24_mcp.catalog.build.extract import DocumentedMethod, Extract, flat
from b24_mcp.catalog.facts import MethodFacts, Parameter


@dataclass(frozen=True, slots=True)
class Difference:
    """One fact that differs between the editions."""

    kind: str
    page: str
    what: str
    english: str
    russian: str


def merge(editions: dict[str, Extract]) -> tuple[list[MethodFacts], list[Difference]]:
    """Return the facts of every method, sorted and with the methods without a page, and where the editions differ.

    The Russian edition counts: the English one is its translation and loses names, stars and scopes. A method that only
    one of two editions has is a difference, and the Russian edition decides.
    """
    english, russian = editions.get("en"), editions.get("ru")
    main = russian or english
    assert main is not None
    differences: list[Difference] = []
    methods = dict(main.methods)
    if english is not None and russian is not None:
        differences = _compare(english, russian)
        for page, method in methods.items():
            if page in english.methods:
                methods[page] = _completed(method, english.methods[page])
    names = {page: method.facts.method for page, method in methods.items()}
    by_key: dict[tuple[str, str], MethodFacts] = {}
    for method in methods.values():
        facts = _with_replacements(method, names)
        params = with_sources(facts.params, facts.page or "", names)
        context = correction_of(*facts.key).context or facts.context
        by_key.setdefault(facts.key, replace(facts, params=params, context=context))
    for facts in methods_without_page():
        by_key.setdefault(facts.key, facts)
    return [by_key[key] for key in sorted(by_key)], differences


def _with_replacements(method: DocumentedMethod, names: Mapping[str, str]) -> MethodFacts:
    facts = method.facts
    linked = dict.fromkeys(names[link] for link in method.links if link in names)
    replaced_by = (name for name in linked if name.lower() != facts.method.lower() or facts.version == "v2")
    return replace(facts, replaced_by=tuple(replaced_by))


def with_sources(params: Iterable[Parameter], page: str, names: Mapping[str, str]) -> tuple[Parameter, ...]:
    """Return parameters with the methods of the pages that are their sources."""
    folder = posixpath.dirname(page)
    found = []
    for param in params:
        source = param.source
        if source.endswith(".md"):
            source = names.get(posixpath.normpath(posixpath.join(folder, source)).removesuffix(".md"), "")
        found.append(replace(param, source=source, fields=with_sources(param.fields, page, names)))
    return tuple(found)


def _completed(method: DocumentedMethod, other: DocumentedMethod) -> DocumentedMethod:
    """Return a method with what only the other edition states of it."""
    mine, theirs = method.facts, other.facts
    # A placeholder such as `<selector>` is in the language of the page.
    has_russian_names = any(re.search("[а-яё]", param.name, re.I) for _, param in flat(mine.params))
    params = theirs.params if has_russian_names else _with_values(mine.params, dict(flat(theirs.params)))
    deprecated = mine.deprecated or theirs.deprecated
    mine = replace(
        mine,
        params=params,
        deprecated=deprecated,
        superseded=(mine.superseded or theirs.superseded) and not deprecated,
        scope=mine.scope or theirs.scope,
        context=theirs.context if mine.context == "any" else mine.context,
        limits=mine.limits or theirs.limits,
        permission=theirs.permission or mine.permission,
    )
    if mine.result.kind == "unknown":
        mine = replace(mine, result=theirs.result, paging=mine.paging or theirs.paging)
    return DocumentedMethod(mine, method.links or other.links)


def _with_values(
    params: Iterable[Parameter], others: Mapping[str, Parameter], path: tuple[str, ...] = ()
) -> tuple[Parameter, ...]:
    """Return parameters with the values that only the other edition lists."""
    completed = []
    for param in params:
        here = (*path, param.name)
        other = others.get(".".join(here))
        fields = _with_values(param.fields, others, here)
        completed.append(replace(_of_both(param, other) if other is not None else param, fields=fields))
    return tuple(completed)


def _of_both(mine: Parameter, other: Parameter) -> Parameter:
    """Return a parameter with what only the other edition says. Values are open when the other edition has more."""
    values = mine.values or (other.values if other.type == mine.type else ())
    differ = not set(other.values) <= set(values)
    return replace(
        mine,
        values=values,
        open_values=bool(values) and (mine.open_values or other.open_values or differ),
        default=mine.default or other.default,
        minimum=other.minimum if mine.minimum is None else mine.minimum,
        maximum=other.maximum if mine.maximum is None else mine.maximum,
        longest=other.longest if mine.longest is None else mine.longest,
        unit=mine.unit or other.unit,
        source=mine.source or other.source,
        read_only=mine.read_only or other.read_only,
    )


def _compare(english: Extract, russian: Extract) -> list[Difference]:
    found: list[Difference] = []
    for page in sorted({*english.methods, *russian.methods}):
        if page not in english.methods or page not in russian.methods:
            of_both = (read.methods[page].facts.method if page in read.methods else "" for read in (english, russian))
            found.append(Difference("page", page, "method", *of_both))
            continue
        en, ru = english.methods[page].facts, russian.methods[page].facts
        for kind in ("method", "version", "scope", "who", "context", "deprecated", "superseded", "one_of"):
            _note(found, kind, page, kind, getattr(en, kind), getattr(ru, kind))
        _note(found, "result", page, "result", *((one.result.kind, one.result.list_key) for one in (en, ru)))
        _note(found, "errors", page, "codes", *([error.code for error in one.errors] for one in (en, ru)))
        _params(found, page, dict(flat(en.params)), dict(flat(ru.params)))
    return found


def _params(found: list[Difference], page: str, en: dict[str, Parameter], ru: dict[str, Parameter]) -> None:
    for path in sorted({*en, *ru}):
        if path not in en or path not in ru:
            _note(found, "parameter", page, path, path in en, path in ru)
            continue
        for kind in ("type", "required", "values"):
            _note(found, kind, page, path, getattr(en[path], kind), getattr(ru[path], kind))


def _note(found: list[Difference], kind: str, page: str, what: str, english: object, russian: object) -> None:
    if english != russian:
        found.append(Difference(kind, page, what, str(english), str(russian)))
