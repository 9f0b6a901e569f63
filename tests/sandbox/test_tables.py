"""The tables that are described as data fit together."""

from __future__ import annotations

from pathlib import Path

import pytest

from b24_sandbox import facts, php, tables
from b24_sandbox.entities import ENTITIES
from b24_sandbox.seed.records import COMPANY, PORTAL

BY_TABLE = {entity.name: entity for entity in ENTITIES}
FILES = [path for path in tables.FOLDER.glob("*.toml") if path.name not in ("shared.toml", "items.toml")]
DESCRIBED = [php.as_map(each) for path in FILES for each in php.as_list(tables.load(path)["entity"])]


def test_every_described_table_is_a_table_of_the_portal_with_its_columns() -> None:
    for data in DESCRIBED:
        entity = BY_TABLE[php.text(data["table"])]
        written = [
            name for key in ("defaults", "created", "edited", "updated", "named") for name in php.as_map(data.get(key))
        ]
        assert set(written) | set(entity.indexes) <= set(entity.fields), entity.name


def test_every_record_that_is_deleted_with_another_refers_to_it_in_a_column() -> None:
    for data in DESCRIBED:
        for path in tables.words(data.get("owns")):
            table, _, column = path.partition(".")
            assert column in BY_TABLE[table].fields, path


def test_rules_are_attached_before_a_table_is_used() -> None:
    with pytest.raises(ValueError, match="crm_deal is in use already"):
        tables.entity("crm_deal", cascade=lambda portal, record: None)


@pytest.mark.parametrize("path", sorted((*PORTAL.glob("*.tsv"), *COMPANY.glob("*.tsv"))), ids=lambda path: path.stem)
def test_stored_records_have_a_cell_for_each_column_of_a_table(path: Path) -> None:
    names, *rows = facts.read(path)
    assert set(names) <= {field.name for field in BY_TABLE[path.stem].columns}
    assert rows
    assert {len(row) for row in rows} == {len(names)}
