"""The facts of a method: frozen models, one parser and one encoder for their JSON.

The build, the catalogue and the discovery of a portal use the same models. As JSON, a method is one line of
`data/methods.jsonl`. What has its usual value is left out of the JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Version = Literal["v2", "v3"]
"""A version of the REST API: v2 is the classic one, v3 is REST 3.0."""
Who = Literal["any", "admin", "crm_admin", "rights"]
Context = Literal["any", "app", "session"]
Required = bool | Literal["conditional"] | None
"""Whether a parameter is required; None when the page marks nothing."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a method, or a field inside another parameter.

    `type` is as the page writes it: a union is joined by `|`, and it is empty when the page has none. A `pattern`
    name stands for many names: `UF_...`, `propertyN`, `<key>`. `variants` are the tabs of the page that have the
    parameter, when not all of them do.

    `values` are all values that are allowed; `open_values` is set when the page gives them as examples only, or when a
    portal may have more. `default` is the value that is used when the parameter is not sent, as the page writes it.
    `minimum` and `maximum` limit a number, `longest` the characters of a text or the items of a list. `unit` is the
    unit of a number (`seconds`, `MB`), or `hex color`. `source` is the method that returns the allowed values.
    `read_only` is set for a field that the portal fills in. `one_of` are groups of names inside `fields`; at least one
    of each is required. `also` are other spellings that the samples of the page use; both are accepted. `text` is the
    meaning in one line, from `data/meanings*.tsv`, where the name does not say it.
    """

    name: str
    type: str
    required: Required
    values: tuple[str, ...] = ()
    is_list: bool = False
    fields: tuple[Parameter, ...] = ()
    pattern: bool = False
    variants: tuple[str, ...] = ()
    open_values: bool = False
    default: str = ""
    minimum: float | None = None
    maximum: float | None = None
    longest: int | None = None
    unit: str = ""
    source: str = ""
    read_only: bool = False
    one_of: tuple[tuple[str, ...], ...] = ()
    also: tuple[str, ...] = ()
    text: str = ""

    @classmethod
    def from_json(cls, form: Mapping[str, Any]) -> Parameter:
        """Parse the JSON form of a parameter."""
        return cls(
            name=form["name"],
            type=form["type"],
            required=form["required"],
            values=tuple(form.get("values", ())),
            is_list=form.get("list", False),
            fields=tuple(map(cls.from_json, form.get("fields", ()))),
            pattern=form.get("pattern", False),
            variants=tuple(form.get("for", ())),
            open_values=form.get("open", False),
            default=form.get("default", ""),
            minimum=form.get("min"),
            maximum=form.get("max"),
            longest=form.get("longest"),
            unit=form.get("unit", ""),
            source=form.get("from", ""),
            read_only=form.get("read_only", False),
            one_of=tuple(map(tuple, form.get("one_of", ()))),
            also=tuple(form.get("also", ())),
            text=form.get("text", ""),
        )

    def to_json(self) -> dict[str, object]:
        """Return the JSON form of the parameter."""
        form: dict[str, object] = {"name": self.name, "type": self.type, "required": self.required}
        if self.values:
            form["values"] = list(self.values)
        if self.open_values:
            form["open"] = True
        if self.default:
            form["default"] = self.default
        numbers = {"min": self.minimum, "max": self.maximum, "longest": self.longest}
        form |= {name: number for name, number in numbers.items() if number is not None}
        if self.unit:
            form["unit"] = self.unit
        if self.source:
            form["from"] = self.source
        if self.read_only:
            form["read_only"] = True
        if self.also:
            form["also"] = list(self.also)
        if self.text:
            form["text"] = self.text
        if self.is_list:
            form["list"] = True
        if self.fields:
            form["fields"] = [field.to_json() for field in self.fields]
        if self.one_of:
            form["one_of"] = [list(group) for group in self.one_of]
        if self.pattern:
            form["pattern"] = True
        if self.variants:
            form["for"] = list(self.variants)
        return form


@dataclass(frozen=True, slots=True)
class Result:
    """The `result` of an answer.

    `kind` is `map` for an object keyed by ids or codes, and `unknown` when it is not documented. `list_key` is the key
    of the list inside an object, `is_map` is set when that list is itself keyed by ids, and `keys` are the keys of the
    object.
    """

    kind: str = "unknown"
    list_key: str | None = None
    is_map: bool = False
    keys: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, form: Mapping[str, Any]) -> Result:
        """Parse the JSON form of a result."""
        return cls(form["kind"], form.get("list_key"), form.get("map", False), tuple(form.get("keys", ())))

    def to_json(self) -> dict[str, object]:
        """Return the JSON form of the result."""
        form: dict[str, object] = {"kind": self.kind}
        if self.list_key:
            form["list_key"] = self.list_key
        if self.is_map:
            form["map"] = True
        if self.keys:
            form["keys"] = list(self.keys)
        return form


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """An error code that a method may return; old methods return the empty one. `status` is the HTTP status, or None
    when the page does not state it.
    """

    code: str
    status: int | None = None

    @classmethod
    def from_json(cls, form: Mapping[str, Any]) -> ErrorCode:
        """Parse the JSON form of an error code."""
        return cls(form["code"], form.get("status"))

    def to_json(self) -> dict[str, object]:
        """Return the JSON form of the error code."""
        return {"code": self.code, "status": self.status} if self.status else {"code": self.code}


@dataclass(frozen=True, slots=True)
class MethodFacts:
    """The documented facts of one method.

    `one_of` are groups of parameters (dotted when nested); at least one of each group is required. The parameters of a
    `positional` method are in the order in which the portal reads them. `context` is `app` when only an application
    may call the method, not a webhook, and `session` when a call with a browser session is refused. `paging` is None
    when the method returns no list. `batch` is false when the method is not allowed inside a batch. `page` is None when
    the method has no page of its own. `from_portal` is set when the facts come from the OpenAPI document of a portal.

    A `deprecated` method will be or was switched off, or does nothing in new portals. A `superseded` one is classic: it
    still works, and `replaced_by` is what the documentation recommends for new work. `limits` are conditions of the
    portal: `cloud`, `on-premise`, `paid plan`, or a version such as `rest 22.300.0`. `permission` is the right that the
    user needs, in a few words, when `who` is `rights`. `notes` are warnings about traps, from `data/notes*.tsv`.
    """

    method: str
    version: Version
    scope: tuple[str, ...] = ()
    who: Who = "any"
    context: Context = "any"
    params: tuple[Parameter, ...] = ()
    result: Result = Result()
    paging: str | None = None
    errors: tuple[ErrorCode, ...] = ()
    page: str | None = None
    positional: bool = False
    one_of: tuple[tuple[str, ...], ...] = ()
    deprecated: bool = False
    replaced_by: tuple[str, ...] = ()
    batch: bool = True
    from_portal: bool = False
    superseded: bool = False
    limits: tuple[str, ...] = ()
    permission: str = ""
    notes: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, Version]:
        """The name in lower case and the version: the key of a method in the catalogue."""
        return self.method.lower(), self.version

    @classmethod
    def from_json(cls, form: Mapping[str, Any]) -> MethodFacts:
        """Parse one line of `methods.jsonl`. Only `method` and `version` are required."""
        return cls(
            method=form["method"],
            version=form["version"],
            scope=tuple(form.get("scope", ())),
            who=form.get("who", "any"),
            context=form.get("context", "any"),
            params=tuple(map(Parameter.from_json, form.get("params", ()))),
            result=Result.from_json(form["result"]) if "result" in form else Result(),
            paging=form.get("paging"),
            errors=tuple(map(ErrorCode.from_json, form.get("errors", ()))),
            page=form.get("page"),
            positional=form.get("positional", False),
            one_of=tuple(map(tuple, form.get("one_of", ()))),
            deprecated=form.get("deprecated", False),
            replaced_by=tuple(form.get("replaced_by", ())),
            batch=form.get("batch", True),
            from_portal=form.get("source") == "portal",
            superseded=form.get("superseded", False),
            limits=tuple(form.get("limits", ())),
            permission=form.get("permission", ""),
            notes=tuple(form.get("notes", ())),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the facts as one line of `methods.jsonl` holds them."""
        form: dict[str, object] = {
            "method": self.method,
            "version": self.version,
            "scope": list(self.scope),
            "who": self.who,
            "context": self.context,
            "params": [parameter.to_json() for parameter in self.params],
        }
        if self.positional:
            form["positional"] = True
        if self.one_of:
            form["one_of"] = [list(group) for group in self.one_of]
        if self.deprecated:
            form["deprecated"] = True
        if self.superseded:
            form["superseded"] = True
        if self.replaced_by:
            form["replaced_by"] = list(self.replaced_by)
        if self.limits:
            form["limits"] = list(self.limits)
        if self.permission:
            form["permission"] = self.permission
        if self.notes:
            form["notes"] = list(self.notes)
        form["result"] = self.result.to_json()
        form["paging"] = self.paging
        form["errors"] = [error.to_json() for error in self.errors]
        if not self.batch:
            form["batch"] = False
        form["page"] = self.page
        if self.from_portal:
            form["source"] = "portal"
        return form


