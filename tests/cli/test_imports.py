"""The modules of the command line: what they import, and how they print."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import b24_mcp.cli

MODULES = sorted(Path(b24_mcp.cli.__path__[0]).rglob("*.py"))


def test_only_serve_and_demo_import_the_server() -> None:
    importing = {
        module.name
        for module in MODULES
        for node in ast.walk(ast.parse(module.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("b24_mcp.server")
    }
    assert importing == {"serve.py", "demo.py", "demo_scenes.py"}


def test_every_module_prints_with_the_function_that_escapes_unsafe_characters() -> None:
    for module in MODULES:
        if module.name != "terminal.py":
            assert not re.search(r"click\.s?echo|\bprint\(", module.read_text("utf-8")), module.name
