"""Files read into data sets: encodings, headers, types, problems, and that an export is read back as it was."""

from __future__ import annotations

import datetime
import json
import tracemalloc
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anyio
import anyio.to_thread
import pytest
import xlsxwriter
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from b24_mcp.errors import B24Error
from b24_mcp.records import (
    DataSetLibrary,
    FileImport,
    Imported,
    ask,
    export,
    import_place_in,
    import_place_of,
    place_of,
)
from b24_mcp.records.fields import FieldKinds
from b24_mcp.records.imports.cells import form_of
from tests.records.conftest import HOST, keep, open_library

HEADER = "Имя;Город;Сумма\n"
BODY = 'Иванов;Москва;1,5\n"Петров; ""младший""\nвторая строка";Тверь;2,5\n'


async def imported(
    library: DataSetLibrary, folder: Path, name: str, content: bytes | str, *, save_as: str | None = "them"
) -> Imported:
    path = folder / name
    data = content.encode() if isinstance(content, str) else content
    await anyio.to_thread.run_sync(path.write_bytes, data)
    place = await anyio.to_thread.run_sync(import_place_of, path)
    return await FileImport(library, place, HOST, name=save_as).run()


async def rows_of(library: DataSetLibrary, name: str = "them") -> list[list[Any]]:
    return (await ask(library, f"SELECT * FROM {name}", rows=10_000, characters=10**9)).rows


def kinds_of(done: Imported) -> dict[str, str]:
    return {column.name: column.kind for column in done.records.columns}


@pytest.mark.parametrize(
    ("codec", "name"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16-LE"),
        ("utf-16-be", "UTF-16-BE"),
        ("cp1251", "Windows-1251"),
        ("koi8-r", "KOI8-R"),
        ("cp866", "CP866"),
    ],
)
@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
async def test_encoding_and_separator_are_detected(
    library: DataSetLibrary, tmp_path: Path, codec: str, name: str, separator: str
) -> None:
    text = (HEADER + BODY).replace(";", separator).replace("1,5", '"1,5"').replace("2,5", '"2,5"')
    done = await imported(library, tmp_path, "a.csv", text.encode(codec))
    assert done.facts["encoding"] == name
    assert done.facts["separator"] == ("tab" if separator == "\t" else separator)
    assert await rows_of(library) == [
        ["Иванов", "Москва", 1.5],
        [f'Петров{separator} "младший"\nвторая строка', "Тверь", 2.5],
    ]
    assert done.problems.count == 0


async def test_western_letters_are_not_taken_for_cyrillic_ones(library: DataSetLibrary, tmp_path: Path) -> None:
    text = "Name;Ort\nMüller;Köln\nJosé;São Paulo\nFrançois;Orléans\n"
    done = await imported(library, tmp_path, "a.csv", text.encode("cp1252"))
    assert done.facts["encoding"] == "Windows-1252"
    assert (await rows_of(library))[1] == ["José", "São Paulo"]


async def test_broken_places_and_nul_characters_are_counted_and_nothing_else_is_lost(
    library: DataSetLibrary, tmp_path: Path
) -> None:
    content = ("Имя;Город\n" + "Пётр;Тверь\n" * 20).encode() + b"\xd0\xff;\0Moscow\n"
    done = await imported(library, tmp_path, "a.csv", content)
    assert done.facts["encoding"] == "UTF-8"
    assert done.problems.count == 1
    assert (done.problems.first[0].row, done.problems.first[0].problem[:10]) == (22, "characters")
    assert (await rows_of(library))[-1][1] == "Moscow"


async def test_names_of_columns_are_unique_and_never_empty(library: DataSetLibrary, tmp_path: Path) -> None:
    text = "ID;Имя;;Имя; id ;Имя_2;\n1;a;b;c;d;e;\n2;a;;c;d;e;;лишнее\n3;a\n"
    done = await imported(library, tmp_path, "a.csv", text)
    assert [*kinds_of(done)] == ["ID", "Имя", "column_3", "Имя_3", "id_2", "Имя_2", "column_8"]
    assert await rows_of(library) == [
        [1, "a", "b", "c", "d", "e", None],
        [2, "a", None, "c", "d", "e", "лишнее"],
        [3, "a", None, None, None, None, None],
    ]
    assert [(one.row, one.value) for one in done.problems.first] == [(3, "лишнее")]


