"""Measure the time for each byte of the slowest texts, for every parser of foreign text and every regular expression.

    python -m benchmarks.patterns [--sizes 10000 100000 1000000] [--all]

For each parser and pattern the slowest text is shown, in nanoseconds a byte at each size. Linear means that the numbers
of a line are about the same. With `--all` every text is shown. A growth of more than three times is marked.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import time
from collections.abc import Callable
from typing import Any

from b24_mcp.app.answers.reply import Reply, reply_text
from b24_mcp.dialect.editions import FOR_READING, Edition, InMemory
from b24_mcp.dialect.markup import BrokenPageError, parse
from b24_mcp.docs.inline import Links, inline
from b24_mcp.docs.markdown import join, pieces_of
from b24_mcp.rest.batch.references import replaced_by_portal
from b24_mcp.rest.wire.portal_errors import plain_text
from b24_mcp.secrets import Redactor, printable, show_hidden, without_hidden
from b24_mcp.words import words_of
from tests.package_patterns import patterns

SIZES = (10_000, 100_000, 1_000_000)
SECRET = "k3y9zqA1b2c3D4e5"
WORST = {
    "backslashes": "\\",
    "quotes": '"',
    "escaped quotes": '\\"',
    "percent signs": "%",
    "percent escapes": "%41",
    "nested percent escapes": "%25",
    "blanks": " ",
    "line ends": "\n",
    "tabs": "\t",
    "tags": "{%",
    "includes": "{% include [",
    "includes without end": "{% include [x](",
    "brackets": "[",
    "parentheses": "(",
    "links": "[a](",
    "pictures": "![",
    "angle brackets": "<",
    "comments": "<!--",
    "stars": "*",
    "backticks": "`",
    "fences": "```\n",
    "odd fences": "```a\nx```b\n",
    "rows of backticks": "` `` ``` ",
    "a/": "a/",
    "addresses": "https://",
    "webhooks": "/rest/1/",
    "parameters": "?auth=",
    "secret fields": '"password":"',
    "equals signs": "=",
    "quoted-printable": "=41",
    "entities": "&#",
    "ampersands": "&amp;",
    "tables": "#|",
    "bars": "||",
    "notes": "{% note info %}\n",
    "invisible": "\u200b",
    "joiners": "\u200d\ufe0f",
    "letters": "A",
    "VVVV": "V",
    "hexadecimal": "61",
    "references": "$result[",
    "secrets": SECRET,
    "beginnings of secrets": SECRET[:9],
    "sentences": "The quick brown fox, jumps over the lazy dog 123. ",
}


def readers() -> dict[str, Callable[[str], object]]:
    """Return the parsers of foreign text by name."""
    redactor = Redactor([SECRET, "ab12"])
    links = Links("en", "api-reference/a", lambda _: None)

    def page(text: str) -> None:
        with contextlib.suppress(BrokenPageError):
            join(pieces_of(parse(text), links))

    def table(text: str) -> None:
        with contextlib.suppress(BrokenPageError):
            join(pieces_of(parse(f"#|\n|| {text} ||\n|#"), links))

    return {
        "redactor": redactor.redact,
        "answer": lambda text: reply_text(Reply({"ok": True, "result": {"TITLE": text}}), redactor),
        "invisible characters": without_hidden,
        "shown to a person": show_hidden,
        "terminal": printable,
        "page": page,
        "table": table,
        "inline": inline,
        "edition": lambda text: Edition("en", InMemory({"p.md": text, "_a.md": text})).page("p", FOR_READING),
        "message of a portal": plain_text,
        "references": replaced_by_portal,
        "words": words_of,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--all", action="store_true", dest="everything")
    parser.add_argument("--readers", action="store_true", help="only the readers, not each pattern")
    asked = parser.parse_args()
    work = readers()
    for one in [] if asked.readers else patterns():
        work[f"{one.place} {one.pattern.pattern!r:.50}"] = _applied(one.pattern, searched=one.searched)
    print(f"{'ns a byte at ' + ' / '.join(map(str, asked.sizes)):<40}", flush=True)
    for name, read in work.items():
        lines = {text: [_cost(read, piece, size) for size in asked.sizes] for text, piece in WORST.items()}
        slowest = max(lines, key=lambda text: lines[text][-1])
        for text, costs in lines.items():
            if asked.everything or text == slowest or _grows(costs):
                mark = "  GROWS" if _grows(costs) else ""
                print(f"{name:<40} {' / '.join(f'{cost:7.1f}' for cost in costs)}  {text}{mark}", flush=True)


def _applied(pattern: re.Pattern[Any], *, searched: bool) -> Callable[[str], object]:
    in_bytes = isinstance(pattern.pattern, bytes)

    def apply(text: str) -> object:
        data: Any = text.encode() if in_bytes else text
        return sum(1 for _ in pattern.finditer(data)) if searched else (pattern.match(data), pattern.fullmatch(data))

    return apply


def _cost(read: Callable[[str], object], piece: str, size: int) -> float:
    text = (piece * (size // len(piece) + 1))[:size]
    began = time.process_time_ns()
    read(text)
    return (time.process_time_ns() - began) / size


def _grows(costs: list[float]) -> bool:
    return costs[-1] > 100 and costs[-1] > 3 * costs[0] > 0


if __name__ == "__main__":
    main()
