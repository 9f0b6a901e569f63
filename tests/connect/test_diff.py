"""The diff shows the change, and no value of another entry in the same file."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from b24_mcp.connect import CLIENTS, Launch, Machine, ServerSpec, change_diff, plan_connect
from tests.connect.conftest import Person
from tests.connect.test_connect import PLACES
from tests.connect.test_formats import NAMES

SECRET = "s3cret-of-another-0000"
HIDDEN = st.sampled_from(
    [SECRET, f'a "quoted" {SECRET}', f"\\{SECRET}", f"https://x/{SECRET}", f"{SECRET}: # {SECRET}"]
)
VALUES = st.recursive(HIDDEN, lambda v: st.one_of(st.lists(v, max_size=3), st.dictionaries(NAMES, v, max_size=3)))


def shown(machine: Machine, client: str, text: str) -> str:
    file = machine.home / PLACES[client]["linux"]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    return change_diff(plan_connect(CLIENTS[client], ServerSpec(launch=Launch("/opt/b24-mcp")), machine))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.dictionaries(NAMES, VALUES, max_size=4), st.sampled_from([None, 1, 4]), st.booleans())
def test_no_value_of_another_entry_of_json_is_shown(
    person: Callable[..., Person], document: dict[str, Any], indent: int | None, escaped: bool
) -> None:
    text = json.dumps({"mcpServers": document}, indent=indent, ensure_ascii=escaped)
    difference_shown = shown(person().machine, "cursor", text)
    assert SECRET not in difference_shown
    assert "/opt/b24-mcp" in difference_shown


@pytest.mark.parametrize(
    ("client", "text"),
    [
        (
            "cursor",
            '{\n  // the key is SECRET\n  "mcpServers": {\n    /* SECRET\n SECRET */\n    "a": 1 // SECRET\n  }\n}',
        ),
        ("codex", '[mcp_servers.a]\nenv = { K = "SECRET", "K 2" = \'SECRET\' } # SECRET\n'),
        ("codex", 'a = """\nSECRET\nSECRET = SECRET\n"""\n'),
        ("codex", "a = '''\nSECRET\n'''\nb = [\n 'SECRET', # SECRET\n]\n"),
        ("codex", 'a = ["SECRET"]\nb = {c = "SECRET"}\n"c"."d" = \'SECRET\'\n'),
        ("codex", "# SECRET\n"),
        ("goose", "extensions:\n  a:\n    envs: {K: SECRET}\n    args:\n    - SECRET\n    - 'SECRET' # SECRET\n"),
        ("goose", "a: |\n  SECRET\n  SECRET SECRET\n# SECRET\n"),
        ("goose", 'a: "SECRET\n  SECRET"\n'),
        ("goose", '{"a": "SECRET"}\n'),
    ],
)
def test_no_value_and_no_comment_of_the_user_is_shown(person: Callable[..., Person], client: str, text: str) -> None:
    difference_shown = shown(person().machine, client, text.replace("SECRET", SECRET))
    assert SECRET not in difference_shown
    assert "/opt/b24-mcp" in difference_shown


@pytest.mark.parametrize("client", list(CLIENTS))
def test_the_whole_new_entry_is_shown(person: Callable[..., Person], client: str) -> None:
    machine = person().machine
    lines = change_diff(plan_connect(CLIENTS[client], ServerSpec(launch=Launch("/opt/b24-mcp")), machine)).splitlines()
    assert "***" not in "".join(lines)
    assert all(line[0] in "+-@" for line in lines)
