"""The table of error codes: every code the package uses is registered once, by the right package, and in time."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from b24_mcp.errors import our_error
from b24_mcp.errors.table import CodeFact, owner_of, register, registered_codes, registered_fact
from tests.test_architecture import ALLOWED, PACKAGE, imports, modules, package_of

CODE = re.compile(r"B24MCP_[A-Z0-9]+(?:_[A-Z0-9]+)*")
PACKAGES = sorted(path.parent.name for path in PACKAGE.glob("*/codes.py"))


def codes_in(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value):
            yield node.value


def codes_raised_in(module: Path) -> Iterator[str]:
    """The codes that are not only compared with, and not only the key of a dictionary."""
    tree = ast.parse(module.read_text("utf-8"))
    looked_at = set()
    for node in ast.walk(tree):
        parts = [*node.comparators, node.left] if isinstance(node, ast.Compare) else []
        parts += [key for key in node.keys if key is not None] if isinstance(node, ast.Dict) else []
        looked_at |= {inner for part in parts for inner in ast.walk(part)}
    for node in ast.walk(tree):
        if node not in looked_at and isinstance(node, ast.Constant) and CODE.fullmatch(str(node.value)):
            yield str(node.value)


USES = sorted({(module, code) for module in modules() if module.name != "codes.py" for code in codes_in(module)})


@pytest.fixture(autouse=True, scope="module")
def _all_packages_loaded() -> None:
    for package in PACKAGES:
        import_module(f"b24_mcp.{package}")


@pytest.mark.parametrize(("module", "code"), USES, ids=lambda part: getattr(part, "stem", part))
def test_a_code_belongs_to_the_package_that_uses_it_or_to_one_below(module: Path, code: str) -> None:
    package = package_of(module)
    assert owner_of(code) in {package, *ALLOWED[package]}


def test_every_registered_code_of_this_program_is_used() -> None:
    ours = {code for code in registered_codes() if code.startswith("B24MCP_")}
    assert ours == {code for _, code in USES}


def test_a_module_that_raises_a_code_of_another_package_imports_that_package() -> None:
    # An import inside a function counts: objects of that package are at hand where its code is raised.
    raised = [
        (sorted({name for name in imports(module) if name.startswith("b24_mcp.")}), code)
        for module in modules()
        if module.name != "codes.py"
        for code in set(codes_raised_in(module))
        if owner_of(code) != package_of(module)
    ]
    program = f"""
import sys
from importlib import import_module
for needed, code in {raised!r}:
    for name in [name for name in sys.modules if name.partition(".")[0] == "b24_mcp"]:
        del sys.modules[name]
    for name in needed:
        import_module(name)
    if import_module("b24_mcp.errors.table").registered_fact(code) is None:
        print(needed, code)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True)
    assert len(raised) > 10
    assert done.stdout == ""


def test_a_code_that_is_registered_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="elsewhere registers error codes that access has registered: B24MCP_POLICY"):
        register("elsewhere", {"B24MCP_POLICY": CodeFact("policy", "x"), "B24MCP_NEW": CodeFact("policy", "x")})
    assert owner_of("B24MCP_POLICY") == "access"
    assert registered_fact("B24MCP_NEW") is None


def test_an_error_with_an_unknown_code_is_a_defect() -> None:
    with pytest.raises(LookupError, match="B24MCP_MISSPELT is not registered"):
        our_error("B24MCP_MISSPELT", "x")


def test_every_code_has_a_hint_and_none_that_may_have_run_is_offered_for_repetition() -> None:
    # Asking again whether a call still runs sends nothing.
    for code in set(registered_codes()) - {"B24MCP_STILL_RUNNING"}:
        fact = registered_fact(code)
        assert fact is not None
        assert fact.hint
        assert not (fact.retryable and fact.executed != "no"), code


def test_the_table_of_errors_loads_nothing_but_itself() -> None:
    program = "import sys, b24_mcp.errors; print(*(name for name in sys.modules if name.startswith('b24_mcp.')))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert set(done.stdout.split()) == {
        "b24_mcp.errors",
        "b24_mcp.errors.codes",
        "b24_mcp.errors.error",
        "b24_mcp.errors.table",
    }
