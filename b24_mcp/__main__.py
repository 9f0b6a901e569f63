"""The program. Serving a client is decided here, before anything of the command line is imported."""

from __future__ import annotations

import sys


def main() -> None:
    """Serve MCP over stdio when called bare (or as `b24-mcp serve`); otherwise be a command line."""
    if sys.argv[1:] in ([], ["serve"]):
        _serve()
    else:
        from b24_mcp.cli import cli

        cli()


def _serve() -> None:
    import gc

    # Clients race a slow start. Collecting garbage while thousands of classes are made costs 50 ms and frees nothing.
    gc.disable()
    from b24_mcp.server.stdio import serve_stdio

    gc.freeze()
    gc.enable()
    serve_stdio()


if __name__ == "__main__":
    main()
