"""The documented parameters of a method, prepared to check the arguments of many calls."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from b24_mcp.catalog.arguments.families import OPERATOR_SIGNS, family_of, lenient_fields, needs_of
from b24_mcp.catalog.arguments.misplaced import misplacement
from b24_mcp.catalog.arguments.nodes import group_of
from b24_mcp.catalog.arguments.paging import paging_problems
from b24_mcp.catalog.arguments.problem import Problem
from b24_mcp.catalog.arguments.ranges import range_problems
from b24_mcp.catalog.arguments.texts import with_objects
from b24_mcp.catalog.arguments.usual import usual_group
from b24_mcp.catalog.arguments.walk import ArgumentWalk
from b24_mcp.catalog.facts import Parameter
from b24_mcp.catalog.filters import UntranslatableError, as_v2, as_v3, is_v3_filter

_SIGNS = str.maketrans("", "", OPERATOR_SIGNS)
_MISSING = ("is required but missing", " is required")
_NO_LIST = "must be a list"
_PLACES = re.compile(r"\.\d+", re.ASCII)


class ParameterTable:
    """The documented parameters of a method, prepared to check the arguments of many calls.

    `paging` is how the method pages, and `one_of` are its groups of parameters, as in `MethodFacts`. Without parameters
    nothing is checked, unless the method `is_documented` to have none.
    """

    def __init__(
        self,
        method: str,
        version: str,
        parameters: Sequence[Parameter],
        paging: str | None = None,
        one_of: tuple[tuple[str, ...], ...] = (),
        *,
        is_documented: bool = False,
    ) -> None:
        self._knows_nothing = not parameters and not is_documented
        self._version = version
        self._parameters = parameters
        self._family = family_of(method.lower(), version)
        self._lenient = lenient_fields().get(method.lower(), {})
        self._paging = paging
        self._one_of = one_of
        self._group = group_of(parameters, version, is_top=True)
        self._is_list = not {"filter", "select"}.isdisjoint(self._group.by_lower)
        self._usual = usual_group(self._group, self._family, version, is_list=self._is_list)
        # An argument in another letter case may stand for two parameters; two spellings of one parameter do no harm.
        self._needs = needs_of(method.lower()) if version == "v2" else ()
        self._usual.one_of = bool(one_of) or self._group.is_ambiguous or bool(self._needs)

    def is_usual(self, params: Mapping[str, object]) -> bool:
        """Whether no argument needs a closer look, so that `check` finds nothing and `with_objects` changes nothing."""
        return self._knows_nothing or self._usual.passes(params)

    def with_objects(self, params: Mapping[str, object]) -> tuple[dict[str, object], list[str]]:
        """Return the arguments with JSON texts read where an object or a list is meant, and a warning for each."""
        return with_objects(self._group, params)

    def check(self, params: Mapping[str, object], *, refers: bool = False) -> list[Problem]:
        """Return the problems with the named arguments of a call, certain ones first.

        With `refers` a value may be a reference to one that is not known yet. The arguments of positional methods are
        not checked here: only their order is documented.
        """
        if self.is_usual(params):
            return []
        of_paging = list(paging_problems(params, self._group.by_lower, self._paging))
        of_filter = self._other_filter(params)
        walk = ArgumentWalk(self._family, self._version, is_list=self._is_list, refers=refers)
        settled = {problem.field for problem in (*of_paging, *of_filter)}
        walk.follow(self._group, params)
        problems = [*of_paging, *of_filter]
        problems += [one for one in walk.problems if one.field.partition(".")[0] not in settled]
        problems += self._none_of(params)
        problems += [
            Problem(need.parameter, f"has no effect without {need.beside}", False)
            for need in self._needs
            if params.get(need.parameter) and params.get(need.beside.partition(" ")[0]) in (None, "", "N", False)
        ]
        problems += range_problems(params)
        if self._lenient:
            problems = [softened for problem in problems if (softened := self._softened(problem)) is not None]
        return sorted(dict.fromkeys(problems), key=lambda problem: not problem.certain)

    def place_of(self, name: str, value: object, given: Collection[str]) -> str:
        """Return where an undocumented name at the top of a call belongs; empty when it is not known."""
        return misplacement(name, value, self._group, given)

    def _softened(self, problem: Problem) -> Problem | None:
        """Return a problem, no longer certain where the documentation is stricter than the portal; None if unknown
        names are no problem there.
        """
        field = _PLACES.sub("", problem.field)
        what = self._lenient.get(field) or self._lenient.get(field.translate(_SIGNS))
        if what == "known" and not problem.message.startswith(_NO_LIST):
            return None
        is_missing = problem.message.endswith(_MISSING)
        if what == "missing" and is_missing:
            return replace(problem, message="is missing; the documentation requires it", certain=False)
        return replace(problem, certain=False) if what == "any" else problem

    def _none_of(self, params: Mapping[str, object]) -> Iterable[Problem]:
        """Yield a problem for each group of parameters of which none is given."""
        for names in self._one_of:
            if not any(_is_given(name.split("."), params) for name in names):
                more = f"or {' or '.join(names[1:])} is required" if len(names) > 1 else "is required but missing"
                yield Problem(names[0], more, True)

    def _other_filter(self, params: Mapping[str, object]) -> list[Problem]:
        """Check for a filter in the form of the other version of the API; the message has the right form."""
        documented = next((one for one in self._parameters if one.name.lower() == "filter"), None)
        name = next((name for name in params if name.lower() == "filter"), None)
        if documented is None or name is None:
            return []
        value = params[name]
        try:
            if self._version == "v3" and isinstance(value, dict) and value and documented.type == "array":
                return [Problem(name, f"is a list of conditions in REST 3.0: {_shown(as_v3(value))}", True)]
            if self._version == "v2" and is_v3_filter(value):
                known = [field.name for field in documented.fields if not field.pattern]
                return [Problem(name, f"is an object in this version: {_shown(as_v2(value, known))}", True)]
        except UntranslatableError as exc:
            form = 'a list of conditions like ["field", ">=", value]'
            if self._version != "v3":
                form = 'an object like {">=FIELD": 1}'
            return [Problem(name, f"must be {form} here; {exc} has no counterpart in this form", True)]
        return []


def check_arguments(
    method: str, version: str, parameters: Sequence[Parameter], params: Mapping[str, object]
) -> list[Problem]:
    """Return the problems with the named arguments of one call, certain ones first.

    For a method of the catalogue, `Method.parameters` has the table ready.
    """
    return ParameterTable(method, version, parameters).check(params)


def _is_given(path: list[str], params: object) -> bool:
    if not path:
        return True
    if isinstance(params, list):
        return any(_is_given(path, item) for item in params)
    if not isinstance(params, Mapping):
        return True  # a value of another form is judged elsewhere
    return any(
        str(name).lower() == path[0].lower() and value is not None and _is_given(path[1:], value)
        for name, value in params.items()
    )


def _shown(filter: object) -> str:
    return json.dumps(filter, ensure_ascii=False)
