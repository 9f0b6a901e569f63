"""Plain requests for every method of the sandbox, and their comparison with the documented facts.

`contract.tsv` has one request a line: method, version, caller, parameters as JSON. The caller is the webhook of the
administrator; `app` is the application, which also calls what is documented for applications. The lines of a family
(the first part of the name; REST 3.0 is one family) are sent in their order to one portal. A text that begins with `$`
stands for the id in an earlier result: `$crm.deal.add`, or for another key of it: `$crm.type.add:entityTypeId`.

`contract_without_request.tsv` lists the methods that no request can satisfy: method, version, reason.

`contract_events.tsv` has the events that each request announces.

`contract_exceptions.tsv` lists where the sandbox differs: method, version, aspect, reason. A line that nothing needs is
reported too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib.resources import files
from pathlib import Path

import httpx

from b24_mcp.catalog.facts import MethodFacts, Version
from b24_sandbox import Sandbox
from b24_sandbox.app import USER_WEBHOOK
from tests.sandbox.contract_comparison import Reply, differences, error_problem

HERE = Path(__file__).parent
NO_RECORD = 999_999
_ID = re.compile(r"id|ID|.*[a-z]Id|.*_ID")


@dataclass(frozen=True)
class Request:
    method: str
    version: Version
    caller: str
    params: object

    @property
    def family(self) -> str:
        first = self.method.partition(".")[0]
        return "v3" if self.version == "v3" else {"task": "tasks"}.get(first, first)

    @property
    def key(self) -> tuple[str, str]:
        return self.method.lower(), self.version


@dataclass(frozen=True)
class Disagreement:
    method: str
    version: str
    aspect: str
    seen: str


@dataclass(frozen=True)
class Exemption:
    """A line of `contract_exceptions.tsv`. The method and the aspect are patterns with `*`."""

    method: str
    version: str
    aspect: str
    reason: str

    def about(self, method: str) -> bool:
        return fnmatchcase(method, self.method)

    def covers(self, found: Disagreement) -> bool:
        return self.version == found.version and self.about(found.method) and fnmatchcase(found.aspect, self.aspect)


def requests() -> list[Request]:
    return [
        Request(method, "v3" if version == "v3" else "v2", caller, json.loads(params))
        for method, version, caller, params in _rows("contract.tsv")
    ]


def without_request() -> set[tuple[str, str]]:
    """The methods in `contract_without_request.tsv`: lower-case name and version."""
    return {(method.lower(), version) for method, version, _ in _rows("contract_without_request.tsv")}


def exemptions() -> list[Exemption]:
    return [Exemption(*row) for row in _rows("contract_exceptions.tsv")]


def events() -> dict[tuple[str, str], set[str]]:
    """The events of each method that writes, from `contract_events.tsv`: method and version -> names."""
    return {(method, version): set(names.split()) for method, version, names in _rows("contract_events.tsv")}


def documented_events() -> set[str]:
    text = files("b24_mcp.catalog").joinpath("data/events.jsonl").read_text("utf-8")
    return {str(json.loads(line)["event"]).upper() for line in text.splitlines()}


def facts() -> dict[tuple[str, str], MethodFacts]:
    text = files("b24_mcp.catalog").joinpath("data/methods.jsonl").read_text("utf-8")
    known = (MethodFacts.from_json(json.loads(line)) for line in text.splitlines())
    return {one.key: one for one in known}


def _rows(name: str) -> list[list[str]]:
    lines = (HERE / name).read_text("utf-8").splitlines()
    return [line.split("\t") for line in lines[1:]]


class Play:
    """One family on one portal: the answers so far, and what disagrees with the facts."""

    def __init__(self, sandbox: Sandbox, http: httpx.AsyncClient, known: dict[tuple[str, str], MethodFacts]) -> None:
        self.sandbox = sandbox
        self.http = http
        self.known = known
        self.admin = f"/rest/{sandbox.webhook}/"
        self.user = f"/rest/{USER_WEBHOOK}/"
        self.token = sandbox.portal.oauth.issue(1).access_token
        self.user_token = sandbox.portal.oauth.issue(4).access_token
        self.results: dict[str, object] = {}
        self.found: list[Disagreement] = []
        self.heard: list[str] = []
        self.events: dict[tuple[str, str], set[str]] = {}
        sandbox.portal.changes.subscribe(lambda change: self.heard.append(change.event))

    async def send(self, request: Request, params: object, token: str | None, base: str | None = None) -> Reply:
        path = "/rest/" if token else base or self.admin
        if request.version == "v3":
            path = path.replace("/rest/", "/rest/api/", 1)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        response = await self.http.post(path + request.method, json=params, headers=headers)
        is_json = response.headers["content-type"].startswith("application/json")
        return Reply(response.status_code, response.json() if is_json else {"result": response.text})

    async def probe(self, request: Request, params: object, token: str | None, base: str | None = None) -> Reply:
        """Send a request that must be refused, and undo what it writes when it is not."""
        storage = self.sandbox.portal.storage
        if request.version == "v3":
            _ = self.sandbox.rest_v3  # which writes its part of the company in a transaction of its own
        storage.begin()
        try:
            return await self.send(request, params, token, base)
        finally:
            storage.rollback()
            self.sandbox.portal.stages_changed()

    async def check(self, request: Request) -> None:
        """Send the request, after requests that must be refused, and compare the answers with the facts."""
        known = self.known.get(request.key, MethodFacts(request.method, request.version))
        in_application = known.context == "app"
        token = self.token if in_application or request.caller == "app" else None
        params = self.resolved(request.params)
        for aspect, wrong in refused_params(request, known, params):
            self._refusal(request, known, aspect, await self.probe(request, wrong, token))
        if in_application:
            self._refusal(request, known, "application", await self.probe(request, params, None))
        if known.who in ("admin", "crm_admin"):
            other = self.user_token if in_application else None
            reply = await self.probe(request, params, other, self.user)
            self._refusal(request, known, "administrator", reply)
        self.heard.clear()
        reply = await self.send(request, params, token)
        if self.heard:
            self.events.setdefault((request.method, request.version), set()).update(self.heard)
        if "error" in reply.body:
            self._note(request, "success", reply.body)
            return
        result = self.results[request.method] = reply.body.get("result")
        for aspect, seen in differences(known, reply.body, result):
            self._note(request, aspect, seen)

    def _refusal(self, request: Request, known: MethodFacts, aspect: str, reply: Reply) -> None:
        if "error" not in reply.body:
            self._note(request, aspect, reply.body.get("result"))
        elif problem := error_problem(known, reply):
            self._note(request, aspect, (problem, reply.status, reply.body))

    def _note(self, request: Request, aspect: str, seen: object) -> None:
        self.found.append(Disagreement(request.method, request.version, aspect, repr(seen)[:300]))

    def resolved(self, params: object) -> object:
        if isinstance(params, dict):
            return {name: self.resolved(value) for name, value in params.items()}
        if isinstance(params, list):
            return [self.resolved(value) for value in params]
        if isinstance(params, str) and params.startswith("$"):
            method, _, key = params[1:].partition(":")
            return next(_values(self.results.get(method), {key} if key else {"id", "ID"}), NO_RECORD)
        return params


def _values(result: object, keys: set[str]) -> Iterator[object]:
    """The values under one of `keys` inside a result. A result that is a plain value is its own id."""
    if isinstance(result, dict):
        yield from (result[key] for key in keys if key in result)
        for inner in result.values():
            if isinstance(inner, dict | list):
                yield from _values(inner, keys)
    elif isinstance(result, list):
        for inner in result:
            yield from _values(inner, keys)
    elif result is not None:
        yield result


def refused_params(request: Request, known: MethodFacts, params: object) -> Iterator[tuple[str, object]]:
    """Parameters that must be refused: without each required one, and with an unknown record for each id."""
    if isinstance(params, list):
        if params and isinstance(request.params, list):
            yield "missing parameters", []
            for place, value in enumerate(request.params):
                if isinstance(value, str) and value.startswith("$"):
                    yield f"unknown record {place}", [*params[:place], NO_RECORD, *params[place + 1 :]]
        return
    assert isinstance(params, dict)
    assert isinstance(request.params, dict)
    for parameter in known.params:
        if parameter.required is True and parameter.name in params:
            left = {name: value for name, value in params.items() if name != parameter.name}
            yield f"missing {parameter.name}", left
    for name, value in request.params.items():
        is_id = isinstance(value, int) and _ID.fullmatch(name)
        if is_id or (isinstance(value, str) and value.startswith("$")):
            yield f"unknown {name}", {**params, name: NO_RECORD}
