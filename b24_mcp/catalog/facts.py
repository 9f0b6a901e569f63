"""The facts of a method as types, and reading them from `data/methods.jsonl` one line at a time.

The file has one line of JSON for every method and version, written by the build from the official documentation; each
line names the page its facts come from.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

Version = Literal["v2", "v3"]
Who = Literal["any", "admin", "crm_admin", "rights"]
Context = Literal["any", "app", "session"]
Required = bool | Literal["conditional"] | None
"""Whether a parameter is needed; None when the page marks nothing."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter, or one field in another.

    `type` is as the page writes it, a union joined by `|`, empty when not said. `pattern` names stand for many:
    `UF_...`, `propertyN`, `<key>`. `variants` are the tabs of the page that have it, when not all do.
    """

    name: str
    type: str
    required: Required
    values: tuple[str, ...] = ()
    is_list: bool = False
    fields: tuple[Parameter, ...] = ()
    pattern: bool = False
    variants: tuple[str, ...] = ()

    @classmethod
    def read(cls, form: Mapping[str, Any]) -> Parameter:
        """Make a parameter of its JSON form."""
        return cls(
            name=form["name"],
            type=form["type"],
            required=form["required"],
            values=tuple(form.get("values", ())),
            is_list=form.get("list", False),
            fields=tuple(map(cls.read, form.get("fields", ()))),
            pattern=form.get("pattern", False),
            variants=tuple(form.get("for", ())),
        )


@dataclass(frozen=True, slots=True)
class Result:
    """What stands in `result`: its kind (`map` is keyed by ids or codes, `unknown` not documented), the key of the list
    in it, whether that is a map itself, and the keys of an object.
    """

    kind: str
    list_key: str | None = None
    is_map: bool = False
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """A code a method may fail with; the empty one is what old methods answer. `status` is None when not said."""

    code: str
    status: int | None = None


@dataclass(frozen=True, slots=True)
class MethodFacts:
    """What the documentation states of one method.

    `one_of` are groups of parameters (dotted when nested) of which one at least is needed. Parameters of `positional`
    methods stand in the order the portal takes them. `context` is `app` when only an application may call, not a
    webhook, and `session` when all but a browser's session may. `paging` is None when a method gives no list. `page` is
    None for methods the documentation names without describing them.
    """

    method: str
    version: Version
    scope: tuple[str, ...]
    who: Who
    context: Context
    params: tuple[Parameter, ...]
    result: Result
    paging: str | None
    errors: tuple[ErrorCode, ...]
    page: str | None
    positional: bool = False
    one_of: tuple[tuple[str, ...], ...] = ()
    deprecated: bool = False
    replaced_by: tuple[str, ...] = ()
    batch: bool = True

    @classmethod
    def read(cls, form: Mapping[str, Any]) -> MethodFacts:
        """Make the facts of one line's JSON form."""
        result = form["result"]
        return cls(
            method=form["method"],
            version=form["version"],
            scope=tuple(form["scope"]),
            who=form["who"],
            context=form["context"],
            params=tuple(map(Parameter.read, form["params"])),
            result=Result(
                result["kind"], result.get("list_key"), result.get("map", False), tuple(result.get("keys", ()))
            ),
            paging=form["paging"],
            errors=tuple(ErrorCode(error["code"], error.get("status")) for error in form["errors"]),
            page=form["page"],
            positional=form.get("positional", False),
            one_of=tuple(map(tuple, form.get("one_of", ()))),
            deprecated=form.get("deprecated", False),
            replaced_by=tuple(form.get("replaced_by", ())),
            batch=form.get("batch", True),
        )


_HEAD = re.compile(rb'^\{"method":"([^"]+)","version":"(v\d)"', re.M)
_KEPT = 256


class FactsFile:
    """The facts in one file. Nothing is read before the first question, and only the lines asked for are parsed.

    Safe to use from several threads.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or Path(str(files("b24_mcp.catalog").joinpath("data/methods.jsonl")))
        self._lock = threading.Lock()
        self._data = b""
        self._lines: dict[tuple[str, str], tuple[str, int, int]] | None = None
        self._read = lru_cache(maxsize=_KEPT)(self._read_line)

    def facts(self, method: str, version: str | None = None) -> MethodFacts | None:
        """Give the facts of a method in any letter case; None when it is not documented.

        Without a version v2 comes before v3 where a name exists in both.
        """
        key = method.lower()
        wanted = ("v2", "v3") if version is None else (version,)
        return next((self._read((key, one)) for one in wanted if (key, one) in self._index()), None)

    def versions(self, method: str) -> list[Version]:
        """The REST versions in which a method is documented."""
        both: tuple[Version, Version] = ("v2", "v3")
        return [one for one in both if (method.lower(), one) in self._index()]

    def names(self) -> Iterator[tuple[str, str]]:
        """Every method with its version, in the order of the file."""
        return ((name, version) for (_, version), (name, _, _) in self._index().items())

    def __len__(self) -> int:
        return len(self._index())

    def _index(self) -> dict[tuple[str, str], tuple[str, int, int]]:
        if self._lines is None:
            with self._lock:
                if self._lines is None:
                    self._data = self._path.read_bytes()
                    self._lines = _index_of(self._data)
        return self._lines

    def _read_line(self, key: tuple[str, str]) -> MethodFacts:
        _, start, length = self._index()[key]
        return MethodFacts.read(json.loads(self._data[start : start + length]))


def _index_of(data: bytes) -> dict[tuple[str, str], tuple[str, int, int]]:
    """Find where each line lies: (lower-case name, version) -> (name, offset, length)."""
    heads = [(found[1].decode(), found[2].decode(), found.start()) for found in _HEAD.finditer(data)]
    ends = [start for _, _, start in heads[1:]] + [len(data)]
    return {
        (name.lower(), version): (name, start, end - start)
        for (name, version, start), end in zip(heads, ends, strict=True)
    }
