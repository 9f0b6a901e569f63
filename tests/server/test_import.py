"""Files that are imported through MCP: what a model reads, and what is refused."""

from __future__ import annotations

import os
import zipfile
import zlib
from pathlib import Path
from typing import Any

import anyio
import pytest
import xlsxwriter

from tests.server.conftest import CallTool

LEADS = (
    "Название;Телефон;ИНН;Сумма;Дата;Доля\n"
    "Альфа;+7 916 123-45-67;7707083893;1 200,50;31.12.2026;15%\n"
    "Бета;89161234567;770708389312;12,5;01.02.2026;7,5%\n"
    'Гамма;;0270708389;"n/a";31.02.2026;\n'
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    inside = tmp_path / "files"
    inside.mkdir()
    monkeypatch.setenv("B24_FILES_DIR", str(inside))
    return inside


async def test_a_file_becomes_a_data_set_with_types_and_problems(call_tool: CallTool, folder: Path) -> None:
    (folder / "Лиды 2026.csv").write_bytes(LEADS.encode("cp1251"))
    answer = await call_tool("import_records", path="Лиды 2026.csv")
    assert (answer["records"], answer["count"]) == ("Лиды_2026", 3)
    assert (answer["encoding"], answer["separator"]) == ("Windows-1251", ";")
    assert answer["types"] == {"number": ["Сумма", "Доля"], "date": ["Дата"]}
    assert answer["rows"][0] == ["Альфа", "+7 916 123-45-67", "7707083893", 1200.5, "2026-12-31", 15.0]
    assert answer["problems"] == 2
    assert answer["first_problems"] == [
        {"row": 4, "column": "Сумма", "value": "n/a", "problem": "not a number, kept as text"},
        {"row": 4, "column": "Дата", "value": "31.02.2026", "problem": "not a date, kept as text"},
    ]
    assert answer["problems_by_column"] == {"Сумма": 1, "Дата": 1}
    assert any("15%" in note for note in answer["notes"])
    assert "outsiders" in answer["notice"]
    found = await call_tool("query_records", sql="SELECT sum(Сумма), max(Дата) FROM Лиды_2026 WHERE Сумма > 5")
    assert found["rows"][0][0] == 1213.0
    assert "outsiders" in found["notice"]
    sets = await call_tool("query_records", sql="SELECT method, params, complete FROM data_sets")
    assert sets["rows"] == [["import_records", '{"path":"Лиды 2026.csv"}', 1]]


async def test_a_sheet_of_a_workbook_can_be_named(call_tool: CallTool, folder: Path) -> None:
    with xlsxwriter.Workbook(folder / "book.xlsx") as book:
        book.add_worksheet("Пусто")
        for name in ("Лиды", "Справка"):
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, ["ID", f"{name} X"])
            sheet.write_row(1, 0, [1, "a"])
    first = await call_tool("import_records", path="book.xlsx")
    assert (first["sheet"], first["other_sheets"], first["columns"]) == ("Лиды", ["Справка"], ["ID", "Лиды X"])
    other = await call_tool("import_records", path="book.xlsx#справка", save_as="info")
    assert (other["sheet"], other["records"], other["columns"]) == ("Справка", "info", ["ID", "Справка X"])
    missing = await call_tool("import_records", path="book.xlsx#Nope")
    assert "its sheets are Пусто, Лиды, Справка" in missing["error"]["message"]


async def test_a_failed_import_leaves_the_former_data_set(call_tool: CallTool, folder: Path) -> None:
    (folder / "a.csv").write_text("ID,NAME\n1,x\n")
    await call_tool("import_records", path="a.csv", save_as="kept")
    (folder / "b.jsonl").write_text('{"ID": 2}\n' + '{"ID": "' + "x" * (17 << 20) + '"}\n')
    answer = await call_tool("import_records", path="b.jsonl", save_as="kept")
    assert answer["error"]["code"] == "B24MCP_IMPORT"
    assert "Line 2 is longer" in answer["error"]["message"]
    assert (await call_tool("query_records", sql="SELECT ID, NAME FROM kept"))["rows"] == [[1, "x"]]
    assert (await call_tool("query_records", sql="SELECT count(*) FROM data_sets"))["rows"] == [[1]]


