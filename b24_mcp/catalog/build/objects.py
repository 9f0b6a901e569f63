"""Objects that one page documents and parameters of other methods take: `data/objects.tsv` and `data/types.tsv`.

`objects.tsv` joins objects to parameters. Its columns:

| column | meaning |
|---|---|
| `method`, `version` | the methods, separated by commas |
| `parameter` | the parameters, separated by commas; dotted when nested |
| `page` | the page of the object, below `api-reference/`; empty when the row has only `more` |
| `part` | the part of that page |
| `names` | `upper` for `RESPONSIBLE_ID` instead of `responsibleId`, `flat` for fields without fields inside |
| `for` | the variant that has the fields, see `Parameter` |
| `more` | further keys: `FIND:string`, `OWNER_ID*:integer` (required), `TYPE:string=a/b` (values; with `/...` open) |
| `not` | fields of the object that these parameters do not accept |

| part | the fields are in |
|---|---|
| `sample` | the descriptions of fields in the sample of an answer |
| `names` | `upper` for `RESPONSIBLE_ID` instead of `responsibleId`, `flat` for fields without fields inside |
| `answer` | the largest table below a heading about the answer |
| `tables` | all tables of the page |
| `=fields` | the parameter `fields` of the method that the page is about; `=` are all its parameters |
| anything else | the tables below the heading with this anchor, or with one of these words, separated by a bar |
| empty | the first table of the page |

`types.tsv` names for types such as `crm_multifield` the object that a value of the type is, with the same columns.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache

from b24_mcp.catalog.build.enumerations import enumeration_of, stated_sources, stated_values
from b24_mcp.catalog.build.merge import with_sources
from b24_mcp.catalog.build.object_pages import ObjectField, object_of
from b24_mcp.catalog.build.values import Allowed
from b24_mcp.catalog.facts import MethodFacts, Parameter
from b24_mcp.catalog.tables import read_table
from b24_mcp.dialect.editions import Edition
from b24_mcp.dialect.markup import parse

_FOLDER = "api-reference/"
_ORDERS = frozenset({"order", "sort", "arorder"})
_LISTED = frozenset({"filter", "select", "arfilter", "arselect", *_ORDERS})


@dataclass(frozen=True, slots=True)
class Use:
    """One row of `objects.tsv`."""

    parameters: tuple[str, ...]
    page: str
    part: str
    upper: bool
    flat: bool
    variant: str
    more: tuple[Parameter, ...]
    left_out: frozenset[str]


class DocumentedObjects:
    """The objects that the pages of an edition document. `methods` maps the pages of methods to their names."""

    def __init__(self, edition: Edition, methods: Mapping[str, str] | None = None) -> None:
        self._edition = edition
        self._methods = methods or {}
        self._known: dict[tuple[str, str], tuple[ObjectField, ...]] = {}

    def fields(self, page: str, part: str) -> tuple[ObjectField, ...]:
        """Return the fields of an object; none when the edition has no such page or part."""
        if (page, part) not in self._known:
            if not page:
                return ()
            source = self._edition.page(_FOLDER + page)
            found = object_of(parse(source.text), part) if source is not None else ()
            self._known[page, part] = tuple([self._with_source(one, _FOLDER + page) for one in found])
        return self._known[page, part]

    def _with_source(self, field: ObjectField, page: str) -> ObjectField:
        return replace(field, parameter=with_sources([field.parameter], page, self._methods)[0])

    def missing(self) -> list[str]:
        """Return the objects of both tables that the edition does not have."""
        named = {(use.page, use.part) for uses in _uses().values() for use in uses if use.page}
        named |= {(page, part) for page, part, _ in _types().values() if page}
        return [f"{page}#{part}" for page, part in sorted(named) if not self.fields(page, part)]


def with_objects(facts: MethodFacts, objects: DocumentedObjects) -> MethodFacts:
    """Return the facts of a method with the fields of the objects that its parameters take."""
    params = facts.params
    uses = _uses().get(facts.key, ())
    seen: dict[str, set[str]] = {}
    for use in uses:
        for name in use.parameters:
            if use.variant:
                seen.setdefault(name, set()).add(use.variant)
    for use in uses:
        for name in use.parameters:
            adapted = tuple(_adapted(objects, use, name.rpartition(".")[2], facts, len(seen.get(name, ()))))
            params = _put(_with_listed(params, name), name.split("."), adapted, marked=bool(use.page))
    return replace(facts, params=tuple(_typed(one, objects) for one in params))


def _adapted(objects: DocumentedObjects, use: Use, name: str, facts: MethodFacts, variants: int) -> Iterator[Parameter]:
    """Yield the fields of an object as one parameter of a method takes them."""
    usage = name.lower()
    stated, sources = stated_values(facts.method, facts.version), stated_sources(facts.method, facts.version)
    for field in (*map(ObjectField, use.more), *objects.fields(use.page, use.part)):
        one = field.parameter
        one = replace(one, name=_upper(one.name)) if use.upper else one
        one = replace(one, fields=()) if use.flat else one
        if one.name in use.left_out:
            continue
        if (usage.endswith("filter") and not field.filterable) or (usage in _ORDERS and not field.sortable):
            continue
        if usage in _LISTED:
            kind = "string" if usage in _ORDERS else one.type
            keeps = usage.endswith("filter")
            required = one.required is True and one in use.more
            bare = Parameter(one.name, kind, required, pattern=one.pattern)
            path = f"{name}.{one.name}"
            one = _enumerated(replace(one, source=sources.get(path, one.source)), stated.get(path))
            one = replace(bare, values=one.values, open_values=one.open_values, source=one.source) if keeps else bare
        elif one.required is True and not facts.method.lower().endswith((".add", ".create", ".register")):
            one = replace(one, required=False)
        yield replace(one, variants=(use.variant,)) if use.variant and variants > 1 else one


def _enumerated(field: Parameter, stated: Allowed | None) -> Parameter:
    """Return a field with the values that `values.tsv` states, or those of its type by `enumerations.tsv`."""
    found = enumeration_of(field.type, "") if stated is None and not field.values else None
    allowed = found.allowed if found is not None else stated
    if allowed is None:
        return field
    source = field.source or (found.source if found is not None else "")
    return replace(field, values=allowed.values, open_values=allowed.is_open, source=source)


def _with_listed(params: tuple[Parameter, ...], name: str) -> tuple[Parameter, ...]:
    """Return parameters with a `select`, `filter` or `order` that the table of the page leaves out."""
    usage = name.lower()
    if not params or usage not in _LISTED or any(one.name.lower() == usage for one in params):
        return params
    required = False if any(one.required is not None for one in params) else None
    is_list = usage.endswith("select")
    return (*params, Parameter(name, "array" if is_list else "object", required, is_list=is_list))


def _put(
    params: tuple[Parameter, ...], path: list[str], fields: tuple[Parameter, ...], *, marked: bool
) -> tuple[Parameter, ...]:
    """Return parameters with fields added to the one at `path`. Its own fields stay as they are.

    `marked` is set when a page says which of the added fields are required.
    """
    return tuple(
        param
        if param.name != path[0]
        else replace(param, fields=_put(param.fields, path[1:], fields, marked=marked))
        if len(path) > 1
        else replace(param, fields=_joined(param.fields, fields if marked else _marked_as(param, fields)))
        for param in params
    )


def _marked_as(param: Parameter, fields: tuple[Parameter, ...]) -> tuple[Parameter, ...]:
    """Return keys from the table alone for a page that does not mark what is required."""
    if param.required is not None:
        return fields
    return tuple(replace(one, required=None) if one.required is False else one for one in fields)


def _joined(own: tuple[Parameter, ...], others: Iterable[Parameter]) -> tuple[Parameter, ...]:
    """Return the fields of a page with those that only the object has. A page that names required fields names all."""
    knows_required = any(one.required is True for one in own)
    by_name = {one.name: one for one in own}
    for other in others:
        known = by_name.get(other.name)
        if known is None:
            stated = knows_required and other.required is True
            by_name[other.name] = replace(other, required=False) if stated else other
        elif known in own:
            # A page that documents a field knows better than the description of all fields, where it says something.
            if not known.type:
                by_name[other.name] = _completed(known, other)
        elif known.variants and other.variants:
            by_name[other.name] = replace(known, variants=tuple(dict.fromkeys((*known.variants, *other.variants))))
        elif known.variants:
            by_name[other.name] = replace(known, variants=())
    return tuple(by_name.values())


def _completed(known: Parameter, other: Parameter) -> Parameter:
    """Return a field with the type of the same field elsewhere, and with its values where it has none itself."""
    if known.values:
        return replace(known, type=other.type)
    return replace(known, type=other.type, values=other.values, open_values=other.open_values)


def _typed(param: Parameter, objects: DocumentedObjects, depth: int = 0) -> Parameter:
    """Return a parameter with the fields of its type, where the type is an object of `types.tsv`."""
    if param.name.lower() in _LISTED:
        return param
    fields = tuple(_typed(one, objects, depth + 1) for one in param.fields)
    if not fields and depth < 4:
        for kind in param.type.split("|"):
            if known := _types().get(kind.removesuffix("[]")):
                page, part, more = known
                fields = _with_more((field.parameter for field in objects.fields(page, part)), more)
                fields = tuple(_typed(one, objects, depth + 1) for one in fields)
                break
    return replace(param, fields=fields)


def _with_more(fields: Iterable[Parameter], more: Iterable[Parameter]) -> tuple[Parameter, ...]:
    """Return the fields of an object with further ones; of a field that the page has, only the values are taken."""
    stated = {one.name: one for one in more}
    found = []
    for field in fields:
        own = stated.pop(field.name, None)
        found.append(field if own is None else replace(field, values=own.values, open_values=own.open_values))
    return (*found, *stated.values())


def _upper(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper() if re.search("[a-z]", name) else name


def _split(text: str) -> list[str]:
    return [one for one in text.split(",") if one]


@cache
def _uses() -> dict[tuple[str, str], list[Use]]:
    found: dict[tuple[str, str], list[Use]] = {}
    for row in read_table("objects"):
        use = Use(
            parameters=tuple(_split(row["parameter"])),
            page=row["page"],
            part=row["part"],
            upper=row["names"] == "upper",
            flat=row["names"] == "flat",
            variant=row["for"],
            more=_more(row["more"]),
            left_out=frozenset(_split(row["not"])),
        )
        for method in _split(row["method"]):
            found.setdefault((method.lower(), row["version"]), []).append(use)
    return found


@cache
def _types() -> dict[str, tuple[str, str, tuple[Parameter, ...]]]:
    return {row["type"]: (row["page"], row["part"], _more(row["more"])) for row in read_table("types")}


def _more(text: str) -> tuple[Parameter, ...]:
    return tuple(map(_further, _split(text)))


def _further(text: str) -> Parameter:
    name, _, kind = text.partition(":")
    kind, _, listed = kind.partition("=")
    values = tuple(filter(None, listed.removesuffix("...").split("/")))
    return Parameter(
        name=name.rstrip("*"),
        type=kind,
        required=name.endswith("*"),
        values=values,
        open_values=listed.endswith("..."),
        pattern=name.endswith("...") or "<" in name,
    )
