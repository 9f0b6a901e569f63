"""Check that no call of the wrappers of b24pysdk is refused before it is sent.

Usage: python -m benchmarks.sdk_calls [--python INTERPRETER] [--verbose]
`INTERPRETER` has b24pysdk installed, by default the one of `make sdk`. Each wrapper method is called by its signature
several times: with the required arguments alone, with each optional one added, and with all of them. The requests are
recorded instead of sent. Objects that the caller of a wrapper fills freely are filled here with the required names that
the catalogue knows, since the SDK says nothing about them.
"""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
import typing
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

_MOST_TRIES = 8
_OBJECTS = ("section[]", "object[]")
_DOCUMENT = ["crm", "CCrmDocumentDeal", "DEAL_1"]
_HERE = Path(__file__).resolve()
_BY_TYPE: dict[type, object] = {bool: True, int: 1, float: 1.5, bytes: b"x", date: date(2026, 1, 31)}
DATE = "2026-01-31T10:00:00+00:00"
TYPED: dict[str, object] = {"date": "2026-01-31", "datetime": DATE, "file": ["a.txt", "eA=="], "boolean": True}


def main() -> None:
    """Collect the calls and print which are refused."""
    wanted = sys.argv.index("--python") + 1 if "--python" in sys.argv else None
    interpreter = sys.argv[wanted] if wanted else str(_HERE.parents[1] / ".venv-sdk" / "bin" / "python")
    printed = subprocess.run([interpreter, str(_HERE), "--print"], capture_output=True, check=True, text=True).stdout
    check([json.loads(line) for line in printed.splitlines()])


def check(calls: list[dict[str, Any]]) -> None:
    """Print how many calls are refused, each with the reason."""
    from b24_mcp.app.planning import CallRequest, plan_checked
    from b24_mcp.catalog import known_methods
    from b24_mcp.errors import B24Error

    refused: Counter[str] = Counter()
    unknown = 0
    warned: Counter[str] = Counter()
    for call in calls:
        known = known_methods().method(call["method"], call["version"]) or known_methods().method(call["method"])
        if known is None:
            unknown += 1
            continue
        try:
            planned = plan_checked(CallRequest(known.name, completed(known.facts, call["params"]), known.version))
            warned.update(f"{known.name}: {warning}" for warning in planned.warnings)
        except B24Error as exc:
            refused[f"{known.name}: {exc.fault.message}"] += 1
    print(f"calls of wrappers: {len(calls)}, refused {refused.total()}, with a warning {warned.total()}, ", end="")
    print(f"of no method {unknown}")
    for reason, count in sorted(refused.items()):
        print(f"  refused {count:3}: {reason}")
    if "--verbose" in sys.argv:
        for reason, count in sorted(warned.items()):
            print(f"  warned {count:3}: {reason}")


def completed(facts: Any, params: Any) -> Any:
    """Return the parameters with what the SDK leaves to its caller: the contents of objects, and allowed values."""
    if not isinstance(params, dict):
        return params
    known = {parameter.name.lower(): parameter for parameter in facts.params}
    filled = dict(params)
    for name, value in params.items():
        parameter = known.get(name.lower())
        if parameter is None:
            continue
        if value == {}:
            filled[name] = inside(parameter)
        elif value == "1" and "currency" in f"{parameter.type} {parameter.source}".lower():
            filled[name] = "USD"
        elif name == "DOCUMENT_ID" and isinstance(value, list):
            filled[name] = _DOCUMENT
        elif value == [{}] or (value == ["1"] and parameter.fields and parameter.type.endswith(_OBJECTS)):
            filled[name] = [inside(parameter)]
        elif value in ("1", ["1"], DATE) and (parameter.values or parameter.type.split("|")[0] in TYPED):
            filled[name] = [single(parameter)] if isinstance(value, list) else single(parameter)
    for first, *_ in facts.one_of:
        top, *path = first.split(".")
        value = filled.get(top)
        for inner in value if isinstance(value, list) else [value]:
            if path and isinstance(inner, dict):
                add(inner, known[top.lower()], path)
    return filled


def add(form: dict[str, Any], parameter: Any, path: list[str]) -> None:
    """Add the field at a path to an object, unless it is there."""
    field = next((one for one in parameter.fields if one.name == path[0]), None)
    if field is None:
        return
    form.setdefault(field.name, example(field) if len(path) == 1 else {})
    for inner in form[field.name] if isinstance(form[field.name], list) else [form[field.name]]:
        if isinstance(inner, dict):
            add(inner, field, path[1:]) if len(path) > 1 else None


def example(parameter: Any) -> Any:
    """Return a value that a documented parameter accepts, with required fields alone."""
    kind = parameter.type.split("|")[0].lower()
    value = inside(parameter) if parameter.fields or kind == "object" else single(parameter)
    listed = parameter.is_list or kind.endswith("[]") or kind == "array"
    return [value] if (listed and not parameter.fields) or parameter.is_list else value


def inside(parameter: Any) -> dict[str, Any]:
    """Return an object with what is required inside a documented parameter."""
    names = {one.name for one in parameter.fields if one.required is True}
    names |= {group[0] for group in parameter.one_of if not set(group) & names}
    return {one.name: example(one) for one in parameter.fields if one.name in names and not one.pattern}


