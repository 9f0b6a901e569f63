"""Answers and files are valid JSON, even when the portal sends numbers that JSON does not allow."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import anyio.to_thread
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from b24_mcp.rest import to_json
from tests.server.conftest import CallTool

ROW = b'{"ID": "1", "OPPORTUNITY": 1e400, "NOT": NaN, "LESS": -Infinity, "LIST": [NaN, {"a": 1e999}], "PLAIN": 1.5}'


def strict(text: str) -> Any:
    """Parse JSON strictly: `NaN` and infinity are refused."""

    def refuse(name: str) -> Any:
        raise AssertionError(f"{name} is not JSON")

    return json.loads(text, parse_constant=refuse)


class Handler(BaseHTTPRequestHandler):
    """Answers a list method with one row, and any other method with an empty list."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        result = b"[" + ROW + b"]" if "list" in self.path else b"[]"
        body = b'{"result": ' + result + b', "total": 1, "time": {"duration": NaN, "operating": 1e400}}'
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def odd_portal(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("B24_WEBHOOK_URL", f"http://127.0.0.1:{server.server_address[1]}/rest/1/secretcode123/")
        yield
        server.shutdown()


@pytest.mark.usefixtures("odd_portal")
async def test_an_answer_is_valid_json_for_any_numbers_of_the_portal(call_tool: CallTool) -> None:
    answer = await call_tool("call_method", method="crm.deal.list")
    assert answer["ok"] is True
    strict(json.dumps(answer))
    (row,) = answer["result"]
    assert (row["OPPORTUNITY"], row["NOT"], row["LESS"]) == ("1e400", "NaN", "-Infinity")
    assert row["LIST"] == ["NaN", {"a": "1e999"}]
    assert row["PLAIN"] == 1.5


@pytest.mark.usefixtures("odd_portal")
async def test_data_sets_and_files_are_valid_json(
    call_tool: CallTool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_FILES_DIR", str(tmp_path))
    listed = await call_tool("list_records", method="crm.deal.list")
    strict(json.dumps(listed))
    asked = await call_tool(
        "query_records", sql="SELECT OPPORTUNITY, \"NOT\", LESS, json_extract(LIST, '$[0]'), 9e999 FROM crm_deal_list"
    )
    assert asked["rows"] == [["1e400", "NaN", "-Infinity", "NaN", "Infinity"]]
    exported = await call_tool("export_records", sql="SELECT * FROM crm_deal_list", path="deals.jsonl")
    assert exported["ok"] is True
    row = strict(await anyio.to_thread.run_sync((tmp_path / "deals.jsonl").read_text, "utf-8"))
    assert row["LIST"] == ["NaN", {"a": "1e999"}]
    assert row["PLAIN"] == 1.5


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
)


def shown(value: Any) -> Any:
    match value:
        case float() if not math.isfinite(value):
            return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        case list():
            return [shown(inner) for inner in value]
        case dict():
            return {shown(key): shown(inner) for key, inner in value.items()}
        case _:
            return value


def has_lone_surrogate(text: str) -> bool:
    return any(0xD800 <= ord(character) <= 0xDFFF for character in text)


@settings(deadline=None)
@given(VALUES)
def test_every_value_survives_writing_and_reading(value: Any) -> None:
    text = to_json(value)
    text.encode()
    read = strict(text)
    if not has_lone_surrogate(json.dumps(value, ensure_ascii=False)):
        assert read == shown(value)


def test_values_without_a_json_form_are_written_as_texts() -> None:
    value = [10**5000, -(10**5000), {"a": "\ud83d"}, {math.nan: 1}, (math.inf,)]
    text = to_json(value)
    text.encode()
    read = strict(text)
    assert read[0] == hex(10**5000)
    assert read[2:] == [{"a": "\ufffd"}, {"NaN": 1}, ["Infinity"]]
