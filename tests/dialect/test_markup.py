"""The parser of pages: what is needed in addition to the facts."""

from __future__ import annotations

from b24_mcp.dialect.markup import Cell, Code, MarkupTable, Note, Text, parse, table_of


def test_a_cell_yields_its_texts_tables_and_code_in_order() -> None:
    source = ("#|\n|| first\n```js\nf(1 | 2)\n```\nthen\n#|\n|| inner\n```php\ng();\n```\n||\n|#\nlast\n|#\n").replace(
        "last\n|#", "last ||\n|#"
    )
    (row,) = table_of(source, ()).rows
    (cell,) = row
    held = list(cell.held())
    assert [type(one) for one in held] == [str, Code, str, MarkupTable, str]
    assert held[1] == Code("js", "f(1 | 2)", ())
    assert str(held[0]).strip() == "first"
    assert str(held[4]).strip() == "last"
    inner = held[3]
    assert isinstance(inner, MarkupTable)
    assert list(inner.rows[0][0].held())[1] == Code("php", "g();", ())


def test_a_plain_cell_yields_its_text() -> None:
    (row,) = table_of("#|\n|| a | ||\n|#", ()).rows
    assert [list(cell.held()) for cell in row] == [["a"], []]
    assert row[1] == Cell("", (), (), "")


def test_lines_of_a_tab_lose_the_indentation_of_the_tab() -> None:
    blocks = parse("{% list tabs %}\n\n- One\n\n    text\n\n    - item\n\n- Two\n\n  more\n\n{% endlist %}\n\nend")
    assert [(block.text, block.tab) for block in blocks if isinstance(block, Text)] == [
        ("text", ("One",)),
        ("- item", ("One",)),
        ("more", ("Two",)),
        ("end", ()),
    ]


def test_paragraphs_are_separated() -> None:
    blocks = [block for block in parse("a\nb\n\nc\n\n\nd") if isinstance(block, Text)]
    assert [(block.text, block.apart) for block in blocks] == [("a", False), ("b", False), ("c", True), ("d", True)]


def test_a_note_has_its_tab_and_a_cut_its_title() -> None:
    blocks = parse(
        '{% list tabs %}\n\n- One\n\n  {% note info "N" %}\n\n  inside\n\n  {% endnote %}\n\n{% endlist %}\n\n'
        '{% cut "More" %}\n\nhidden\n\n{% endcut %}\n'
    )
    assert blocks[0] == Note("info", "N", "inside", ("One",))
    assert [block.text for block in blocks[1:] if isinstance(block, Text)] == ["**More**", "hidden"]


def test_marks_of_the_parser_in_a_page_are_removed() -> None:
    (table,) = parse("#|\n|| a \ue0055\ue006 \ue0037\ue004 ||\n|#")
    assert isinstance(table, MarkupTable)
    assert list(table.rows[0][0].held()) == ["a 5 7"]
