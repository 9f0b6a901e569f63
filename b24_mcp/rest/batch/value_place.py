"""Whether a value may stand where a reference stood.

PHP turns any value into an id: a list or `true` becomes 1, and a text that begins with digits becomes that number. So a
reference that leads to the wrong value would make a call change another record, and one that leads to nothing would
remove a condition from a filter. Such a value is refused before anything is sent. Source: behaviour of PHP's `intval`;
measured behaviour of the portal.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from b24_mcp.catalog import Version, arguments_of, is_reading, known_methods
from b24_mcp.catalog.facts import Parameter
from b24_mcp.rest.batch.references import NoValueError, Path, Reference

_CONTAINERS = {"object", "array", "map", "list"}
_NUMBERS = {"integer", "int", "user", "crm_entity"}
_ID = re.compile(r"(?:^|[_.])ids?$", re.IGNORECASE)
_CAMEL_ID = re.compile(r"[a-z0-9]I[Dd]s?$")
_OPERATORS = "<>=!%@~?*+"
# A custom field of a portal may hold several values, and its type is documented nowhere.
_CUSTOM = ("uf_", "ufcrm", "property")
_WHOLE_NUMBER = re.compile(r"\s*[+-]?[0-9]+\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class ValuePlace:
    """The place of a value in the parameters of a method.

    `documented` is the parameter or field at this place, if the documentation knows it, and `kinds` are its types.
    `is_top` is true for a parameter itself, `is_element` for a value in a list.
    """

    name: str
    documented: Parameter | None
    is_top: bool
    is_element: bool
    is_of_read: bool
    kinds: frozenset[str]

    @property
    def takes_containers(self) -> bool:
        """Whether the value may be a list or an object."""
        documented, kinds = self.documented, self.kinds
        if self.is_element:
            described = documented is not None and bool(documented.fields)
            return described or self.is_of_read
        if any(kind in _CONTAINERS or kind.endswith("[]") for kind in kinds) or "any" in kinds:
            return True
        if documented is not None and documented.is_list:
            return True
        if not self.is_top:  # a list in a filter means any of its values
            return self.is_of_read or self.name.lower().startswith(_CUSTOM)
        return self.is_of_read and (documented is None or documented.required is not True)

    @property
    def takes_ids(self) -> bool:
        """Whether the value is the id of a record, or a parameter that is a number."""
        if _ID.search(self.name) or _CAMEL_ID.search(self.name):
            return True
        return self.is_top and bool(self.kinds) and all(map(_is_number, self.kinds))

    @property
    def takes_whole_numbers_only(self) -> bool:
        """Whether the documentation allows whole numbers only."""
        return bool(self.kinds) and self.kinds <= {"integer", "int"}


@lru_cache(maxsize=256)
def place_of(method: str, version: Version, path: Path) -> ValuePlace:
    """Return the place of a value, by its path in the parameters."""
    parameters = _parameters(method, version)
    is_of_read = is_reading(method, version)
    documented: Parameter | None = None
    name, is_element, is_top = "", False, True
    for depth, part in enumerate(path):
        if isinstance(part, int) and depth:
            is_element, is_top = True, False
            continue
        if isinstance(part, int):
            documented = _argument(method, part, parameters)
            name = documented.name if documented is not None else ""
        else:
            name = part.lstrip(_OPERATORS)
            documented = _named(name, parameters)
        parameters = () if documented is None else documented.fields
        is_element, is_top = False, depth == 0
    return ValuePlace(name, documented, is_top, is_element, is_of_read, _kinds(documented))


def checked_value(value: object, reference: Reference, method: str, version: Version, path: Path) -> object:
    """Return the value that a reference leads to, if it may stand at this place.

    Raises:
        NoValueError: the value may not stand there.
    """
    reason = unfit_reason(value, place_of(method, version, path))
    if reason is not None:
        raise NoValueError(f"{reference} {reason}")
    return value


def unfit_reason(value: object, place: ValuePlace) -> str | None:
    """Return why a value may not stand in a place, as the end of a sentence that begins with the reference, or None."""
    match value:
        case None:
            return "is null"
        case list() | dict() if not value:
            return "is empty"
        case list() | dict():
            if not place.takes_containers:
                kind = "a list" if isinstance(value, list) else "an object"
                return f"is {kind}, where {_expectation(place)} is expected"
        case bool():
            if place.takes_ids:
                return f"is {str(value).lower()}, where {_expectation(place)} is expected"
        case str() if not value.strip():
            if place.takes_ids or place.is_top:
                return "is an empty text"
        case str():
            numbers_only = place.takes_whole_numbers_only and (place.is_top or place.takes_ids)
            if numbers_only and not place.is_element and not _WHOLE_NUMBER.fullmatch(value):
                return f"is a text, where {_expectation(place)} is expected"
    return None


def _kinds(parameter: Parameter | None) -> frozenset[str]:
    if parameter is None:
        return frozenset()
    return frozenset([kind.strip().lower() for kind in re.split(r"[/|]", parameter.type) if kind.strip()])


def _is_number(kind: str) -> bool:
    return kind in _NUMBERS or kind.endswith(".id")


def _expectation(place: ValuePlace) -> str:
    what = "an id" if place.takes_ids else "one value"
    return f"{what} ({place.name})" if place.name else what


def _argument(method: str, place: int, parameters: Sequence[Parameter]) -> Parameter | None:
    """Return the positional argument of a method as a parameter."""
    arguments = arguments_of(method) or ()
    if place >= len(arguments):
        return None
    argument = arguments[place]
    fields = parameters[place].fields if place < len(parameters) else ()
    return Parameter(argument.name, argument.kind, argument.is_required, fields=fields)


@lru_cache(maxsize=256)
def _parameters(method: str, version: Version) -> tuple[Parameter, ...]:
    known = known_methods().method(method, version)
    return () if known is None else known.facts.params


def _named(name: str, parameters: Sequence[Parameter]) -> Parameter | None:
    plain = [parameter for parameter in parameters if not parameter.pattern]
    exact = next((parameter for parameter in plain if parameter.name == name), None)
    return exact or next((parameter for parameter in plain if parameter.name.lower() == name.lower()), None)
