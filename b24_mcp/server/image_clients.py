"""The clients that show an image in the answer of a tool.

Other clients would show its base64 text to the model, which costs many tokens. They get only the file.
`image_clients.tsv` lists the clients with sources.
"""

from __future__ import annotations

from importlib.resources import files

from mcp.server.mcpserver import Context

from b24_mcp.app.app import App


def _image_clients() -> frozenset[str]:
    _, *lines = files("b24_mcp.server").joinpath("image_clients.tsv").read_text("utf-8").splitlines()
    return frozenset(line.partition("\t")[0] for line in lines)


IMAGE_CLIENTS = _image_clients()
"""The names that the clients send, in lower case. They are read at the start, since calls must not wait for a file."""


def shows_images(ctx: Context[App]) -> bool:
    """Whether the client of a call shows images. Gemini CLI and others add a word to their name."""
    params = ctx.session.client_params
    if params is None:
        return False
    name = params.client_info.name.strip().lower()
    return name in IMAGE_CLIENTS or any(name.startswith(f"{one}-") for one in IMAGE_CLIENTS)
