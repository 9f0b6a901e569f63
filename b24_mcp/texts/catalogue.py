"""The catalogue of texts for people, read from `people.toml` when the first text is needed."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Literal, get_args

Language = Literal["en", "ru"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


def text(name: str, language: Language, /, **values: object) -> str:
    """Return the text `section.name` in a language, with `values` in the place of the names in braces."""
    section, _, key = name.partition(".")
    return catalogue()[section][key][language].format_map(values)


@functools.cache
def catalogue() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """Return all texts: by section, then by name, then by language."""
    # A server that asks nothing needs neither of them, and it must start fast.
    import tomllib
    from importlib.resources import files

    return tomllib.loads((files(__package__) / "people.toml").read_text("utf-8"))