async def test_a_missing_file_is_answered_with_the_files_that_are_there(call_tool: CallTool, folder: Path) -> None:
    for name in ("leads.csv", "other.xlsx", "notes.docx"):
        (folder / name).write_text("x")
    answer = await call_tool("import_records", path="leeds.csv")
    assert "leads.csv, other.xlsx." in answer["error"]["hint"]
    assert "docx" not in answer["error"]["hint"]


@pytest.mark.parametrize(
    "path",
    ["../outside.csv", "/etc/passwd", "link.csv", "inner/leads.csv", "pipe.csv", "sub", "con.csv", "", "a\0.csv"],
)
async def test_a_path_that_leaves_the_folder_is_refused(call_tool: CallTool, folder: Path, path: str) -> None:
    outside = folder.parent / "outside.csv"
    outside.write_text("SECRET\nvalue\n")
    (folder.parent / "leads.csv").write_text("SECRET\nvalue\n")
    (folder / "link.csv").symlink_to(outside)
    (folder / "inner").symlink_to(folder.parent)
    (folder / "sub").mkdir()
    os.mkfifo(folder / "pipe.csv")
    with anyio.fail_after(20):
        answer = await call_tool("import_records", path=path)
    assert answer["error"]["code"] in ("B24MCP_FILE", "B24MCP_FILE_FOLDER")
    assert answer["error"]["executed"] == "no"
    assert "SECRET" not in str(answer)


def a_bomb(path: Path) -> None:
    """Write a small archive that unpacks to 100 MB and states a small size."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = packer.compress(b" " * (1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("xl/worksheets/sheet1.xml", block * 100)
    packed = path.read_bytes()
    local, central = packed.index(b"PK\x03\x04"), packed.index(b"PK\x01\x02")
    deflated = bytearray(packed)
    deflated[local + 8 : local + 10] = deflated[central + 10 : central + 12] = b"\x08\x00"
    path.write_bytes(deflated)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"", "is empty"),
        ("a.csv", b"ID,NAME\n", "a header and no rows"),
        ("a.csv", b"\n\n;;\n", "no rows"),
        ("a.csv", b"PK\x03\x04rest", "is a workbook"),
        ("a.xlsx", b"ID,NAME\n1,2\n", "not a workbook"),
        ("a.xlsx", b"PK\x03\x04rest", "not a workbook"),
        ("a.parquet", b"ID,NAME\n1,2\n", "cannot be read"),
        ("a.json", b'{"ID": 1', "JSON"),
        ("a.json", b'[{"ID": 1}, {"ID"', "JSON"),
        ("a.json", b"[" * 100_000, "nested too deeply"),
        ("a.jsonl", b"ID,NAME\n" * 9, "not JSON"),
        ("a.docx", b"x", "format of 'a.docx' is unknown"),
        ("a.csv", b'ID,NAME\n1,"' + b"x\n" * 600_000, "quotation mark is not closed"),
        ("a.csv", b"ID,NAME\n1," + b"x" * (17 << 20), "longer than"),
        ("a.csv", b",".join(b"c%d" % n for n in range(1_001)) + b"\n", "more than 1000 columns"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_file_that_cannot_be_read_is_refused_with_the_reason(
    call_tool: CallTool, folder: Path, name: str, content: bytes, said: str
) -> None:
    (folder / name).write_bytes(content)
    answer = await call_tool("import_records", path=name)
    assert answer["error"]["code"] == "B24MCP_IMPORT"
    assert said in answer["error"]["message"]
    assert (await call_tool("query_records", sql="SELECT count(*) FROM data_sets"))["rows"] == [[0]]


async def test_a_decompression_bomb_is_refused(call_tool: CallTool, folder: Path) -> None:
    await anyio.to_thread.run_sync(a_bomb, folder / "bomb.xlsx")
    answer: dict[str, Any] = await call_tool("import_records", path="bomb.xlsx")
    assert "it unpacks to much more" in answer["error"]["message"]
