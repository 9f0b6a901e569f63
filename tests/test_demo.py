"""The demonstration of the README runs to its end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

DEMO = Path(__file__).parent.parent / "examples" / "demo.py"


def test_the_demo_runs_every_scene_in_process_and_over_http() -> None:
    played = subprocess.run([sys.executable, str(DEMO)], capture_output=True, text=True, timeout=120, check=False)
    assert played.returncode == 0, played.stdout + played.stderr
    assert played.stdout.count("The batch of the documentation") == 4
    assert played.stdout.count("120 commands") == 2
    assert "call_method" in played.stdout
    assert "All answers were as expected." in played.stdout
