"""The files in `manifests/`, made from the description. `python -m b24_mcp.connect` writes them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from b24_mcp import __version__
from b24_mcp.connect import description as about
from b24_mcp.connect import yaml
from b24_mcp.connect.clients import CLIENTS
from b24_mcp.connect.formats import put
from b24_mcp.connect.spec import ServerSpec, own_launch
from b24_mcp.jobs import known_jobs

_WEBHOOK = about.VARIABLES[0]
_CONFIGURATIONS = {
    "claude-code": ".mcp.json",
    "cursor": "mcp.json",
    "codex": "config.toml",
    "vscode": "mcp.json",
    "claude-desktop": "claude_desktop_config.json",
    "zed": "settings.json",
    "copilot": "mcp-config.json",
    "gemini": "settings.json",
    "goose": "config.yaml",
}


def manifests(project: Path) -> dict[str, str]:
    """Return the text of every manifest by its path inside `manifests/`.

    `project` is the source folder. Its `pyproject.toml` names the libraries that the bundle installs.
    """
    return dict(_manifests(project))


def _manifests(project: Path) -> Iterator[tuple[str, str]]:
    for name, file in _CONFIGURATIONS.items():
        yield f"{name}/{file}", _configuration(name)
    yield "claude-plugin/.claude-plugin/marketplace.json", _json(_marketplace())
    yield f"claude-plugin/{about.NAME}/.claude-plugin/plugin.json", _json(_claude_plugin())
    yield "codex-plugin/.agents/plugins/marketplace.json", _json(_codex_marketplace())
    yield f"codex-plugin/{about.NAME}/.codex-plugin/plugin.json", _json(_codex_plugin())
    yield f"codex-plugin/{about.NAME}/.mcp.json", _json({"mcpServers": {about.NAME: _entry("codex")}})
    for job in known_jobs():
        for plugin in ("claude-plugin", "codex-plugin"):
            yield f"{plugin}/{about.NAME}/skills/{job.skill_name}/SKILL.md", job.skill()
    yield "cursor/install-link.txt", _cursor_link() + "\n"
    yield "vscode/install-link.txt", _vscode_link() + "\n"
    yield "mcpb/manifest.json", _json(_bundle())
    yield "mcpb/pyproject.toml", _bundle_project(project)
    yield "gemini/gemini-extension.json", _json(_gemini_extension())
    yield "goose/recipe.yaml", _goose_recipe()
    yield "registry/server.json", _json(_registry())
    yield "docker/Dockerfile", _dockerfile()


def _configuration(name: str) -> str:
    """Return a configuration to copy: the entry that `b24-mcp connect NAME` writes, with the program found on PATH."""
    client = CLIENTS[name]
    entry = client.entry(_server())
    text = put(client.format, "", (client.table, about.NAME), entry.required | entry.defaults)
    for place, value in entry.elsewhere:
        text = put(client.format, text, place, value)
    return text


def _entry(name: str) -> dict[str, object]:
    entry = CLIENTS[name].entry(_server())
    return entry.required | entry.defaults


def _server() -> ServerSpec:
    return ServerSpec(scope="project", launch=own_launch("project"))


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _marketplace() -> dict[str, object]:
    return {
        "name": about.PACKAGE,
        "owner": {"name": about.AUTHOR},
        "metadata": {"description": about.SUMMARY, "version": __version__},
        "plugins": [{"name": about.NAME, "source": f"./{about.NAME}", "description": about.SUMMARY}],
    }


def _plugin() -> dict[str, object]:
    """Return the facts with which the manifest of each plugin begins."""
    return {
        "name": about.NAME,
        "version": __version__,
        "description": about.SUMMARY,
        "author": {"name": about.AUTHOR},
        "license": about.LICENSE,
        "keywords": list(about.KEYWORDS),
    }


def _claude_plugin() -> dict[str, object]:
    return _plugin() | {
        "userConfig": {"webhook_url": _asked() | {"sensitive": True, "required": False}},
        "mcpServers": {
            about.NAME: {
                "command": about.PACKAGE,
                "args": [],
                "env": {_WEBHOOK.name: "${user_config.webhook_url}"},
            }
        },
    }


def _codex_marketplace() -> dict[str, object]:
    return {
        "name": about.PACKAGE,
        "interface": {"displayName": about.TITLE},
        "plugins": [
            {
                "name": about.NAME,
                "source": {"source": "local", "path": f"./{about.NAME}"},
                "policy": {"installation": "AVAILABLE", "authentication": "ON_INSTALL"},
                "category": "Productivity",
            }
        ],
    }


def _codex_plugin() -> dict[str, object]:
    return _plugin() | {
        "skills": "./skills/",
        "mcpServers": "./.mcp.json",
    }


def _asked() -> dict[str, object]:
    return {"type": "string", "title": _WEBHOOK.title, "description": _WEBHOOK.description}


def _cursor_link() -> str:
    config = base64.b64encode(json.dumps(_entry("cursor"), separators=(",", ":")).encode()).decode()
    return f"cursor://anysphere.cursor-deeplink/mcp/install?name={about.NAME}&config={quote(config, safe='')}"


def _vscode_link() -> str:
    """Return the install link for VS Code. A link cannot ask for inputs, so the server reads its own settings."""
    entry = {"name": about.NAME, "type": "stdio", "command": about.PACKAGE, "args": []}
    return "vscode:mcp/install?" + quote(json.dumps(entry, separators=(",", ":")), safe="")


def _bundle() -> dict[str, object]:
    """Return the manifest of the bundle for desktop programs. `make mcpb` copies the package beside it."""
    run = ["run", "--no-dev", "--directory", "${__dirname}", "python", "-m", "b24_mcp"]
    return {
        "manifest_version": "0.4",
        "name": about.PACKAGE,
        "display_name": about.TITLE,
        "version": __version__,
        "description": about.SUMMARY,
        "long_description": about.LONG_DESCRIPTION,
        "author": {"name": about.AUTHOR},
        "license": about.LICENSE,
        "keywords": list(about.KEYWORDS),
        "server": {
            "type": "uv",
            "entry_point": "b24_mcp/__main__.py",
            "mcp_config": {"command": "uv", "args": run, "env": {_WEBHOOK.name: "${user_config.webhook_url}"}},
        },
        "user_config": {"webhook_url": _asked() | {"sensitive": True, "required": False}},
        "tools_generated": True,
        "compatibility": {"platforms": ["darwin", "linux", "win32"], "runtimes": {"python": about.PYTHON}},
    }


def _bundle_project(project: Path) -> str:
    import tomllib

    package = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["project"]
    libraries = "".join(f"    {json.dumps(library)},\n" for library in package["dependencies"])
    return (
        f'[project]\nname = "{about.PACKAGE}"\nversion = "{__version__}"\n'
        f'requires-python = "{package["requires-python"]}"\ndependencies = [\n{libraries}]\n\n'
        "[tool.uv]\npackage = false\n"
    )


def _gemini_extension() -> dict[str, object]:
    return {
        "name": about.NAME,
        "version": __version__,
        "description": about.SUMMARY,
        "mcpServers": {about.NAME: _entry("gemini")},
        "settings": [
            {
                "name": _WEBHOOK.title,
                "description": _WEBHOOK.description,
                "envVar": _WEBHOOK.name,
                "sensitive": True,
            }
        ],
    }


def _goose_recipe() -> str:
    recipe = {
        "version": "1.0.0",
        "title": about.TITLE,
        "description": about.SUMMARY,
        "instructions": (
            "Work with the Bitrix24 portal through the tools of the extension. Find the method first, read its exact "
            "parameters, then call it. If the sandbox portal answers, say that its data is invented."
        ),
        "prompt": "What can I do on this Bitrix24 portal?",
        "extensions": [_entry("goose")],
    }
    return yaml.dump(recipe)


def _registry() -> dict[str, object]:
    return {
        "$schema": "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json",
        "name": about.REGISTRY_NAME,
        "title": about.TITLE,
        "description": about.SUMMARY,
        "version": __version__,
        "repository": {"url": about.REPOSITORY, "source": "github"},
        "packages": [
            {
                "registryType": "pypi",
                "identifier": about.PACKAGE,
                "version": __version__,
                "runtimeHint": "uvx",
                "transport": {"type": "stdio"},
                "environmentVariables": [_registry_variable(variable) for variable in about.VARIABLES],
            }
        ],
    }


def _registry_variable(variable: about.Variable) -> dict[str, object]:
    described: dict[str, object] = {"name": variable.name, "description": variable.description, "isRequired": False}
    described |= {"isSecret": True} if variable.secret else {}
    return described | ({"choices": list(variable.choices)} if variable.choices else {})


def _dockerfile() -> str:
    """Return the Dockerfile: libraries pinned by hash, no root user, and only the home folder writable."""
    home = f"/home/{about.NAME}"
    return f"""\
