"""One set of facts from two editions: Russian is the original, and what differs is told."""

from __future__ import annotations

import re
from dataclasses import dataclass

from b24_mcp.catalog.build.extract import Extract, flat
from b24_mcp.catalog.build.known import WITHOUT_PAGE
from b24_mcp.catalog.build.model import Facts
from b24_mcp.catalog.build.parameters import DocumentedParam


@dataclass(frozen=True, slots=True)
class Difference:
    """One fact on which the editions disagree."""

    kind: str
    page: str
    what: str
    english: str
    russian: str


def merge(editions: dict[str, Extract]) -> tuple[list[Facts], list[Difference]]:
    """Give the facts of every method, sorted, name-only ones included, and where the editions disagree.

    Russian is taken: English is its translation and loses names, stars and scopes. A method that only one edition has
    counts when there is no other edition; with both it is a difference and the Russian edition decides.
    """
    english, russian = editions.get("en"), editions.get("ru")
    main = russian or english
    assert main is not None
    differences: list[Difference] = []
    methods = dict(main.methods)
    if english is not None and russian is not None:
        differences = _compare(english, russian)
        for page, facts in methods.items():
            if page in english.methods:
                # Both titles write the name; letter case is the English one's, as its page is what people read.
                _complete(facts, english.methods[page])
    by_key: dict[tuple[str, str], Facts] = {}
    for facts in methods.values():
        by_key.setdefault(facts.key, facts)
    names = {page: facts.method for page, facts in methods.items()}
    for facts in by_key.values():
        facts.replaced_by = list(dict.fromkeys(names[link] for link in facts.links if link in names))
        facts.replaced_by = [
            name for name in facts.replaced_by if name.lower() != facts.method.lower() or facts.version == "v2"
        ]
    for name, version, scopes in WITHOUT_PAGE:
        by_key.setdefault((name.lower(), version), Facts(name, version, scope=list(scopes)))
    return [by_key[key] for key in sorted(by_key)], differences


def _complete(facts: Facts, other: Facts) -> None:
    if any(re.search("[а-яё]", param.name, re.I) for _, param in flat(facts.params)):
        # A placeholder such as `<selector>` stands in the page's language.
        facts.params = other.params
    mine = dict(flat(facts.params))
    for path, param in flat(other.params):
        if path in mine and param.values and not mine[path].values and mine[path].type == param.type:
            mine[path].values = param.values
    facts.links = facts.links or other.links
    facts.deprecated = facts.deprecated or other.deprecated
    if not facts.scope:
        facts.scope = other.scope
    if facts.answer.kind == "unknown":
        facts.answer = other.answer
        facts.paging = facts.paging or other.paging


def _compare(english: Extract, russian: Extract) -> list[Difference]:
    found: list[Difference] = []
    for page in sorted({*english.methods, *russian.methods}):
        en, ru = english.methods.get(page), russian.methods.get(page)
        if en is None or ru is None:
            found.append(Difference("page", page, "method", en.method if en else "", ru.method if ru else ""))
            continue
        for kind in ("method", "version", "scope", "who", "context", "deprecated", "one_of"):
            _note(found, kind, page, kind, getattr(en, kind), getattr(ru, kind))
        _note(
            found, "result", page, "result", (en.answer.kind, en.answer.list_key), (ru.answer.kind, ru.answer.list_key)
        )
        _note(found, "errors", page, "codes", [code for code, _ in en.errors], [code for code, _ in ru.errors])
        _params(found, page, dict(flat(en.params)), dict(flat(ru.params)))
    return found


def _params(found: list[Difference], page: str, en: dict[str, DocumentedParam], ru: dict[str, DocumentedParam]) -> None:
    for path in sorted({*en, *ru}):
        if path not in en or path not in ru:
            _note(found, "parameter", page, path, path in en, path in ru)
            continue
        for kind in ("type", "required", "values"):
            _note(found, kind, page, path, getattr(en[path], kind), getattr(ru[path], kind))


def _note(found: list[Difference], kind: str, page: str, what: str, english: object, russian: object) -> None:
    if english != russian:
        found.append(Difference(kind, page, what, str(english), str(russian)))
