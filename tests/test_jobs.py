"""The scripted solutions of the everyday jobs, through the real server on one portal."""

from __future__ import annotations

from dataclasses import replace

import anyio
import pytest

from benchmarks.jobs.all import JOBS
from benchmarks.jobs.job import Job, Notes
from benchmarks.jobs.portal import JobPortal, job_portal
from benchmarks.jobs.run import Result, run_all

LONGEST_ANSWERS = 60_000
"""The characters of all answers together. A change that makes them longer has a reason."""


@pytest.fixture(scope="module")
def results() -> list[Result]:
    return anyio.run(run_all, JOBS)


def test_every_job_with_a_solution_is_done(results: list[Result]) -> None:
    assert {result.job.number: result.wrong for result in results if result.wrong} == {}
    without = {job.number for job in JOBS if job.solve is None}
    assert {job.number for job in JOBS} == set(range(1, 26))
    assert {result.job.number for result in results} == set(range(1, 26)) - without
    assert all(job.waits_for for job in JOBS if job.solve is None)


def test_the_jobs_take_few_calls_and_few_characters(results: list[Result]) -> None:
    assert sum(result.calls for result in results) <= sum(result.job.ideal for result in results)
    assert sum(result.characters for result in results) <= LONGEST_ANSWERS
    assert sum(result.characters for result in results) < sum(result.raw for result in results) / 3


def test_questions_are_asked_in_two_languages() -> None:
    for job in JOBS:
        assert job.english
        assert job.russian
        assert job.english != job.russian


def test_no_grader_is_content_with_a_portal_on_which_nothing_was_done() -> None:
    """Each grader fails without a change on the portal and with an empty answer."""
    with job_portal() as portal:
        for job in JOBS:
            if job.grade is not None:
                notes = prepared(job, portal)
                assert job.grade(portal, notes, "")


def prepared(job: Job, portal: JobPortal) -> Notes:
    return job.prepare(portal) | {"files": "/nowhere"}


def test_a_wrong_answer_is_noticed_although_the_portal_is_right() -> None:
    largest = next(job for job in JOBS if job.number == 1)
    assert largest.solve is not None

    async def wrong_way_round(assistant: object, question: str) -> str:
        return "Линия сращивания №1021: 1 000 000, ООО «Вектор-Сервис»"

    (result,) = anyio.run(run_all, [replace(largest, solve=wrong_way_round)])
    assert result.wrong
