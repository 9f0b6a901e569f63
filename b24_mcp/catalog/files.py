"""The parameters of methods that take files, and the form in which they take them.

The data is in `data/files.tsv`, one line for a place in the parameters of some methods. Its columns:

- `place`: names with dots between them; a `*` at the end stands for the rest of a name.
- `form`: `pair` is `[name, base64]`, `fileData` is `{"fileData": pair}`, `value` is `{"value": {"fileData": pair}}`,
  `base64` is the content alone. `address` is `pair` and `address64` is `base64`, and the method names an address for an
  upload when the content is left out. `disk:n` is the id of a file on the disk of the user after an `n`, `disk:number`
  that id as a number, and `chat:number` the id of a file in the folder of the chat.
- `many`: `one` value, a `list` of values, `field` as the field of the portal says, or `any`.
- `keep`: what an update does with the files that a field has. `stays`: it keeps them. `crm`: it removes those whose id
  is not named. `task`: the same, with ids of attachments. `new`: there are none. Empty: it removes them all.
- `name`: the place of the file's name, where the form has none.
- `megabytes`: the largest file, where the documentation names a limit.

Source: documentation, api-reference/files and the pages of the methods.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal, cast

from b24_mcp.catalog.tables import read_table

FileForm = Literal[
    "pair", "fileData", "value", "base64", "address", "address64", "disk:n", "disk:number", "chat:number"
]
Many = Literal["one", "list", "field", "any"]
Keep = Literal["stays", "crm", "task", "new", ""]


@dataclass(frozen=True, slots=True)
class FileParameter:
    """A place in the parameters of a method that takes files. See the module for the meaning of its values."""

    place: tuple[str, ...]
    form: FileForm
    many: Many = "any"
    keep: Keep = ""
    name: tuple[str, ...] = ()
    megabytes: int | None = None

    def is_at(self, path: Sequence[str]) -> bool:
        """Whether this is the place of a path, in any letter case."""
        return len(path) == len(self.place) and all(map(_fits, self.place, path))


def file_parameters(method: str) -> Sequence[FileParameter]:
    """Return the places of files in the parameters of a method, by its name in any letter case."""
    return _by_method().get(method.lower(), ())


def file_parameter_at(method: str, path: Sequence[str]) -> FileParameter | None:
    """Return the place of a path in the parameters of a method; None when no file is known to belong there."""
    return next((one for one in file_parameters(method) if one.is_at(path)), None)


def _fits(pattern: str, name: str) -> bool:
    if pattern.endswith("*"):
        return name.lower().startswith(pattern[:-1].lower())
    return name.lower() == pattern.lower()


@cache
def _by_method() -> Mapping[str, Sequence[FileParameter]]:
    found: dict[str, list[FileParameter]] = {}
    for row in read_table("files"):
        parameter = FileParameter(
            tuple(row["place"].split(".")),
            cast(FileForm, row["form"]),
            cast(Many, row["many"]),
            cast(Keep, row["keep"]),
            tuple(row["name"].split(".")) if row["name"] else (),
            int(row["megabytes"]) if row["megabytes"] else None,
        )
        for method in row["method"].split(","):
            found.setdefault(method, []).append(parameter)
    return found
