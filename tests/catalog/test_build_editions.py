"""The build from folders: editions are found, methods recognised, and the languages compared."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from b24_mcp.catalog.build import NoDocumentationError, Report, build
from b24_mcp.cli.catalog import catalog

SHIPPED = Path(__file__).parents[2] / "b24_mcp/catalog/data"
# Read here, since tests run without the settings of whoever runs them.
DOCS = os.environ.get("B24_DOCS")
NEEDS_DOCS = pytest.mark.skipif(DOCS is None, reason="B24_DOCS does not name a folder with the unpacked documentation")
WHO = {"en": "Who can execute the method", "ru": "Кто может выполнять метод"}
PARAMETERS = {"en": "Method Parameters", "ru": "Параметры метода"}
HEADS = {
    "en": "|| **Name**\n`type` | **Description** ||",
    "ru": "|| **Название**\n`тип` | **Описание** ||",
}


def method_page(name: str, language: str = "en", *, rows: str = "", top: str = "", api: str = "") -> str:
    table = f"## {PARAMETERS[language]}\n\n#|\n{HEADS[language]}\n{rows}|#\n\n" if rows else ""
    return (
        f"# Title {name}\n\n> Scope: [`shop`](../s.md)\n>\n> {WHO[language]}: any user\n\n{top}\n{table}"
        f"## Code\n\n```bash\ncurl https://x/rest/{api}1/a/{name}\n```\n"
    )


def param(name: str, kind: str = "integer") -> str:
    return f"|| **{name}**\n[`{kind}`](t.md) | Words ||\n"


def write(root: Path, pages: dict[str, str]) -> None:
    for page, text in pages.items():
        path = root / f"{page}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def built(folder: Path, out: Path) -> tuple[Report, dict[tuple[str, str], dict[str, Any]]]:
    report = build(folder, out)
    lines = [json.loads(line) for line in (out / "methods.jsonl").read_text("utf-8").splitlines()]
    return report, {(line["method"], line["version"]): line for line in lines}


def described(folder: Path, out: Path) -> dict[tuple[str, str], dict[str, Any]]:
    return {key: line for key, line in built(folder, out)[1].items() if line["page"] is not None}


ADD = "api-reference/shop/shop-cart-add"


def test_an_edition_is_found_in_the_folder_and_in_folders_below_it(tmp_path: Path) -> None:
    write(tmp_path / "docs/en/checkout", {ADD: method_page("shop.cart.add")})
    write(tmp_path / "docs/ru/checkout", {ADD: method_page("shop.cart.add", "ru")})
    assert build(tmp_path / "docs", tmp_path / "out").languages == ("en", "ru")
    assert build(tmp_path / "docs/ru/checkout", tmp_path / "out").languages == ("ru",)


def test_a_folder_without_documentation_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoDocumentationError, match="no folder with api-reference"):
        build(tmp_path, tmp_path / "out")


def test_pages_of_events_overviews_tutorials_and_interface_functions_are_not_methods(tmp_path: Path) -> None:
    event = "# On adding onShopCartAdd\n\n> Scope: [`shop`](s.md)\n>\n> Who can subscribe: any user\n"
    write(
        tmp_path / "en",
        {
            ADD: method_page("shop.cart.add"),
            "api-reference/shop/index": method_page("shop.cart.add"),
            "api-reference/shop/events/on-shop-cart-add": event,
            "api-reference/widgets/ui-interaction/bx24-placement-call": method_page("BX24.placement.call"),
            "api-reference/shop/how-to-sell": method_page("shop.cart.add").replace(
                "Title shop.cart.add", "How to sell"
            ),
            "tutorials/shop/shop-cart-add": method_page("shop.cart.add"),
            "api-reference/shop/_includes/part": method_page("shop.part.add"),
        },
    )
    assert list(described(tmp_path, tmp_path / "out")) == [("shop.cart.add", "v2")]
    events = (tmp_path / "out/events.jsonl").read_text("utf-8")
    assert json.loads(events) == {
        "event": "onShopCartAdd",
        "scope": ["shop"],
        "page": "api-reference/shop/events/on-shop-cart-add",
    }


def test_a_page_that_describes_several_methods_is_left_out(tmp_path: Path) -> None:
    excluded = "api-reference/common/settings/user-option"
    write(tmp_path / "en", {ADD: method_page("shop.cart.add"), excluded: method_page("user.option")})
    assert list(described(tmp_path, tmp_path / "out")) == [("shop.cart.add", "v2")]


def test_methods_without_a_page_are_written_with_their_spelling_and_scope(tmp_path: Path) -> None:
    write(tmp_path / "en", {ADD: method_page("shop.cart.add")})
    lines = built(tmp_path, tmp_path / "out")[1]
    without = {key: (line["scope"], line.get("batch", True)) for key, line in lines.items() if line["page"] is None}
    assert without["im.v2.Chat.Bot.sendContext", "v2"] == (["im"], True)
    assert without["rest.scope.list", "v3"] == ([], True)
    assert without["batch", "v3"] == ([], False)


def test_the_same_name_in_both_versions_is_two_lines(tmp_path: Path) -> None:
    v3 = method_page("shop.cart.add", api="api/", top="This method belongs to REST 3.0.")
    write(tmp_path / "en", {ADD: method_page("shop.cart.add"), f"{ADD}-rest-v3": v3})
    found = described(tmp_path, tmp_path / "out")
    assert {key: line["page"] for key, line in found.items()} == {
        ("shop.cart.add", "v2"): ADD,
        ("shop.cart.add", "v3"): f"{ADD}-rest-v3",
    }


def test_a_table_in_an_include_is_read(tmp_path: Path) -> None:
    text = method_page("shop.cart.add", rows=param("id")).replace(
        "|#\n", "|#\n\n{% include [More](./_includes/more.md) %}\n"
    )
    more = f"#|\n{HEADS['en']}\n{param('note', 'string')}|#\n"
    write(tmp_path / "en", {ADD: text, "api-reference/shop/_includes/more": more})
    assert [p["name"] for p in described(tmp_path, tmp_path / "out")["shop.cart.add", "v2"]["params"]] == ["id", "note"]


def test_the_russian_edition_counts_and_the_difference_is_reported(tmp_path: Path) -> None:
    write(tmp_path / "en", {ADD: method_page("shop.cart.add", rows=param("id*") + param("note"))})
    write(tmp_path / "ru", {ADD: method_page("shop.cart.add", "ru", rows=param("id*") + param("note*"))})
    report, found = built(tmp_path, tmp_path / "out")
    assert [p["required"] for p in found["shop.cart.add", "v2"]["params"]] == [True, True]
    assert [(one.kind, one.what, one.english, one.russian) for one in report.differences] == [
        ("required", "note", "False", "True")
    ]


def test_placeholders_in_russian_are_taken_from_the_english_edition(tmp_path: Path) -> None:
    write(tmp_path / "en", {ADD: method_page("shop.cart.add", rows=param("<selector>"))})
    write(tmp_path / "ru", {ADD: method_page("shop.cart.add", "ru", rows=param("<селектор>"))})
    _, found = built(tmp_path, tmp_path / "out")
    assert found["shop.cart.add", "v2"]["params"][0]["name"] == "<selector>"


def test_the_index_of_a_section_may_state_the_context_of_its_methods(tmp_path: Path) -> None:
    index = (
        "# Carts\n\nMethods work only in the context of an [application](../a.md). "
        "The exception is [shop.cart.fields](./shop-cart-fields.md)\n"
    )
    fields = "api-reference/shop/shop-cart-fields"
    pages = {ADD: method_page("shop.cart.add"), fields: method_page("shop.cart.fields")}
    write(tmp_path / "en", {**pages, "api-reference/shop/index": index})
    lines = described(tmp_path / "en", tmp_path / "out")
    contexts = [lines[name, "v2"]["context"] for name in ("shop.cart.add", "shop.cart.fields")]
    assert contexts == ["app", "any"]


@pytest.mark.parametrize("code", ["ERROR_WRONG_CONTEXT` | In", "ACCESS_DENIED` | Application context required"])
def test_an_error_outside_of_applications_states_the_context(tmp_path: Path, code: str) -> None:
    errors = f"## Error Handling\n\n#|\n|| **Code** | **Description** ||\n|| `{code} ||\n|#\n"
    write(tmp_path / "en", {ADD: method_page("shop.cart.add") + errors})
    assert described(tmp_path / "en", tmp_path / "out")["shop.cart.add", "v2"]["context"] == "app"


def test_a_version_that_recommends_another_method_is_no_condition(tmp_path: Path) -> None:
    top = "Starting from version 19.0.0, it is recommended to use another method"
    write(tmp_path / "en", {ADD: method_page("shop.cart.add", top=top)})
    assert "limits" not in described(tmp_path / "en", tmp_path / "out")["shop.cart.add", "v2"]


def test_replacements_are_the_methods_of_the_linked_pages(tmp_path: Path) -> None:
    links = "Use [that](../store/store-cart-add.md#how) or [this](https://x/y)."
    note = f'{{% note warning "DEPRECATED" %}}\n\n{links}\n\n{{% endnote %}}'
    pages = {
        ADD: method_page("shop.cart.add", top=note),
        "api-reference/store/store-cart-add": method_page("store.cart.add"),
    }
    write(tmp_path / "en", pages)
    line = described(tmp_path, tmp_path / "out")["shop.cart.add", "v2"]
    assert (line["superseded"], line["replaced_by"]) == (True, ["store.cart.add"])


def test_methods_without_a_page_have_only_a_name(tmp_path: Path) -> None:
    write(tmp_path / "en", {ADD: method_page("shop.cart.add")})
    _, found = built(tmp_path, tmp_path / "out")
    assert found["rest.scope.list", "v3"]["page"] is None
    assert found["event.test", "v2"]["params"] == []


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    write(
        tmp_path / "en",
        {ADD: method_page("shop.cart.add", rows=param("id*")), f"{ADD}-x": method_page("shop.cart.addX")},
    )
    build(tmp_path / "en", tmp_path / "one")
    build(tmp_path / "en", tmp_path / "two")
    for name in ("methods.jsonl", "events.jsonl"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_broken_page_fails_the_command_after_everything_else_is_written(tmp_path: Path) -> None:
    broken = method_page("shop.bad.add") + "\n#|\n|| **a** | b ||\n"
    write(tmp_path / "en", {ADD: method_page("shop.cart.add"), "api-reference/shop/shop-bad-add": broken})
    result = CliRunner().invoke(catalog, ["build", "--docs", str(tmp_path), "--out", str(tmp_path / "out")])
    assert result.exit_code == 1
    assert "en: api-reference/shop/shop-bad-add" in result.output
    assert "shop.cart.add" in (tmp_path / "out/methods.jsonl").read_text("utf-8")


def test_the_command_prints_counts_and_lists_differences_when_asked(tmp_path: Path) -> None:
    write(tmp_path / "en", {ADD: method_page("shop.cart.add", rows=param("id"))})
    write(tmp_path / "ru", {ADD: method_page("shop.cart.add", "ru", rows=param("id", "string"))})
    arguments = ["build", "--docs", str(tmp_path), "--out", str(tmp_path / "out")]
    brief = CliRunner().invoke(catalog, arguments)
    assert brief.exit_code == 0
    assert "methods       1 (0 of REST 3.0)" in brief.output
    assert ADD not in brief.output
    assert f"type\t{ADD}\tid\ten: integer\tru: string" in CliRunner().invoke(catalog, [*arguments, "-v"]).output


def test_the_command_refuses_a_folder_without_documentation(tmp_path: Path) -> None:
    result = CliRunner().invoke(catalog, ["build", "--docs", str(tmp_path), "--out", str(tmp_path / "out")])
    assert result.exit_code == 2
    assert "no edition of the documentation" in result.output


@pytest.mark.slow
@NEEDS_DOCS
def test_the_real_documentation_gives_the_shipped_facts(tmp_path: Path) -> None:
    report = build(Path(DOCS or ""), tmp_path)
    assert (report.languages, report.methods, report.v3, report.broken) == (("en", "ru"), 1671, 106, {})
    for name in ("methods.jsonl", "events.jsonl"):
        assert (tmp_path / name).read_bytes() == (SHIPPED / name).read_bytes()


@pytest.mark.slow
@NEEDS_DOCS
def test_the_editions_differ_only_as_known(tmp_path: Path) -> None:
    report = build(Path(DOCS or ""), tmp_path)
    kinds = Counter(one.kind for one in report.differences)
    assert "type" not in kinds
    assert "page" not in kinds
    assert sum(kinds.values()) <= 163
