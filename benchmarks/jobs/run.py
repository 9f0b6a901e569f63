"""Running jobs: prepare the portal, let a solution work through the real server, and grade what it left."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from mcp import Client

from b24_mcp.secrets import Redactor
from b24_mcp.server.mcp_server import build_server
from benchmarks.jobs.assistant import Assistant, ToolFailedError, allow
from benchmarks.jobs.job import Job
from benchmarks.jobs.portal import JobPortal


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one job. `characters` are those of all answers, `sent` those of all arguments, `raw` those that the
    portal answered to the calls of the server.
    """

    job: Job
    calls: int
    characters: int
    sent: int
    raw: int
    wrong: Sequence[str]
    answer: str


@asynccontextmanager
async def assistant_on(portal: JobPortal, files: Path) -> AsyncIterator[Assistant]:
    """Connect a client to a server in this process whose only portal is this one. It may write files to `files`."""
    os.environ["B24_WEBHOOK_URL"] = portal.address
    os.environ["B24_FILES_DIR"] = str(files)
    async with Client(build_server(Redactor()), elicitation_callback=allow) as client:
        yield Assistant(client)


@asynccontextmanager
async def own_folders() -> AsyncIterator[Path]:
    """Let the server keep its state and data sets in a folder that is removed afterwards; yield a folder for files."""
    with TemporaryDirectory() as folder:
        for name in ("STATE", "DATA", "CONFIG", "CACHE"):
            os.environ[f"XDG_{name}_HOME"] = str(Path(folder) / name.lower())
        files = Path(folder) / "files"
        files.mkdir()
        yield files


async def run_job(job: Job, portal: JobPortal, assistant: Assistant) -> Result:
    """Run the scripted solution of a job and grade it."""
    assert job.solve is not None
    assert job.grade is not None
    notes = job.prepare(portal) | {"files": os.environ.get("B24_FILES_DIR", "")}
    assistant.forget()
    portal.sandbox.raw_characters = 0
    try:
        answer, wrong = await job.solve(assistant, job.russian), []
    except ToolFailedError as exc:
        answer, wrong = "", [str(exc)]
    raw = portal.sandbox.raw_characters
    wrong = wrong or job.grade(portal, notes, answer)
    return Result(job, assistant.calls, assistant.characters, assistant.sent, raw, wrong, answer)
