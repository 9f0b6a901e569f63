"""The program. Whether it serves a client is decided here, before the command line is imported."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Serve MCP over stdio when started without a command or with `serve` alone; otherwise run a command."""
    _import_nothing_from_here()
    if _serves(sys.argv[1:]):
        _serve()
    else:
        from b24_mcp.cli import cli

        cli()


def _import_nothing_from_here() -> None:
    """Remove the working directory from the places modules are imported from, unless this package is in it.

    `python -m` puts it first, and a client may start the server in any folder: a file there that is named like a
    library would run. What Python itself imports before this line is prevented only by `python -P -m`, or by the
    program `b24-mcp`, whose path has no such entry.
    """
    try:
        here = os.path.realpath(os.getcwd())
    except OSError:
        return  # a folder that is deleted holds nothing
    if os.path.dirname(os.path.dirname(os.path.realpath(__file__))) != here:
        sys.path[:] = [place for place in sys.path if os.path.realpath(place or here) != here]


def _serves(arguments: list[str]) -> bool:
    """Whether to serve on stdin and stdout. A file of settings that is named by an absolute path is noted."""
    left = list(arguments)
    file = None
    for index, one in enumerate(left):
        if one == "--env-file" and index + 1 < len(left):
            file, left[index : index + 2] = left[index + 1], []
            break
        if one.startswith("--env-file="):
            file, left[index : index + 1] = one.partition("=")[2], []
            break
    if left not in ([], ["serve"]):
        return False
    if file is not None:
        if not os.path.isabs(file):
            return False  # the command line explains what is wrong with it
        os.environ["B24_ENV_FILE"] = file
    return True


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
