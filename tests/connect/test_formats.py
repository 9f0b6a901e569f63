"""Edits of configuration as text: an entry is added and removed, and everything else in the file stays."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24_mcp.connect import jsonc
from b24_mcp.connect.formats import JSON, TOML, YAML, drop, put, value_at

OURS = {
    "command": "/opt/b24 mcp",
    "args": [],
    "env": {"B24_WEBHOOK_URL": "${B24_WEBHOOK_URL:-}"},
    "wait": 30,
    "on": True,
}
NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-9, 9), NAMES, st.just("// no /* comment */"), st.just('a"b\\')
)
VALUES = st.recursive(SCALARS, lambda v: st.one_of(st.lists(v, max_size=3), st.dictionaries(NAMES, v, max_size=3)))
SPACE = st.sampled_from(["", " ", "\n", "\n  ", "\n\t", " // c\n", " /* c */ ", "\n  // {\n  ", " /* , */\n"])


@st.composite
def written(draw: st.DrawFn, value: Any) -> str:
    """Write a value as JSON with comments, space and trailing commas in any place that allows them."""
    if isinstance(value, dict | list) and value:
        items = value.items() if isinstance(value, dict) else [(None, element) for element in value]
        parts = [
            draw(SPACE)
            + ("" if name is None else json.dumps(name) + draw(SPACE) + ":" + draw(SPACE))
            + draw(written(item))
            + draw(SPACE)
            for name, item in items
        ]
        tail = draw(st.sampled_from(["", ","])) + draw(SPACE)
        opening, closing = "{}" if isinstance(value, dict) else "[]"
        return opening + ",".join(parts) + tail + closing
    return json.dumps(value)


@st.composite
def files(draw: st.DrawFn) -> tuple[dict[str, Any], str]:
    document = draw(st.dictionaries(NAMES, VALUES, max_size=3))
    others = draw(st.dictionaries(NAMES, VALUES, max_size=3))
    others.pop("bitrix24", None)
    if draw(st.booleans()):
        document["mcpServers"] = others
    elif "mcpServers" in document:
        del document["mcpServers"]
    return document, draw(SPACE) + draw(written(document)) + draw(SPACE)


@given(files())
def test_json_with_comments_is_parsed(file: tuple[dict[str, Any], str]) -> None:
    document, text = file
    assert JSON.read(text) == document


@given(files())
def test_an_entry_is_added_to_json_and_removed_and_everything_else_stays(file: tuple[dict[str, Any], str]) -> None:
    document, text = file
    path = ("mcpServers", "bitrix24")
    there = put(JSON, text, path, OURS)
    assert JSON.read(there) == document | {"mcpServers": document.get("mcpServers", {}) | {"bitrix24": OURS}}
    changed = put(JSON, there, path, {"url": "x"})
    assert value_at(JSON.read(changed), path) == {"url": "x"}
    gone = drop(JSON, changed, path)
    expected = document if document.get("mcpServers") else {k: v for k, v in document.items() if k != "mcpServers"}
    assert JSON.read(gone) == expected
    assert "".join(gone.split()) == "".join(text.split()) or not document.get("mcpServers")


@given(files())
def test_removing_a_missing_entry_changes_nothing(file: tuple[dict[str, Any], str]) -> None:
    assert drop(JSON, file[1], ("mcpServers", "bitrix24")) == file[1]


@given(st.text('{}[]",:/* \n1a\\-', max_size=30))
def test_json_is_parsed_and_other_text_is_refused_without_repeating_it(text: str) -> None:
    try:
        understood = jsonc.read(text)
    except ValueError as exc:
        understood = str(exc)
        assert re.fullmatch(r"line \d+ is not JSON", understood)
    try:
        plain = json.loads(text)
    except ValueError:
        return
    assert understood == plain


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": 1}', '{"a": 1, "s": {"x": 1}}'),
        ('{\n    "a": 1\n}', '{\n    "a": 1,\n    "s": {\n        "x": 1\n    }\n}'),
        ('{\n\t"a": 1, // one\n}', '{\n\t"a": 1, // one\n\t"s": {\n\t\t"x": 1\n\t},\n}'),
        ("// nothing yet\n", '// nothing yet\n{\n  "s": {\n    "x": 1\n  }\n}\n'),
    ],
)
def test_a_new_entry_is_indented_like_its_neighbours(text: str, expected: str) -> None:
    assert put(JSON, text, ("s",), {"x": 1}) == expected


@st.composite
def toml_files(draw: st.DrawFn) -> str:
    blocks = [draw(st.sampled_from(["", "# mine\n", 'model = "x" # keep\n', "a.b = 1\n"]))]
    for table in draw(st.permutations(["[tui]", "[mcp_servers.other]", '[mcp_servers."bitrix24 x"]', "[[list]]"])):
        blocks.append(draw(st.sampled_from(["", "\n", "# c\n\n"])) + table + "\n")
        blocks.append(
            draw(st.sampled_from(["", "x = 1\n", 'y = """\n[mcp_servers.else]\n"""\n', "z = [\n 1, # c\n]\n"]))
        )
    return "".join(blocks)


@given(toml_files())
def test_an_entry_is_added_to_toml_and_removed_byte_for_byte(text: str) -> None:
    path = ("mcp_servers", "bitrix24")
    there = put(TOML, text, path, OURS)
    assert there.startswith(text)
    assert tomllib.loads(there)["mcp_servers"]["bitrix24"] == OURS
    assert drop(TOML, there, path) == text


def test_the_table_after_the_entry_in_toml_keeps_its_comment() -> None:
    text = '[mcp_servers.bitrix24]\ncommand = "x"\n\n[mcp_servers.bitrix24.env]\nA = "1"\n\n# about b\n[b]\nx = 1\n'
    assert drop(TOML, text, ("mcp_servers", "bitrix24")) == "\n# about b\n[b]\nx = 1\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# only a comment\n",
        "GOOSE_MODEL: x\n",
        "extensions:\n  a:\n    x: 1\n",
        "extensions:\n    a:\n        x: 1\n\n\n# tail\nz: 1\n",
        "extensions:\n  a: # one\n    x: |\n      text\n\n      more\n# tail\n",
        "---\nz: [1, 2]\n",
        '{"GOOSE_MODEL": "x", "extensions": {"a": {}}}',
        "extensions:\n  a:\n    args:\n    - x\n    - y\nz: 1",
    ],
)
def test_an_entry_is_added_to_yaml_and_removed_byte_for_byte(text: str) -> None:
    path = ("extensions", "bitrix24")
    there = put(YAML, text, path, OURS)
    assert value_at(YAML.read(there), path) == OURS
    assert drop(YAML, there, path) in (text, text + "\n")


def test_errors_of_yaml_do_not_repeat_the_text() -> None:
    with pytest.raises(ValueError, match=r"^it is not YAML: line 3$") as caught:
        YAML.read("a: 1\nb: 'tops3cret\n")
    assert "s3cret" not in str(caught.value)
