"""The program, run as a user runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]
PROGRAM = Path(sys.executable).parent / "b24-mcp"


@pytest.fixture
def run() -> Run:
    """Run `b24-mcp` with these arguments. `typed` is the text on stdin; settings are passed by name."""

    def run_program(*arguments: str, typed: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [PROGRAM, *arguments],
            input=typed,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=dict(os.environ) | settings,
        )

    return run_program
