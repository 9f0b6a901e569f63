"""Running jobs: prepare the portal, let a solution work through the real server, and grade what it left."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from anyio.to_thread import run_sync
from mcp import Client

from b24_mcp.secrets import Redactor
from b24_mcp.server.mcp_server import build_server
from benchmarks.jobs.assistant import Assistant, ToolFailedError, allow
from benchmarks.jobs.job import OFFER, Job
from benchmarks.jobs.portal import JobPortal, job_portal


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one job. `characters` are those of all answers, `sent` those of all arguments, `raw` those of
    the answers of the portal to the called methods: what a model would read without a server between.
    """

    job: Job
    calls: int
    characters: int
    sent: int
    raw: int
    wrong: Sequence[str]
    answer: str


@asynccontextmanager
async def assistant_on(portal: JobPortal, files: Path, webhook: str = "") -> AsyncIterator[Assistant]:
    """Connect a client to a server in this process whose only portal is this one. It may write files to `files`.

    `webhook` is another webhook of the sandbox than that of its administrator.
    """
    base = portal.address.partition("/rest/")[0]
    address = portal.sandbox.webhook_url(base, webhook or None)
    with environment({"B24_WEBHOOK_URL": address, "B24_FILES_DIR": str(files), "B24_PLAN": "none"}):
        async with Client(build_server(Redactor()), elicitation_callback=allow) as client:
            yield Assistant(client)


@contextmanager
def own_folders() -> Iterator[Path]:
    """Keep what the server stores in a folder that is removed afterwards; yield a folder for files."""
    with TemporaryDirectory() as folder:
        files = Path(folder) / "files"
        files.mkdir()
        name, content = OFFER
        (files / name).write_bytes(content)
        homes = {f"XDG_{name}_HOME": str(Path(folder) / name.lower()) for name in ("STATE", "DATA", "CONFIG", "CACHE")}
        with environment(homes):
            yield files


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set variables of the environment, and restore the former ones afterwards."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


async def run_all(jobs: Sequence[Job]) -> list[Result]:
    """Run the scripted solutions: on one portal, with one server for each webhook."""
    results: list[Result] = []
    with job_portal() as portal:
        for webhook in dict.fromkeys(job.webhook for job in jobs):
            with own_folders() as files:
                own = [job for job in jobs if job.webhook == webhook]
                async with assistant_on(portal, files, webhook) as assistant:
                    results += [await run_job(job, portal, assistant, files) for job in own]
    return sorted(results, key=lambda result: result.job.number)


async def run_job(job: Job, portal: JobPortal, assistant: Assistant, files: Path) -> Result:
    """Run the scripted solution of a job and grade it."""
    notes = await run_sync(job.prepare, portal) | {"files": str(files)}
    assistant.forget()
    portal.sandbox.answered.clear()
    try:
        answer, wrong = await job.solve(assistant, job.russian), []
    except ToolFailedError as exc:
        answer, wrong = "", [str(exc)]
    raw = portal.sandbox.characters_for(assistant.methods)
    wrong = wrong or await run_sync(job.grade, portal, notes, answer)
    return Result(job, assistant.calls, assistant.characters, assistant.sent, raw, wrong, answer)
