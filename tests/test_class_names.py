"""Names of public classes: one name means one class in the whole package."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = (ROOT / "b24_mcp", ROOT / "b24_sandbox")


def classes() -> dict[str, list[str]]:
    """The modules that define each public class, by the name of the class."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(path for package in PACKAGES for path in package.rglob("*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(path.relative_to(ROOT).as_posix())
    return found


def test_a_public_class_name_is_defined_in_one_module() -> None:
    found = classes()
    assert "SandboxPortal" in found
    assert {name: modules for name, modules in found.items() if len(modules) > 1} == {}
