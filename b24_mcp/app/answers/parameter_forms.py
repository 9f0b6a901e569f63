"""The parameters of a method as an answer, in full or shortened to fit, and limited to what is asked for.

Parameters give way in steps: fields of an order or a selection that are those of the filter are named once, nested
fields become one line each, names of an order or a selection are counted, the meanings of fields are left out, nested
fields are reduced to their names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from b24_mcp.app.answers.explained import has_meanings, meaning_of, with_meanings
from b24_mcp.catalog import Parameter

_MEANINGS = ((400, 400), (240, 160), (160, 100), (120, 70), (90, 50), (70, 36))
"""The most characters of a meaning: of a parameter, and of a field inside one."""
_TOP_MEANINGS = (60, 36, 0)
_MOST_VALUES = 12
_LONGEST_TEXT = 90
_LISTS_OF_NAMES = ("order", "select", "sort")
_VARIANT_SIGNS = ("=", ":")


def narrowed(params: Sequence[Parameter], of: str) -> Sequence[Parameter]:
    """Return what `of` names among parameters.

    `of` is the variant that a parameter is for (`entityTypeId=2`, `userTypeId=enumeration`), the dotted path of a
    parameter (`filter`, `fields.SETTINGS`), or a word in the name or meaning of fields.

    Raises:
        ValueError: `of` names nothing; the text says what it can name.
    """
    wanted = of.strip()
    if not wanted:
        return params
    variants = dict.fromkeys(variant for one in _flat(params) for variant in one.variants)
    named = next((one for one in variants if _names_variant(wanted, one)), None)
    if named is not None:
        return [_of_variant(one, named) for one in params if not one.variants or named in one.variants]
    at_path = _at_path(params, wanted)
    if at_path is not None:
        return [at_path]
    found = [kept for one in params if (kept := _with_word(one, wanted.lower())) is not None]
    if found:
        return found
    known = [*variants, *(one.name for one in params)]
    raise ValueError(f"of names nothing here: it can be one of {', '.join(known)}, or a word of a field's name")


def parameter_forms(params: Sequence[Parameter]) -> Iterator[tuple[list[dict[str, object]], str]]:
    """Yield the forms of parameters, the longest first, each with how to see what it leaves out (empty: nothing)."""
    shared = _without_repetition(params)
    counted = [_brief(_list_counted(one)) for one in shared]
    in_lines: tuple[tuple[Sequence[Parameter], _Shorten], ...] = (
        (params, _full),
        (shared, _full),
        (shared, _lines_below(1)),
        ([_brief(one) for one in shared], _lines_below(1)),
        (counted, _lines_below(1)),
    )
    attempts: tuple[tuple[Sequence[Parameter], _Shorten], ...] = (
        *in_lines,
        (counted, _shortened(1, lambda fields: "; ".join(map(_short_line, fields)))),
        ([_fields_untexted(one) for one in counted], _lines_below(1)),
        (shared, _names_below(2)),
        ([_brief(one) for one in shared], _names_below(1)),
        ([_brief(one) for one in shared], _counts),
    )
    if has_meanings(params):
        # The words of the page come before the niceties of the form, but after the facts.
        for longest in _MEANINGS:
            for number, (shown, shorten) in enumerate(in_lines):
                cut = with_meanings(shown, *longest)
                more = _more(params) if number or longest != _MEANINGS[0] else ""
                yield [_parameter(one, shorten) for one in cut], more
    for number, (shown, shorten) in enumerate(attempts):
        for most in _TOP_MEANINGS if has_meanings(params) else (0,):
            cut = with_meanings(shown, most, 0)
            yield [_parameter(one, shorten) for one in cut], _more(params) if number else ""


def parameters_in_full(params: Sequence[Parameter]) -> list[dict[str, object]]:
    """Return the forms of parameters with everything that is known of them."""
    return [_parameter(one, _full) for one in params]


_Shorten = Callable[[Parameter, int], "Sequence[Mapping[str, object]] | str"]
"""Returns the fields of a parameter at a depth, in full or shortened."""


def _more(params: Sequence[Parameter]) -> str:
    variants = list(dict.fromkeys(variant for one in _flat(params) for variant in one.variants))
    ways = [f'of: "{one.name}"' for one in params if one.fields][:3]
    if variants:
        ways.insert(0, f'of: "{variants[0]}"')
    return (
        f"Shortened. In full with {' or '.join(ways)}, or of with a word of a field's name." if ways else "Shortened."
    )


def _full(param: Parameter, depth: int) -> Sequence[Mapping[str, object]] | str:
    return [_parameter(field, _full, depth + 1) for field in param.fields]


def _names_below(deepest: int) -> _Shorten:
    return _shortened(deepest, _names)


def _lines_below(deepest: int) -> _Shorten:
    return _shortened(deepest, lambda fields: "; ".join(map(_line, fields)))


def _shortened(deepest: int, in_one: Callable[[Iterable[Parameter]], str]) -> _Shorten:
    def shorten(param: Parameter, depth: int) -> Sequence[Mapping[str, object]] | str:
        if depth >= deepest:
            return in_one(param.fields)
        return [_parameter(field, shorten, depth + 1) for field in param.fields]

    return shorten


def _line(param: Parameter) -> str:
    """Return what is known of a field in one line: `STAGE_ID*: crm_status (crm.status.list)`."""
    known = [f" {param.type}" if param.type else ""]
    if param.values:
        known.append(f" {'|'.join(param.values)}")
    if param.source:
        known.append(f" ({param.source})")
    if param.read_only:
        known.append(" read-only")
    if said := param.text or meaning_of(param):
        known.append(f" - {said}")
    if param.fields:
        known.append(f" {{{_names(param.fields)}}}")
    line = "".join(known)
    return param.name + ("*" if param.required is True else "") + (f":{line}" if line else "")


def _short_line(param: Parameter) -> str:
    """Return the meaning of a field, else its values, else its type: `PRIORITY: 2 high, 1 normal, 0 low`."""
    said = param.text or "|".join(param.values) or param.type
    starred = param.name + ("*" if param.required is True else "")
    return f"{starred}: {said}" if said and not param.read_only else starred


def _counts(param: Parameter, depth: int) -> str:
    """The required names, and how many there are."""
    needed = [f"{field.name}*" for field in param.fields if field.required is True]
    return ", ".join([*needed, f"{len(param.fields) - len(needed)} more" if needed else f"{len(param.fields)} fields"])


def _names(fields: Iterable[Parameter]) -> str:
    return ", ".join(field.name + ("*" if field.required is True else "") for field in fields)


def _parameter(param: Parameter, shorten: _Shorten, depth: int = 1) -> dict[str, object]:
    form = {key: value for key, value in param.to_json().items() if value not in (None, False, "")}
    if param.fields:
        form["fields"] = _names(param.fields) if _has_names_only(param) else shorten(param, depth)
    return form


def _has_names_only(param: Parameter) -> bool:
    """Whether nothing but names is known of the fields of a parameter, as for the fields of an order."""
    if param.name.lower() in _LISTS_OF_NAMES:
        return True
    return all(not (one.type or one.values or one.fields or one.text or one.required) for one in param.fields)


def _without_repetition(params: Sequence[Parameter]) -> list[Parameter]:
    """Return parameters in which an order or a selection with the fields of another one only says so."""
    first: dict[frozenset[str], str] = {}
    shared = []
    for param in sorted(params, key=lambda one: one.name.lower() not in ("filter", "fields")):
        names = frozenset(field.name.lower() for field in param.fields)
        if len(names) > 3 and param.name.lower() in _LISTS_OF_NAMES and names in first:
            param = replace(param, fields=(), text=f"names as in {first[names]}")
        elif len(names) > 3:
            first.setdefault(names, param.name)
        shared.append(param)
    places = {param.name: at for at, param in enumerate(params)}
    return sorted(shared, key=lambda one: places[one.name])


def _brief(param: Parameter) -> Parameter:
    """Return a parameter with few values and short texts; the parameter itself if it is so already."""
    values = param.values
    if len(values) > _MOST_VALUES:
        values = (*values[:_MOST_VALUES], f"… {len(values) - _MOST_VALUES} more")
    text = param.text if len(param.text) <= _LONGEST_TEXT else param.text[: _LONGEST_TEXT - 1] + "…"
    fields = tuple(map(_brief, param.fields))
    if values is param.values and text is param.text and _are_same(fields, param.fields):
        return param  # a copy takes longer than all the comparisons
    return replace(param, values=values, text=text, fields=fields)


def _list_counted(param: Parameter) -> Parameter:
    """Return an order or a selection with the number of its names instead of the names, any other one as it is."""
    if param.name.lower() not in _LISTS_OF_NAMES or not param.fields:
        return param
    said = f"{len(param.fields)} names"
    return replace(param, fields=(), text=f"{param.text}; {said}" if param.text else said)


def _fields_untexted(param: Parameter) -> Parameter:
    """Return a parameter whose fields have no meaning in words."""
    fields = tuple(_untexted(_fields_untexted(one)) for one in param.fields)
    return param if _are_same(fields, param.fields) else replace(param, fields=fields)


def _untexted(param: Parameter) -> Parameter:
    return replace(param, text="") if param.text else param


def _are_same(one: Sequence[Parameter], other: Sequence[Parameter]) -> bool:
    return all(mine is its for mine, its in zip(one, other, strict=True))


def _flat(params: Iterable[Parameter]) -> Iterable[Parameter]:
    for param in params:
        yield param
        yield from _flat(param.fields)


def _names_variant(wanted: str, variant: str) -> bool:
    """Whether a text such as `entityTypeId=2` or `userTypeId: enumeration` names a variant."""
    texts = [wanted.lower()]
    texts += [wanted.lower().partition(sign)[2].strip() for sign in _VARIANT_SIGNS if sign in wanted]
    known = {variant.lower()} if "=" in variant else {variant.lower(), f"={variant.lower()}"}
    return any(text in known for text in texts)


def _of_variant(param: Parameter, variant: str) -> Parameter:
    fields = tuple(_of_variant(one, variant) for one in param.fields if not one.variants or variant in one.variants)
    return replace(param, fields=fields, variants=())


def _at_path(params: Sequence[Parameter], path: str) -> Parameter | None:
    name, _, rest = path.partition(".")
    found = next((one for one in params if one.name.lower() == name.lower()), None)
    if found is None or not rest:
        return found
    inner = _at_path(found.fields, rest)
    return None if inner is None else replace(found, fields=(inner,))


def _with_word(param: Parameter, word: str) -> Parameter | None:
    """Return a parameter with those of its fields whose name or meaning contains a word; None without such a field."""
    if any(word in text.lower() for text in (param.name, param.text, meaning_of(param))):
        return param
    fields = tuple(kept for one in param.fields if (kept := _with_word(one, word)) is not None)
    return replace(param, fields=fields) if fields else None
