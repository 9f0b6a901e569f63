"""The kinds of records that are searched, read from `catalog/data/finding.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from b24_mcp.app.finding.spelling import tokens
from b24_mcp.discovery import SmartProcess
from b24_mcp.words import stem

Style = Literal["item", "task", "plain"]

DYNAMIC = "dynamic"


@dataclass(frozen=True, slots=True)
class FindKind:
    """One kind of records and how it is searched; see `catalog/data/finding.toml` for the meaning of each field.

    `process` is the title of a smart process.
    """

    kind: str
    method: str
    scope: str
    style: Style
    id: str
    title: Sequence[str]
    names: str = ""
    type: int = 0
    texts: Sequence[str] = ()
    exact: Sequence[str] = ()
    numbers: Sequence[str] = ()
    content: bool = False
    shortest: int = 1
    select: Sequence[str] = ()
    rows: str = ""
    more_title: Sequence[str] = ()
    stage: str = ""
    stages: str = ""
    stage_names: Mapping[str, str] = field(default_factory=dict)
    person: str = ""
    position: str = ""
    company: str = ""
    searches: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    process: str = ""

    def of(self, process: SmartProcess) -> FindKind:
        """Return the kind of the items of a smart process."""
        number = process.entity_type_id
        stages = f"DYNAMIC_{number}_STAGE"
        return replace(self, kind=f"{DYNAMIC}:{number}", type=number, stages=stages, process=process.title)


@dataclass(frozen=True, slots=True)
class FindKinds:
    """All kinds in their order. `dynamic` stands for every smart process. `fillers` are words that say nothing."""

    all: tuple[FindKind, ...]
    dynamic: FindKind
    fillers: frozenset[str]
    words: Mapping[str, str]
    """The kinds by the stems of the words that name them."""

    @property
    def names(self) -> list[str]:
        """The names that the argument `kinds` takes."""
        return [kind.kind for kind in self.all]

    def named(self, name: str) -> str | None:
        """Return the kind that a caller names: `deal`, `deals`, `сделки`, `dynamic`, `dynamic:1030`."""
        wanted = name.strip().lower()
        if wanted.partition(":")[0] == DYNAMIC or wanted in self.names:
            return wanted
        words = tokens(wanted)
        return self.words.get(stem(words[0])) if len(words) == 1 else None


@cache
def find_kinds() -> FindKinds:
    """Return the kinds. Reads a file at the first call."""
    data = tomllib.loads(files("b24_mcp.catalog").joinpath("data/finding.toml").read_text("utf-8"))
    kinds = tuple([FindKind(**row) for row in data["kind"]])
    words = {stem(word): kind.kind for kind in kinds for word in tokens(kind.names)}
    dynamic = next(kind for kind in kinds if kind.kind == DYNAMIC)
    return FindKinds(kinds, dynamic, frozenset(tokens(data["fillers"])), words)
