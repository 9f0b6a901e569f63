"""The program that reads the text of a file for a preview, in a process of its own.

It is started as a script, because a file can be designed to use much time or memory. Its arguments are the
path and the largest number of characters. It prints the text, or exits with 3 and prints why there is no text.
"""

from __future__ import annotations

import codecs
import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

_MEMORY = 1 << 30
_SECONDS = 15
_MOST_BYTES = 1 << 20
_MOST_FILE = 200 << 20
_NO_PREVIEW = 3
_TEXTS = {"txt", "csv", "tsv", "md", "json", "jsonl", "xml", "html", "htm", "log", "ini", "yaml", "yml", "eml", "sql"}


def main(path: Path, most: int) -> int:
    """Print the beginning of the text of a file, and return the exit status."""
    kind = path.suffix.lower().removeprefix(".")
    readers = {"pdf": _pdf, "docx": _docx, "xlsx": _sheets, "xls": _sheets, "ods": _sheets}
    if kind not in readers and kind not in _TEXTS:
        return _say(f"there is no preview of .{kind} files" if kind else "the file has no ending that names its kind")
    if kind in readers and path.stat().st_size > _MOST_FILE:
        return _say("the file is too large for a preview")
    try:
        parts = readers[kind](path) if kind in readers else _text(path)
        left = most
        for part in parts:
            sys.stdout.write(part[:left])
            left -= len(part)
            if left <= 0:
                break
    except ImportError:
        return _say("a preview of this kind needs the extra preview: pip install 'b24-mcp[preview]'")
    except Exception:  # the libraries raise many kinds for a broken file, and none helps the reader
        return _say("the file is damaged, encrypted or of another kind than its name says")
    return 0


def _text(path: Path) -> Iterator[str]:
    with path.open("rb") as file:
        data = file.read(_MOST_BYTES)
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        yield data.decode("utf-16", "replace")
        return
    if b"\0" in data[:4096]:
        raise ValueError("binary")
    try:
        yield codecs.getincrementaldecoder("utf-8-sig")().decode(data)
    except UnicodeDecodeError:
        yield data.decode("cp1251", "replace")


def _pdf(path: Path) -> Iterator[str]:
    import pypdf

    for number, page in enumerate(pypdf.PdfReader(path).pages, 1):
        text = page.extract_text().strip()
        if text:
            yield f"[page {number}]\n{text}\n"


def _docx(path: Path) -> Iterator[str]:
    import docx
    from docx.table import Table

    for block in docx.Document(str(path)).iter_inner_content():
        if isinstance(block, Table):
            for row in block.rows:
                yield "\t".join(cell.text for cell in row.cells) + "\n"
        elif block.text.strip():
            yield f"{block.text}\n"


def _sheets(path: Path) -> Iterator[str]:
    import python_calamine

    with python_calamine.CalamineWorkbook.from_path(path) as book:
        for name in book.sheet_names:
            yield f"[sheet {name}]\n"
            for row in book.get_sheet_by_name(name).iter_rows():
                yield "\t".join(str(cell) for cell in row).rstrip() + "\n"


def _say(why: str) -> int:
    sys.stdout.write(why)
    return _NO_PREVIEW


def _limit() -> None:
    """Limit memory and time, where the system can."""
    if sys.platform != "win32":
        import resource

        for limit, most in ((resource.RLIMIT_AS, _MEMORY), (resource.RLIMIT_CPU, _SECONDS)):
            with contextlib.suppress(OSError, ValueError):  # macOS does not limit the address space
                resource.setrlimit(limit, (most, most))


if __name__ == "__main__":
    _limit()
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
