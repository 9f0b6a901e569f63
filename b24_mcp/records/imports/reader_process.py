"""The program that reads a workbook or a Parquet file, in a process of its own.

Both formats are compressed, and their readers need memory that the file decides about. The process has a limit of
memory, so a hostile file ends this process and not the server. It is started as a script and imports nothing of the
package. Its arguments are the kind of the file and the wanted sheet, if any; the file is stdin. The answer is lines of
JSON on stdout: one with facts, then parts of `{"rows"}`, then `{"end"}`; or `{"error"}` at any point. Dates and times
are texts in ISO form.
"""

from __future__ import annotations

import base64
import datetime
import decimal
import io
import json
import math
import sys
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO

_MEGABYTE = 1 << 20
_MEMORY = 2_048 * _MEGABYTE
_LARGEST_WORKBOOK = 256 * _MEGABYTE
_LARGEST_UNPACKED = 2_048 * _MEGABYTE
_MOST_PARTS = 10_000
# Sheets are packed to a tenth, and seldom to a hundredth. The format allows a thousandth.
_TIGHTEST = 250
_UNSUSPICIOUS = 64 * _MEGABYTE
_CHUNK = _MEGABYTE
_ROWS_AT_ONCE = 500
_SIZE_AT_ONCE = _MEGABYTE
_LARGEST_ROW = 16 * _MEGABYTE
_ZIP = b"PK"


class UnreadableError(Exception):
    """The file cannot be read. The text is the reason for the user."""


def answer(kind: str, sheet: str | None, file: BinaryIO) -> Iterator[dict[str, object]]:
    """Read a file and yield the lines of the answer."""
    try:
        yield from _parquet(file) if kind == "parquet" else _workbook(file, sheet)
        yield {"end": True}
    except UnreadableError as exc:
        yield {"error": str(exc)}
    except MemoryError:
        yield {"error": "it needs more memory than allowed"}
    except Exception as exc:  # the readers raise classes of their own, which differ between versions
        yield {"error": " ".join(str(exc).split())[:300] or type(exc).__name__}


def _workbook(file: BinaryIO, wanted: str | None) -> Iterator[dict[str, object]]:
    import python_calamine

    content = file.read(_LARGEST_WORKBOOK + 1)
    if len(content) > _LARGEST_WORKBOOK:
        raise UnreadableError(f"a workbook may have {_LARGEST_WORKBOOK // _MEGABYTE} MB; save it as CSV")
    if content.startswith(_ZIP):
        _check_unpacked(content)
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
    except python_calamine.PasswordError:
        raise UnreadableError("it is protected by a password") from None
    except python_calamine.CalamineError as exc:
        raise UnreadableError(f"it is not a workbook ({exc})") from None
    names = book.sheet_names
    if wanted is not None:
        same = [name for name in names if name.casefold() == wanted.casefold()]
        if not same:
            raise UnreadableError(f"it has no sheet {wanted!r}; its sheets are {', '.join(names[:20])}")
        names, others = same[:1], [name for name in names if name != same[0]]
    else:
        others = []
    chosen = None
    for name in names:
        sheet = book.get_sheet_by_name(name)
        if sheet.height and chosen is None:
            chosen = sheet
        elif sheet.height or wanted is not None:
            others.append(name)
    if chosen is None:
        raise UnreadableError("it holds no rows")
    yield {"sheet": chosen.name, "others": others}
    yield from _parts([_cell(value) for value in row] for row in chosen.iter_rows())


def _check_unpacked(content: bytes) -> None:
    """Unpack every part without keeping it. The sizes that an archive states of itself may be wrong."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OverflowError) as exc:
        raise UnreadableError(f"it is not a workbook ({exc})") from None
    if len(parts) > _MOST_PARTS:
        raise UnreadableError("it has too many parts")
    left = _LARGEST_UNPACKED
    for part in parts:
        if part.compress_type == zipfile.ZIP_STORED:
            left -= part.compress_size
        else:
            left -= _unpacked_size(content, part, left)
        if left < 0:
            raise UnreadableError(f"unpacked it is larger than {_LARGEST_UNPACKED // _MEGABYTE} MB")


def _unpacked_size(content: bytes, part: zipfile.ZipInfo, most: int) -> int:
    header = content[part.header_offset : part.header_offset + 30]
    begins = part.header_offset + 30 + int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
    packed = memoryview(content)[begins : begins + part.compress_size]
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    size = 0
    try:
        for at in range(0, len(packed), _CHUNK):
            data: bytes | memoryview = packed[at : at + _CHUNK]
            while data and not inflate.eof:
                size += len(inflate.decompress(data, _CHUNK))
                if size > most:
                    return size
                if size > _UNSUSPICIOUS and size > _TIGHTEST * len(packed):
                    raise UnreadableError("it unpacks to much more than a workbook of its size")
                data = inflate.unconsumed_tail
    except zlib.error:
        raise UnreadableError("it is damaged") from None
    return size


def _parquet(file: BinaryIO) -> Iterator[dict[str, object]]:
    from pyarrow import parquet

    opened = parquet.ParquetFile(file)
    names = list(opened.schema_arrow.names)
    yield {"names": names, "total": opened.metadata.num_rows}
    yield from _parts(
        [_cell(value) for value in row.values()]
        for batch in opened.iter_batches(batch_size=_ROWS_AT_ONCE, use_threads=False)
        for row in batch.to_pylist()
    )


def _parts(rows: Iterator[list[object]]) -> Iterator[dict[str, object]]:
    part: list[list[object]] = []
    size = 0
    for row in rows:
        of_row = sum(len(value) for value in row if isinstance(value, str))
        if of_row > _LARGEST_ROW:
            raise UnreadableError("one of its rows is too large")
        part.append(row)
        size += of_row
        if len(part) == _ROWS_AT_ONCE or size > _SIZE_AT_ONCE:
            yield {"rows": part}
            part, size = [], 0
    yield {"rows": part}


def _cell(value: Any) -> object:
    """Return a value of a cell for JSON."""
    match value:
        case None | bool() | int():
            return value
        case str():
            return value.encode("utf-8", "replace").decode()
        case float():
            if not math.isfinite(value):
                return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
            return value
        case datetime.date() | datetime.time():  # a `datetime` is a `date`
            return value.isoformat()
        case datetime.timedelta():
            return str(value)
        case decimal.Decimal():
            return str(value)
        case bytes():
            try:
                return value.decode()
            except UnicodeDecodeError:
                return base64.b64encode(value).decode()
        case list():
            return [_cell(inner) for inner in value]
        case dict():
            return {str(key): _cell(inner) for key, inner in value.items()}
        case _:
            return str(value)


def _bound_process() -> None:
    """Set the limits of this process, where the system supports them."""
    try:
        import resource
    except ImportError:
        return
    for what, most in ((resource.RLIMIT_AS, _MEMORY), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 0)):
        try:
            resource.setrlimit(what, (most, most))
        except (OSError, ValueError):
            continue


def main() -> None:
    """Read the file on stdin and write the answer."""
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr]
    _bound_process()
    sheet = sys.argv[2] if len(sys.argv) > 2 else None
    for part in answer(sys.argv[1], sheet, sys.stdin.buffer):
        sys.stdout.write(json.dumps(part, ensure_ascii=False, separators=(",", ":")) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
