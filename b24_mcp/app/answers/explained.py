"""Parameters with what the documentation says of them. Facts are ours; the meaning is the page's own text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace

from b24_mcp.catalog import Parameter

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExplainedParameter(Parameter):
    """A parameter with the words of its page."""

    meaning: str = ""

    def to_json(self) -> dict[str, object]:
        """Return the JSON form, the meaning included."""
        form = Parameter.to_json(self)
        return form | {"meaning": self.meaning} if self.meaning else form


def paths_of(params: Iterable[Parameter], above: Path = ()) -> Iterator[Path]:
    """Yield the paths of parameters and of the fields inside them."""
    for param in params:
        path = (*above, param.name)
        yield path
        yield from paths_of(param.fields, path)


def explained(params: Iterable[Parameter], meanings: Mapping[Path, str], above: Path = ()) -> list[Parameter]:
    """Return parameters with their meanings."""
    made: list[Parameter] = []
    for param in params:
        path = (*above, param.name)
        known = {one.name: getattr(param, one.name) for one in fields(Parameter)}
        inner = tuple(explained(param.fields, meanings, path))
        made.append(ExplainedParameter(**known | {"fields": inner}, meaning=meanings.get(path, "")))
    return made


def meaning_of(param: Parameter) -> str:
    """Return the words of the page about a parameter; empty without any."""
    return param.meaning if isinstance(param, ExplainedParameter) else ""


def has_meanings(params: Iterable[Parameter]) -> bool:
    """Whether any parameter or field has words of its page."""
    return any(meaning_of(param) or has_meanings(param.fields) for param in params)


def with_meanings(params: Sequence[Parameter], longest: int, inside: int) -> list[Parameter]:
    """Return parameters with meanings of at most `longest` characters, and of `inside` in their fields; 0 for none."""
    made: list[Parameter] = []
    for param in params:
        if isinstance(param, ExplainedParameter):
            inner = tuple(with_meanings(param.fields, inside, inside))
            param = replace(param, meaning=shortened(param.meaning, longest), fields=inner)
        made.append(param)
    return made


def shortened(text: str, longest: int) -> str:
    """Return the beginning of a text, cut after a sentence where one ends, otherwise after a word."""
    if len(text) <= longest:
        return text
    piece = text[: max(longest - 1, 0)]
    if (end := max(piece.rfind(". "), piece.rfind("; "))) > longest // 2:
        return piece[:end]
    return piece.rpartition(" ")[0] + "…" if " " in piece else ""
