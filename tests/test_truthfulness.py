"""Outcomes are reported truthfully while requests fail: a short form of `benchmarks/faults.py`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

HOME = Path(__file__).parent.parent


def test_nothing_is_done_twice_lost_or_misreported_when_a_third_of_all_requests_breaks() -> None:
    played = subprocess.run(
        [sys.executable, "-m", "benchmarks.faults", "120", "2", "0.3", "7"],
        cwd=HOME,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert played.returncode == 0, played.stdout + played.stderr
    assert re.search(r"executed twice +0\n", played.stdout)


def test_each_row_of_a_job_that_is_killed_is_executed_once_or_named_as_unknown() -> None:
    played = subprocess.run(
        [sys.executable, "-m", "benchmarks.apply", "150", "0.2", "3", "7"],
        cwd=HOME,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert played.returncode == 0, played.stdout + played.stderr
    assert "executed twice: 0\n" in played.stdout
