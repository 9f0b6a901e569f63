"""A model in the place of the scripted solutions: any that speaks the chat completions of OpenAI, with tools.

The address is `OPENAI_BASE_URL` (default http://127.0.0.1:8080/v1), its key `OPENAI_API_KEY`. Each job has a fresh
portal and a fresh server, and ends when the model answers without a call.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from anyio.to_thread import run_sync
from mcp import Client, StdioServerParameters

from benchmarks.jobs.assistant import Assistant, allow
from benchmarks.jobs.job import Job
from benchmarks.jobs.portal import JobPortal, job_portal
from benchmarks.jobs.run import Result, assistant_on, own_folders

_ADDRESS = "http://127.0.0.1:8080/v1"
_MOST_ROUNDS = 40
_SYSTEM = "You do the job with the tools and then answer in words, in the language of the question."


@dataclass(frozen=True, slots=True)
class ModelRun:
    """Runs jobs with one model. `server` is the command of another MCP server; empty for the one of this package."""

    model: str
    server: str
    language: str

    async def run(self, jobs: Sequence[Job]) -> list[Result]:
        """Run the jobs that have a grader, one after another."""
        return [await self._run(job) for job in jobs]

    async def _run(self, job: Job) -> Result:
        with job_portal() as portal, own_folders() as files:
            async with self._assistant(portal, files, job.webhook) as assistant:
                notes = await run_sync(job.prepare, portal) | {"files": str(files)}
                portal.sandbox.answered.clear()
                answer = await self._converse(assistant, job.english if self.language == "en" else job.russian)
                raw = portal.sandbox.characters_for(assistant.methods)
                wrong = await run_sync(job.grade, portal, notes, answer)
        return Result(job, assistant.calls, assistant.characters, assistant.sent, raw, wrong, answer)

    @asynccontextmanager
    async def _assistant(self, portal: JobPortal, files: Path, webhook: str) -> AsyncIterator[Assistant]:
        if not self.server:
            async with assistant_on(portal, files, webhook) as assistant:
                yield assistant
            return
        address = portal.sandbox.webhook_url(portal.address.partition("/rest/")[0], webhook or None)
        program, *arguments = shlex.split(self.server.replace("{webhook}", address))
        environment = {**os.environ, "B24_WEBHOOK_URL": address, "B24_FILES_DIR": str(files)}
        command = StdioServerParameters(command=program, args=arguments, env=environment)
        async with Client(command, elicitation_callback=allow) as client:
            yield Assistant(client)

    async def _converse(self, assistant: Assistant, question: str) -> str:
        """Return the answer of the model after all its calls; empty when it does not come to an end."""
        tools = [
            {
                "type": "function",
                "function": {"name": tool.name, "description": tool.description, "parameters": tool.input_schema},
            }
            for tool in (await assistant.client.list_tools()).tools
        ]
        instructions = getattr(assistant.client.session.discover_result, "instructions", None) or ""
        messages: list[dict[str, Any]] = [
            {"role": "system", "content": f"{_SYSTEM}\n\n{instructions}"},
            {"role": "user", "content": question},
        ]
        key = os.environ.get("OPENAI_API_KEY")
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        async with httpx.AsyncClient(headers=headers, timeout=600) as http:
            for _ in range(_MOST_ROUNDS):
                request = {"model": self.model, "messages": messages, "tools": tools}
                address = f"{os.environ.get('OPENAI_BASE_URL', _ADDRESS).rstrip('/')}/chat/completions"
                response = (await http.post(address, json=request)).raise_for_status()
                message = response.json()["choices"][0]["message"]
                messages.append(message)
                calls = message.get("tool_calls") or []
                if not calls:
                    return message.get("content") or ""
                for call in calls:
                    text = await _made(assistant, call["function"])
                    messages.append({"role": "tool", "tool_call_id": call["id"], "content": text})
        return ""


async def _made(assistant: Assistant, function: dict[str, Any]) -> str:
    """Make the call that the model requested and return the text of the answer."""
    try:
        arguments = json.loads(function["arguments"] or "{}")
    except ValueError:
        return "The arguments are not JSON."
    if not isinstance(arguments, dict):
        return "The arguments are not a JSON object."
    return (await assistant.text_of(function["name"], arguments))[0]
