"""The table of methods in `docs/sandbox.md`, generated from the sandbox's registry.

`python -m tests.sandbox_page` updates the page.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from b24_sandbox import Sandbox
from b24_sandbox.v3 import RestV3

PAGE = Path(__file__).parent.parent / "docs" / "sandbox.md"
BEGIN, END = "<!-- methods -->\n", "<!-- /methods -->\n"


def names() -> tuple[list[str], list[str]]:
    """The names of all methods of version 2, and of version 3."""
    sandbox = Sandbox(empty=True)
    try:
        second = [method.name for method in sandbox.portal.registry.methods()]
        third = [method.name for method in RestV3(sandbox.portal).service.methods]
    finally:
        sandbox.close()
    return sorted(second), sorted(third)


def table(methods: Iterable[str]) -> str:
    """One row per prefix with the last parts of its methods."""
    families: dict[str, list[str]] = {}
    for name in methods:
        prefix, _, last = name.rpartition(".")
        families.setdefault(prefix, []).append(last)
    rows = [f"| `{prefix}.` | {', '.join(lasts)} |" for prefix, lasts in sorted(families.items()) if prefix]
    alone = f"| | {', '.join(families[''])} |" if "" in families else ""
    return "\n".join(["| | |", "|---|---|", *filter(None, [alone]), *rows])


def generated() -> str:
    """The generated text between the marks."""
    second, third = names()
    return (
        f"\n### Version 2: {len(second)}\n\n{table(second)}\n\n### Version 3, under `/rest/api/`: {len(third)}\n\n"
        f"{table(third)}\n\n"
    )


def current() -> str:
    """The text between the marks of the page."""
    return PAGE.read_text("utf-8").partition(BEGIN)[2].partition(END)[0]


def main() -> None:
    """Write the generated text into the page."""
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    PAGE.write_text(before + BEGIN + generated() + END + rest.partition(END)[2], "utf-8")


if __name__ == "__main__":
    main()
