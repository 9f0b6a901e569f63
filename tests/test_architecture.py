"""The packages and what each may import."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Collection
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "b24_mcp"
SANDBOX = PACKAGE.parent / "b24_sandbox"
# What each package may import of the others, the lowest first.
ALLOWED: dict[str, set[str]] = {
    "errors": set(),
    "storage": {"errors"},
    "lazy": set(),
    "words": set(),
    "texts": set(),
    "dialect": set(),
    "jobs": set(),
    "connect": {"storage", "jobs"},
    "secrets": {"errors"},
    "config": {"storage"},
    "state": {"config", "storage"},
    "catalog": {"dialect", "words", "config", "storage"},
    "docs": {"errors", "dialect", "words", "storage"},
    "rest": {"errors", "secrets", "catalog", "state", "config", "storage"},
    "access": {"lazy", "errors", "secrets", "texts", "rest", "catalog", "state", "config", "storage"},
    "discovery": {"errors", "secrets", "rest", "catalog", "state", "config", "storage"},
    "records": {"errors", "secrets", "rest", "catalog", "state", "config", "storage"},
    "app": {
        *("errors", "secrets", "storage", "words", "texts", "config", "state", "catalog", "docs"),
        *("rest", "access", "discovery", "records"),
    },
    "server": {
        *("errors", "secrets", "storage", "texts", "config", "state", "catalog", "docs"),
        *("rest", "access", "discovery", "records", "app", "jobs"),
    },
    "cli": {
        *("errors", "secrets", "storage", "texts", "config", "state", "catalog", "docs"),
        *("rest", "access", "discovery", "records", "connect", "app", "server"),
    },
    "__main__": {"secrets", "config", "server", "cli"},
    "__init__": set(),
}
# Libraries that only these modules may import.
LIBRARIES = {
    "mcp": ("server/",),
    "mcp_types": ("server/",),
    "httpcore": ("rest/wire/connections.py", "rest/wire/pool.py"),
    "httpx": (
        *("rest/wire/transport.py", "rest/wire/connections.py", "docs/download.py"),
        "server/http/people/grants/fetching.py",
    ),
    "xmltodict": ("rest/wire/xml.py",),
    "redis": ("state/redis.py",),
    "psycopg": ("records/postgresql/",),
    "psycopg_pool": ("records/postgresql/",),
    "click": ("cli/",),
    "keyring": ("config/secrets.py",),
    "ruamel": ("connect/yaml.py",),
    "xlsxwriter": ("records/exports/xlsx.py",),
    "pypdf": ("app/files/preview_program.py",),
    "vl_convert": ("app/charts/draw_program.py",),
    "docx": ("app/files/preview_program.py",),
    "python_calamine": ("app/files/preview_program.py", "records/imports/reader_process.py"),
    "pyarrow": ("records/exports/parquet.py", "records/imports/reader_process.py"),
}


def modules(package: Path = PACKAGE) -> list[Path]:
    return sorted(package.rglob("*.py"))


def imports(module: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import"
            found.add(node.module or "")
            found |= {
                f"b24_mcp.{alias.name}"
                for alias in node.names
                if node.module == "b24_mcp" and not alias.name.startswith("_")
            }
    return found


def package_of(module: Path) -> str:
    return module.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("module", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_package_imports_only_packages_below_it(module: Path) -> None:
    room = package_of(module)
    rooms = {name.split(".")[1] for name in imports(module) if name.startswith("b24_mcp.")} - {room}
    assert rooms <= ALLOWED[room]


@pytest.mark.parametrize("module", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_the_package_imports_nothing_of_the_tests(module: Path) -> None:
    assert "tests" not in {name.split(".")[0] for name in imports(module)}


@pytest.mark.parametrize("module", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_library_is_imported_only_by_its_modules(module: Path) -> None:
    place = module.relative_to(PACKAGE).as_posix()
    for library in {name.split(".")[0] for name in imports(module)} & set(LIBRARIES):
        assert place.startswith(LIBRARIES[library])


@pytest.mark.parametrize(
    "room",
    [
        *("errors", "secrets", "rest", "access", "state", "config", "catalog", "discovery", "docs", "records"),
        *("connect", "cli"),
    ],
)
def test_every_name_that_a_package_exports_exists(room: str) -> None:
    module = importlib.import_module(f"b24_mcp.{room}")
    for name in module.__all__:
        assert getattr(module, name) is not None


@pytest.mark.parametrize("module", modules(SANDBOX), ids=lambda path: str(path.relative_to(SANDBOX)))
def test_the_sandbox_imports_nothing_of_the_program(module: Path) -> None:
    assert imported_names(module).isdisjoint({"b24_mcp", "tests"})


@pytest.mark.parametrize("module", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_use_cases_and_the_command_line_import_the_sandbox(module: Path) -> None:
    assert "b24_sandbox" not in imported_names(module) or package_of(module) in ("app", "cli")


def imported_names(module: Path) -> set[str]:
    """Return the first part of every name that a module imports."""
    return {name.split(".")[0] for name in imports(module)}


@pytest.mark.parametrize("package", [PACKAGE, SANDBOX], ids=lambda path: path.name)
def test_no_modules_import_each_other_in_a_circle(package: Path) -> None:
    names = {name_of(module): module for module in modules(package)}
    graph = {name: imported_modules(module, names.keys()) - {name} for name, module in names.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as exc:
        pytest.fail(f"these modules import each other: {' -> '.join(exc.args[1])}")


def test_only_the_application_of_the_sandbox_imports_the_class_of_the_portal() -> None:
    importing = {name_of(module) for module in modules(SANDBOX) if "b24_sandbox.portal" in imports(module)}
    assert importing == {"b24_sandbox.app"}


def name_of(module: Path) -> str:
    parts = module.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_modules(module: Path, known: Collection[str]) -> set[str]:
    """Return the modules of the package that a module imports, also inside functions and for types only.

    `from package import module` counts as the module.
    """
    found = set()
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names} & set(known)
        if isinstance(node, ast.ImportFrom):
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= inner & set(known) or {str(node.module)} & set(known)
    return found
