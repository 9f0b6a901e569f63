"""Measure the milliseconds to parse an answer of the portal, and to redact and write a long answer of a tool.

The answers have the forms of records with texts in English and Russian. Twice the size must take twice the time.
Usage: python -m benchmarks.answers [--json]
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

from b24_mcp.app.answers.reply import Reply, reply_text
from b24_mcp.rest.wire.json_object import parsed
from b24_mcp.secrets import Redactor

_SIZES = (250_000, 500_000, 1_000_000, 2_000_000)
_ROUNDS = 9
_TEXT = "Call the customer back on Monday. Перезвонить клиенту в понедельник. "


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    found = figures()
    if parser.parse_args().json:
        print(json.dumps(found, indent=1))
        return
    print(f"{'characters':>12}{'parsed ms':>11}{'redacted and written ms':>25}")
    for one in found:
        print(f"{one['characters']:12,}{one['parsed']:11.1f}{one['written']:25.1f}")


def figures() -> list[dict[str, Any]]:
    """Return the milliseconds of processor time for each size."""
    redactor = Redactor(["s3cretofthebenchmarks"])
    found = []
    for size in _SIZES:
        rows = [_row(number) for number in range(size // 460)]
        form = {"ok": True, "version": "v2", "result": rows}
        body = json.dumps({"result": rows}, ensure_ascii=False).encode()
        characters = len(reply_text(Reply(form, 10 * size), redactor))
        found.append(
            {
                "characters": characters,
                "parsed": _milliseconds(lambda body=body: parsed(body)),  # type: ignore[misc]
                "written": _milliseconds(lambda form=form, size=size: reply_text(Reply(form, 10 * size), redactor)),  # type: ignore[misc]
            }
        )
    return found


def _row(number: int) -> dict[str, object]:
    return {
        "ID": str(number),
        "TITLE": f"Deal {number}",
        "STAGE_ID": "C1:NEW",
        "OPPORTUNITY": "1500.00",
        "COMMENTS": _TEXT * 3,
        "DATE_CREATE": "2026-01-01T10:00:00+03:00",
        "UF_CRM_1700000000": [1, 2, 3],
        "CONTACT": {"ID": number, "NAME": "Anna", "PHONE": [{"VALUE": "+49 30 1234567", "VALUE_TYPE": "WORK"}]},
    }


def _milliseconds(work: Callable[[], object]) -> float:
    took = []
    for _ in range(_ROUNDS):
        begin = time.process_time()
        work()
        took.append((time.process_time() - begin) * 1000)
    return min(took)  # other work on the machine only adds


if __name__ == "__main__":
    main()
