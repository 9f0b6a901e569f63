"""`batch`: up to 50 commands in one call; a command may use the results of earlier ones.

Documentation: settings/how-to-call-rest-api/batch; the details are source behaviour of the portal.
"""

from __future__ import annotations

import re

from b24_sandbox import php
from b24_sandbox.call import Call
from b24_sandbox.errors import PortalError
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable

method = MethodTable("")
register = method.register

LIMIT = 50
_FORBIDDEN = ("batch", "download", "upload")
_ROOTS = ("result", "next", "total", "time", "error")
_KEY = re.compile(r"\[([^\[\]]*)\]")


class Results:
    """The answers of the commands so far by label, which references can use."""

    def __init__(self) -> None:
        self.maps: dict[str, Map] = {root: {} for root in _ROOTS}

    def answer(self) -> Map:
        """The result of the whole batch: five maps by label."""
        return {
            "result": self.maps["result"],
            "result_error": self.maps["error"],
            "result_total": self.maps["total"],
            "result_next": self.maps["next"],
            "result_time": self.maps["time"],
        }

    def fail(self, label: str, error: PortalError) -> None:
        """Store the error of a command. Inside a batch a missing scope has no text."""
        body = error.body()
        if error.code == "insufficient_scope":
            body["error_description"] = ""
        self.maps["error"][label] = body


@method("batch")
def run(call: Call) -> Value:
    """Run the commands in order. The call itself always succeeds."""
    sent = call.upper
    halt = php.truthy(sent.get("HALT"))
    results = Results()
    executed = 0
    for label, command in sent.inner("CMD").items():
        if not isinstance(command, str):
            continue
        executed += 1
        try:
            if executed > LIMIT:
                raise PortalError("ERROR_BATCH_LENGTH_EXCEEDED", "Max batch length exceeded")
            _execute(call, results, label, command)
        except PortalError as error:
            results.fail(label, error)
            if halt:
                break
    return results.answer()


def _execute(call: Call, results: Results, label: str, command: str) -> None:
    name, _, query = command.partition("#")[0].partition("?")
    if name in _FORBIDDEN:
        raise PortalError("ERROR_BATCH_METHOD_NOT_ALLOWED", "Method is not allowed for batch usage")
    params = php.as_map(substitute(php.parse_query(query), results.maps))
    page, timing = call.portal.perform(name, params, call)
    results.maps["result"][label] = php.json_ready(page.result)
    if page.total is not None:
        results.maps["total"][label] = page.total
    if page.next is not None:
        results.maps["next"][label] = page.next
    results.maps["time"][label] = timing.block()


def substitute(value: Value, maps: dict[str, Map]) -> Value:
    """Replace references in every value, never in keys.

    A reference ends at the next white space and contains at least one `[...]`. A reference that is the whole text is
    replaced by the value with its type; inside a longer text only texts and numbers are inserted.
    """
    if isinstance(value, dict):
        return {key: substitute(item, maps) for key, item in value.items()}
    if isinstance(value, list):
        return [substitute(item, maps) for item in value]
    if not isinstance(value, str) or "$" not in value:
        return value
    roots = [*_ROOTS, *(["error_description"] if maps["error"] else [])]
    reference = re.compile(r"\$(" + "|".join(roots) + r")(\S*\[\S*\]\S*)", re.IGNORECASE)
    whole = reference.fullmatch(value)
    if whole:
        return _resolve(whole, maps)

    def insert(match: re.Match[str]) -> str:
        found = _resolve(match, maps)
        usable = isinstance(found, str | int | float) and not isinstance(found, bool)
        return php.text(found) if usable else match.group()

    return reference.sub(insert, value)


def _resolve(match: re.Match[str], maps: dict[str, Map]) -> Value:
    """Follow the path as far as it exists and return the value at its end, without an error."""
    root = match.group(1)
    if root not in maps:
        return None
    found: Value = maps[root]
    for key in _KEY.findall(match.group(2)):
        inside = php.as_map(found)
        if key not in inside:
            break
        found = inside[key]
    return dict(found) if isinstance(found, dict) else found
