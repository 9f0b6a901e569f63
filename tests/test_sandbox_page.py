"""The page about the sandbox matches its registry."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from b24_mcp.cli.sandbox import sandbox as command
from tests import sandbox_page

TEXT = sandbox_page.PAGE.read_text("utf-8")


def test_the_page_lists_the_methods_of_the_registry() -> None:
    assert sandbox_page.current() == sandbox_page.generated(), "python -m tests.sandbox_page updates it"


@pytest.mark.parametrize("option", [option for parameter in command.params for option in parameter.opts])
def test_the_page_explains_every_option(option: str) -> None:
    assert f"`{option}`" in TEXT


def test_the_page_explains_every_printed_name() -> None:
    serve = [sys.executable, "-m", "b24_mcp", "sandbox", "--port", "0", "--empty"]
    with subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as portal:
        try:
            assert portal.stdout is not None
            printed = json.loads(portal.stdout.readline())
        finally:
            portal.terminate()
    assert [name for name in printed if f"`{name}`" not in TEXT] == []
