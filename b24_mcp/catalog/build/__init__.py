"""The build of the facts from the official documentation, for `b24-mcp catalog build`. The server does not use it.

It reads both language editions page by page, compares them, and writes `methods.jsonl` and `events.jsonl`. These hold
facts only: names, types, flags, codes and paths of pages.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from b24_mcp.catalog.build.extract import Extract, extract
from b24_mcp.catalog.build.merge import Difference, merge
from b24_mcp.catalog.build.objects import DocumentedObjects, with_objects
from b24_mcp.catalog.build.output import write_events, write_methods
from b24_mcp.catalog.facts import Event
from b24_mcp.dialect.editions import Edition, NoDocumentationError, find_editions

__all__ = ["BuildProgress", "Difference", "NoDocumentationError", "Report", "build", "build_from"]


BuildProgress = Callable[[str, int, int], None]
"""Called with the step of a build, the number of parts that are done, and that of all; 0 and 0 if not known."""


def _silent(step: str, done: int, whole: int) -> None:
    """Show no progress."""


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a build: counts, differences between the editions, and malformed pages with the reason."""

    languages: tuple[str, ...]
    methods: int
    v3: int
    without_page: int
    events: int
    differences: tuple[Difference, ...] = ()
    broken: dict[str, str] = field(default_factory=dict)

    def by_kind(self) -> list[tuple[str, int]]:
        """Return the number of differences of each kind, the most frequent first."""
        return sorted(Counter(one.kind for one in self.differences).items(), key=lambda item: (-item[1], item[0]))


def build(docs: Path, out: Path, progress: BuildProgress = _silent) -> Report:
    """Read the editions below `docs` and write the data files into `out`.

    Raises:
        NoDocumentationError: when there is no edition.
    """
    return build_from(find_editions(docs), out, progress)


def build_from(found: Mapping[str, Edition], out: Path, progress: BuildProgress = _silent) -> Report:
    """Read editions, by language, and write the data files into `out`.

    Malformed pages are left out and reported; everything else is written.
    """
    editions = {
        language: extract(edition, functools.partial(progress, f"reading pages, {language}"))
        for language, edition in sorted(found.items())
    }
    progress("comparing the editions", 0, 0)
    facts, differences = merge(editions)
    progress("reading the objects of the API", 0, 0)
    methods = {one.page: one.method for one in facts if one.page is not None}
    objects = DocumentedObjects(found.get("ru") or found["en"], methods)
    facts = [with_objects(one, objects) for one in facts]
    write_methods(facts, out)
    events = _events(editions)
    write_events(events, out)
    return Report(
        languages=tuple(editions),
        methods=sum(1 for one in facts if one.page is not None),
        v3=sum(1 for one in facts if one.page is not None and one.version == "v3"),
        without_page=sum(1 for one in facts if one.page is None),
        events=len(events),
        differences=tuple(differences),
        broken={f"{language}: {page}": why for language, read in editions.items() for page, why in read.broken.items()},
    )


def _events(editions: dict[str, Extract]) -> list[Event]:
    """Return the events of all editions. Where both have a page, the Russian edition counts.

    The name is taken from the edition where it agrees with the page, and the payload where it can be read.
    """
    found: dict[str, Event] = {}
    for read in editions.values():
        for page, event in read.events.items():
            other = found.get(page, event)
            name = other.name if _agrees(other.name, page) and not _agrees(event.name, page) else event.name
            found[page] = replace(event, name=name, payload=event.payload or other.payload)
    return list(found.values())


def _agrees(name: str, page: str) -> bool:
    return name.lower() == page.rpartition("/")[2].replace("-", "")
