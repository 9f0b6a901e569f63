"""How values of PostgreSQL become values of a data set: numbers stay numbers, everything else is a text."""

from __future__ import annotations

import math

from psycopg import postgres
from psycopg.abc import Buffer
from psycopg.adapt import AdaptersMap, Loader
from psycopg.types.none import NoneDumper
from psycopg.types.numeric import IntDumper, IntLoader
from psycopg.types.string import StrDumperUnknown, TextLoader

_ANY_TYPE = 0


class NumberLoader(Loader):
    """Loads `numeric` as an integer or a float, as SQLite has it; NaN and infinity as texts."""

    def load(self, data: Buffer) -> int | float | str:
        """Return the value of a number."""
        text = bytes(data)
        if text.lstrip(b"-").isdigit():
            return int(text)
        return finite_or_text(float(text))


class FlagLoader(Loader):
    """Loads `boolean` as 1 or 0, as SQLite has it."""

    def load(self, data: Buffer) -> int:
        """Return the value of a flag."""
        return int(bytes(data) == b"t")


def finite_or_text(value: float) -> float | str:
    """Return a float for JSON: infinity and NaN become texts."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def cell_adapters() -> AdaptersMap:
    """Return the adapters of all connections."""
    adapters = AdaptersMap(None, postgres.types)
    adapters.register_loader(_ANY_TYPE, TextLoader)
    for name in ("int2", "int4", "int8", "oid"):
        adapters.register_loader(name, IntLoader)
    for name in ("numeric", "float4", "float8"):
        adapters.register_loader(name, NumberLoader)
    adapters.register_loader("bool", FlagLoader)
    adapters.register_dumper(str, StrDumperUnknown)
    adapters.register_dumper(int, IntDumper)
    adapters.register_dumper(type(None), NoneDumper)
    return adapters
