"""An invented model on loopback. It speaks enough of four APIs for a client to run its tools.

They are Anthropic Messages, OpenAI Responses, OpenAI Chat Completions and Gemini. The path of the request says which.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.clients.script import Call, Offered, Turn, next_turn

Json = dict[str, Any]
Answer = tuple[Json, list[Json]]
"""The answer as one object, and as the events of a stream."""


def model(script: Sequence[Call]) -> Starlette:
    """Return the application. It follows the script in every conversation."""

    async def post(request: Request) -> Response:
        path = request.url.path
        raw = await request.body()
        body = json.loads(raw) if raw[:1] == b"{" else {}
        if path.endswith("/count_tokens") or ":countTokens" in path:
            return JSONResponse({"input_tokens": 10, "totalTokens": 10})
        api = next((answer for ending, answer in _APIS.items() if path.endswith(ending)), None)
        if api is None:
            api = _gemini if "enerateContent" in path else None
        if api is None:
            return JSONResponse({})
        whole, events = api(script, body)
        streamed = body.get("stream") or ":stream" in path
        return StreamingResponse(_events(events), media_type="text/event-stream") if streamed else JSONResponse(whole)

    async def get(request: Request) -> Response:
        one = {"id": "fake-model", "object": "model", "type": "model", "display_name": "Fake", "created": 0}
        listed = {"object": "list", "data": [one], "models": [], "has_more": False}
        return JSONResponse(listed if request.url.path.rstrip("/").endswith("/models") else {})

    return Starlette(
        routes=[Route("/{path:path}", post, methods=["POST"]), Route("/{path:path}", get, methods=["GET", "HEAD"])]
    )


def _events(events: list[Json]) -> Iterator[str]:
    for event in events:
        name = f"event: {event['type']}\n" if isinstance(event.get("type"), str) else ""
        yield f"{name}data: {json.dumps(event)}\n\n"
    if events and events[0].get("object") == "chat.completion.chunk":
        yield "data: [DONE]\n\n"


def _text(content: object) -> str:
    """Return the plain text of a tool's result, in the form of any of the APIs."""
    if isinstance(content, list):
        return "\n".join(filter(None, map(_text, content)))
    if isinstance(content, dict):
        inner = next(
            (content[key] for key in ("text", "content", "output", "response", "result") if key in content), None
        )
        return json.dumps(content, ensure_ascii=False) if inner is None else _text(inner)
    return "" if content is None else str(content)


def _anthropic(script: Sequence[Call], body: Json) -> Answer:
    offered = [Offered(tool.get("name", "")) for tool in body.get("tools") or []]
    results = [
        (str(part.get("tool_use_id")), _text(part.get("content")))
        for message in body.get("messages", [])
        if isinstance(message.get("content"), list)
        for part in message["content"]
        if part.get("type") == "tool_result"
    ]
    turn = next_turn(script, offered, results)
    usage = {"input_tokens": 10, "output_tokens": 5, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}
    if turn.tool:
        block: Json = {"type": "tool_use", "id": f"toolu_{turn.id}", "name": turn.tool.name, "input": turn.arguments}
        start, delta = block | {"input": {}}, {"type": "input_json_delta", "partial_json": json.dumps(turn.arguments)}
        stop = "tool_use"
    else:
        block, stop = {"type": "text", "text": turn.text}, "end_turn"
        start, delta = {"type": "text", "text": ""}, {"type": "text_delta", "text": turn.text}
    message = {
        "id": "msg_fake",
        "type": "message",
        "role": "assistant",
        "model": body.get("model") or "fake",
        "content": [block],
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": usage,
    }
    return message, [
        {"type": "message_start", "message": message | {"content": [], "stop_reason": None}},
        {"type": "content_block_start", "index": 0, "content_block": start},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": None}, "usage": usage},
        {"type": "message_stop"},
    ]