@pytest.mark.parametrize(
    ("text", "columns", "note"),
    [
        ("Отчёт за май;;\n;;\nИмя;Сумма;Дата\nИванов;5;31.12.2026\n", ["Имя", "Сумма", "Дата"], "row 3 is the header"),
        ("1;79161234567;a@b.example\n2;79161234568;c@d.example\n", ["column_1", "column_2", "column_3"], "no header"),
        ("Имя;2025;2026\nИванов;5;6\n", ["Имя", "2025", "2026"], ""),
        ("sep=|\nA|B\n1|2\n", ["A", "B"], ""),
        ("Имя\nИванов, Пётр\nСидоров\n", ["Имя"], ""),
    ],
)
async def test_the_header_is_found(
    library: DataSetLibrary, tmp_path: Path, text: str, columns: list[str], note: str
) -> None:
    done = await imported(library, tmp_path, "a.csv", text)
    assert [*kinds_of(done)] == columns
    assert note in " ".join(done.notes)
    assert bool(note) == bool(done.notes)


@pytest.mark.parametrize(
    ("name", "values", "kind", "stored"),
    [
        ("X", ["1", "25", "-3"], "integer", [1, 25, -3]),
        ("X", ["1 200", "12 345 678"], "integer", [1200, 12345678]),
        ("X", ["1\u00a0200,50", "7"], "number", [1200.5, 7.0]),
        ("X", ["1,234.50", "7"], "number", [1234.5, 7.0]),
        ("X", ["1.234,50", "7"], "number", [1234.5, 7.0]),
        ("X", ["1,5", "2.5"], "number", [1.5, 2.5]),
        ("X", ["1,234", "5.50"], "number", [1234.0, 5.5]),
        ("X", ["1,234", "0,5"], "number", [1.234, 0.5]),
        ("X", ["15%", "7,5 %"], "number", [15.0, 7.5]),
        ("X", ["15%", "20"], "text", ["15%", "20"]),
        ("X", ["1,234", "5,678"], "text", ["1,234", "5,678"]),
        ("X", ["007", "12"], "text", ["007", "12"]),
        ("X", ["+79161234567", "89161234567"], "text", ["+79161234567", "89161234567"]),
        ("X", ["7707083893", "770708389312"], "text", ["7707083893", "770708389312"]),
        ("КПП", ["770701001", "5"], "text", ["770701001", "5"]),
        ("Zip code", ["10115", "80331"], "text", ["10115", "80331"]),
        ("X", ["40702810900000000001"], "text", ["40702810900000000001"]),
        ("Бюджет", ["12000000000", "500", "7"], "integer", [12000000000, 500, 7]),
        ("X", ["31.12.2026", "1.2.2026"], "date", ["2026-12-31", "2026-02-01"]),
        ("X", ["31/12/2026", "01/02/2026"], "date", ["2026-12-31", "2026-02-01"]),
        ("X", ["12/31/2026", "01/02/2026"], "date", ["2026-12-31", "2026-01-02"]),
        ("X", ["01/02/2026", "03/04/2026"], "text", ["01/02/2026", "03/04/2026"]),
        ("X", ["31.12.26"], "text", ["31.12.26"]),
        ("X", ["31.12.2026 14:05", "01.01.2027"], "datetime", ["2026-12-31T14:05:00", "2027-01-01T00:00:00"]),
        ("X", ["2026-12-31"], "date", ["2026-12-31"]),
        ("X", ["2026-12-31T10:00:00+03:00"], "datetime", ["2026-12-31T10:00:00+03:00"]),
        ("X", ["ИСТИНА", "Ложь"], "boolean", [1, 0]),
        ("X", ["Y", "N"], "text", ["Y", "N"]),
        ("X", ["да", "нет"], "text", ["да", "нет"]),
        ("X", ["1e5", "2e5"], "text", ["1e5", "2e5"]),
        ("X", ["0.12345678901234567890"], "number", ["0.12345678901234567890"]),
        ("X", ["'=1", "'-x", "+5"], "text", ["=1", "-x", "+5"]),
        ("X", [" 5 ", "6"], "integer", [5, 6]),
        ("X", ["0,5", ""], "number", [0.5, None]),
    ],
)
async def test_texts_become_numbers_and_dates_only_where_nothing_is_lost(
    library: DataSetLibrary, tmp_path: Path, name: str, values: list[str], kind: str, stored: list[Any]
) -> None:
    text = f"{name};N\n" + "".join(f'"{value}";x\n' for value in values)
    done = await imported(library, tmp_path, "a.csv", text)
    assert kinds_of(done)[name] == kind
    assert [row[0] for row in await rows_of(library)] == stored


