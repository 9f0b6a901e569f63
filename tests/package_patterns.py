"""Every regular expression of the package, and whether it is searched for or matched at one place."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import b24_mcp

ROOT = Path(b24_mcp.__file__).parent
_SEARCHING = {"search", "sub", "subn", "findall", "finditer", "split"}
_FUNCTIONS = {*_SEARCHING, "match", "fullmatch", "compile"}
# Functions of the package that try a pattern at one place at a time.
_MATCHING = {"_match_end", "_mask", "_each"}
# The build of the catalogue, which a user runs over their own documentation.
_LEFT_OUT = ("catalog/build/",)


@dataclass(frozen=True)
class Found:
    """A pattern: where it is, and whether it is searched for."""

    place: str
    pattern: re.Pattern[Any]
    searched: bool


def patterns() -> list[Found]:
    """Return the patterns of all modules, unnamed ones included."""
    trees = {path: ast.parse(path.read_text("utf-8")) for path in sorted(ROOT.rglob("*.py"))}
    kept = {path: tree for path, tree in trees.items() if not path.relative_to(ROOT).as_posix().startswith(_LEFT_OUT)}
    found: list[Found] = []
    for path, tree in kept.items():
        searched = set(_searched_names(tree))
        place = path.relative_to(ROOT).as_posix()
        found += _inline(place, tree)
        if "re.compile" in path.read_text("utf-8") and path.name != "__main__.py":
            module = importlib.import_module(f"b24_mcp.{place.removesuffix('.py').replace('/', '.')}")
            for name, value in vars(module).items():
                for pattern in _compiled(value):
                    found.append(Found(f"{place}: {name}", pattern, name in searched))
    return list(dict.fromkeys(found))


def _compiled(value: Any) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, dict):
        yield from _compiled(list(value.values()))
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _compiled(one)


def _searched_names(tree: ast.AST) -> Iterator[str]:
    """Return the names used in any way but with `match` and `fullmatch`, which try one place only."""
    matched = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in ("match", "fullmatch")
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in _MATCHING:
            matched |= {id(argument) for argument in node.args}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and id(node) not in matched:
            yield node.id


def _inline(place: str, tree: ast.AST) -> Iterator[Found]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or not node.args:
            continue
        if getattr(node.func.value, "id", "") != "re" or node.func.attr not in _FUNCTIONS - {"compile"}:
            continue
        if isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str):
            flags = re.RegexFlag(0)
            for inner in ast.walk(node):
                if isinstance(inner, ast.Attribute) and isinstance(flag := getattr(re, inner.attr, None), re.RegexFlag):
                    flags |= flag
            pattern = re.compile(node.args[0].value, flags)
            yield Found(f"{place}:{node.lineno}", pattern, node.func.attr in _SEARCHING)
