"""The rules of B24_HTTP_ROLES."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24_mcp.config.roles import RoleLevel, parse_roles
from b24_mcp.config.settings import Settings

REFUSED = "is not ROLE=LEVEL|is not a level|has two rules"
RULES = "admin=full, department:5=read,Department:7=write,user:12=full,user:13=none,*=write"


@pytest.mark.parametrize(
    ("user", "is_admin", "departments", "level"),
    [
        (1, False, (), "write"),
        (1, True, (), "full"),
        (1, True, (5,), "read"),
        (1, False, (7, 5), "read"),
        (1, False, (7, 9), "write"),
        (12, False, (5,), "full"),
        (13, True, (7,), "none"),
        (1, True, None, "read"),
        (12, True, None, "full"),
    ],
)
def test_the_most_specific_rule_decides(
    user: int, is_admin: bool, departments: tuple[int, ...] | None, level: RoleLevel
) -> None:
    assert parse_roles(RULES, "write").level(user, is_admin=is_admin, departments=departments) == level


def test_without_rules_everybody_has_the_level_of_the_server() -> None:
    for text in (None, "", "  "):
        assert parse_roles(text, "read").level(1, is_admin=True, departments=(1,)) == "read"


def test_with_rules_a_person_whom_none_names_has_no_access() -> None:
    assert parse_roles("admin=full", "write").level(2, is_admin=False, departments=()) == "none"


@pytest.mark.parametrize(
    "text",
    ["admin", "admin=root", "boss=full", "department:x=read", "user:0=read", "user:-1=read", "*=read,*=full", "=read",
     "admin=full,", "department:5:6=read", "user:12=full;*=read", "admin==full", "user:١=read"],
)  # fmt: skip
def test_rules_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=REFUSED):
        parse_roles(text, "write")
    with pytest.raises(ValueError, match=REFUSED):
        Settings.model_validate({"http_roles": text})


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        rules = parse_roles(text, "read")
    except ValueError:
        return
    assert rules.level(1, is_admin=False, departments=()) in ("none", "read", "write", "full")
