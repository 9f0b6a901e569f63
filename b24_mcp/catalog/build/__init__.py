"""Build the facts of the catalogue from the official documentation; used by `b24-mcp catalog build`, never in serving.

Both language editions are read page by page, compared, and written as `methods.jsonl` and `events.jsonl`. Facts only:
names, types, flags, codes and page paths.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from b24_mcp.catalog.build.extract import Extract, extract
from b24_mcp.catalog.build.merge import Difference, merge
from b24_mcp.catalog.build.writing import write_events, write_methods
from b24_mcp.dialect.editions import Edition, NoDocumentationError, find_editions

__all__ = ["Difference", "NoDocumentationError", "Report", "build", "build_from"]


@dataclass(frozen=True, slots=True)
class Report:
    """What a build did: counts, where the editions disagree, and the pages that break the grammar with the reason."""

    languages: tuple[str, ...]
    methods: int
    v3: int
    without_page: int
    events: int
    differences: tuple[Difference, ...] = ()
    broken: dict[str, str] = field(default_factory=dict)

    def by_kind(self) -> list[tuple[str, int]]:
        """Count the differences by kind, most frequent first."""
        return sorted(Counter(one.kind for one in self.differences).items(), key=lambda item: (-item[1], item[0]))


def build(docs: Path, out: Path) -> Report:
    """Read the editions below `docs` and write the data files into `out`. Raises `NoDocumentationError`."""
    return build_from(find_editions(docs), out)


def build_from(found: Mapping[str, Edition], out: Path) -> Report:
    """Read editions, by language, and write the data files into `out`.

    Pages that break the grammar are left out and reported; everything else is written all the same.
    """
    editions = {language: extract(edition) for language, edition in sorted(found.items())}
    facts, differences = merge(editions)
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


def _events(editions: dict[str, Extract]) -> list[tuple[str, list[str], str]]:
    """Give the events of all editions by page; the Russian edition decides where both have one."""
    found = {page: (name, scope, page) for read in editions.values() for page, (name, scope) in read.events.items()}
    return list(found.values())
