"""The MCP prompts: the jobs that people bring most often, in English and Russian."""

from __future__ import annotations

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.prompts.base import Prompt, PromptArgument

from b24_mcp.app.app import App
from b24_mcp.jobs import CommonJob, JobLanguage, known_jobs
from b24_mcp.texts import speaks_russian

_LANGUAGE = "en or ru. Default: the language of this computer"


def add_prompts(server: MCPServer[App]) -> None:
    """Add a prompt for each job."""
    for job in known_jobs():
        server.add_prompt(_prompt(job))


def _prompt(job: CommonJob) -> Prompt:
    def render(**said: str) -> str:
        return job.instructions(_language(said.get("language", "")), said.get(job.argument, ""))

    english, russian = job.texts["en"], job.texts["ru"]
    return Prompt(
        name=job.name,
        title=f"{english.title} / {russian.title}",
        description=f"{english.description} {russian.description}",
        arguments=[
            PromptArgument(name=job.argument, description=job.about_argument, required=False),
            PromptArgument(name="language", description=_LANGUAGE, required=False),
        ],
        fn=render,
        icons=None,
        context_kwarg=None,
    )


def _language(wanted: str) -> JobLanguage:
    """Return the language of a prompt. Anything that is not a language means the one of this computer."""
    found = wanted.strip().lower()[:2]
    if found in ("en", "ru"):
        return "ru" if found == "ru" else "en"
    return "ru" if speaks_russian() else "en"
