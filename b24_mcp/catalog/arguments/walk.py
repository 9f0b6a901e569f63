"""Follow the arguments of a call into every object and list, and collect the problems on the way."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence

from b24_mcp.catalog.arguments.conditions import (
    OPERATORS_V3,
    UNKNOWN_GROUPS,
    is_group,
    joined_problem,
    key_of,
    misplaced_operator,
    no_groups,
    triple_problem,
)
from b24_mcp.catalog.arguments.documents import document_problem
from b24_mcp.catalog.arguments.families import MethodFamily
from b24_mcp.catalog.arguments.misplaced import misplacement
from b24_mcp.catalog.arguments.nodes import Group, Node, Place, is_custom, is_name_of_person
from b24_mcp.catalog.arguments.problem import Problem
from b24_mcp.catalog.arguments.references import has_reference, is_reference, stands_in
from b24_mcp.catalog.arguments.shapes import is_listed, list_of_text, object_problem, sequence_problem, single_problem
from b24_mcp.catalog.arguments.spelling import EVERYWHERE, Spelling, spelling_of
from b24_mcp.catalog.arguments.synonyms import synonyms_in
from b24_mcp.catalog.arguments.values import (
    FILE_FORM,
    Verdict,
    code_verdict,
    file_verdict,
    id_verdict,
    number_verdict,
    star_verdict,
    verdict_on,
)
from b24_mcp.catalog.names import is_slip, nearest_ones

_DIRECTION = re.compile(r"\s*(?:(?:asc|desc|nulls)\b|\$)", re.IGNORECASE)
_PLACE_OF_ROW = re.compile(r"\s*-?\d+\s*|", re.ASCII)
_FILES = {"filedata", "filecontent", "file_content"}
_CONTENTS = {"filecontent", "filedata"}
_OF_LISTS = ("filter", "select", "order")
_DEEPEST = 20
_TOP_LEVELS = 2


class ArgumentWalk:
    """One check of the arguments of one call. `refers` is set when values may be references to earlier results."""

    def __init__(self, family: MethodFamily, version: str, *, is_list: bool, refers: bool) -> None:
        self.problems: list[Problem] = []
        self._family = family
        self._version = version
        self._is_list = is_list
        self._refers = refers
        self._levels = _DEEPEST
        self._type: object = None

    def follow(self, group: Group, given: Mapping[str, object], path: str = "", place: Place = "top") -> None:
        """Check the names and values of one object, and that nothing required is missing."""
        case = self._family.names if place == "top" else self._family.fields
        if place == "top":
            self._type = given.get("entityTypeId")
        found: set[str] = set()
        beside = self._filter_beside(group) if place == "top" else None
        for name, value in given.items():
            if place == "top" and name == "start" and name not in group.nodes and self._is_no_place(value):
                meant = synonyms_in(group, name, place)
                form = f"it is called {' or '.join(meant)}" if meant else "it is the number of the first row of a page"
                self.problems.append(Problem(name, f"is not a parameter of this method; {form}", True))
                continue
            if beside is not None and name not in group.nodes and str(name).lower() not in group.by_lower:
                key = key_of(str(name), self._family)
                self._filter_key(str(name), beside.group, key.operator, key.name, list(given), value, key.problem)
                continue
            spelling = spelling_of(
                str(name),
                group,
                given,
                case,
                place,
                capitals=False,
                entity=self._family.entity,
                elsewhere=self._family.elsewhere if path.count(".") < _TOP_LEVELS else None,
                is_described=self._family.is_described,
                of_type=self._type,
            )
            where = f"{path}{name}"
            if spelling.node is None and not spelling.certain and place == "top" and name not in EVERYWHERE:
                self._misplaced(str(name), value, group, given, spelling)
            elif place == "fields" and self._is_text_for_list(str(name), value):
                self._add(where, (f"must be a list: {list_of_text(str(value))}", True))
            elif spelling.message:
                self.problems.append(Problem(where, spelling.message, spelling.certain))
            if spelling.node is not None:
                found.add(spelling.node.name)
                self._value(where, spelling.node, value, place)
            elif group.any_name is not None and place == "fields" and not spelling.message and not is_custom(str(name)):
                self._value(where, group.any_name, value, place)
            elif str(name).lower() in _FILES:
                self._add(where, file_verdict(value))
        self._missing(group, given, found, path)

    def _misplaced(
        self, name: str, value: object, group: Group, given: Mapping[str, object], spelling: Spelling
    ) -> None:
        """Add the problem with an undocumented name at the top, which may belong elsewhere."""
        if message := misplacement(name, value, group, given) if not group.covers(name) else "":
            self.problems.append(Problem(name, message, True))
        elif self._version == "v3" and name in _OF_LISTS:
            self.problems.append(Problem(name, "is not taken by this method", True))
        elif spelling.message:
            self.problems.append(Problem(name, spelling.message, False))

    def _is_no_place(self, value: object) -> bool:
        """Whether a value of `start` cannot be the place of a row: the portal would read it as 0."""
        is_number = isinstance(value, int | float) or (isinstance(value, str) and _PLACE_OF_ROW.fullmatch(value))
        return not (value is None or is_number or (self._refers and has_reference(value)) or stands_in(value))

    def _is_text_for_list(self, name: str, value: object) -> bool:
        """Whether a single value stands where the portal takes a list, although that is not documented."""
        if name not in self._family.listed or not isinstance(value, str | int) or not value:
            return False
        return not has_reference(value)

    def _filter_beside(self, group: Group) -> Node | None:
        """Return the filter whose conditions may also stand beside it."""
        return group.nodes.get(group.by_lower.get("filter", "")) if self._family.flat else None

    def _missing(self, group: Group, given: Collection[str], found: set[str], path: str) -> None:
        """Check that nothing required is missing. An object that is empty on purpose is only unusual."""
        certain = bool(given) or not path
        for name in group.required:
            if name not in found and not any(is_slip(str(one), name) for one in given):
                self.problems.append(Problem(f"{path}{name}", "is required but missing", certain))
        for names in group.one_of if path else ():
            if found.isdisjoint(names) and not any(is_slip(str(one), name) for one in given for name in names):
                self.problems.append(Problem(f"{path}{names[0]}", f"or {' or '.join(names[1:])} is required", certain))

    def _value(self, path: str, node: Node, value: object, place: Place) -> None:
        if value is None or stands_in(value) or (self._refers and has_reference(value)) or self._levels == 0:
            return
        if (
            is_name_of_person(node, self._family, is_list=self._is_list)
            and isinstance(value, str)
            and " " in value.strip()
        ):
            find = json.dumps({"FIND": value.strip()}, ensure_ascii=False)
            self._add(path, (f"is compared with {node.name} alone; user.search with {find} finds whole names", False))
        self._levels -= 1
        role = node.role if place != "filter" else ""
        if role == "filter" and isinstance(value, dict | list) and not node.scalars:
            self._filter(path, node, value)
        elif role == "select" and isinstance(value, list):
            self._select(path, node, value)
        elif role == "order" and isinstance(value, dict) and (self._is_list or node.group or place != "top"):
            self._order(path, node, value)
        elif role == "order" and isinstance(value, Mapping) and not node.takes_object:
            self._add(path, ("is asc or desc; the name of the field stands in another parameter", False))
        elif isinstance(value, Mapping):
            self._object(path, node, value, place)
        elif isinstance(value, list | tuple | set | frozenset):
            self._sequence(path, node, list(value), place)
        else:
            self._single(path, node, value, place)
        if node.parameter.read_only and place == "fields":
            self._add(path, ("is filled in by the portal; the value is ignored", False))
        self._levels += 1

    def _object(self, path: str, node: Node, value: Mapping[str, object], place: Place) -> None:
        if place == "filter" and not node.takes_object:
            self._add(path, (message, True) if (message := misplaced_operator(node.name, dict(value))) else None)
            if not message and value and not is_listed(value):
                self._add(path, ("must be a value or a list of values", True))
            return
        is_map = node.group is not None and node.group.any_name is not None
        if is_listed(value) and not is_map and (node.takes_list or place == "filter"):
            self._sequence(path, node, list(value.values()), place)
            return
        if message := object_problem(node, value):
            self._add(path, (message, True))
        elif node.group is not None and not is_map and _is_keyed(node.group, value):
            for name, inner in value.items():
                if isinstance(inner, Mapping):
                    self._object(f"{path}.{name}", node, inner, place)
        elif node.group is not None:
            self.follow(node.group, value, f"{path}.", "filter" if place == "filter" else "fields")
        else:
            self._files(path, value)

    def _files(self, path: str, value: Mapping[str, object]) -> None:
        """Check the content of files in an object whose names are not documented."""
        for name, inner in value.items():
            if str(name).lower() in _FILES:
                self._add(f"{path}.{name}", file_verdict(inner))

    def _sequence(self, path: str, node: Node, value: Sequence[object], place: Place) -> None:
        if place != "filter" and (message := sequence_problem(node, value, self._version)):
            self._add(path, (message, True))
            return
        if place == "top" and (message := document_problem(node.name, value)):
            self._add(path, (message, True))
            return
        group = None if node.scalars and node.is_short_form(value) else node.group
        longest = node.parameter.longest
        if longest is not None and node.parameter.is_list and len(value) > longest:
            self._add(path, (f"has more than {longest} entries", False))
        for place_of_item, item in enumerate(value):
            inner = f"{path}.{place_of_item}"
            if isinstance(item, Mapping):
                if group is not None and not stands_in(item):
                    self.follow(group, item, f"{inner}.", "fields")
                else:
                    self._files(inner, item)
            elif not isinstance(item, list) and item is not None and node.group is None:
                self._single(inner, node, item, place, is_item=True)

    def _single(self, path: str, node: Node, value: object, place: Place, *, is_item: bool = False) -> None:
        if self._refers and is_reference(value):
            return
        is_one = is_item or (place == "filter" and node.takes_list and not node.is_object)
        if node.is_container and not is_one:
            if node.name.lower() in _CONTENTS and isinstance(value, str) and value:
                self._add(path, (FILE_FORM, True))
            elif place == "top" and isinstance(value, str) and (message := document_problem(node.name, [value])):
                self._add(path, (message, True))
            elif place == "top" or (value != "" and value is not False):
                self._add(path, (single_problem(node, value), True))
            return
        if node.is_container and not node.values:
            verdict = number_verdict(value) if node.has_numbers else id_verdict(value) if node.has_ids else None
            verdict = verdict or code_verdict(node, value)
            self._add(path, verdict)
            return
        if "file" in node.scalars and not is_item:
            self._add(path, file_verdict(value))
        self._add(path, verdict_on(node, value, in_filter=place == "filter", letters=self._family.letters))

    def _filter(self, path: str, node: Node, value: object) -> None:
        if isinstance(value, list):
            if message := sequence_problem(node, value, self._version) if _is_outermost(path) else "":
                self._add(path, (message, True))
            elif self._family.instead_of_groups and any(
                isinstance(item, dict) and not triple_problem(item) for item in value
            ):
                self._add(path, (no_groups(self._family), True))
                return
            elif self._version == "v3" and value and isinstance(value[0], str):
                self._add(path, (f"is a list of conditions: {json.dumps([value], ensure_ascii=False)}", True))
            for place, item in enumerate(value):
                if isinstance(item, dict):
                    self._filter(f"{path}.{place}", node, item)
                elif isinstance(item, list) and self._version == "v3":
                    self._condition(f"{path}.{place}", node.group, item)
            return
        if not isinstance(value, dict) or stands_in(value):
            return
        if self._version == "v3":
            if "conditions" in value or node.group is None:
                self._filter(f"{path}.conditions", node, value.get("conditions"))
            else:
                self.follow(node.group, value, f"{path}.", "filter")
            return
        if message := triple_problem(value):
            self._add(path, (message, True))
            return
        keys = {str(key): key_of(str(key), self._family) for key in value}
        names = [key.name for key in keys.values()]
        found: set[str] = set()
        if self._family.instead_of_groups and any(is_group(keys[str(key)].name, inner) for key, inner in value.items()):
            self._add(path, (no_groups(self._family), True))
            return
        for key, inner in value.items():
            parts, where = keys[str(key)], f"{path}.{key}"
            if parts.name.lower() == "logic":
                if not isinstance(inner, str) or inner.lower() not in ("and", "or"):
                    self._add(where, ("must be AND or OR", True))
                elif not self._family.takes_groups and inner.lower() == "or":
                    self._add(where, (UNKNOWN_GROUPS, False))
            elif message := joined_problem(parts.name, inner):
                self._add(where, (message, True))
            elif not parts.name or parts.name.isdigit():
                self._filter(where, node, inner)
            elif parts.name.startswith("::"):
                continue
            else:
                found |= self._filter_key(where, node.group, parts.operator, parts.name, names, inner, parts.problem)
        if node.group is not None and _is_outermost(path):
            self._missing(node.group, names, found, f"{path}.")

    def _filter_key(
        self, path: str, group: Group | None, operator: str, name: str, names: list[str], value: object, problem: str
    ) -> set[str]:
        """Check one condition of a filter; return the documented name, if it has one."""
        if problem:
            self._add(path, (problem, True))
        if group is None:
            if isinstance(value, dict) and (message := misplaced_operator(name, value)):
                self._add(path, (message, True))
            return set()
        family = self._family
        spelling = spelling_of(
            name,
            group,
            names,
            family.fields,
            "filter",
            capitals=family.capitals,
            entity=family.entity,
            elsewhere=family.elsewhere,
            is_described=family.is_described,
        )
        if spelling.message:
            self._add(path, (spelling.message, spelling.certain))
        node = spelling.node
        if node is None:
            if isinstance(value, dict) and (message := misplaced_operator(name, value)):
                self._add(path, (message, True))
            return set()
        if operator in ("", "=", "@") and node.scalars == {"datetime"} and isinstance(value, list) and len(value) > 1:
            message = f'finds these exact times; a period is {{">={name}": …, "<={name}": …}}'
            self._add(path, (message, False))
        is_pattern = any(sign in operator for sign in "%?~*")
        if not is_pattern or isinstance(value, dict):
            self._value(path, node, value, "filter")
        elif "%" in operator and isinstance(value, str):
            self._add(path, star_verdict(node.name, value))
        return {node.name}

    def _condition(self, path: str, group: Group | None, condition: list[object]) -> None:
        """Check the name in one condition of a filter of REST 3.0."""
        if group is None or not condition or not isinstance(condition[0], str):
            return
        operator = condition[1] if len(condition) > 2 else "="
        if isinstance(operator, str) and operator.lower() not in OPERATORS_V3:
            self._add(f"{path}.1", (f"is an unknown operator; there are {' '.join(OPERATORS_V3)}", True))
        spelling = spelling_of(condition[0], group, (), "exact", "filter", capitals=False, entity=self._family.entity)
        if spelling.message:
            self._add(f"{path}.{condition[0]}", (spelling.message, spelling.certain))

    def _select(self, path: str, node: Node, value: list[object]) -> None:
        group = node.group
        if group is None:
            return
        given = [item for item in value if isinstance(item, str)]
        for name in given:
            if name == "*" and self._version == "v3":
                self._add(f"{path}.*", ("is no name in REST 3.0; name the fields that are wanted", False))
            if name.endswith("*") or "." in name:
                continue
            self._listed_name(f"{path}.{name}", name, group, given)

    def _order(self, path: str, node: Node, value: dict[str, object]) -> None:
        for name, direction in value.items():
            where = f"{path}.{name}"
            if node.group is not None and not str(name).isdigit():
                self._listed_name(where, str(name), node.group, value)
            is_other = isinstance(direction, str) and _DIRECTION.match(direction) is None
            if (is_other and direction) or isinstance(direction, int | float):
                self._add(where, ("must be asc or desc", True))

    def _listed_name(self, path: str, name: str, group: Group, given: Collection[str]) -> None:
        """Check a name in `select` or `order`."""
        family = self._family
        case = "unknown" if family.names == "any" or name in ("ID", "id") else family.fields
        spelling = spelling_of(name, group, given, case, "fields", capitals=family.capitals, entity=family.entity)
        if spelling.message:
            self._add(path, (spelling.message, spelling.certain))

    def _add(self, path: str, verdict: Verdict | None) -> None:
        if verdict is not None:
            self.problems.append(Problem(path, *verdict))


def _is_outermost(path: str) -> bool:
    """Whether a filter is not a group inside another one."""
    return path.rpartition(".")[2].lower() == "filter"


def _is_keyed(group: Group, value: Mapping[str, object]) -> bool:
    """Whether an object is a map of objects by names of the caller: the documented names are those of its values."""
    return bool(value) and all(
        isinstance(inner, Mapping)
        and not stands_in(inner)
        and str(name).lower() not in group.by_lower
        and not nearest_ones(str(name), group.nodes)
        for name, inner in value.items()
    )
