"""The shape of parameters in the cURL samples of a page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from b24_mcp.catalog.build.drafts import ParameterDraft
from b24_mcp.catalog.build.values import Allowed
from b24_mcp.dialect.markup import Block, Code

_TYPES = {str: "string", int: "integer", float: "double", bool: "boolean", list: "array", dict: "object"}
# Accepted as a list of buttons or as an object with such a list.
_EITHER_WAY = frozenset({"keyboard", "menu", "attach"})
_ASSIGNED = re.compile(r"['\"]?\b([A-Za-z_]\w*)['\"]?\s*(?::|=>)\s*['\"]([\w.\\/ -]{1,60})['\"]")
_OPERATORS = re.compile(r"^[!<>=%@~?*+]+")


def regroup(params: list[ParameterDraft], bodies: Sequence[object]) -> list[ParameterDraft]:
    """Return parameters with those moved into an object that the samples send inside of it and never beside it."""
    sent = [body for body in bodies if isinstance(body, dict)]
    for holder in params:
        inner = [body[key] for body in sent for key in body if key == holder.name]
        keys = {str(key) for value in inner if isinstance(value, dict) for key in value}
        others = {one.name for one in params if one is not holder}
        beside = {key for body in sent for key in body}
        if holder.fields or not keys or not keys <= others or keys & beside:
            continue
        holder.fields = [one for one in params if one is not holder and one.name not in beside]
        return [one for one in params if one not in holder.fields]
    return params


def shape(params: list[ParameterDraft], bodies: Sequence[object]) -> None:
    """Correct parameters in place by their values in the samples.

    An `array` that is a list in every sample is a list. An object is a map of objects when its values have the
    documented fields and it has none itself. A list of values that a sample contradicts is incomplete.
    """
    maps: list[list[str]] = []
    for param in params:
        _note_spelling(param, params, bodies)
        sent = [body[key] for body in bodies if isinstance(body, dict) for key in body if _same(key, param.name)]
        param.allowed = _fitting(param.allowed, sent)
        if (
            param.type == "array"
            and param.name.lower() not in _EITHER_WAY
            and sent
            and all(isinstance(value, list) for value in sent)
        ):
            param.is_list = True
        if not param.fields:
            continue
        objects = [value for value in sent if isinstance(value, dict) and value]
        names = [field.name for field in param.fields]
        # A parameter with the same fields as a map is a map too.
        like = names in maps and not objects
        if like or (
            objects and not _is_pattern_in(param.fields) and all(_is_map(value, param.fields) for value in objects)
        ):
            if param.heading and objects and all(list(value) == [param.heading] for value in objects):
                param.fields = [ParameterDraft(param.heading, "object", None, fields=param.fields)]
                shape(param.fields[0].fields, [inner for value in objects for inner in value.values()])
                continue
            maps.append(names)
            param.fields = [ParameterDraft("<key>", "object", None, fields=param.fields, pattern=True)]
            shape(param.fields[0].fields, [inner for value in objects for inner in value.values()])
            continue
        lists = [inner for value in sent if isinstance(value, list) for inner in value if isinstance(inner, dict)]
        shape(param.fields, [*objects, *lists])


def literals_of(blocks: Iterable[Block]) -> dict[str, set[str]]:
    """Return the texts that the samples in all languages assign to a name: `name: 'text'` or `'name' => 'text'`."""
    found: dict[str, set[str]] = {}
    for block in blocks:
        # A block of JSON is an answer.
        if isinstance(block, Code) and block.tab and block.language.lower() != "json":
            for name, text in _ASSIGNED.findall(block.text):
                found.setdefault(name, set()).add(text.replace("\\\\", "\\"))
    return found


def open_by_literals(params: Iterable[ParameterDraft], literals: Mapping[str, set[str]]) -> None:
    """Open the lists of values that the samples in some language contradict."""
    every = list(_flat(params))
    known: dict[str, set[str]] = {}
    for param in every:
        known.setdefault(param.name, set()).update(param.allowed.values)
    # A parameter without values may be meant by any text.
    named = {param.name for param in every if not param.allowed.values}
    for param in every:
        if param.allowed.values and param.name not in named and literals.get(param.name, set()) - known[param.name]:
            param.allowed = Allowed(param.allowed.values, is_open=True)


def _flat(params: Iterable[ParameterDraft]) -> Iterator[ParameterDraft]:
    for param in params:
        yield param
        yield from _flat(param.fields)


def _note_spelling(param: ParameterDraft, params: list[ParameterDraft], bodies: Sequence[object]) -> None:
    """Note how the samples write the name of a parameter, where it is not as in the table."""
    names = {one.name for one in params}
    used = {_OPERATORS.sub("", key) for body in bodies if isinstance(body, dict) for key in body}
    spellings = {key for key in used - names if _bare(key) == _bare(param.name)}
    if spellings and not param.pattern:
        param.also = tuple(sorted({*param.also, *spellings}))


def from_samples(bodies: Iterable[Mapping[str, object]]) -> list[ParameterDraft]:
    """Return the parameters in the samples, for a page that documents none."""
    found: dict[str, ParameterDraft] = {}
    for body in bodies:
        for key, value in body.items():
            found.setdefault(key, ParameterDraft(key, _TYPES.get(type(value), ""), None))
    return list(found.values())


def _bare(name: str) -> str:
    return re.sub(r"[_.\-\[\]]", "", name).lower()


def _same(key: str, name: str) -> bool:
    return _bare(_OPERATORS.sub("", key)) == _bare(name)


def _fitting(allowed: Allowed, sent: Sequence[object]) -> Allowed:
    """Return values as the samples show them: open when one sends another value, none when they are its keys."""
    if any(isinstance(value, dict) and set(value) & set(allowed.values) for value in sent):
        return Allowed()
    if allowed.values and not all(_among(value, allowed.values) for value in sent):
        return Allowed(allowed.values, is_open=True)
    return allowed


def _among(value: object, values: tuple[str, ...]) -> bool:
    if value is None or value == "" or isinstance(value, dict):
        return True
    if isinstance(value, list):
        return all(_among(one, values) for one in value)
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if {one.lower() for one in values} == {"asc", "desc"}:
        return text.lower() in {"asc", "desc"}
    return text in values or (isinstance(value, bool) and bool({"Y", "1", "0"} & set(values)))


def _is_map(value: Mapping[str, object], fields: list[ParameterDraft]) -> bool:
    if any(_same(key, field.name) for key in value for field in fields):
        return False
    known = [inner for inner in value.values() if isinstance(inner, dict)]
    return bool(known) and all(
        any(_same(key, field.name) for key in inner for field in fields) for inner in known if inner
    )


def _is_pattern_in(fields: list[ParameterDraft]) -> bool:
    return any(field.pattern for field in fields)
