"""Log lines as JSON, one object a line."""

import logging
from typing import TextIO

import orjson


class JsonLines(logging.Formatter):
    """Time, level, logger and message; an exception as text."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(line).decode()

    @classmethod
    def on(cls, stream: TextIO) -> logging.Handler:
        handler = logging.StreamHandler(stream)
        handler.setFormatter(cls())
        return handler
