"""The sandbox's own addresses, which must be enabled: inject faults, read the log of executions.

`POST /sandbox/faults` accepts `{"method", "kind", "times"?, "seconds"?, "target"?}` (see `b24_sandbox.faults`);
`DELETE` removes all faults. `GET /sandbox/log` answers `{"counts": {method: successes}, "calls": […]}`; with
`?marker=TEXT` it contains only calls with that text in their parameters.
"""

from __future__ import annotations

import json

from b24_sandbox import errors, php
from b24_sandbox.executions import Executions
from b24_sandbox.faults import Faults, refused
from b24_sandbox.messages import JSON, HttpRequest, Response


class Control:
    """The handler of addresses under `/sandbox/`."""

    def __init__(self, faults: Faults, executions: Executions) -> None:
        self._faults = faults
        self._executions = executions

    def answer(self, request: HttpRequest) -> Response | None:
        """Answer a request for one of the two addresses. Return `None` for any other."""
        path = request.path.rstrip("/")
        if path == "/sandbox/log":
            return self._log(php.text(php.parse_query(request.query).get("marker")))
        if path != "/sandbox/faults":
            return None
        if request.verb == "DELETE":
            self._faults.clear()
            return _json({"waiting": 0})
        try:
            return self._faults.inject(php.as_map(json.loads(request.body)))
        except ValueError:
            return refused(errors.wrong_argument("The body must be a JSON object, `times` and `seconds` numbers."))

    def _log(self, marker: str) -> Response:
        calls = [
            {"method": entry.method, "error": entry.error, "params": entry.params}
            for entry in self._executions.entries
            if marker in entry.params
        ]
        return _json({"counts": self._executions.counts(marker), "calls": calls})


def _json(body: php.Map) -> Response:
    return Response(200, JSON, json.dumps(body, ensure_ascii=False).encode())