async def test_a_value_of_another_type_is_kept_and_named_by_row_and_column(
    library: DataSetLibrary, tmp_path: Path
) -> None:
    text = "Сумма;Дата\n" + "1,5;31.12.2026\n" * 30 + "н/д;30.02.2026\n" + '"1.234,5";x\n'
    done = await imported(library, tmp_path, "a.csv", text)
    assert kinds_of(done) == {"Сумма": "number", "Дата": "date"}
    assert done.problems.count == 3
    assert [(one.row, one.column, one.value) for one in done.problems.first] == [
        (32, "Сумма", "н/д"),
        (32, "Дата", "30.02.2026"),
        (33, "Дата", "x"),
    ]
    assert (await rows_of(library))[30:] == [["н/д", "30.02.2026"], [1234.5, "x"]]
    assert dict(done.problems.by_column) == {"Сумма": 1, "Дата": 2}


async def test_only_the_first_problems_are_kept(library: DataSetLibrary, tmp_path: Path) -> None:
    done = await imported(library, tmp_path, "a.csv", "N\n" + "1\n" * 900 + ("x" * 500 + "\n") * 50)
    assert (done.problems.count, len(done.problems.first)) == (50, 3)
    assert len(done.problems.first[0].value) == 81


@pytest.mark.parametrize(
    ("name", "content", "rows"),
    [
        ("a.jsonl", '{"a":1,"b":"007"}\n\n{"a":2.5,"c":[1]}\n', [[1.0, "007", None], [2.5, None, "[1]"]]),
        ("a.json", '[{"a":1},\n {"a":2}]', [[1], [2]]),
        ("a.json", '\ufeff[{"a":1},{"a":2}]', [[1], [2]]),
        ("a.json", "[1, 2.5, 3]", [[1.0], [2.5], [3.0]]),
        ("a.jsonl", "[1,2]\n[3]\n", [["[1,2]"], ["[3]"]]),
        ("a.jsonl", '{"a":"5"}\n{"a":"6"}\n', [["5"], ["6"]]),
        ("a.jsonl", '{"a":12345678901}\n{"a":5}\n', [[12345678901], [5]]),
        ("a.jsonl", '{"a":123456789012345678901}\n{"a":5}\n{"a":6}\n', [["123456789012345678901"], [5], [6]]),
        ("a.jsonl", '{"ID":1,"id":2}\n', [[1, 2]]),
    ],
)
async def test_json_keeps_its_types(
    library: DataSetLibrary, tmp_path: Path, name: str, content: str, rows: list[list[Any]]
) -> None:
    await imported(library, tmp_path, name, content)
    assert await rows_of(library) == rows


async def test_a_long_array_is_read_in_parts(library: DataSetLibrary, tmp_path: Path) -> None:
    rows = [{"n": number, "text": "я" * (number % 300)} for number in range(5_000)]
    await imported(library, tmp_path, "a.json", json.dumps(rows, ensure_ascii=False, indent=1))
    assert [row[0] for row in await rows_of(library)] == [*range(5_000)]


async def test_lines_that_are_no_json_are_left_out_and_named(library: DataSetLibrary, tmp_path: Path) -> None:
    deep = "[" * 5_000 + "]" * 5_000
    done = await imported(library, tmp_path, "a.jsonl", '{"a":1}\n{"a":\n' + deep + '\n{"a":2}\n')
    assert [one.row for one in done.problems.first] == [2, 3]
    assert await rows_of(library) == [[1], [2]]


def a_workbook(path: Path, rows: int) -> None:
    with xlsxwriter.Workbook(path, {"constant_memory": True, "default_date_format": "yyyy-mm-dd hh:mm"}) as book:
        day = book.add_format({"num_format": "dd.mm.yyyy"})
        sheet = book.add_worksheet("Лиды")
        sheet.write_row(0, 0, ["Название", "Телефон", "ИНН", "Сумма", "Дата", "Встреча", "UF_CRM_1", "VIP"])
        for number in range(1, rows + 1):
            sheet.write_row(number, 0, [f"Лид {number}", f"+7916{number:07d}", 7707083893 + number, number + 0.5])
            sheet.write_datetime(number, 4, datetime.datetime(2026, 12, 31), day)
            sheet.write_datetime(number, 5, datetime.datetime(2026, 12, 31, 14, 5, number % 60))
            sheet.write_row(number, 6, [f"00{number}", number % 2 == 0])


