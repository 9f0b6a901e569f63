"""Every line that a client sends over stdin gets an answer, also one that cannot be parsed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from b24_mcp.server.lines import _BrokenLineError, checked, readable_id

INITIALIZE = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "test", "version": "1"},
}
PARSE_ERROR, INVALID_REQUEST = -32700, -32600


def request(id: Any, method: str = "ping", **params: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).encode()


def nested(id: int, depth: int) -> bytes:
    call = request(id, "tools/call", name="call_method", arguments={"method": "crm.deal.list", "params": {"x": "DEEP"}})
    return call.replace(b'"DEEP"', b"[" * depth + b"]" * depth)


# The line, the id of the answer, and the code of the error.
BROKEN: list[tuple[bytes, Any, int]] = [
    (b"{bad json", None, PARSE_ERROR),
    (b"nonsense", None, PARSE_ERROR),
    (request(7, x="HERE").replace(b"HERE", rb"\ud83d"), 7, PARSE_ERROR),
    (request("a-8", x="HERE").replace(b"HERE", rb"\udc00\ud800"), "a-8", PARSE_ERROR),
    (request(9, x="HERE").replace(b"HERE", b"\xff"), 9, PARSE_ERROR),
    (request(10, x="HERE").replace(b"HERE", b"\xd0"), 10, PARSE_ERROR),
    (request(11, x="HERE").replace(b"HERE", b"\xed\xa0\xbd"), 11, PARSE_ERROR),
    (nested(12, 250), 12, PARSE_ERROR),
    (nested(13, 100_000), 13, PARSE_ERROR),
    (request(14)[:-1], 14, PARSE_ERROR),
    (request(15)[:-1] + b",}", 15, PARSE_ERROR),
    (request(16, x="a\nb").replace(rb"\n", b"\t"), 16, PARSE_ERROR),
    (request(17) + request(18), 17, PARSE_ERROR),
    (b'{"params": {"id": 3}, "id": 19, "method": ', 19, PARSE_ERROR),
    (b"{'id': 20}", None, PARSE_ERROR),
    (json.dumps({"id": 21}).encode("utf-16"), None, PARSE_ERROR),
    (b'{"jsonrpc": "2.0", "id": 22, "result": {"x": "\\ud83d"}}', None, PARSE_ERROR),
    (b'{"jsonrpc": "2.0", "id": 23}', 23, INVALID_REQUEST),
    (b'{"id": 24, "method": "ping"}', 24, INVALID_REQUEST),
    (b'{"jsonrpc": "1.0", "id": 25, "method": "ping"}', 25, INVALID_REQUEST),
    (request(26).replace(b'"params": {}', b'"params": [1]'), 26, INVALID_REQUEST),
    (request(1.5), None, INVALID_REQUEST),
    (request(None), None, INVALID_REQUEST),
    (request([27]), None, INVALID_REQUEST),
    (b"[" + request(28) + b"]", None, INVALID_REQUEST),
    (b"[]", None, INVALID_REQUEST),
    (b"5", None, INVALID_REQUEST),
    (b'"text"', None, INVALID_REQUEST),
    (b"null", None, INVALID_REQUEST),
]


def answers(lines: list[bytes], expected: int) -> list[dict[str, Any]]:
    """Send lines to a server process, and return its first answers."""
    process = subprocess.Popen(
        [sys.executable, "-m", "b24_mcp"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(os.environ) | {"B24_STATE": "memory"},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    watchdog = threading.Timer(60, process.kill)
    watchdog.start()
    try:
        process.stdin.write(b"\r\n".join(lines) + b"\n")
        process.stdin.flush()
        found = [json.loads(process.stdout.readline() or b"null") for _ in range(expected)]
        process.stdin.close()
        assert process.wait(30) == 0
        assert process.stdout.read() == b""
        return found
    finally:
        process.kill()
        process.wait()
        watchdog.cancel()
        process.stdout.close()
        assert process.stderr is not None
        process.stderr.close()


def test_a_process_answers_every_broken_line_and_goes_on() -> None:
    first = b"\xef\xbb\xbf" + request(1, "initialize", **INITIALIZE)
    lines = [first, b"", b"   ", *(line for line, _, _ in BROKEN), request(100)]
    found = answers(lines, len(BROKEN) + 2)
    errors = [one for one in found if "error" in one]  # not delayed by the requests before them
    started, last = (one for one in found if "error" not in one)
    assert started["result"]["serverInfo"]["name"] == "b24-mcp"
    assert [(one["id"], one["error"]["code"]) for one in errors] == [(id, code) for _, id, code in BROKEN]
    assert all("Nothing was executed" in one["error"]["message"] for one in errors)
    assert last == {"jsonrpc": "2.0", "id": 100, "result": {}}


def test_arguments_as_json_text_or_nothing_and_deep_ones_are_answered() -> None:
    def called(id: int, arguments: Any) -> bytes:
        return request(id, "tools/call", name="find_methods", arguments=arguments)

    texts = ['{"query": "deal", "limit": 1}', json.dumps('{"query": "deal", "limit": 1}')]
    lines = [request(1, "initialize", **INITIALIZE), *(called(2 + n, text) for n, text in enumerate(texts))]
    lines += [called(10, None), called(11, ""), called(12, "null"), called(13, "nonsense"), nested(14, 190)]
    _, *rest = answers(lines, len(lines))
    by_id = {one["id"]: one for one in rest}
    for id in (2, 3):
        assert '"ok":true' in by_id[id]["result"]["content"][0]["text"]
    for id in (10, 11, 12):
        assert "query: is required but missing" in by_id[id]["result"]["content"][0]["text"]
    assert by_id[13]["error"]["code"] == -32602
    assert '"ok":false' in by_id[14]["result"]["content"][0]["text"]


@pytest.mark.parametrize(("line", "id", "code"), BROKEN, ids=lambda value: str(value)[:40])
def test_a_broken_line_is_no_message(line: bytes, id: Any, code: int) -> None:
    with pytest.raises(_BrokenLineError) as caught:
        checked(line)
    assert (caught.value.answer.id, caught.value.answer.error.code) == (id, code)


@given(
    st.integers(-(10**17), 10**17) | st.text(st.characters(codec="ascii", categories=["L", "N", "P"]), min_size=1),
    st.recursive(
        st.none() | st.text() | st.integers(), lambda inner: st.dictionaries(st.text() | st.just("id"), inner)
    ),
    st.integers(0, 400),
)
@example(1, {"id": 2, "result": '"id": 3'}, 60)
@example(1, '\\"id": 2, {"id": 3', 400)
def test_the_id_of_a_torn_request_is_its_own_or_none(id: Any, params: Any, length: int) -> None:
    text = json.dumps({"jsonrpc": "2.0", "params": {"x": params}, "id": id, "method": "ping"})
    assert readable_id(text) == id
    found = readable_id(text[:length])
    assert found is None or str(id).startswith(str(found))


@given(st.text() | st.text(st.sampled_from('{}[]":,\\id 1')))
def test_an_id_is_looked_for_in_any_text(text: str) -> None:
    readable_id(text)


def test_looking_for_an_id_takes_linear_time() -> None:
    for text in ('{"' + '\\"' * 500_000, '{"' + '\\"' * 100_000 + "\\", "{" * 500_000, '{"id":' * 100_000):
        readable_id(text)
