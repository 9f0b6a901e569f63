"""A proxy between a client and the server on stdin and stdout that logs the messages: `tap.py LOG COMMAND…`.

Bytes are forwarded unchanged. Each line of LOG is `{"from": "client" or "server", "message": …}`, or has `"noise"` for
a line that is not JSON: the server may write nothing but JSON-RPC.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from typing import IO


def main() -> int:
    """Run the command, and return its exit code."""
    log = open(sys.argv[1], "a", buffering=1, encoding="utf-8")  # noqa: SIM115 - open as long as the process runs
    server = subprocess.Popen(sys.argv[2:], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    assert server.stdin is not None
    assert server.stdout is not None
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _: server.send_signal(received))
    sent = threading.Thread(target=_forward, args=(0, server.stdin.fileno(), log, "client"), daemon=True)
    answered = threading.Thread(target=_forward, args=(server.stdout.fileno(), 1, log, "server"), daemon=True)
    sent.start()
    answered.start()
    code = server.wait()
    answered.join(2)
    return code if code >= 0 else 128 - code


def _forward(source: int, target: int, log: IO[str], who: str) -> None:
    rest = b""
    while chunk := os.read(source, 65_536):
        try:
            _write(target, chunk)
        except OSError:
            break
        *lines, rest = (rest + chunk).split(b"\n")
        for line in filter(bytes.strip, lines):
            log.write(json.dumps({"from": who} | _read(line), ensure_ascii=False) + "\n")
    if who == "client":
        with contextlib.suppress(OSError):
            os.close(target)


def _write(target: int, chunk: bytes) -> None:
    while chunk:
        chunk = chunk[os.write(target, chunk) :]


def _read(line: bytes) -> dict[str, object]:
    try:
        return {"message": json.loads(line)}
    except ValueError:
        return {"noise": line.decode("utf-8", "replace")[:500]}


if __name__ == "__main__":
    os._exit(main())