# docker build -f manifests/docker/Dockerfile -t {about.PACKAGE} .
# docker run --rm -i --read-only --tmpfs /tmp --cap-drop ALL -e {_WEBHOOK.name} {about.PACKAGE}
# Data sets, limits and the audit log are in {home}. Add -v b24-mcp:{home} to keep them.
FROM python:3.13-slim AS build
WORKDIR /source
COPY locks ./locks
RUN python -m venv /opt/build && /opt/build/bin/pip install --no-cache-dir --require-hashes -r locks/build.txt \\
    && python -m venv /opt/{about.PACKAGE} \\
    && /opt/{about.PACKAGE}/bin/pip install --no-cache-dir --require-hashes -r locks/server.txt
COPY pyproject.toml README.md LICENSE ./
COPY b24_mcp ./b24_mcp
COPY b24_sandbox ./b24_sandbox
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir wheels . \\
    && /opt/{about.PACKAGE}/bin/pip install --no-deps --no-index wheels/*.whl

FROM python:3.13-slim
LABEL org.opencontainers.image.title="{about.TITLE}" \\
      org.opencontainers.image.description="{about.SUMMARY}" \\
      org.opencontainers.image.version="{__version__}" \\
      org.opencontainers.image.licenses="{about.LICENSE}" \\
      io.modelcontextprotocol.server.name="{about.REGISTRY_NAME}"
RUN useradd --create-home --home-dir {home} --uid 10001 {about.NAME} && chmod 0700 {home}
COPY --from=build /opt/{about.PACKAGE} /opt/{about.PACKAGE}
ENV PATH=/opt/{about.PACKAGE}/bin:$PATH PYTHONUNBUFFERED=1
USER 10001:10001
ENV HOME={home}
WORKDIR {home}
VOLUME {home}
ENTRYPOINT ["{about.PACKAGE}"]
"""
