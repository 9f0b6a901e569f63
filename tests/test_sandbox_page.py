"""The page about the sandbox tells the truth."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from b24_mcp.cli.sandbox import sandbox as command
from tests import sandbox_page

TEXT = sandbox_page.PAGE.read_text("utf-8")


def test_the_methods_of_the_page_are_those_of_the_register() -> None:
    assert sandbox_page.kept() == sandbox_page.written(), "python -m tests.sandbox_page writes it anew"


@pytest.mark.parametrize("option", [option for parameter in command.params for option in parameter.opts])
def test_every_option_is_explained(option: str) -> None:
    assert f"`{option}`" in TEXT


def test_everything_that_is_printed_is_explained() -> None:
    serve = [sys.executable, "-m", "b24_mcp", "sandbox", "--port", "0", "--empty"]
    with subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as portal:
        try:
            assert portal.stdout is not None
            printed = json.loads(portal.stdout.readline())
        finally:
            portal.terminate()
    assert [name for name in printed if f"`{name}`" not in TEXT] == []
