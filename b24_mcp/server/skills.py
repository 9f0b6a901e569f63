"""The jobs as skills over MCP, for clients that know the extension. For other clients they are ordinary resources.

Source: the specification of the extension `io.modelcontextprotocol/skills`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from mcp.server.context import ServerRequestContext
from mcp.server.extension import Extension, MethodBinding, ResourceBinding
from mcp.server.mcpserver.resources import TextResource
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, PaginatedRequestParams, RequestParams

from b24_mcp.jobs import CommonJob, known_jobs

_FRESH = {"resultType": "complete", "ttlMs": 3_600_000, "cacheScope": "public"}
"""The skills change with the version of this program only."""


class GetSkillParams(RequestParams):
    """The parameters of `skills/get`."""

    uri: str


class SkillsExtension(Extension):
    """Serves the jobs as skills: their files as resources, and the methods that list them."""

    identifier = "io.modelcontextprotocol/skills"

    def resources(self) -> Sequence[ResourceBinding]:
        """Return the file of each skill."""
        return [ResourceBinding(_resource(job)) for job in known_jobs()]

    def methods(self) -> Sequence[MethodBinding]:
        """Return the methods of the extension."""
        return [
            MethodBinding("skills/list", PaginatedRequestParams, _list),
            MethodBinding("skills/get", GetSkillParams, _get),
        ]


async def _list(_: ServerRequestContext[Any, Any], params: PaginatedRequestParams) -> dict[str, Any]:
    return {"skills": [_entry(job) for job in known_jobs()], **_FRESH}


async def _get(_: ServerRequestContext[Any, Any], params: GetSkillParams) -> dict[str, Any]:
    found = next((job for job in known_jobs() if _address(job) == params.uri), None)
    if found is None:
        raise MCPError(INVALID_PARAMS, f"There is no skill {params.uri[:120]!r}.")
    return {"skill": _entry(found), **_FRESH}


def _address(job: CommonJob) -> str:
    return f"skill://{job.skill_name}/SKILL.md"


def _resource(job: CommonJob) -> TextResource:
    return TextResource(
        uri=_address(job),
        name=job.skill_name,
        title=job.texts["en"].title,
        description=job.skill_description,
        mime_type="text/markdown",
        text=job.skill(),
    )


def _entry(job: CommonJob) -> Mapping[str, object]:
    content = job.skill().encode()
    file = {"uri": _address(job), "digest": f"sha256:{hashlib.sha256(content).hexdigest()}", "size": len(content)}
    return {
        "uri": _address(job),
        "frontmatter": {"name": job.skill_name, "description": job.skill_description},
        "resources": [file],
    }
