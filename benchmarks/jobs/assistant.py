"""What a scripted solution uses: the tools of a server, with calls and characters counted."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from mcp import Client
from mcp_types import ElicitRequestParams, ElicitResult

Answer = dict[str, Any]
_CALLING = ("read_method", "read_batch", "call_method", "batch_call", "list_records", "apply_records")


class ToolFailedError(Exception):
    """A tool answered with an error that the solution did not expect. The message is the answer."""


@dataclass(slots=True)
class Assistant:
    """The tools of one server.

    `calls` counts the calls, `characters` what their answers hold, `sent` what their arguments hold. `methods` are the
    REST methods that were called.
    """

    client: Client
    calls: int = 0
    characters: int = 0
    sent: int = 0
    methods: set[str] = field(default_factory=set)

    async def use(self, tool: str, /, **arguments: Any) -> Answer:
        """Call a tool and return its answer.

        Raises:
            ToolFailedError: when the answer is an error.
        """
        text, failed = await self.text_of(tool, arguments)
        if failed:
            raise ToolFailedError(f"{tool} {json.dumps(arguments, ensure_ascii=False)[:300]}: {text[:1500]}")
        answer: Answer = json.loads(text)
        return answer

    async def text_of(self, tool: str, arguments: dict[str, Any]) -> tuple[str, bool]:
        """Call a tool and return the text of its answer, and whether it is an error."""
        self.calls += 1
        self.methods |= _methods_in(arguments) if tool in _CALLING else set()
        self.sent += len(json.dumps(arguments, ensure_ascii=False))
        result = await self.client.call_tool(tool, arguments)
        text = "".join(getattr(block, "text", "") for block in result.content)
        self.characters += len(text)
        return text, bool(result.is_error)

    async def read(self, method: str, params: Any = None, **options: Any) -> Any:
        """Return the result of `read_method`, a table as a list of objects."""
        return rows_of((await self.use("read_method", method=method, params=params, **options))["result"])

    async def write(self, method: str, params: Any = None, **options: Any) -> Any:
        """Return the result of `call_method`."""
        return (await self.use("call_method", method=method, params=params, **options))["result"]

    async def query(self, sql: str) -> list[dict[str, Any]]:
        """Return the rows of `query_records` as objects."""
        answer = await self.use("query_records", sql=sql)
        return [dict(zip(answer["columns"], row, strict=True)) for row in answer["rows"]]

    def forget(self) -> None:
        """Begin a new job."""
        self.calls = self.characters = self.sent = 0
        self.methods = set()


async def allow(context: Any, params: ElicitRequestParams) -> ElicitResult:
    """Answer every question of the server as a person who agrees."""
    return ElicitResult.model_validate({"action": "accept", "content": {"allow": True}})


def rows_of(result: Any) -> Any:
    """Return a result with its table as a list of objects."""
    if isinstance(result, dict) and result.keys() == {"columns", "rows"}:
        return [dict(zip(result["columns"], row, strict=True)) for row in result["rows"]]
    if isinstance(result, dict) and len(result) == 1:
        ((key, inner),) = result.items()
        return {key: rows_of(inner)}
    return result


def _methods_in(arguments: dict[str, Any]) -> set[str]:
    commands = arguments.get("commands") or {"": arguments}
    return {command["method"] for command in commands.values() if isinstance(command, dict) and "method" in command}
