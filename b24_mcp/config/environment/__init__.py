"""The one place where settings are read as text: the environment, and one file in the format of `.env`."""

from b24_mcp.config.environment.problems import SettingsError
from b24_mcp.config.environment.reading import Given, absolute, env_file_path, names_in_file, read_given
from b24_mcp.config.environment.restrictions import ENV_FILE, RESTRICTIONS, meant_by

__all__ = [
    "ENV_FILE",
    "RESTRICTIONS",
    "Given",
    "SettingsError",
    "absolute",
    "env_file_path",
    "meant_by",
    "names_in_file",
    "read_given",
]
