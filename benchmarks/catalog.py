"""Measure how complete, findable and fast the catalogue is, and how well arguments are checked.

Usage: python -m benchmarks.catalog [--requests FILE]
`FILE` holds requests of the documentation, one JSON object a line: method, version, params, and optionally suspicious.
With it the check of arguments is measured too: no documented request may be refused, and nearly every mistake must be.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
import tracemalloc
from collections import Counter
from pathlib import Path
from typing import Any

from b24_mcp.catalog import known_methods
from benchmarks.inventions import inventions
from benchmarks.mistakes import certain, measure_mistakes

INTENTS = Path(__file__).parent.parent / "tests" / "catalog" / "intents.jsonl"
METHODS = 200
FRESH = """
import time
from b24_mcp.catalog import known_methods
begin = time.perf_counter()
known_methods().search.find("поставить задачу", limit=5)
print(time.perf_counter() - begin)
"""


def main() -> None:
    """Measure and print."""
    completeness()
    search()
    unknown_names()
    speed()
    if "--requests" in sys.argv:
        path = Path(sys.argv[sys.argv.index("--requests") + 1])
        requests = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        documented_requests(requests)
        measure_mistakes(requests)


def completeness() -> None:
    """Print the number of methods by section and by effect."""
    sections: Counter[str] = Counter()
    effects: Counter[str] = Counter()
    versions: Counter[str] = Counter()
    for name in known_methods().names:
        for version in known_methods().versions(name):
            sections[name.partition(".")[0].lower()] += 1
            effects[known_methods().effect(name, version)] += 1
            versions[version] += 1
    print(f"methods: {sum(versions.values())} ({dict(versions)}), effects {dict(effects)}")
    print("by section: " + ", ".join(f"{section} {count}" for section, count in sections.most_common()))


def search() -> None:
    """Print how many intents find their method."""
    for language in ("en", "ru"):
        asked = [
            intent
            for line in INTENTS.read_text("utf-8").splitlines()
            if (intent := json.loads(line))["lang"] == language
        ]
        first, five = 0, 0
        for intent in asked:
            accepted = {name.lower() for name in intent["accept"]}
            found = [hit.name.lower() for hit in known_methods().search.find(intent["query"], limit=5)]
            first += bool(found) and found[0] in accepted
            five += bool(accepted & set(found))
        print(f"search, {language}: {five} of {len(asked)} among the first five, {first} at the top")


def unknown_names() -> None:
    """Print how often the method that was meant is among the suggestions for an invented name."""
    dice = random.Random(5)
    catalogue = known_methods()
    existing = {name.lower() for name in catalogue.names}
    outcomes: dict[str, Counter[str]] = {}
    for name in dice.sample(catalogue.names, METHODS):
        for kind, invented in inventions(name, dice):
            if invented.lower() not in existing:
                is_found = name in catalogue.similar(invented)
                outcomes.setdefault(kind, Counter())["found" if is_found else "missed"] += 1
    found = sum(counts["found"] for counts in outcomes.values())
    found = sum(counts["found"] for counts in outcomes.values())
    total = sum(counts.total() for counts in outcomes.values())
    print(f"invented names: the right one among the suggestions for {found} of {total} ({found / total:.1%})")
    for kind, counts in sorted(outcomes.items()):
        print(f"  {kind:20} {counts['found']:4} of {counts.total()}")


def speed() -> None:
    """Print the time of a first search in a new process and of later ones, and the memory of the catalogue."""
    fresh = [
        float(subprocess.run([sys.executable, "-c", FRESH], capture_output=True, check=True).stdout) for _ in range(5)
    ]
    queries = [json.loads(line)["query"] for line in INTENTS.read_text("utf-8").splitlines()]
    times = []
    for query in queries:
        begin = time.perf_counter()
        known_methods().search.find(query, limit=8)
        times.append(time.perf_counter() - begin)
    times.sort()
    print(
        f"first search in a fresh process: {sorted(fresh)[2] * 1e3:.0f} ms; later: median {times[30] * 1e3:.1f} ms, ",
        end="",
    )
    print(f"19 of 20 under {times[56] * 1e3:.1f} ms")
    tracemalloc.start()
    begin = time.perf_counter()
    known_methods().method("crm.deal.add")
    print(f"facts of one method: {(time.perf_counter() - begin) * 1e3:.2f} ms; ", end="")
    tracemalloc.reset_peak()
    from b24_mcp.catalog.catalogue import Catalogue, shipped_catalogue

    other = Catalogue(shipped_catalogue())
    other.search.find("поставить задачу", limit=5)
    print(f"memory after a search: {tracemalloc.get_traced_memory()[0] / 1e6:.1f} MB")
    tracemalloc.stop()


def documented_requests(requests: list[dict[str, Any]]) -> None:
    """Check that requests of the documentation pass."""
    refused, suspicious, unknown = 0, 0, 0
    for request in requests:
        method = known_methods().method(request["method"], request["version"])
        if method is None:
            unknown += 1
        elif request["method"] != "batch" and certain(method, request["params"]):
            if request.get("suspicious"):
                suspicious += 1
            else:
                refused += 1
                print("  refused:", request["method"], certain(method, request["params"]))
    print(f"documented requests: {len(requests)}, refused {refused}, refused of the suspicious {suspicious}, ", end="")
    print(f"of no method {unknown}")


if __name__ == "__main__":
    main()
