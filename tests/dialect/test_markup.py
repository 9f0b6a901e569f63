"""The dialect as blocks: what readers of pages need beyond the facts."""

from __future__ import annotations

from b24_mcp.dialect.markup import Cell, Code, MarkupTable, Note, Text, parse, table_of


def test_a_cell_gives_its_text_tables_and_code_in_their_order() -> None:
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


def test_a_cell_without_anything_inside_gives_its_text() -> None:
    (row,) = table_of("#|\n|| a | ||\n|#", ()).rows
    assert [list(cell.held()) for cell in row] == [["a"], []]
    assert row[1] == Cell("", (), (), "")


def test_lines_of_a_tab_lose_the_indentation_that_only_says_so() -> None:
    blocks = parse("{% list tabs %}\n\n- One\n\n    text\n\n    - item\n\n- Two\n\n  more\n\n{% endlist %}\n\nend")
    assert [(block.text, block.tab) for block in blocks if isinstance(block, Text)] == [
        ("text", ("One",)),
        ("- item", ("One",)),
        ("more", ("Two",)),
        ("end", ()),
    ]


def test_paragraphs_are_told_apart() -> None:
    blocks = [block for block in parse("a\nb\n\nc\n\n\nd") if isinstance(block, Text)]
    assert [(block.text, block.apart) for block in blocks] == [("a", False), ("b", False), ("c", True), ("d", True)]


def test_a_note_knows_its_tab_and_a_cut_its_title() -> None:
    blocks = parse(
        '{% list tabs %}\n\n- One\n\n  {% note info "N" %}\n\n  inside\n\n  {% endnote %}\n\n{% endlist %}\n\n'
        '{% cut "More" %}\n\nhidden\n\n{% endcut %}\n'
    )
    assert blocks[0] == Note("info", "N", "inside", ("One",))
    assert [block.text for block in blocks[1:] if isinstance(block, Text)] == ["**More**", "hidden"]


def test_our_own_marks_in_a_page_do_no_harm() -> None:
    (table,) = parse("#|\n|| a \ue0055\ue006 \ue0037\ue004 ||\n|#")
    assert isinstance(table, MarkupTable)
    assert list(table.rows[0][0].held()) == ["a 5 7"]
