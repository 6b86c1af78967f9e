"""Structured log lines: an event name and fields, as JSON or as text for a terminal."""

import logging
import re
import sys
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, TextIO

import orjson

from doorward.observability.redact import redact_fields, redact_text

trace_id: ContextVar[str] = ContextVar("trace_id", default="")
"""The id that follows a request to its deliveries' attempts; every line of the request carries it."""

ROOT = "doorward"
# Whatever could begin a line of its own, or tell a terminal something: C0, DEL, C1, and Unicode's own line ends.
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class Log:
    """`log.info("delivery_settled", destination="hubspot", outcome="delivered")`. Fields are redacted here."""

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(f"{ROOT}.{name}")

    def debug(self, event: str, **fields: Any) -> None:
        self._write(logging.DEBUG, event, fields)

    def info(self, event: str, **fields: Any) -> None:
        self._write(logging.INFO, event, fields)

    def warning(self, event: str, **fields: Any) -> None:
        self._write(logging.WARNING, event, fields)

    def error(self, event: str, **fields: Any) -> None:
        self._write(logging.ERROR, event, fields)

    def fault(self, event: str, error: BaseException, **fields: Any) -> None:
        """An unexpected error with its place; the trace goes to the log, never to a caller."""
        self._logger.error(event, exc_info=error, extra={"fields": redact_fields(fields)})

    def _write(self, level: int, event: str, fields: Mapping[str, Any]) -> None:
        if self._logger.isEnabledFor(level):
            self._logger.log(level, event, extra={"fields": redact_fields(fields)})


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": redact_text(record.getMessage()),
            **({"trace_id": trace_id.get()} if trace_id.get() else {}),
            **getattr(record, "fields", {}),
        }
        if trace := trace_of(record, self):
            line["trace"] = trace
        return orjson.dumps(line, default=str).decode()


class TextFormatter(logging.Formatter):
    """For people: time, level, event, fields. What others wrote into them stays in its line (CWE-117)."""

    def format(self, record: logging.LogRecord) -> str:
        fields = getattr(record, "fields", {})
        tail = "".join(f" {name}={in_line(str(value))}" for name, value in fields.items())
        moment = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S.%f")[:-3]
        text = f"{moment} {record.levelname.lower():7} {in_line(redact_text(record.getMessage()))}{tail}"
        trace = trace_of(record, self)
        return f"{text}\n{trace}" if trace else text


def in_line(text: str) -> str:
    """A text whose control characters are written as `\\x0a`."""
    return CONTROLS.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def trace_of(record: logging.LogRecord, formatter: logging.Formatter) -> str:
    """Where it happened, for faults only: a library that warns goes on by itself, often once a second."""
    if record.exc_info is None or record.levelno < logging.ERROR:
        return ""
    return redact_text(formatter.formatException(record.exc_info))


def configure(level: str, form: str, stream: TextIO = sys.stderr) -> None:
    """Sets the process's log up: `level` as in Kratos's `log.level`, `form` `json` or `text`."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    levels = {"trace": "DEBUG", "panic": "CRITICAL", "fatal": "CRITICAL", "warn": "WARNING"}
    logging.getLogger(ROOT).setLevel(levels.get(level.lower(), level.upper()))
