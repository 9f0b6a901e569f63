"""Methods of the portal: one module per family, which registers its methods.

Every module of this package that has a function `register` is found here.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from b24_sandbox.methods import declared, plain, positional
from b24_sandbox.registry import Registry


@cache
def _in_code() -> tuple[ModuleType, ...]:
    """The families that are not declared."""
    modules = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
    return tuple(each for each in modules if hasattr(each, "register") and each not in (declared, positional))


def register_all(registry: Registry) -> None:
    """Register every family: the declared ones first, because code replaces some of their methods."""
    for family in (declared, *_in_code()):
        family.register(registry)
    plain.restrict(registry)
