"""The scripted solutions of the everyday jobs, through the real server on one portal."""

from __future__ import annotations

import json
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, ClassVar

import anyio
import pytest

from benchmarks.jobs.all import JOBS
from benchmarks.jobs.job import Job, Notes
from benchmarks.jobs.model import ModelRun
from benchmarks.jobs.portal import JobPortal, job_portal
from benchmarks.jobs.run import Result, run_all

LONGEST_ANSWERS = 60_000
"""The characters of all answers together. A change that makes them longer has a reason."""


@pytest.fixture(scope="module")
def results() -> list[Result]:
    return anyio.run(run_all, JOBS)


def test_every_job_is_done(results: list[Result]) -> None:
    assert {result.job.number: result.wrong for result in results if result.wrong} == {}
    assert [result.job.number for result in results] == list(range(1, 26))


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
            notes = prepared(job, portal)
            assert job.grade(portal, notes, "")


def prepared(job: Job, portal: JobPortal) -> Notes:
    return job.prepare(portal) | {"files": "/nowhere"}


def test_a_wrong_answer_is_noticed_although_the_portal_is_right() -> None:
    largest = next(job for job in JOBS if job.number == 1)

    async def wrong_way_round(assistant: object, question: str) -> str:
        return "Линия сращивания №1021: 1 000 000, ООО «Вектор-Сервис»"

    (result,) = anyio.run(run_all, [replace(largest, solve=wrong_way_round)])
    assert result.wrong


class Chat(BaseHTTPRequestHandler):
    """A model that makes the one call of the first job, and then answers with what the tool said."""

    requests: ClassVar[list[dict[str, Any]]] = []

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.requests.append(request)
        last = request["messages"][-1]
        message: dict[str, Any] = {"role": "assistant", "content": last["content"]}
        if last["role"] == "user":
            arguments = {
                "method": "crm.deal.list",
                "params": {"filter": {"CLOSED": "N"}, "order": {"OPPORTUNITY": "DESC"}},
                "limit": 5,
                "resolve": True,
            }
            function = {"name": "read_method", "arguments": json.dumps(arguments)}
            message = {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "function": function}]}
        body = json.dumps({"choices": [{"message": message}]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Write no line for each request."""


def test_a_model_can_take_the_place_of_the_solutions(monkeypatch: pytest.MonkeyPatch) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Chat) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{server.server_port}/v1")
        try:
            (result,) = anyio.run(ModelRun("invented", "", "en").run, JOBS[:1])
        finally:
            server.shutdown()
            thread.join()
    assert (result.wrong, result.calls) == ([], 1)
    first = Chat.requests[0]
    assert first["messages"][1]["content"] == JOBS[0].english
    assert "find_methods" in first["messages"][0]["content"]
    assert "read_batch" in {tool["function"]["name"] for tool in first["tools"]}
