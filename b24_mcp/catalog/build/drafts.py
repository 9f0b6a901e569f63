"""Parameters while their page is read, and how the rows of its tables are joined into a tree."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from b24_mcp.catalog.build.limits import UNLIMITED, ValueLimits
from b24_mcp.catalog.build.values import NOT_LISTED, Allowed
from b24_mcp.catalog.facts import Parameter, Required


@dataclass(slots=True)
class ParameterDraft:
    """A parameter while its page is read: several tables of the page may add to it.

    `heading` is the subject of the section that describes its fields, when that is not the parameter itself.
    """

    name: str
    type: str = ""
    required: Required = None
    allowed: Allowed = NOT_LISTED
    fields: list[ParameterDraft] = field(default_factory=list)
    pattern: bool = False
    of: tuple[str, ...] = ()
    is_list: bool = False
    limits: ValueLimits = UNLIMITED
    also: tuple[str, ...] = ()
    heading: str = ""

    def finished(self) -> Parameter:
        """Return the parameter as it was read."""
        return Parameter(
            name=self.name,
            type=self.type,
            required=self.required,
            values=self.allowed.values,
            open_values=self.allowed.is_open,
            default=self.limits.default,
            minimum=self.limits.minimum,
            maximum=self.limits.maximum,
            longest=self.limits.longest,
            unit=self.limits.unit,
            source=self.limits.source,
            read_only=self.limits.read_only,
            is_list=self.is_list,
            fields=tuple(field.finished() for field in self.fields),
            pattern=self.pattern,
            variants=self.of,
            also=self.also,
        )


def merge(first: ParameterDraft, second: ParameterDraft) -> None:
    """Add to a parameter what another row says of it."""
    kinds = [kind for kind in first.type.split("|") if kind]
    kinds += [kind for kind in second.type.split("|") if kind and kind not in kinds]
    first.type = "|".join(kinds)
    if first.required != second.required:
        both = (first.required, second.required)
        first.required = "conditional" if True in both or "conditional" in both else False
    first.allowed |= second.allowed
    first.limits |= second.limits
    known = {param.name for param in first.fields}
    first.fields.extend(param for param in second.fields if param.name not in known)


def joined(variants: list[list[ParameterDraft]], *, exclusive: bool = False) -> list[ParameterDraft]:
    """Join the root tables of one page. A required parameter that only some of them have becomes conditional."""
    result: list[ParameterDraft] = []
    by_name: dict[str, ParameterDraft] = {}
    for at, variant in enumerate(variants):
        for param in variant:
            if param.name in by_name:
                merge(by_name[param.name], param)
                continue
            by_name[param.name] = param
            result.append(param)
            if (at > 0 or exclusive) and param.required is True:
                alone = exclusive and all(any(p.name == param.name for p in other) for other in variants)
                param.required = True if alone else "conditional"
    return result


def nested(params: list[ParameterDraft]) -> list[ParameterDraft]:
    """Move `a.b` and `a[].b` into the fields of `a`, in whatever order the table has them."""
    by_path = {param.name.replace("[]", ""): param for param in params}
    result = []
    for param in params:
        parent, dot, last = param.name.replace("[]", "").rpartition(".")
        if not dot or param.name.endswith(".") or ".." in param.name or "<" in param.name:
            bare = param.name.removesuffix("[]")
            if bare != param.name and by_path.get(bare) is not param and bare in {p.name for p in params}:
                continue
            result.append(param)
        elif parent in by_path and by_path[parent] is not param:
            param.name = last
            by_path[parent].fields.append(param)
        else:
            top, _, rest = param.name.replace("[]", "").partition(".")
            holder = by_path.get(top)
            if holder is None or holder is param:
                holder = ParameterDraft(top, "object", None)
                by_path[top] = holder
                result.append(holder)
            param.name = rest
            holder.fields = nested([*holder.fields, param])
    return result


def spread(params: list[ParameterDraft]) -> list[ParameterDraft]:
    """Move the fields below a name such as `UF_*` beside it: they are keys of the same object."""
    result: list[ParameterDraft] = []
    for param in params:
        result.append(param)
        prefix = re.split(r"[.*<]", param.name)[0]
        if param.pattern and prefix and param.fields and all(one.name.startswith(prefix) for one in param.fields):
            known = {one.name for one in params}
            result.extend(one for one in param.fields if one.name not in known)
            param.fields = []
    return result
