"""The verdict on a run: from the output of the client, and from the messages between client and server."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.clients.script import Call

SCRIPT = (
    Call(
        "batch_call",
        {
            "commands": {
                "who": {"method": "user.current"},
                "deals": {"method": "crm.deal.list", "params": {"select": ["ID"]}},
                "missing": {"method": "crm.deal.get", "params": {"id": 999999}},
            },
            "halt": False,
        },
    ),
    Call("call_method", {"method": "crm.contact.get", "params": {"id": 999998}}),
)
# The user, the kind of a failure, whether it was executed, and the failed call. Only this server sends these texts.
SAID = ("Левченко", "not_found", "executed", "crm.contact.get")
PEOPLE = {"1": "Левченко", "2": "Гаврилов"}
"""The last names of people of the sandbox by their ids."""
SANDBOX = '"portal":"sandbox"'


@dataclass
class Outcome:
    """The outcome of one run. `wrong` lists everything that failed."""

    seconds: float = 0
    portal: str = ""
    protocol: str = ""
    wrong: list[str] = field(default_factory=list)


def judge(
    outcome: Outcome, code: int | None, said: str, log: Path | None, *, expect_sandbox: bool, person: str = "1"
) -> None:
    """Add to the outcome what is wrong. `code` is None when the client did not finish in time.

    `log` is the log of the tap, or None without a tap. `person` is the id of the person whom the portal must name.
    """
    if code is None:
        outcome.wrong.append("did not finish in time")
    elif code:
        outcome.wrong.append(f"exited with {code}")
    outcome.wrong += [f"did not print {text}" for text in (PEOPLE[person], *SAID[1:]) if text not in said]
    outcome.portal = "sandbox" if SANDBOX in said.replace("\\", "") else "webhook"
    if (outcome.portal == "sandbox") is not expect_sandbox:
        outcome.wrong.append("another portal answered")
    if log is None:
        return
    passed = [json.loads(line) for line in log.read_text("utf-8").splitlines()] if log.exists() else []
    calls = [m["params"]["name"] for line in passed if (m := _message(line, "client")).get("method") == "tools/call"]
    if calls != [call.tool for call in SCRIPT]:
        outcome.wrong.append(f"called {calls}")
    if noise := [line["noise"] for line in passed if line["from"] == "server" and "noise" in line]:
        outcome.wrong.append(f"the server wrote {noise[0]!r}")
    outcome.protocol = _protocol(passed)


def _message(line: dict[str, Any], who: str) -> dict[str, Any]:
    message = line.get("message") if line["from"] == who else None
    return message if isinstance(message, dict) else {}


def _protocol(passed: list[dict[str, Any]]) -> str:
    """Return the negotiated protocol version: from the answer to `initialize`, or from the requests."""
    for line in passed:
        result = _message(line, "server").get("result")
        if isinstance(result, dict) and "protocolVersion" in result:
            return str(result["protocolVersion"])
        meta = (_message(line, "client").get("params") or {}).get("_meta") or {}
        if "io.modelcontextprotocol/protocolVersion" in meta and "tools/" in str(
            _message(line, "client").get("method")
        ):
            return str(meta["io.modelcontextprotocol/protocolVersion"])
    return ""