def single(parameter: Any) -> Any:
    """Return a single value that a documented parameter accepts."""
    if parameter.values:
        return parameter.values[0]
    return TYPED.get(parameter.type.split("|")[0].lower(), parameter.minimum or 1)


def print_calls() -> None:
    """Print every call of the SDK as a line of JSON; runs where b24pysdk is installed."""
    from b24pysdk import BitrixWebhook, Client

    printed: set[str] = set()
    for version in (2, 3):
        client = Client(BitrixWebhook(domain="portal.example", webhook_token="1/secret"), prefer_version=version)
        for wrapper in wrappers(client):
            for arguments in calls_of(wrapper):
                recorded = request_of(wrapper, arguments)
                if recorded is None:
                    continue
                method, params = recorded
                params = {name: value for name, value in (params or {}).items() if repr(value) != "MISSING"}
                call = json.dumps({"method": method, "params": params}, default=_as_sent, ensure_ascii=False)
                if call not in printed:
                    printed.add(call)
                    print(json.dumps({"version": f"v{version}", **json.loads(call)}, ensure_ascii=False))


def request_of(wrapper: Any, arguments: dict[str, object]) -> tuple[str, Any] | None:
    """Return the method and the parameters that a wrapper would send; None when it refuses all arguments tried.

    The SDK checks arguments and names a right one in its refusal, so the call is repeated with that.
    """
    tried = dict(arguments)
    for _ in range(_MOST_TRIES):
        try:
            method, params = wrapper(**tried)._as_tuple
        except (TypeError, ValueError, AttributeError) as exc:
            if not corrected(tried, str(exc)):
                return None
        else:
            return str(method), params
    return None


def corrected(arguments: dict[str, object], refusal: str) -> bool:
    """Change the argument that a refusal of the SDK is about; whether there was one."""
    if match := re.search(r"Argument '(\w+)' must be one of '([^']*)'", refusal):
        arguments[match[1]] = match[2].encode().decode("unicode_escape")
        return True
    if match := re.search(r"must have exactly (\d+) elements", refusal):
        lists = [name for name, value in arguments.items() if isinstance(value, list) and len(value) != int(match[1])]
        for name in lists[:1]:
            arguments[name] = ["a.txt", "eA=="] if match[1] == "2" else ["crm", "CCrmDocumentDeal", "DEAL"]
        return bool(lists)
    return False


def _as_sent(value: object) -> object:
    """Return a value that JSON does not have as the SDK sends it."""
    return (
        value.isoformat() if isinstance(value, date) else list(value) if isinstance(value, set | tuple) else str(value)
    )


def wrappers(context: Any) -> Iterator[Any]:
    """Yield the wrapper methods of a client and of all contexts inside it."""
    from b24pysdk.scopes._base_context import BaseContext

    for name in dir(type(context)):
        if name.startswith("_") and name != "__call__":
            continue
        if name in ("get_token", "get_cache", "clear_cache", "call_batch", "call_batches"):
            continue
        try:
            attribute = getattr(context, name)
        except Exception:
            continue
        if isinstance(attribute, BaseContext):
            yield from wrappers(attribute)
        elif callable(attribute) and isinstance(context, BaseContext):
            yield attribute


def calls_of(wrapper: Any) -> Iterator[dict[str, object]]:
    """Yield the arguments of several calls of one wrapper."""
    function = getattr(wrapper, "func", wrapper)
    owner = getattr(function, "__self__", None)
    function = getattr(owner, "_func", getattr(function, "__func__", function))
    hints = typing.get_type_hints(function)
    required: dict[str, object] = {}
    optional: dict[str, object] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if name in ("self", "timeout") or parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            continue
        values = required if parameter.default is parameter.empty else optional
        values[name] = plausible(name, hints.get(name, str))
    yield required
    for name, value in optional.items():
        yield {**required, name: value}
    if len(optional) > 1:
        yield {**required, **optional}


def plausible(name: str, annotation: Any) -> object:
    """Return a value for an argument by its name and annotation."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        allowed = [typing.get_args(one) for one in arguments[1:] if typing.get_origin(one) is typing.Literal]
        return allowed[0][0] if allowed else plausible(name, arguments[0])
    if origin is typing.Literal:
        return arguments[0]
    if origin is typing.Union or str(origin) == "<class 'types.UnionType'>":
        return plausible(name, next(one for one in arguments if one is not type(None)))
    if origin in (dict, typing.Mapping) or annotation is dict or "Mapping" in str(origin):
        return {}
    if origin is tuple:
        return [plausible(name, one) for one in arguments if one is not Ellipsis]
    if origin is not None and issubclass(origin, typing.Iterable):
        return [plausible(name, arguments[0])] if arguments else []
    if annotation is datetime:
        return datetime(2026, 1, 31, 10, tzinfo=UTC)
    if annotation is inspect.Parameter.empty or annotation is str:
        return text(name)
    return _BY_TYPE.get(annotation, text(name))


def text(name: str) -> str:
    """Return a plausible text for an argument."""
    if "date" in name or "time" in name:
        return DATE
    return "https://example.com/" if "url" in name or "handler" in name else "ID" if name == "select" else "1"


if __name__ == "__main__":
    print_calls() if "--print" in sys.argv else main()