def _responses(script: Sequence[Call], body: Json) -> Answer:
    given = body["input"] if isinstance(body.get("input"), list) else []
    found = [tool for item in given if item.get("type") == "tool_search_output" for tool in item.get("tools") or []]
    offered = []
    for tool in [*(body.get("tools") or []), *found]:
        if tool.get("type") == "namespace":
            offered += [Offered(inner.get("name", ""), tool.get("name", "")) for inner in tool.get("tools") or []]
        else:
            offered.append(Offered(tool.get("name") or tool.get("type") or ""))
    results = [
        (str(item.get("call_id")), _text(item.get("output") if "output" in item else item.get("tools")))
        for item in given
        if str(item.get("type", "")).endswith("_output")
    ]
    item = _responses_item(next_turn(script, offered, results))
    response = {
        "id": "resp_fake",
        "object": "response",
        "created_at": 1,
        "status": "completed",
        "model": body.get("model") or "fake",
        "output": [item],
        "parallel_tool_calls": False,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": 10,
            "output_tokens": 5,
            "total_tokens": 15,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens_details": {"reasoning_tokens": 0},
        },
    }
    events: list[Json] = [
        {"type": "response.created", "response": response | {"status": "in_progress", "output": []}},
        {"type": "response.output_item.added", "output_index": 0, "item": item | {"status": "in_progress"}},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": response},
    ]
    return response, [event | {"sequence_number": number} for number, event in enumerate(events)]


def _responses_item(turn: Turn) -> Json:
    if turn.tool is None:
        content = [{"type": "output_text", "text": turn.text, "annotations": []}]
        return {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": content}
    item = {"call_id": turn.id, "status": "completed"}
    if turn.tool.name == "tool_search":
        return item | {"type": "tool_search_call", "id": "s_1", "execution": "client", "arguments": turn.arguments}
    called = {"type": "function_call", "id": "fc_1", "name": turn.tool.name, "arguments": json.dumps(turn.arguments)}
    return item | called | ({"namespace": turn.tool.namespace} if turn.tool.namespace else {})


def _chat(script: Sequence[Call], body: Json) -> Answer:
    offered = [Offered((tool.get("function") or {}).get("name", "")) for tool in body.get("tools") or []]
    results = [
        (str(message.get("tool_call_id")), _text(message.get("content")))
        for message in body.get("messages", [])
        if message.get("role") == "tool"
    ]
    turn = next_turn(script, offered, results)
    message: Json = {"role": "assistant", "content": turn.text or None}
    if turn.tool:
        function = {"name": turn.tool.name, "arguments": json.dumps(turn.arguments)}
        message["tool_calls"] = [{"index": 0, "id": turn.id, "type": "function", "function": function}]
    reason = "tool_calls" if turn.tool else "stop"
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    base = {"id": "chatcmpl-fake", "created": 1, "model": body.get("model") or "fake"}
    chunk = base | {"object": "chat.completion.chunk"}
    whole = base | {
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
        "usage": usage,
    }
    return whole, [
        chunk | {"choices": [{"index": 0, "delta": message, "finish_reason": None}]},
        chunk | {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]},
        chunk | {"choices": [], "usage": usage},
    ]


def _gemini(script: Sequence[Call], body: Json) -> Answer:
    declared = [one for tool in body.get("tools") or [] for one in tool.get("functionDeclarations") or []]
    parts = [part for content in body.get("contents") or [] for part in content.get("parts") or []]
    answers = [part["functionResponse"] for part in parts if "functionResponse" in part]
    # Gemini CLI may replace the id of a call by its own. Then the order gives the step.
    results = [
        (str(one.get("id")) if "call_s" in str(one.get("id")) else f"call_s{number}_", _text(one.get("response")))
        for number, one in enumerate(answers)
    ]
    turn = next_turn(script, [Offered(one.get("name", "")) for one in declared], results)
    part: Json = {"text": turn.text if declared else '{"reasoning":"ok","next_speaker":"user","model_choice":"flash"}'}
    if turn.tool:
        part = {"functionCall": {"id": turn.id, "name": turn.tool.name, "args": turn.arguments}}
    whole = {
        "candidates": [{"content": {"role": "model", "parts": [part]}, "finishReason": "STOP", "index": 0}],
        "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 5, "totalTokenCount": 15},
        "modelVersion": "fake",
    }
    return whole, [whole]


_APIS: dict[str, Callable[[Sequence[Call], Json], Answer]] = {
    "/messages": _anthropic,
    "/responses": _responses,
    "/chat/completions": _chat,
}
