"""The fields of an object in one part of a page: a table, a description of fields in a sample, or a parameter."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from b24_mcp.catalog.build.answers import is_answer, sample_of
from b24_mcp.catalog.build.parameters import ParameterTree, parameters_of
from b24_mcp.catalog.build.rows import rows_of
from b24_mcp.catalog.build.sections import PageSection, all_sections, stars_count
from b24_mcp.catalog.facts import Parameter, Required
from b24_mcp.dialect.markup import Block

# Fields that the users of a sample portal created themselves; only a few user fields are part of Bitrix24.
_OF_ONE_PORTAL = re.compile(
    r"UF_(?!CRM_TASK$|TASK_WEBDAV_FILES$|MAIL_MESSAGE$|DEPARTMENT$|PHONE_INNER$)\w+|uf[A-Z]\w*\d{4,}\w*"
    r"|(?:PARENT_ID_|parentId)\d+|PROPERTY_\d+|property\d+"
)


@dataclass(frozen=True, slots=True)
class ObjectField:
    """One field of an object, and the parameters in which it may be used."""

    parameter: Parameter
    filterable: bool = True
    sortable: bool = True


def object_of(blocks: list[Block], part: str) -> Iterable[ObjectField]:
    """Return the fields of the object in one part of a page, see `build/objects.py`."""
    if part == "sample":
        return _of_sample(_sample(blocks))
    if part == "names":
        names = _sample(blocks)
        return [ObjectField(Parameter(name, "", None)) for name in names] if isinstance(names, dict) else []
    if part == "tables":
        sections = all_sections(blocks)
        return _of_parameters(one for section in sections for one in _fields(section, sections))
    if part == "answer":
        return _of_parameters(_largest_answer(blocks))
    if part.startswith("="):
        params = tuple(draft.finished() for draft in parameters_of(blocks).params)
        for name in part.removeprefix("=").split("."):
            params = next((one.fields for one in params if one.name == name), ()) if name else params
        return _of_parameters(params)
    return _of_parameters(_below(blocks, part))


def _of_parameters(params: Iterable[Parameter]) -> list[ObjectField]:
    return [
        ObjectField(replace(one, type=re.sub(r"^array<(\w+)>$", r"\1[]", one.type)))
        for one in params
        if one.pattern or not re.search(r"\d{4}", one.name)
    ]


def _of_sample(value: object) -> Iterator[ObjectField]:
    """Read descriptions of fields: an object by names, or a list with the names inside."""
    described = _descriptions(value)
    marks = any({"isRequired", "required"} & one.keys() for one in described.values())
    for name, one in described.items():
        if _OF_ONE_PORTAL.fullmatch(name):
            continue
        said = {key.lower(): inner for key, inner in one.items()}
        kind = str(said.get("type") or "")
        is_list = said.get("ismultiple") is True and bool(kind)
        required: Required = False if marks else None
        if (stated := said.get("isrequired", said.get("required"))) is not None:
            required = stated in (True, "Y")
        values = said.get("values")
        read_only = said.get("isreadonly") is True or said.get("primary") is True or said.get("editable") is False
        parameter = Parameter(
            name,
            f"{kind}[]" if is_list else kind,
            False if read_only else required,
            values=tuple(map(str, values)) if isinstance(values, dict) else (),
            is_list=is_list,
            read_only=read_only,
        )
        filterable = said.get("filterable", said.get("use_in_filter")) is not False
        yield ObjectField(parameter, filterable, said.get("sortable") is not False)


def _descriptions(value: object) -> dict[str, Mapping[str, object]]:
    """Find the descriptions of fields in an answer, by the names of the fields."""
    if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        if len(value) == 1 and not isinstance(value[0].get("type"), str):
            return _descriptions(value[0])
        named = {str(one.get("name") or one.get("title") or ""): one for one in value if "type" in one}
        return {name: one for name, one in named.items() if re.fullmatch(r"[A-Za-z_]\w*", name)}
    if not isinstance(value, dict):
        return {}
    described: dict[str, Mapping[str, object]] = {
        name: one for name, one in value.items() if isinstance(one, dict) and _is_description(one)
    }
    if described and len(described) * 10 >= len(value) * 7:
        return described
    return next(filter(None, map(_descriptions, value.values())), {})


def _is_description(value: Mapping[str, object]) -> bool:
    return "isReadOnly" in value or isinstance(value.get("type", value.get("TYPE")), str)


def _sample(blocks: list[Block]) -> object:
    return next(iter(sample_of(blocks)), None)


def _below(blocks: list[Block], part: str) -> tuple[Parameter, ...]:
    """Return the fields in the tables below the heading with this anchor, or with one of these words in its text."""
    sections = all_sections(blocks)
    words = set(part.split("|"))
    named = [one for one in sections if part in {"", one.anchor}] or [
        one for one in sections if words & set(re.findall(r"[\w.\-]+", one.title))
    ]
    return _fields(next((one for one in named if one.tables), None), sections)


def _largest_answer(blocks: list[Block]) -> tuple[Parameter, ...]:
    sections = all_sections(blocks)
    sizes = [(sum(len(rows_of(table)) for table in one.tables), one) for one in sections if is_answer(one.title)]
    return _fields(max(sizes, key=lambda size: size[0], default=(0, None))[1], sections)


def _fields(section: PageSection | None, sections: list[PageSection]) -> tuple[Parameter, ...]:
    if section is None:
        return ()
    section.used = True
    tree = ParameterTree(sections, stars=stars_count(section, []))
    return tuple(draft.finished() for draft in tree.params(section.tables, 1))