async def test_five_thousand_leads_of_a_workbook_are_read_with_their_types(
    library: DataSetLibrary, tmp_path: Path
) -> None:
    await anyio.to_thread.run_sync(a_workbook, tmp_path / "leads.xlsx", 5_000)
    place = await anyio.to_thread.run_sync(import_place_of, tmp_path / "leads.xlsx")
    tracemalloc.start()
    done = await FileImport(library, place, HOST).run()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20 << 20
    assert (done.records.name, done.records.rows, done.problems.count) == ("leads", 5_000, 0)
    assert kinds_of(done) == {
        "Название": "text",
        "Телефон": "text",
        "ИНН": "text",
        "Сумма": "number",
        "Дата": "date",
        "Встреча": "datetime",
        "UF_CRM_1": "text",
        "VIP": "boolean",
    }
    first = ["Лид 1", "+79160000001", "7707083894", 1.5, "2026-12-31", "2026-12-31T14:05:01", "001", 0]
    assert (await rows_of(library, "leads"))[0] == first


async def test_memory_does_not_grow_with_the_file(library: DataSetLibrary, tmp_path: Path) -> None:
    line = "Лид;+79161234567;12,5;31.12.2026;" + "x" * 40 + "\n"
    peaks = []
    for rows in (6_000, 18_000):
        path = tmp_path / f"a{rows}.csv"
        await anyio.to_thread.run_sync(path.write_text, "A;B;C;D;E\n" + line * rows, "utf-8")
        place = await anyio.to_thread.run_sync(import_place_of, path)
        tracemalloc.start()
        done = await FileImport(library, place, HOST).run()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        peaks.append(peak)
        assert done.records.rows == rows
    assert peaks[1] < 1.5 * peaks[0]


# --- Export and import -----------------------------------------------------------------------------------------------

KINDS = FieldKinds(
    {"ID": "integer", "SUM": "number", "ON": "boolean", "DAY": "date", "AT": "datetime", "DATA": "json", "TEXT": "text"}
)
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs", "Cn", "Co"], exclude_characters="\0\ufffe\uffff"), max_size=12),
    st.from_regex(r"\A[+]?[0-9]{1,22}\Z"),
    st.text(";,|\t\n\"' =+-@0123456789.:/%", max_size=8),
)
ROW = st.fixed_dictionaries(
    {
        "SUM": st.none() | st.decimals(-(10**9), 10**9, places=2).map(float),
        "ON": st.none() | st.booleans(),
        "DAY": st.none() | st.dates(datetime.date(1905, 1, 1), datetime.date(2200, 1, 1)).map(str),
        "AT": st.none()
        | st.datetimes(datetime.datetime(1905, 1, 1), datetime.datetime(2200, 1, 1)).map(
            lambda moment: moment.isoformat(timespec="seconds") + "+03:00"
        ),
        "DATA": st.none() | st.lists(st.integers(0, 9) | st.text("аб", max_size=3), max_size=3),
        "TEXT": st.none() | TEXTS,
        "OTHER": st.none() | TEXTS,
    }
)


async def there_and_back(rows: Sequence[dict[str, Any]], ending: str) -> tuple[list[list[Any]], list[list[Any]]]:
    with TemporaryDirectory() as folder:
        library = open_library(Path(folder) / "records" / "a.db")
        await keep(library, "them", [{"ID": number, **row} for number, row in enumerate(rows, start=1)], KINDS)
        path = Path(folder) / f"back.{ending}"
        columns = 'ID, SUM, "ON", DAY, AT, DATA, TEXT, OTHER'
        await export(library, f"SELECT {columns} FROM them", place_of(path))
        place = await anyio.to_thread.run_sync(import_place_of, path)
        done = await FileImport(library, place, HOST).run()
        assert [*kinds_of(done)] == ["ID", "SUM", "ON", "DAY", "AT", "DATA", "TEXT", "OTHER"]
        given = (await ask(library, f"SELECT {columns} FROM them", rows=1_000, characters=10**9)).rows
        back = await rows_of(library, "back")
        await library.aclose()
        return given, back


