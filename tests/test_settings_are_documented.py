"""Every setting is documented."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from b24_mcp.config.environment import ENV_FILE
from b24_mcp.config.settings import Settings

ROOT = Path(__file__).parent.parent
NAMES = {f"B24_{name.upper()}" for name in Settings.model_fields} | {ENV_FILE}


@pytest.mark.parametrize("place", [".env.example", "docs/settings.md"])
def test_every_setting_is_documented(place: str) -> None:
    assert set(re.findall(r"\bB24_[A-Z_]+\b", (ROOT / place).read_text("utf-8"))) >= NAMES


@pytest.mark.parametrize("place", [".env.example", "docs/settings.md", "docs/http.md", "docs/login.md", "README.md"])
def test_every_documented_variable_is_a_setting(place: str) -> None:
    assert set(re.findall(r"\bB24_[A-Z_]+\b", (ROOT / place).read_text("utf-8"))) <= NAMES
