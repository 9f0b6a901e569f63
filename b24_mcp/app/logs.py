"""Logging of the program: to stderr only, since stdout is used by the protocol, and with secrets redacted."""

from __future__ import annotations

import json
import logging
import sys
import threading
import time
from types import TracebackType

from b24_mcp.secrets import RedactingFormatter, Redactor

FACTS = "facts"
"""The attribute of a log record that holds further fields for a log in JSON."""


def configure_logging(redactor: Redactor, *, as_json: bool = False) -> None:
    """Send log records of level WARNING and above to stderr, redacted. Call it before the SDK configures logging.

    With `as_json` each record is one line of JSON.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(redactor) if as_json else RedactingFormatter(redactor))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.raiseExceptions = False  # it would print a line that cannot be written, unredacted
    # Messages that Python itself writes to stderr use the same formatter.
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda failed: _log_uncaught(failed.exc_type, failed.exc_value, failed.exc_traceback)
    sys.unraisablehook = lambda failed: _log_uncaught(failed.exc_type, failed.exc_value, failed.exc_traceback)


class JsonFormatter(RedactingFormatter):
    """A formatter that writes a record as one JSON object in one line, redacted as a whole."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as JSON: time (UTC), level, logger, message, and the fields of `FACTS`."""
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        fields: dict[str, object] = {
            "time": f"{moment}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self.redacted(record.getMessage()),
        }
        if record.exc_info:
            fields["exception"] = self.redacted(self.formatException(record.exc_info))
        facts = record.__dict__.get(FACTS)
        if isinstance(facts, dict):
            fields |= {name: self.redacted(one) if isinstance(one, str) else one for name, one in facts.items()}
        return json.dumps(fields, ensure_ascii=False)


def _log_uncaught(kind: type[BaseException], exception: BaseException | None, traceback: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt | SystemExit):
        return
    logging.getLogger("b24_mcp").critical(
        "Unexpected failure", exc_info=(kind, exception or kind(), traceback), stack_info=False
    )
