"""One job by hand: a portal is served, any client does the job, and the typed answer is graded."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from benchmarks.jobs.job import OFFER, Job
from benchmarks.jobs.portal import job_portal


def grade_by_hand(job: Job, language: str) -> None:
    """Serve a fresh portal, show its address and the question, read the answer from the terminal, and grade it."""
    with job_portal() as portal, tempfile.TemporaryDirectory() as files:
        (Path(files) / OFFER[0]).write_bytes(OFFER[1])
        notes = job.prepare(portal) | {"files": files}
        address = portal.sandbox.webhook_url(portal.address.partition("/rest/")[0], job.webhook or None)
        click.echo(f"B24_WEBHOOK_URL={address}\nB24_FILES_DIR={files}\n")
        click.echo(job.english if language == "en" else job.russian)
        click.echo("\nThe answer, ended by a line with a dot:")
        lines: list[str] = []
        while (line := input()) != ".":
            lines.append(line)
        click.echo("; ".join(job.grade(portal, notes, "\n".join(lines))) or "done")
