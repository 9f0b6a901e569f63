"""`python -m b24_mcp.connect` writes the manifests. With `--check` it lists those that are out of date."""

from __future__ import annotations

import sys
from pathlib import Path

from b24_mcp.connect.manifests import manifests

PROJECT = Path(__file__).parent.parent.parent


def main() -> None:
    """Write the manifests that are out of date, or with `--check` list them and exit with 1."""
    is_check = "--check" in sys.argv[1:]
    outdated = []
    for name, text in manifests(PROJECT).items():
        file = PROJECT / "manifests" / name
        if file.is_file() and file.read_text("utf-8") == text:
            continue
        outdated.append(name)
        if not is_check:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
    sys.stdout.write("".join(f"manifests/{name}\n" for name in outdated))
    sys.exit(1 if outdated and is_check else 0)


if __name__ == "__main__":
    main()
