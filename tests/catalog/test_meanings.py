"""Own texts about methods and parameters, joined to the facts when the catalogue is compiled."""

from __future__ import annotations

from pathlib import Path

import pytest

from b24_mcp.catalog.facts import MethodFacts, Parameter
from b24_mcp.catalog.meanings import Texts

ADD = MethodFacts(
    "shop.deal.add", "v2", params=(Parameter("fields", "object", True, fields=(Parameter("SUM", "", None),)),)
)


def texts(folder: Path, *, meanings: str = "", notes: str = "") -> Texts:
    (folder / "meanings.tsv").write_text(meanings, "utf-8")
    (folder / "notes.tsv").write_text(notes, "utf-8")
    return Texts(folder)


def meaning(facts: MethodFacts) -> str:
    return facts.params[0].fields[0].text


def test_a_meaning_is_joined_by_the_path_of_the_parameter(tmp_path: Path) -> None:
    assert meaning(texts(tmp_path, meanings="shop.*.add\tfields.SUM\tgross\n").joined(ADD)) == "gross"
    assert meaning(texts(tmp_path, meanings="shop.*.add\t*.SUM\tgross\n").joined(ADD)) == "gross"
    assert meaning(texts(tmp_path, meanings="other.add\tfields.SUM\tgross\n").joined(ADD)) == ""


def test_the_longer_glob_wins(tmp_path: Path) -> None:
    rows = "shop.deal.add\tfields.SUM\tnet\nshop.*\tfields.SUM\tgross\n"
    assert meaning(texts(tmp_path, meanings=rows).joined(ADD)) == "net"


def test_a_text_may_be_about_one_version_of_the_api(tmp_path: Path) -> None:
    found = texts(tmp_path, notes="v3:shop.deal.add\tonly there\nshop.deal.*, v2:shop.x\thas a trap\n").joined(ADD)
    assert found.notes == ("has a trap",)


def test_lines_that_name_nothing_are_reported(tmp_path: Path) -> None:
    read = texts(tmp_path, meanings="shop.deal.add\tfields.SUMM\tgross\n", notes="nobody.*\tx\n")
    read.joined(ADD)
    assert read.unused == [("shop.deal.add", "fields.SUMM"), ("nobody.*", "")]


def test_a_line_with_a_wrong_number_of_columns_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"notes\.tsv:2: 1 columns instead of 2"):
        texts(tmp_path, notes="# comment\nno tab\n")