def is_same(given: Any, back: Any, ending: str) -> bool:
    if given in (None, "") or back in (None, ""):
        return (given or None) == (back or None) or (given, back) in ((0, 0), (0.0, 0.0))
    if given == back:
        return True
    if form_of(str(given)) == "flag":
        return str(given).strip().lower() in (("true", "истина") if back else ("false", "ложь"))
    if isinstance(given, int | float) and isinstance(back, str):
        return Decimal(repr(given)) == Decimal(back)  # a long number of a workbook, perhaps of a phone
    if isinstance(given, str) and isinstance(back, int | float):
        # A text that is a number: read as one only where nothing is lost.
        plain = given.strip().replace(",", ".").rstrip("% \u00a0").replace(" ", "").replace("'", "")
        return form_of(given) != "text" and Decimal(plain) == Decimal(repr(back))
    if isinstance(given, str) and isinstance(back, str):
        return is_same_text(given, back, ending)
    return str(given) == str(back)


def is_same_text(given: str, back: str, ending: str) -> bool:
    if ending == "csv" and given.startswith("'") and given[1:] == back:
        return True  # a text that looks like one that the export protected
    if ending in ("csv", "xlsx") and form_of(given) in ("dotted", "slashed"):
        return form_of(back) in ("day", "moment")
    if len(given) < 19 or len(back) < 19:
        return False
    try:
        one, other = datetime.datetime.fromisoformat(given), datetime.datetime.fromisoformat(back)
    except ValueError:
        return False
    return one == other if other.tzinfo else one.replace(tzinfo=None) == other  # XLSX has no time zones


@pytest.mark.slow
@pytest.mark.parametrize(("ending", "examples"), [("csv", 25), ("jsonl", 10), ("xlsx", 6), ("parquet", 5)])
def test_what_is_exported_is_imported_with_the_same_values(ending: str, examples: int) -> None:
    @settings(
        max_examples=examples,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        phases=[Phase.explicit, Phase.reuse, Phase.generate],  # each example takes a second, so a failure is not shrunk
    )
    @given(st.lists(ROW, min_size=1, max_size=12))
    @example([dict.fromkeys(["SUM", "ON", "DAY", "AT", "DATA"]) | {"TEXT": "a\r\nb\rc\nd", "OTHER": "007"}])
    @example([dict.fromkeys(["SUM", "ON", "DAY", "AT", "DATA"]) | {"TEXT": "=1+1", "OTHER": "_x000D_"}])
    @example([dict.fromkeys(["SUM", "ON", "DAY", "AT", "DATA"]) | {"TEXT": "true", "OTHER": " "}])
    def check(rows: list[dict[str, Any]]) -> None:
        given_rows, back_rows = anyio.run(there_and_back, rows, ending)
        assert len(given_rows) == len(back_rows)
        for given_row, back_row in zip(given_rows, back_rows, strict=True):
            for given_value, back_value in zip(given_row, back_row, strict=True):
                assert is_same(given_value, back_value, ending), (given_value, back_value)

    check()


# --- Names and places ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("Лиды 2026.csv", "Лиды_2026"),
        ("2026.csv", "file_2026"),
        ("select.csv", "select_file"),
        ("!!!.csv", "file"),
        ("portal_users.csv", "portal_users_file"),
        ("a" * 150 + ".csv", "a" * 56),
    ],
)
async def test_a_set_is_named_after_its_file(library: DataSetLibrary, tmp_path: Path, file: str, name: str) -> None:
    done = await imported(library, tmp_path, file, "A;B\nx;y\n", save_as=None)
    assert done.records.name.rstrip("_") == name
    assert await rows_of(library, done.records.name) == [["x", "y"]]


@pytest.mark.parametrize("path", ["../a.csv", "/etc/passwd", "x/../../a.csv", "a\u202e.csv", "", "."])
def test_a_model_cannot_name_a_file_outside(tmp_path: Path, path: str) -> None:
    with pytest.raises(B24Error) as caught:
        import_place_in(str(tmp_path), path)
    assert caught.value.fault.code in ("B24MCP_FILE", "B24MCP_FILE_FOLDER")
