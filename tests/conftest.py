"""What all tests share: one asynchronous backend, no settings of the machine, and a watch for blocking calls."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def clean_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test sees the settings, the proxies or the `.env` of the machine it runs on."""
    for name in list(os.environ):
        if name.startswith("B24_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("B24_STATE", str(tmp_path / "state" / "limits.db"))
    monkeypatch.setenv("B24_CONFIG", str(tmp_path / "config" / "portals.toml"))
    monkeypatch.setenv("B24_KEEP_SECRETS", "file")
    monkeypatch.setenv("B24_AUDIT", str(tmp_path / "audit"))
    monkeypatch.setenv("B24_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
