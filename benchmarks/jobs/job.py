"""The form of a job, and what graders share."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Protocol

from benchmarks.jobs.assistant import Assistant
from benchmarks.jobs.portal import JobPortal

Notes = dict[str, Any]
"""What `prepare` found or made, for the solution and the grader."""


OFFER = ("offer.pdf", b"%PDF-1.4\nAn offer of the benchmark.\n%%EOF\n")
"""The name and the content of the file in the folder of the user."""


class Solve(Protocol):
    """A scripted solution: uses the tools as an assistant would, and returns the answer to the question."""

    async def __call__(self, assistant: Assistant, question: str) -> str:
        """Return the answer in words."""
        ...


class Grade(Protocol):
    """A grader: looks at the final state of the portal and at the answer, never at the way."""

    def __call__(self, portal: JobPortal, notes: Notes, answer: str) -> list[str]:
        """Return what is wrong, in words; empty for a job well done."""
        ...


class Prepare(Protocol):
    """Makes the data that a job needs."""

    def __call__(self, portal: JobPortal) -> Notes:
        """Return what the grader must know."""
        ...


def nothing(portal: JobPortal) -> Notes:
    """Prepare nothing: the demonstration company has what the job needs."""
    return {}


@dataclass(frozen=True, slots=True)
class Job:
    """One job. `ideal` is the number of calls of a skilled person.

    `webhook` is another webhook of the sandbox than that of its administrator.
    """

    number: int
    name: str
    english: str
    russian: str
    ideal: int
    solve: Solve
    grade: Grade
    prepare: Prepare = nothing
    webhook: str = ""


def digits(text: str) -> str:
    """Return a text without the separators in its numbers: `12 245 100.00` becomes `12245100`."""
    joined = re.sub(r"(?<=\d)[\s\u00a0\u202f,'](?=\d{3})", "", text)
    return re.sub(r"(?<=\d)[.,]0+(?!\d)", "", joined)


def names_all(answer: str, expected: list[object]) -> list[str]:
    """Return a complaint for each expected text or number that an answer lacks."""
    plain = digits(answer).lower()
    return [f"the answer lacks {one}" for one in expected if digits(str(one)).lower() not in plain]
