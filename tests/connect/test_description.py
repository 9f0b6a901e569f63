"""The description names every setting."""

from __future__ import annotations

from b24_mcp.config.environment import ENV_FILE
from b24_mcp.config.settings import Settings
from b24_mcp.connect.description import DEFAULT_PORTAL, UNPROMPTED_VARIABLES, VARIABLES


def test_every_setting_is_passed_on_by_a_client_that_passes_on_named_variables_only() -> None:
    named = {variable.name for variable in VARIABLES} | {*UNPROMPTED_VARIABLES, DEFAULT_PORTAL}
    settings = {f"B24_{name.upper()}" for name in Settings.model_fields} | {ENV_FILE}
    of_http = {name for name in settings if name.startswith("B24_HTTP_")} | {"B24_LOG"}
    assert named == settings - of_http
