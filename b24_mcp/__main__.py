"""The program `b24-mcp`. It starts a server over stdio without importing the command line."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Serve MCP over stdio without a command or with `serve` alone; otherwise run the command line."""
    _remove_working_directory_from_path()
    if _is_stdio_server(sys.argv[1:]):
        _serve()
    else:
        from b24_mcp.cli import cli

        cli()


def _remove_working_directory_from_path() -> None:
    """Remove the working directory from `sys.path`, unless this package is in it.

    `python -m` puts it first, and a client may start the server in any folder. A file there with the name of a library
    would run. Imports that Python makes before this call are prevented only by `python -P -m`, or by the program
    `b24-mcp`, whose path has no such entry.
    """
    try:
        here = os.path.realpath(os.getcwd())
    except OSError:
        return  # the folder was deleted, so nothing can be imported from it
    if os.path.dirname(os.path.dirname(os.path.realpath(__file__))) != here:
        sys.path[:] = [place for place in sys.path if os.path.realpath(place or here) != here]


def _is_stdio_server(arguments: list[str]) -> bool:
    """Whether the arguments mean a server on stdin and stdout. An absolute path after `--env-file` is set."""
    if "_B24_MCP_COMPLETE" in os.environ:
        return False  # a shell asks for the completion of a command line
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
            return False  # the command line reports the mistake
        os.environ["B24_ENV_FILE"] = file
    return True


def _serve() -> None:
    import gc

    # Clients time out on a slow start. A garbage collection while classes are created costs 50 ms and frees nothing.
    gc.disable()
    from b24_mcp.server.stdio import serve_stdio

    gc.freeze()
    gc.enable()
    serve_stdio()


if __name__ == "__main__":
    main()
