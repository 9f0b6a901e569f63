"""The shapes of answers: each is used, and each of its values has a known form."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import b24_sandbox
from b24_sandbox.shapes import shape

PACKAGE = Path(b24_sandbox.__file__).parent
FILES = sorted((PACKAGE / "shapes").glob("*.json"))
NAMES = [f"{file.stem}.{key}" for file in FILES for key in json.loads(file.read_text("utf-8"))]
CODE = "\n".join(module.read_text("utf-8") for module in (PACKAGE / "methods").glob("*.py"))


@pytest.mark.parametrize("name", NAMES)
def test_every_shape_is_used(name: str) -> None:
    """A shape that no method names is left over."""
    assert f'"{name}"' in CODE


@pytest.mark.parametrize("name", NAMES)
def test_a_shape_without_values_has_nothing_left_to_fill(name: str) -> None:
    """An unknown form of a value would fail; a value that is missing leaves no text with `$`."""
    assert not re.search(r'"\$', json.dumps(shape(name)))
