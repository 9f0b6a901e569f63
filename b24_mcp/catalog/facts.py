"""The facts of a method as types. As JSON they are lines of `data/methods.jsonl`, made from the official documentation;
each names the page its facts come from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