@dataclass(frozen=True, slots=True)
class Event:
    """The documented facts of one event that a portal sends.

    `binds` is false for an event inside the user interface, which `event.bind` does not accept. `payload` are the
    keys of `data` that the handler receives, with nested keys as fields. `offline` is set when the event can be
    collected with `event.offline.get`.
    """

    name: str
    scope: tuple[str, ...] = ()
    page: str | None = None
    binds: bool = True
    offline: bool = True
    payload: tuple[Parameter, ...] = ()

    @classmethod
    def from_json(cls, form: Mapping[str, Any]) -> Event:
        """Parse one line of `events.jsonl`."""
        return cls(
            name=form["event"],
            scope=tuple(form.get("scope", ())),
            page=form.get("page"),
            binds=form.get("bind", True),
            offline=form.get("offline", True),
            payload=tuple(map(Parameter.from_json, form.get("payload", ()))),
        )

    def to_json(self) -> dict[str, object]:
        """Return the event as one line of `events.jsonl` holds it."""
        form: dict[str, object] = {"event": self.name, "scope": list(self.scope), "page": self.page}
        if not self.binds:
            form["bind"] = False
        if not self.offline:
            form["offline"] = False
        if self.payload:
            form["payload"] = [parameter.to_json() for parameter in self.payload]
        return form
