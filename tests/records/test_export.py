"""Exported files: each format holds all rows of the query, in an allowed place, or no file is written."""

from __future__ import annotations

import csv
import datetime
import io
import json
import os
import stat
import unicodedata
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import anyio.to_thread
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from b24_mcp.errors import B24Error
from b24_mcp.records import DataSetLibrary, FilePlace, check_format, export, place_in, place_of
from b24_mcp.records.exports.text import no_formula
from b24_mcp.records.exports.xlsx import XlsxWriter
from b24_mcp.records.fields import FieldKinds
from b24_mcp.storage.new_file import new_file
from tests.records.conftest import deals, keep

ROWS = [
    {
        "ID": "1",
        "TITLE": '=HYPERLINK("http://evil")',
        "SUM": "100.50",
        "ON": "Y",
        "DAY": "2025-09-30T00:00:00+03:00",
        "AT": "2025-09-30T08:36:05+03:00",
        "PHONE": [{"VALUE": "+7916"}],
        "NOTE": None,
    },
    {
        "ID": "2",
        "TITLE": "Сделка; \"x\"\nдве строки",
        "SUM": "",
        "ON": "N",
        "DAY": "",
        "AT": "",
        "PHONE": [],
        "NOTE": "+7 (916) 123-45-67",
    },
]  # fmt: skip
KINDS = FieldKinds({"ID": "integer", "SUM": "number", "ON": "boolean", "DAY": "date", "AT": "datetime"})
ALL = "SELECT * FROM deals ORDER BY ID"


@pytest.fixture
async def filled(library: DataSetLibrary) -> DataSetLibrary:
    await keep(library, "deals", ROWS, KINDS)
    return library


def exists(path: Path) -> bool:
    return path.exists()


def files_in(folder: Path) -> list[Path]:
    """Return all files, except the journals of SQLite."""
    return [path for path in sorted(folder.rglob("*")) if not path.name.endswith(("-shm", "-wal"))]


