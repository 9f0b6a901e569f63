"""Settings as text: variables of the environment, and one file in the format of `.env`."""

from b24_mcp.config.environment.restrictions import ENV_FILE, RESTRICTIONS, misspelt_restriction
from b24_mcp.config.environment.variables import (
    SettingTexts,
    absolute_path,
    env_file_path,
    names_in_file,
    read_setting_texts,
)

__all__ = [
    "ENV_FILE",
    "RESTRICTIONS",
    "SettingTexts",
    "absolute_path",
    "env_file_path",
    "misspelt_restriction",
    "names_in_file",
    "read_setting_texts",
]
