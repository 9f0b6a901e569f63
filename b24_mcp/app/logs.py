"""Logging of the program: to stderr only, since stdout is used by the protocol, and with secrets redacted."""

from __future__ import annotations

import logging
import sys
import threading
from types import TracebackType

from b24_mcp.secrets import RedactingFormatter, Redactor


def configure_logging(redactor: Redactor) -> None:
    """Send log records of level WARNING and above to stderr, redacted. Call it before the SDK configures logging."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(RedactingFormatter(redactor))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.raiseExceptions = False  # it would print a line that cannot be written, unredacted
    # Messages that Python itself writes to stderr use the same formatter.
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda failed: _log_uncaught(failed.exc_type, failed.exc_value, failed.exc_traceback)
    sys.unraisablehook = lambda failed: _log_uncaught(failed.exc_type, failed.exc_value, failed.exc_traceback)


def _log_uncaught(kind: type[BaseException], exception: BaseException | None, traceback: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt | SystemExit):
        return
    logging.getLogger("b24_mcp").critical(
        "Unexpected failure", exc_info=(kind, exception or kind(), traceback), stack_info=False
    )
