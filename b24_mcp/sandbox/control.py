"""The sandbox's own addresses, open only on request: order faults, read what ran.

`POST /sandbox/faults` takes `{"method", "kind", "times"?, "seconds"?, "target"?}` (see
`b24_mcp.sandbox.faults`), `DELETE` forgets all. `GET /sandbox/log` answers `{"counts": {method: successes},
"calls": […]}`; with `?marker=TEXT` only of calls with that text somewhere in their parameters.
"""

from __future__ import annotations

import json

from b24_mcp.sandbox import errors, php
from b24_mcp.sandbox.executions import Executions
from b24_mcp.sandbox.faults import Faults, refused
from b24_mcp.sandbox.messages import JSON, HttpRequest, Response


class Control:
    """Answers under `/sandbox/`."""

    def __init__(self, faults: Faults, executions: Executions) -> None:
        self._faults = faults
        self._executions = executions

    def answer(self, request: HttpRequest) -> Response | None:
        """The answer at one of the two addresses, `None` for any other."""
        path = request.path.rstrip("/")
        if path == "/sandbox/log":
            return self._log(php.text(php.parse_query(request.query).get("marker")))
        if path != "/sandbox/faults":
            return None
        if request.verb == "DELETE":
            self._faults.clear()
            return _json({"waiting": 0})
        try:
            return self._faults.order(php.as_map(json.loads(request.body)))
        except ValueError:
            return refused(errors.wrong_argument("a JSON object is needed, with numbers where numbers belong"))

    def _log(self, marker: str) -> Response:
        calls = [
            {"method": entry.method, "error": entry.error, "params": entry.params}
            for entry in self._executions.entries
            if marker in entry.params
        ]
        return _json({"counts": self._executions.counts(marker), "calls": calls})


def _json(body: php.Map) -> Response:
    return Response(200, JSON, json.dumps(body, ensure_ascii=False).encode())