def written(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


async def placed(folder: Path, path: str) -> FilePlace:
    return await anyio.to_thread.run_sync(place_in, str(folder), path)


def text_of(path: Path) -> str:
    return path.read_text("utf-8")


async def test_csv_is_readable_by_spreadsheets_and_runs_no_formula(filled: DataSetLibrary, tmp_path: Path) -> None:
    done = await export(filled, ALL, place_of(tmp_path / "deals.csv"))
    assert done.rows == 2
    content = done.path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbfID,TITLE,")
    rows = list(csv.DictReader(content.decode("utf-8-sig").splitlines(keepends=True)))
    assert rows[0]["TITLE"] == '\'=HYPERLINK("http://evil")'
    assert rows[0]["PHONE"] == '[{"VALUE":"+7916"}]'
    assert rows[0]["NOTE"] == ""
    assert rows[1]["TITLE"] == 'Сделка; "x"\nдве строки'
    assert rows[1]["NOTE"] == "+7 (916) 123-45-67"


async def test_json_lines_restores_objects_and_booleans(filled: DataSetLibrary, tmp_path: Path) -> None:
    done = await export(
        filled, "SELECT *, ID, count(*) OVER () FROM deals ORDER BY ID", place_of(tmp_path / "deals.jsonl")
    )
    first, second = [json.loads(line) for line in done.path.read_bytes().splitlines()]
    assert first["PHONE"] == [{"VALUE": "+7916"}]
    assert (first["ON"], second["ON"]) == (True, False)
    assert (first["ID"], first["ID_2"], first["count(*) OVER ()"]) == (1, 1, 2)
    assert second["SUM"] is None


async def test_xlsx_has_numbers_and_dates_and_no_formulas(filled: DataSetLibrary, tmp_path: Path) -> None:
    done = await export(filled, ALL, place_of(tmp_path / "deals.xlsx"))
    with zipfile.ZipFile(done.path) as book:
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    cells = {cell.get("r"): "".join(cell.itertext()) for cell in sheet.iter(f"{space}c")}
    assert [cells[f"{column}1"] for column in "ABC"] == ["ID", "TITLE", "SUM"]
    assert cells["A2"] == "1"
    assert cells["B2"] == '=HYPERLINK("http://evil")'
    assert list(sheet.iter(f"{space}f")) == []
    assert float(cells["C2"]) == 100.5
    day = datetime.datetime(1899, 12, 30) + datetime.timedelta(days=float(cells["E2"]))
    moment = datetime.datetime(1899, 12, 30) + datetime.timedelta(days=float(cells["F2"]))
    assert day == datetime.datetime(2025, 9, 30)
    assert abs(moment - datetime.datetime(2025, 9, 30, 8, 36, 5)) < datetime.timedelta(seconds=1)


async def test_parquet_has_types(filled: DataSetLibrary, tmp_path: Path) -> None:
    from pyarrow import parquet

    done = await export(
        filled, "SELECT *, ID * 1.5 AS HALF FROM deals ORDER BY ID", place_of(tmp_path / "deals.parquet")
    )
    table = parquet.read_table(done.path)
    types = {field.name: str(field.type) for field in table.schema}
    assert types == {
        "ID": "int64",
        "TITLE": "string",
        "SUM": "double",
        "ON": "bool",
        "DAY": "date32[day]",
        "AT": "timestamp[us, tz=UTC]",
        "PHONE": "string",
        "NOTE": "string",
        "HALF": "double",
    }
    first, second = table.to_pylist()
    assert first["AT"] == datetime.datetime(2025, 9, 30, 5, 36, 5, tzinfo=datetime.UTC)
    assert first["DAY"] == datetime.date(2025, 9, 30)
    assert (first["ON"], second["SUM"], second["AT"]) == (True, None, None)


@pytest.mark.parametrize("ending", ["csv", "jsonl", "xlsx", "parquet"])
async def test_values_that_are_not_of_their_column_and_empty_results_are_written_too(
    library: DataSetLibrary, tmp_path: Path, ending: str
) -> None:
    odd = [{"ID": str(number), "SUM": 1.5, "ON": "Y", "AT": "2025-09-30T08:36:05+03:00"} for number in range(700)]
    odd += [{"ID": "007", "SUM": "n/a", "ON": "perhaps", "DAY": "soon", "AT": "24.08.2023"}, {"ID": str(2**62)}]
    await keep(library, "odd", odd, KINDS)
    done = await export(library, "SELECT * FROM odd", place_of(tmp_path / f"odd.{ending}"))
    assert done.rows == 702
    empty = await export(library, "SELECT ID, NULL FROM odd WHERE 0", place_of(tmp_path / f"empty.{ending}"))
    assert empty.rows == 0
    assert exists(empty.path)


async def test_a_million_rows_are_not_in_memory_at_once(library: DataSetLibrary, tmp_path: Path) -> None:
    await keep(library, "deals", deals(1, 100))
    many = "SELECT a.* FROM deals a, deals b, (SELECT ID FROM deals LIMIT 5)"
    done = await export(library, many, place_of(tmp_path / "many.csv"))
    assert done.rows == 50_000


@pytest.mark.skipif(os.name == "nt", reason="Windows has other rights")
async def test_only_the_owner_can_read_an_exported_file(filled: DataSetLibrary, tmp_path: Path) -> None:
    done = await export(filled, ALL, place_of(tmp_path / "deals.csv"))
    assert stat.S_IMODE(done.path.stat().st_mode) == 0o600


async def test_a_file_is_not_overwritten_without_permission(filled: DataSetLibrary, tmp_path: Path) -> None:
    path = written(tmp_path / "deals.csv", "mine")
    with pytest.raises(B24Error, match="exists already"):
        await export(filled, ALL, place_of(path))
    os.symlink(tmp_path / "nowhere.csv", tmp_path / "link.csv")
    with pytest.raises(B24Error, match="exists already"):
        await export(filled, ALL, place_of(tmp_path / "link.csv"))
    assert text_of(path) == "mine"
    await export(filled, ALL, place_of(path), overwrite=True)
    assert text_of(path).startswith("\ufeffID,")


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("SELECT nosuch FROM deals", "x.csv"),
        ("SELECT * FROM hidden", "x.xlsx"),
        ("DROP TABLE deals", "x.parquet"),
        ("SELECT ID FROM deals", "no/such/folder/x.csv"),
        ("SELECT json_extract('{', '$') FROM deals", "x.jsonl"),
    ],
)
async def test_a_failed_export_leaves_no_file(filled: DataSetLibrary, tmp_path: Path, sql: str, name: str) -> None:
    before = files_in(tmp_path)
    with pytest.raises(B24Error) as caught:
        await export(filled, sql, place_of(tmp_path / name))
    assert caught.value.fault.code in ("B24MCP_SQL", "B24MCP_EXPORT", "B24MCP_FILE")
    assert files_in(tmp_path) == before


