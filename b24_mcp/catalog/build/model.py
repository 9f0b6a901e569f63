"""What is known of one method, as the build puts it together and writes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from b24_mcp.catalog.build.answers import DocumentedAnswer
from b24_mcp.catalog.build.known import NOT_IN_BATCH
from b24_mcp.catalog.build.parameters import DocumentedParam


@dataclass(slots=True)
class Facts:
    """The facts of one method."""

    method: str
    version: str
    page: str | None = None
    scope: list[str] = field(default_factory=list)
    who: str = "any"
    context: str = "any"
    params: list[DocumentedParam] = field(default_factory=list)
    positional: bool = False
    one_of: list[list[str]] = field(default_factory=list)
    deprecated: bool = False
    replaced_by: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    answer: DocumentedAnswer = field(default_factory=lambda: DocumentedAnswer("unknown"))
    paging: str | None = None
    errors: list[tuple[str, int | None]] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)

    @property
    def key(self) -> tuple[str, str]:
        """What the catalogue keys a method by."""
        return self.method.lower(), self.version

    def form(self) -> dict[str, Any]:
        """Give the line of `methods.jsonl`; what says nothing is left out."""
        form: dict[str, Any] = {
            "method": self.method,
            "version": self.version,
            "scope": self.scope,
            "who": self.who,
            "context": self.context,
            "params": [param_form(param) for param in self.params],
        }
        if self.positional:
            form["positional"] = True
        if self.one_of:
            form["one_of"] = self.one_of
        if self.deprecated:
            form["deprecated"] = True
        if self.replaced_by:
            form["replaced_by"] = self.replaced_by
        form["result"] = answer_form(self.answer)
        form["paging"] = self.paging
        form["errors"] = [{"code": code} | ({"status": status} if status else {}) for code, status in self.errors]
        if self.method.lower() in NOT_IN_BATCH:
            form["batch"] = False
        form["page"] = self.page
        return form


def param_form(param: DocumentedParam) -> dict[str, Any]:
    """Give a parameter as it is written."""
    form: dict[str, Any] = {"name": param.name, "type": param.type, "required": param.required}
    if param.values:
        form["values"] = list(param.values)
    if param.is_list:
        form["list"] = True
    if param.fields:
        form["fields"] = [param_form(inner) for inner in param.fields]
    if param.pattern:
        form["pattern"] = True
    if param.of:
        form["for"] = list(param.of)
    return form


def answer_form(answer: DocumentedAnswer) -> dict[str, Any]:
    """Give an answer as it is written."""
    form: dict[str, Any] = {"kind": answer.kind}
    if answer.list_key:
        form["list_key"] = answer.list_key
    if answer.is_map:
        form["map"] = True
    if answer.keys:
        form["keys"] = list(answer.keys)
    return form
