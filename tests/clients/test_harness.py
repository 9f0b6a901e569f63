"""The judge of client runs finds failures."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clients.protobuf import at_path, field, fields, plain
from tests.clients.script import Call, Offered, next_turn
from tests.clients.verdict import SAID, SANDBOX, SCRIPT, Outcome, judge

GOOD = " ".join([*SAID, SANDBOX])


def passed(log: Path, *calls: str, noise: str = "") -> Path:
    lines = [{"from": "server", "message": {"id": 1, "result": {"protocolVersion": "2025-11-25"}}}]
    lines += [{"from": "client", "message": {"method": "tools/call", "params": {"name": call}}} for call in calls]
    lines += [{"from": "server", "noise": noise}] if noise else []
    log.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return log


@pytest.mark.parametrize(
    ("code", "said", "calls", "noise", "wrong"),
    [
        (0, GOOD, ("batch_call", "call_method"), "", []),
        (1, GOOD, ("batch_call", "call_method"), "", ["exited with 1"]),
        (None, GOOD, ("batch_call", "call_method"), "", ["did not finish in time"]),
        (0, GOOD.replace("not_found", ""), ("batch_call", "call_method"), "", ["did not print not_found"]),
        (0, GOOD.replace(SANDBOX, ""), ("batch_call", "call_method"), "", ["another portal answered"]),
        (0, GOOD, ("batch_call",), "", ["called ['batch_call']"]),
        (0, GOOD, ("batch_call", "call_method"), "hello", ["the server wrote 'hello'"]),
    ],
)
def test_a_run_is_judged_by_its_output_and_its_messages(
    tmp_path: Path, code: int | None, said: str, calls: tuple[str, ...], noise: str, wrong: list[str]
) -> None:
    outcome = Outcome()
    judge(outcome, code, said, passed(tmp_path / "log", *calls, noise=noise), expect_sandbox=True)
    assert outcome.wrong == wrong
    assert outcome.protocol == "2025-11-25"


def test_the_tap_forwards_every_byte_and_separates_noise_from_messages(tmp_path: Path) -> None:
    log = tmp_path / "log"
    echo = [sys.executable, "-c", "import sys; print('noise', flush=True); sys.stdout.write(sys.stdin.read())"]
    tap = Path(__file__).parent / "tap.py"
    typed = '{"method": "a"}\n{"method": "é"}\n'
    done = subprocess.run(
        [sys.executable, str(tap), str(log), *echo], input=typed, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "noise\n" + typed
    lines = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    assert [line["message"]["method"] for line in lines if line["from"] == "client"] == ["a", "é"]
    assert [line["noise"] for line in lines if "noise" in line] == ["noise"]


def test_the_model_follows_its_script_under_any_prefix_of_tool_names() -> None:
    script = (Call("one", {"a": 1}), Call("two", {}))
    offered = [Offered("mcp__bitrix24__one"), Offered("two", "mcp__bitrix24")]
    first = next_turn(script, offered, [])
    assert (first.tool, first.arguments) == (offered[0], {"a": 1})
    second = next_turn(script, offered, [(first.id, "said one")])
    assert second.tool == offered[1]
    assert next_turn(script, offered, [(first.id, "said one"), (second.id, "said two")]).text.endswith(
        "said one\n---\nsaid two"
    )


def test_the_model_searches_once_for_a_tool_that_is_not_offered() -> None:
    offered = [Offered("ToolSearch")]
    searching = next_turn(SCRIPT, offered, [])
    assert searching.tool == offered[0]
    assert next_turn(SCRIPT, offered, [(searching.id, "nothing")]).text == "NO-SUCH-TOOL batch_call"


def test_encoded_fields_are_decoded_to_the_same_values() -> None:
    message = field(1, 300) + field(2, "text") + field(3, 1.5) + field(4, plain({"a": [1, None, True]}))
    assert [number for number, _ in fields(message)] == [1, 2, 3, 4]
    assert (at_path(message, 1), at_path(message, 2)) == (300, b"text")
    assert at_path(message, 4, 5, 1, 1) == b"a"
    with pytest.raises(ValueError, match="too short"):
        fields(message[:-1])