async def test_a_sheet_that_is_too_long_is_refused(
    filled: DataSetLibrary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("b24_mcp.records.exports.xlsx._MOST_ROWS", 1)
    with pytest.raises(B24Error, match="XLSX allows 1 rows"):
        await export(filled, ALL, place_of(tmp_path / "deals.xlsx"))
    assert not exists(tmp_path / "deals.xlsx")


async def test_a_text_longer_than_a_cell_is_cut_with_a_note(library: DataSetLibrary, tmp_path: Path) -> None:
    await keep(library, "long", [{"ID": "1", "TITLE": "x" * 40_000}])
    done = await export(library, "SELECT * FROM long", place_of(tmp_path / "long.xlsx"))
    assert "1 texts were cut" in done.notes[0]


@pytest.mark.parametrize("name", ["deals", "deals.doc", "deals.csv.exe", ".csv"])
def test_an_unknown_format_is_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(B24Error) as caught:
        check_format(Path(name))
    assert ".csv, .jsonl, .xlsx, .parquet" in caught.value.fault.hint


@pytest.mark.parametrize(("ending", "extra"), [(".xlsx", "xlsx"), (".parquet", "parquet")])
def test_a_missing_extra_is_named(ending: str, extra: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(B24Error) as caught:
        check_format(Path("deals" + ending))
    assert f"b24-mcp[{extra}]" in caught.value.fault.hint
    assert check_format(Path("deals.CSV")) == ".csv"


# --- Where files may be written ------------------------------------------------------------------------------------


def test_without_a_setting_the_folder_is_in_the_documents_of_the_user(tmp_path: Path) -> None:
    for setting in (None, "", os.pathsep):
        place = place_in(setting, "deals.csv")
        assert place.path == tmp_path / "documents" / "Bitrix24" / "deals.csv"
    assert not (tmp_path / "documents").exists(), "it is made when the first file is written"
    with new_file(place, overwrite=False) as file:
        file.write(b"x")
    assert place.path.read_bytes() == b"x"
    assert (tmp_path / "documents" / "Bitrix24").stat().st_mode & 0o077 == 0


def test_a_path_must_be_in_one_of_the_folders(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    (one / "sub").mkdir(parents=True)
    other.mkdir()
    setting = f"{one}{os.pathsep}{other}"
    assert place_in(setting, "deals.csv").path == one / "deals.csv"
    assert place_in(setting, "sub/deals.csv").path == one / "sub" / "deals.csv"
    assert place_in(setting, f"{other}/deals.csv").path == other / "deals.csv"
    assert place_in(setting, "sub/../deals.csv").path == one / "deals.csv"


@pytest.mark.parametrize(
    "path", ["../deals.csv", "/etc/deals.csv", "sub/../../deals.csv", "..", ".", "", "a\0b.csv", " ", "//deals.csv"]
)
def test_no_path_leads_outside_the_folder(tmp_path: Path, path: str) -> None:
    folder = tmp_path / "files"
    (folder / "sub").mkdir(parents=True)
    with pytest.raises(B24Error) as caught:
        place_in(str(folder), path)
    assert caught.value.fault.code in ("B24MCP_FILE_FOLDER", "B24MCP_FILE")


def test_a_folder_that_the_user_names_by_a_link_is_accepted_by_both_paths(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.mkdir()
    link.symlink_to(real)
    for named in (link, real):
        place = place_in(str(link), f"{named}/deals.csv")
        assert (place.root, place.parts) == (link, ("deals.csv",))


@given(st.lists(st.sampled_from(["..", ".", "sub", "link", "x", "", "/", "~", "\\", "…"]), max_size=6))
def test_every_exported_file_is_in_the_folder(tmp_path_factory: pytest.TempPathFactory, parts: list[str]) -> None:
    root = tmp_path_factory.getbasetemp() / "places"
    folder = root / "files"
    (folder / "sub").mkdir(parents=True, exist_ok=True)
    if not (folder / "link").is_symlink():
        (folder / "link").symlink_to(root)
    before = files_in(root)
    try:
        place = place_in(str(folder), "/".join(parts))
        with new_file(place, overwrite=False) as file:
            file.write(b"x")
    except B24Error:
        assert files_in(root) == before
        return
    made = place.path
    assert made.parent.resolve().is_relative_to(folder.resolve())
    assert "link" not in place.parts[:-1]
    made.unlink()


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("a\nb.csv", "U+000A"),
        ("a\tb.csv", "U+0009"),
        ("\x1b[31mred.csv", "U+001B"),
        ("deals\u202evsc.csv", "U+202E"),
        ("deals\u2066.csv", "U+2066"),
        ("de\u200bals.csv", "U+200B"),
        ("\ufeffdeals.csv", "U+FEFF"),
        ("de\u00adals.csv", "U+00AD"),
        ("deals\u3164.csv", "U+3164"),
        ("deals\ufe0f.csv", "U+FE0F"),
        ("deals\U000e0041.csv", "U+E0041"),
        ("deals\u00a0.csv", "U+00A0"),
        ("deals\u2028.csv", "U+2028"),
        ("deals\ue000.csv", "U+E000"),
        ("deals\ud800.csv", "U+D800"),
        ("CON.csv", "device"),
        ("nul.csv", "device"),
        ("sub/aux", "device"),
        ("com1.csv", "device"),
        ("LPT9.tar.csv", "device"),
        ("COM\u00b9.csv", "device"),
        ("con .csv", "device"),
        ("deals.csv:hidden.csv", ":"),
        ("C:deals.csv", ":"),
        ("sub\\deals.csv", ":"),
        ("deals?.csv", ":"),
        ("deals.csv.", "ends"),
        ("deals.csv ", "ends"),
        (" deals.csv", "begins"),
        ("sub. /deals.csv", "ends"),
        ("sub./deals.csv", "ends"),
        ("x" * 201 + ".csv", "longer"),
    ],
)
def test_a_name_with_invisible_or_ambiguous_characters_is_refused(tmp_path: Path, name: str, why: str) -> None:
    with pytest.raises(B24Error) as caught:
        place_in(str(tmp_path), name)
    fault = caught.value.fault
    assert fault.code == "B24MCP_FILE"
    assert why in fault.message
    assert fault.message.isprintable()


@pytest.mark.parametrize(
    "name", ["Сделки 2026.csv", "été.csv", "e\u0301.csv", "合同.csv", "a-b_(1).csv", "console.csv", "コン.csv"]
)
def test_names_of_every_script_are_allowed(tmp_path: Path, name: str) -> None:
    assert place_in(str(tmp_path), name).name == name


# --- Folders that are swapped for links ----------------------------------------------------------------------------

NEEDS_FOLDERS = pytest.mark.skipif(os.open not in os.supports_dir_fd, reason="this system opens files by path only")
ENDINGS = ["csv", "jsonl", "xlsx", "parquet"]


@pytest.mark.parametrize("ending", ENDINGS)
async def test_a_link_below_the_folder_is_not_followed(filled: DataSetLibrary, tmp_path: Path, ending: str) -> None:
    folder, outside = tmp_path / "files", tmp_path / "outside"
    folder.mkdir()
    outside.mkdir()
    (folder / "link").symlink_to(outside)
    (folder / "loop").symlink_to(folder / "loop")
    for name in ("link", "loop"):
        with pytest.raises(B24Error, match="is a link"):
            await export(filled, ALL, await placed(folder, f"{name}/deals.{ending}"))
    assert files_in(outside) == []


@NEEDS_FOLDERS
@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("moment", ["before the folder is opened", "after it is opened", "while it is written"])
async def test_a_folder_swapped_for_a_link_changes_nothing(
    filled: DataSetLibrary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str, moment: str
) -> None:
    folder, outside, moved = tmp_path / "files", tmp_path / "outside", tmp_path / "moved"
    (folder / "sub").mkdir(parents=True)
    outside.mkdir()
    opened, linked = os.open, os.link

    def swap() -> None:
        if not moved.exists():
            (folder / "sub").rename(moved)
            (folder / "sub").symlink_to(outside)

    def open_swapped(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if moment == "before the folder is opened" and path == "sub":
            swap()
        descriptor = opened(path, flags, mode, dir_fd=dir_fd)
        if moment == "after it is opened" and path == "sub":
            swap()
        return descriptor

    def link_swapped(*arguments: Any, **options: Any) -> None:
        if moment == "while it is written":
            swap()
        linked(*arguments, **options)

    monkeypatch.setattr(os, "open", open_swapped)
    monkeypatch.setattr(os, "link", link_swapped)
    place = await placed(folder, f"sub/deals.{ending}")
    if moment == "before the folder is opened":
        with pytest.raises(B24Error, match="is a link"):
            await export(filled, ALL, place)
    else:
        assert (await export(filled, ALL, place)).rows == 2
        assert [path.name for path in files_in(moved)] == [f"deals.{ending}"]
    assert moved.exists()
    assert files_in(outside) == []


@NEEDS_FOLDERS
@pytest.mark.parametrize("hard_links", [True, False])
async def test_a_file_that_appears_meanwhile_is_not_overwritten(
    filled: DataSetLibrary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hard_links: bool
) -> None:
    linked = os.link

    def link(*arguments: Any, **options: Any) -> None:
        written(tmp_path / "deals.csv", "theirs")
        if not hard_links:
            raise OSError("this file system has none")
        linked(*arguments, **options)

    monkeypatch.setattr(os, "link", link)
    with pytest.raises(B24Error, match="exists already"):
        await export(filled, ALL, place_of(tmp_path / "deals.csv"))
    assert text_of(tmp_path / "deals.csv") == "theirs"
    assert not any(path.suffix == ".part" for path in files_in(tmp_path))


@NEEDS_FOLDERS
async def test_a_file_is_exported_to_a_file_system_without_hard_links(
    filled: DataSetLibrary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def link(*arguments: Any, **options: Any) -> None:
        raise OSError("this file system has none")

    monkeypatch.setattr(os, "link", link)
    done = await export(filled, ALL, place_of(tmp_path / "deals.csv"))
    assert text_of(done.path).startswith("\ufeffID,")


async def test_without_open_folders_the_path_is_checked_for_links(
    filled: DataSetLibrary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("b24_mcp.storage.opened_folder._BY_FOLDER", False)
    folder, outside = tmp_path / "files", tmp_path / "outside"
    (folder / "sub").mkdir(parents=True)
    outside.mkdir()
    (folder / "link").symlink_to(outside)
    done = await export(filled, ALL, await placed(folder, "sub/deals.csv"))
    assert done.path == folder / "sub" / "deals.csv"
    assert text_of(done.path).startswith("\ufeffID,")
    with pytest.raises(B24Error, match="exists already"):
        await export(filled, ALL, await placed(folder, "sub/deals.csv"))
    with pytest.raises(B24Error, match="is a link"):
        await export(filled, ALL, await placed(folder, "link/deals.csv"))
    assert files_in(outside) == []


SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b"
PASSED_OVER = " \t\r\n\v\f\x00\x1c\u00a0\u2003\u3000\u200b\u200e\u202e\ufeff\u2060\u00ad"


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize(
    "before", ["", "\n", "\t", "\r\n", " ", "  \n ", "\ufeff", "\u200b\u200b", "\u3000", "\u202e\n"]
)
def test_a_formula_after_ignored_characters_is_neutralised(before: str, sign: str) -> None:
    assert no_formula(f"{before}{sign}HYPERLINK(1)") == f"'{before}{sign}HYPERLINK(1)"


@pytest.mark.parametrize(
    "value",
    [
        -5,
        -5.5,
        "-5",
        "+5",
        "-1.5e-7",
        "-1e5",
        " -5",
        "+7 (916) 123-45-67",
        "+7\u00a0916",
        "a=b",
        "x\n=1",
        "",
        "  ",
        "1",
        "'=1",
    ],
)
def test_numbers_phone_numbers_and_plain_texts_stay_as_they_are(value: Any) -> None:
    assert no_formula(value) == value


@settings(deadline=None)
@given(
    st.one_of(
        st.text(),
        st.builds(str.__add__, st.text(st.sampled_from(PASSED_OVER)), st.text()),
        st.builds(
            lambda *parts: "".join(parts),
            st.text(st.sampled_from(PASSED_OVER), max_size=5),
            st.sampled_from(SIGNS),
            st.text(st.sampled_from("0123456789 ().,-+eE=A!|'\"\n\u00a0")),
        ),
        st.integers(),
        st.floats(),
        st.none(),
    )
)
def test_no_cell_of_csv_begins_a_formula(value: Any) -> None:
    cell = no_formula(value)
    assert cell is value or cell == f"'{value}"
    if isinstance(cell, str):
        seen = unicodedata.normalize("NFKC", cell.lstrip(PASSED_OVER))
        if seen[:1] in tuple("=@") or cell[:1] in tuple("\t\r\n"):
            raise AssertionError(cell)
        if seen[:1] in ("+", "-"):
            assert not any(character.isalpha() for character in seen.replace("e", "").replace("E", ""))
            assert not any(character in "!|'\"=" for character in seen)


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.builds(
                str.__add__, st.sampled_from(SIGNS), st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
            ),
            st.sampled_from(
                ["http://a.example/x", "mailto:a@b.c", "internal:Sheet1!A1", "{=1}", "=1", "00:15", "Infinity"]
            ),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_a_workbook_holds_texts_as_texts(texts: list[str]) -> None:
    file = io.BytesIO()
    writer = XlsxWriter(file, texts, [None] * len(texts))
    writer.write([texts])
    writer.close()
    with zipfile.ZipFile(file) as book:
        sheet = book.read("xl/worksheets/sheet1.xml")
        assert not any("externalLink" in name or "sheet1.xml.rels" in name for name in book.namelist())
    tree = ElementTree.fromstring(sheet)
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    assert not list(tree.iter(f"{space}f"))
    assert not list(tree.iter(f"{space}hyperlink"))
    kinds = [cell.get("t") for cell in tree.iter(f"{space}c")]
    assert set(kinds) <= {"inlineStr", "s"}
    assert len(kinds) == 2 * len(texts)


async def test_cells_that_reach_a_file_are_neutralised(library: DataSetLibrary, tmp_path: Path) -> None:
    rows = [
        {"ID": str(number), "TITLE": text} for number, text in enumerate(("\n=1+1", "\t=1", "＝1", "-5", "\ufeff=1"), 1)
    ]
    await keep(library, "odd", rows)
    done = await export(library, 'SELECT TITLE AS "=1", -5 AS n FROM odd ORDER BY ID', place_of(tmp_path / "odd.csv"))
    content = await anyio.to_thread.run_sync(done.path.read_bytes)
    read = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert read[0] == ["'=1", "n"]
    assert [row[0] for row in read[1:]] == ["'\n=1+1", "'\t=1", "'＝1", "-5", "'\ufeff=1"]
    assert {row[1] for row in read[1:]} == {"-5"}
