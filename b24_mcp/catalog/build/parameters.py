"""The parameters of a method: the tables below the parameter headings of its page, joined into a tree."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from b24_mcp.catalog.build.drafts import ParameterDraft, joined, merge, nested, spread
from b24_mcp.catalog.build.groups import groups_in, instead_of
from b24_mcp.catalog.build.keys import (
    bold_keys,
    inline_keys,
    like_which,
    listed_keys,
    needed_keys,
    needed_keys_listed,
    said_of_keys,
    unsupported_keys,
    values_of_keys,
)
from b24_mcp.catalog.build.limits import limits_of, longest_of
from b24_mcp.catalog.build.rows import TableRow, is_pattern, rows_of
from b24_mcp.catalog.build.sections import PURPOSES, PageSection, failures, stars_count, subject_of, zone
from b24_mcp.catalog.build.values import NOT_LISTED, Allowed, codes_of_table, lists_values, may_grow, values_of
from b24_mcp.catalog.facts import Required
from b24_mcp.dialect.markup import Block, MarkupTable

# Tables of further parameters of the call itself.
_MORE = re.compile(
    r"(?:additional|other|optional|general|common) parameters$|(?:дополнительные|другие|общие) параметры$", re.I
)
_ORDERS = frozenset({"order", "sort"})
_LISTED = frozenset({"filter", "select", *_ORDERS})
_FILTERS = re.compile(r"filter|фильтр", re.I)
_PLAIN = frozenset(
    {"string", "integer", "int", "double", "float", "boolean", "bool", "char", "date", "datetime", "text", "number"}
)
_MAP = re.compile(r"\bcontains objects, each (?:describing|of which)|\bсодержит объекты, каждый из которых", re.I)
_ARRAY_INSIDE = re.compile(
    r"(?:an )?object containing an array of|an array of objects\b|объект, содержащий массив|массив объектов\b", re.I
)
_DEPTH = 3


@dataclass(slots=True)
class Parameters:
    """The parameters of a page, and the groups of which at least one is required."""

    params: list[ParameterDraft] = field(default_factory=list)
    one_of: list[list[str]] = field(default_factory=list)


def parameters_of(blocks: list[Block]) -> Parameters:
    """Read the parameters of a page."""
    root, sections = zone(blocks)
    found = Parameters()
    if root is None:
        return found
    tree = ParameterTree(sections, stars=stars_count(root, sections))
    variants: list[list[ParameterDraft]] = []
    alternatives = [s for s in sections if re.match(r"\d+[.)]\s", s.title)]
    if PURPOSES.match(root.title):
        alternatives = [root, *(s for s in sections if PURPOSES.match(s.title))]
    if root.tables and root not in alternatives:
        plain = [table for table in root.tables if not table.tab]
        variants = [tree.params([table], 0) for table in plain]
        found.params = joined(variants) if len(variants) > 1 else (variants[0] if variants else [])
        tabbed = [table for table in root.tables if table.tab]
        if tabbed:
            found.params = joined([found.params, tree.params(tabbed, 0)]) if found.params else tree.params(tabbed, 0)
    elif alternatives:
        for section in alternatives:
            section.used = True
            variants.append(tree.params(section.tables, 0))
        group = [next((p.name for p in variant if p.required is True), "") for variant in variants]
        found.params = joined(variants, exclusive=True)
        if all(group) and len(set(group)) > 1:
            found.one_of.append(list(dict.fromkeys(group)))
    for section in sections:
        if not section.used and not section.behind and section.tables and _MORE.match(section.title):
            section.used = True
            found.params = joined([found.params, tree.params(section.tables, 0)])
    tree.adopt(found.params)
    tree.root_groups(root, found.params, failures(blocks))
    found.one_of.extend(group for group in tree.one_of if group not in found.one_of)
    return found


class ParameterTree:
    """The reader of nested parameters: it finds the section of a page that describes the fields of a parameter."""

    def __init__(self, sections: list[PageSection], *, stars: bool) -> None:
        self.sections = sections
        self.stars = stars
        self.one_of: list[list[str]] = []

    def params(self, tables: Iterable[MarkupTable], depth: int, path: tuple[str, ...] = ()) -> list[ParameterDraft]:
        """Read the tables of one place. Rows of different tabs are merged; rows with dotted names are nested."""
        result: list[ParameterDraft] = []
        by_name: dict[str, ParameterDraft] = {}
        tables = list(tables)
        labels = list(dict.fromkeys(table.tab[-1] for table in tables if table.tab))
        seen: dict[str, list[str]] = {}
        texts: dict[str, str] = {}
        defaults: dict[str, set[tuple[str, str]]] = {}
        for table in tables:
            for row in rows_of(table):
                for param in self._param(row, depth, path):
                    texts.setdefault(param.name, row.text)
                    if table.tab:
                        seen.setdefault(param.name, []).append(table.tab[-1])
                    defaults.setdefault(param.name, set()).add((param.limits.default, param.type))
                    if param.name in by_name:
                        merge(by_name[param.name], param)
                    else:
                        by_name[param.name] = param
                        result.append(param)
        if len(labels) > 1:
            for name, tabs in seen.items():
                if len(set(tabs)) < len(labels):
                    by_name[name].of = tuple(dict.fromkeys(tabs))
                    if by_name[name].required is True:
                        by_name[name].required = "conditional"
        _share(result, texts)
        for name, stated in defaults.items():
            with_default = {kind for default, kind in stated if default}
            others = {kind for default, kind in stated if not default and kind}
            if len({default for default, _ in stated if default}) > 1 or (with_default and others - with_default):
                # Each tab states the default of its own kind of value.
                by_name[name].limits = replace(by_name[name].limits, default="")
        return nested(spread(result))

    def _param(self, row: TableRow, depth: int, path: tuple[str, ...]) -> list[ParameterDraft]:
        required: Required = True if row.starred else (False if self.stars else None)
        names = [row.name, *row.alternatives]
        if len(names) > 1 and row.starred:
            self._group(names)
        if (len(names) > 1 and row.starred) or row.conditional:
            required = "conditional"
        made = []
        for name in names:
            param = ParameterDraft(name, row.type, required, row.allowed, pattern=row.pattern, limits=row.limits)
            param.is_list = bool(row.type) and all(part.endswith("[]") for part in row.type.split("|"))
            param.is_list = param.is_list or (row.type == "object" and bool(_ARRAY_INSIDE.match(row.text)))
            if not row.allowed.values and (not _is_container(row.type) or not _may_hold_fields(row.type)):
                param.allowed = self._codes(row)
            if depth < _DEPTH:
                param.fields = self._fields(row, name, depth, path)
                param.heading = self._heading(row, (*path, name))
            made.append(param)
        return made

    def _codes(self, row: TableRow) -> Allowed:
        """Return the values of a parameter in a table of codes below a heading."""
        for section in self.sections:
            named = section.title.lower().endswith(f" {row.name.lower()}") and lists_values(section.title)
            if not section.behind and (named or section.anchor in row.anchors):
                codes = [code for table in section.tables for code in codes_of_table(table)]
                if codes:
                    section.used = True
                    return Allowed(tuple(codes), any(may_grow(text) for text in section.texts))
        return Allowed()

    def _groups(self, section: PageSection, params: list[ParameterDraft], path: tuple[str, ...]) -> None:
        rows = [row for table in section.tables for row in rows_of(table)]
        names = [param.name for param in params]
        starred = {row.name for row in rows if row.starred}
        groups = groups_in([*section.texts, *(row.text for row in rows)], names, starred=starred)
        for row in rows:
            groups.extend(instead_of(row.name, row.text, names, starred=starred))
        for group in groups:
            for param in params:
                if param.name in group:
                    param.required = "conditional"
            self._group([".".join((*path, name)) for name in group])

    def root_groups(self, root: PageSection, params: list[ParameterDraft], texts: list[str]) -> None:
        """Find the groups among the top-level parameters, in their tables and in the texts of errors."""
        self._groups(PageSection("", "", 2, tables=root.tables, texts=[*root.texts, *texts]), params, ())

    def _group(self, names: list[str]) -> None:
        if not any(set(names) <= set(known) for known in self.one_of):
            self.one_of.append(names)

    def _fields(self, row: TableRow, name: str, depth: int, path: tuple[str, ...]) -> list[ParameterDraft]:
        here = (*path, name)
        inner = [table for table in row.inner if rows_of(table)]
        if inner and _is_container(row.type):
            return self.params(inner, depth + 1, here)
        usage = _usage(name)
        if usage == "select":
            return [ParameterDraft(key) for key in listed_keys(row.text)]
        if not _may_hold_fields(row.type) or name.lower().strip("[]") == "path":
            return []
        section = self._section(row, here)
        if section is None:
            kind = "string" if usage in _ORDERS else ""
            needed: Required = True if row.keys_needed else None
            if usage in _LISTED and needed is None and self.stars:
                needed = False
            keys = listed_keys(row.text) if usage in _LISTED else row.keys
            if not keys and usage not in _LISTED and _is_container(row.type):
                keys = inline_keys(row.text)
            musts = needed_keys(row.text)
            values = values_of_keys(row.text) if _is_container(row.type) and usage not in _LISTED else {}
            if values and not keys:
                keys, needed = tuple(values), False if self.stars else None
            said = said_of_keys(row.text) if usage not in _ORDERS else {}
            if usage == "pagination" and not keys:
                keys = tuple(said)
            return [
                ParameterDraft(
                    name=key,
                    type=kind,
                    required=True if key in musts else needed,
                    allowed=Allowed(values[key]) if key in values else values_of(said.get(key, ""), key, kind),
                    pattern=is_pattern(key),
                    limits=replace(limits_of(said.get(key, ""), key, "integer"), source=""),
                )
                for key in keys
                if key.lower() not in {"asc", "desc"}
            ]
        section.used = True
        if name.lower() == "group":
            return []
        parts = list(row.keys) or list(bold_keys(row.text))
        if (part := subject_of(section.title)) in map(str.lower, parts) and part != name.lower():
            # The section is about one key of the parameter.
            drafts = [ParameterDraft(key) for key in parts]
            holder = next(draft for draft in drafts if draft.name.lower() == part)
            holder.type = "object"
            holder.fields = self.params(section.tables, depth + 2, (*here, holder.name))
            return drafts
        fields = self.params(section.tables, depth + 1, here)
        if usage not in _LISTED:
            for param in fields:
                if param.required is False and param.name in needed_keys_listed(row.text):
                    param.required = True
                if longest := longest_of(param.name, section.texts):
                    param.limits = replace(param.limits, longest=longest)
        if row.type == "object" and _MAP.search(row.text) and not any(one.pattern for one in fields):
            fields = [ParameterDraft("<key>", "object", pattern=True, fields=fields)]
        if usage in _LISTED and (others := unsupported_keys(row.text)):
            fields = [param for param in fields if param.name not in others]
        for param in fields:
            labels = [section.labels.get(label, label) for label in param.of]
            param.of = tuple(one for label in labels for one in label.split("|"))
        if usage in _ORDERS:
            # The table describes the fields, but the value of each is a direction.
            return [_direction(field, row.allowed) for field in fields]
        self._groups(section, fields, here)
        return fields

    def _heading(self, row: TableRow, path: tuple[str, ...]) -> str:
        section = self._section(row, path) if row.anchors else None
        subject = subject_of(section.title) if section is not None else ""
        if section is None or subject in {"", path[-1].lower()}:
            return ""
        return next((word for word in re.findall(r"\w+", section.title) if word.lower() == subject), "")

    def _section(self, row: TableRow, path: tuple[str, ...]) -> PageSection | None:
        with_tables = [s for s in self.sections if s.tables and not s.behind]
        names = [path[-1].lower().removesuffix("[]"), ".".join(path).lower().replace("[]", "")]
        for section in with_tables:
            if not section.used and subject_of(section.title) in names:
                return section
        for anchor in row.anchors:
            for section in self.sections:
                if section.tables and section.anchor == anchor:
                    return section
        if _FILTERS.fullmatch(path[-1]):
            return next((s for s in with_tables if not s.used and _FILTERS.search(s.title)), None)
        if row.anchors:
            # The anchors of Russian headings are generated: only the last word is reliable.
            word = row.anchors[0].rpartition("-")[2].lower()
            return next((s for s in with_tables if subject_of(s.title).rpartition(".")[2] == word), None)
        return None

    def adopt(self, params: list[ParameterDraft]) -> None:
        """Assign the only unused section to the only parameter that may have fields."""
        left = [
            s for s in self.sections if s.tables and not s.used and not s.behind and any(rows_of(t) for t in s.tables)
        ]
        able = [
            p
            for p in params
            if _may_hold_fields(p.type) and not p.fields and p.name.lower() not in {"select", "order", "filter"}
        ]
        if len(left) == 1 and len(able) == 1 and not _FILTERS.search(left[0].title):
            left[0].used = True
            able[0].fields = self.params(left[0].tables, 1, (able[0].name,))


def _usage(name: str) -> str:
    """Return `filter`, `select`, `order` or `sort` for names such as `arFilter` and `ELEMENT_ORDER`."""
    bare = name.lower().strip("[]").removeprefix("ar")
    return bare.rpartition("_")[2] if bare.rpartition("_")[2] in _LISTED else bare


def _share(params: list[ParameterDraft], texts: Mapping[str, str]) -> None:
    """Add to parameters the fields that, by their texts, they have in common with another parameter of the call."""
    by_usage = {_usage(param.name): param for param in params}
    for param in params:
        usage = _usage(param.name)
        other = by_usage.get(like_which(texts.get(param.name, "")) or "")
        if usage not in _LISTED or param.fields or other is None or other is param or not _may_hold_fields(param.type):
            continue
        if usage in _ORDERS:
            param.fields = [_direction(field) for field in other.fields]
        else:
            param.fields = [ParameterDraft(field.name, field.type, pattern=field.pattern) for field in other.fields]


def _direction(field: ParameterDraft, of_order: Allowed = NOT_LISTED) -> ParameterDraft:
    own = bool(field.allowed.values) and {value.lower() for value in field.allowed.values} <= {"asc", "desc"}
    allowed = field.allowed if own else Allowed(of_order.values)
    return ParameterDraft(field.name, "string", field.required, allowed, pattern=field.pattern)


def _is_container(kind: str) -> bool:
    parts = [part.strip().lower() for part in kind.split("|")]
    return any(part in {"object", "array", "mixed", "any"} or part.endswith("[]") for part in parts)


def _may_hold_fields(kind: str) -> bool:
    parts = [part.removesuffix("[]") for part in kind.split("|")]
    return not kind or any(part.lower() not in _PLAIN for part in parts)
