"""`python -m b24_mcp.connect`: writes the manifests, or with `--check` tells which are not as they should be."""

from __future__ import annotations

import sys
from pathlib import Path

from b24_mcp.connect.manifests import manifests

PROJECT = Path(__file__).parent.parent.parent


def main() -> None:
    """Write every manifest, or name those that differ and end with 1."""
    different = []
    for name, text in manifests(PROJECT).items():
        file = PROJECT / "manifests" / name
        if file.is_file() and file.read_text("utf-8") == text:
            continue
        different.append(name)
        if "--check" not in sys.argv[1:]:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
    sys.stdout.write("".join(f"manifests/{name}\n" for name in different))
    sys.exit(1 if different and "--check" in sys.argv[1:] else 0)


if __name__ == "__main__":
    main()
