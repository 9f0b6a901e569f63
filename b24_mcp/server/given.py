"""The arguments of a tool call in the form that the tool declares, from the forms that hosts send.

Hosts send `null` or an empty text for an argument that the model left out, objects as JSON text, and numbers as texts.
Some add arguments of their own, which `host_arguments.tsv` lists with sources.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.resources import files
from typing import Literal

from b24_mcp.catalog import RepeatedNameError, read_json_text
from b24_mcp.errors import our_error


def _host_arguments() -> frozenset[str]:
    _, *lines = files("b24_mcp.server").joinpath("host_arguments.tsv").read_text("utf-8").splitlines()
    return frozenset(line.partition("\t")[0] for line in lines)


HOST_ARGUMENTS = _host_arguments()
"""The names of arguments that hosts add to calls. They are read at the start, since calls must not wait for a file."""
_NOTHING = {"", "null"}
_NOTHING_OF_PROGRAMS = {"none", "undefined"}
"""What programs write for a missing value. In a free text these may be words that a user means."""
_LEAST_SIMILAR = 0.6


@dataclass(frozen=True, slots=True)
class ArgumentForm:
    """What a tool declares of one argument.

    `kind` is `text` for any text, `container` for an object or a list, and `plain` for numbers, booleans and texts from
    a list.
    """

    kind: Literal["text", "container", "plain"]
    required: bool


class ArgumentReader:
    """Reads the arguments of one tool. `schema` is its JSON schema."""

    def __init__(self, schema: Mapping[str, object]) -> None:
        properties, required = schema.get("properties", {}), schema.get("required", [])
        assert isinstance(properties, dict)
        assert isinstance(required, list)
        self._forms = {name: ArgumentForm(_kind(value), name in required) for name, value in properties.items()}

    def read(self, arguments: Mapping[str, object]) -> dict[str, object]:
        """Return the arguments that the model gave, in the declared form where that is certain.

        Raises:
            B24Error: `B24MCP_ARGUMENTS` for JSON text with a repeated name.
        """
        given: dict[str, object] = {}
        for name, value in arguments.items():
            form = self._forms.get(name)
            if form is None:
                if name not in HOST_ARGUMENTS:
                    given[name] = value
                continue
            value = _in_form(form, name, value)
            if form.required or not _is_nothing(form, value):
                given[name] = value
        return given

    def help_with(self, name: str) -> str:
        """Return what to write instead of an argument that the tool does not have."""
        if similar := nearest(name, self._forms):
            return f"there is no such argument, the nearest is {similar}"
        if "params" in self._forms:
            return "there is no such argument, parameters of the method belong into params"
        return f"there is no such argument, only {', '.join(self._forms) or 'none'}"


def nearest(name: str, known: Mapping[str, object]) -> str:
    """Return the known name that is most similar to this one, whatever its case and signs; empty for none."""
    by_letters = {_letters(one): one for one in known}
    similar = get_close_matches(_letters(name), by_letters, 1, _LEAST_SIMILAR)
    return by_letters[similar[0]] if similar else ""


def decoded(value: object, name: str = "JSON text") -> object:
    """Return the object or list that a JSON text holds, also when it was encoded twice; any other value unchanged.

    Raises:
        B24Error: `B24MCP_ARGUMENTS` when an object has a name twice.
    """
    try:
        read = read_json_text(value)
    except RepeatedNameError as exc:
        message = f"{name} contains the name {exc} twice: each name must be unique."
        raise our_error("B24MCP_ARGUMENTS", message) from None
    return value if read is None else read


def is_nothing(value: object) -> bool:
    """Whether a value of an optional argument says that it was not given."""
    return value is None or (isinstance(value, str) and value.strip().lower() in _NOTHING | _NOTHING_OF_PROGRAMS)


def _is_nothing(form: ArgumentForm, value: object) -> bool:
    if form.kind != "text":
        return is_nothing(value)
    return value is None or (isinstance(value, str) and value.strip() in _NOTHING)


def _in_form(form: ArgumentForm, name: str, value: object) -> object:
    if form.kind == "container":
        return decoded(value, name)
    if form.kind == "text":
        return _as_text(value)
    if isinstance(value, str) and value[:1] == value[-1:] == '"' and len(value) > 1:
        return value[1:-1]  # a text that was encoded twice
    return value


def _as_text(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _kind(schema: object) -> Literal["text", "container", "plain"]:
    assert isinstance(schema, dict)
    if schema.get("type") == "string" and "enum" not in schema and "const" not in schema:
        return "text"
    return "container" if schema.get("type") in ("object", "array") else "plain"


def _letters(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())
