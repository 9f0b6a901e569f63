"""Parameters with columns in them: `"$ID"`, `"Deal ${TITLE}"`, `"$$"`.

A text that is `$NAME` as a whole becomes the value of the column, with its type. `${NAME}` inside a text inserts the
value as text. `$$` is a dollar sign. Everything else that looks like a column is a mistake, because a misspelt column
would be sent to the portal in every call.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from b24_mcp.errors import our_error
from b24_mcp.rest import Params, to_json

Value = Callable[[Sequence[object]], object]
"""Returns a value of the parameters for the cells of a row."""

_WHOLE = re.compile(r"\$([^\W\d]\w*)")
_PART = re.compile(r"\$\$|\$\{([^{}]*)\}|\$(?=[^\W\d]|\{)")
# How other programs write a column. In double braces anywhere in a text, in the other forms as the whole text.
_FOREIGN = re.compile(r"\{\{\s*([^\W\d]\w*)\s*\}\}")
_FOREIGN_WHOLE = re.compile(r"\{([^\W\d]\w*)\}|%([^\W\d]\w*)%|:([^\W\d]\w*)|<([^\W\d]\w*)>")
_COLUMNS_NAMED = 40


@dataclass(slots=True)
class Template:
    """The parameters of a job. `used` are the columns in them, in the order of the query."""

    columns: Sequence[str]
    kinds: Sequence[str | None]
    _root: Value = lambda cells: {}
    _used: set[int] = field(default_factory=set)

    @classmethod
    def parse(cls, params: Params, columns: Sequence[str], kinds: Sequence[str | None]) -> Template:
        """Return the template of parameters over the columns of a query, with their types.

        Raises:
            B24Error: `B24MCP_APPLY_PARAMS`, with the wrong text and the columns; nothing was sent.
        """
        template = cls(columns, kinds)
        template._root = template._compiled(params, "params")
        return template

    @property
    def used(self) -> list[str]:
        """The names of the columns that the parameters use."""
        return [self.columns[place] for place in sorted(self._used)]

    def params(self, cells: Sequence[object]) -> Params:
        """Return the parameters for a row."""
        params = self._root(cells)
        assert isinstance(params, dict | list)
        return params

    def _compiled(self, value: object, where: str) -> Value:
        if isinstance(value, dict):
            parts = {self._key(key, where): self._compiled(entry, f"{where}.{key}") for key, entry in value.items()}
            return lambda cells: {key: part(cells) for key, part in parts.items()}
        if isinstance(value, list):
            entries = [self._compiled(entry, f"{where}.{place}") for place, entry in enumerate(value)]
            return lambda cells: [entry(cells) for entry in entries]
        if isinstance(value, str) and "$" in value:
            return self._of_text(value, where)
        if isinstance(value, str):
            self._refuse_foreign(value, where)
        return lambda cells: value

    def _refuse_foreign(self, text: str, where: str) -> None:
        """Refuse a column in the form of another program, which would be written as it stands into every record."""
        whole = _FOREIGN_WHOLE.fullmatch(text)
        named = [name for name in whole.groups() if name] if whole else _FOREIGN.findall(text)
        columns = {column.lower(): column for column in self.columns}
        for name in named:
            if (column := columns.get(name.lower())) is not None:
                form = f"${column}" if whole or _FOREIGN.fullmatch(text) else f"${{{column}}}"
                raise _mistake(f"{where} is {text!r}: the column {column} is written {form}")

    def _key(self, key: str, where: str) -> str:
        if _PART.search(key):
            raise _mistake(f"{where} holds the name {key!r}: columns can only be in values")
        return key

    def _of_text(self, text: str, where: str) -> Value:
        whole = _WHOLE.fullmatch(text)
        if whole is not None:
            return self._column(whole[1], where)
        parts: list[Value] = []
        end = 0
        for match in _PART.finditer(text):
            parts.append(_constant(text[end : match.start()]))
            end = match.end()
            if match[0] == "$$":
                parts.append(_constant("$"))
            elif match[1] is not None:
                column = self._column(match[1], where)
                parts.append(lambda cells, column=column: _as_text(column(cells)))  # type: ignore[misc]
            else:
                raise _mistake(
                    f"{where} is {text!r}: inside a text write a column as ${{NAME}}, and a dollar sign as $$"
                )
        parts.append(_constant(text[end:]))
        return lambda cells: "".join([str(part(cells)) for part in parts])

    def _column(self, name: str, where: str) -> Value:
        place = self._place(name, where)
        self._used.add(place)
        kind = self.kinds[place]
        if kind == "json":
            return lambda cells: _from_json(cells[place])
        if kind == "boolean":
            return lambda cells: bool(cells[place]) if cells[place] in (0, 1) else cells[place]
        return lambda cells: _number(cells[place])

    def _place(self, name: str, where: str) -> int:
        """Return the place of a column; in another letter case if only one column is meant."""
        exact = [place for place, column in enumerate(self.columns) if column == name]
        alike = exact or [place for place, column in enumerate(self.columns) if column.lower() == name.lower()]
        if len(alike) == 1:
            return alike[0]
        if alike:
            raise _mistake(f"{where} uses {name!r}, and the query has {len(alike)} columns of this name")
        listed = ", ".join(self.columns[:_COLUMNS_NAMED])
        raise _mistake(f"{where} uses {name!r}, which is not a column of the query. Its columns are {listed}")


def _constant(text: str) -> Value:
    return lambda cells: text


def _number(value: object) -> object:
    """Return a value of the query; a whole number without a fraction, as a portal writes it."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) <= 2**53 else value


def _from_json(value: object) -> object:
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return _number(value)


def _as_text(value: object) -> str:
    """Return a value as a part of a text; an empty column inserts nothing."""
    if value is None:
        return ""
    return value if isinstance(value, str) else to_json(value)


def _mistake(message: str) -> Exception:
    hint = "Nothing was sent. $NAME alone is a column with its type, ${NAME} inserts it into a text, $$ is a dollar."
    return our_error("B24MCP_APPLY_PARAMS", f"{message}.", hint=hint)
