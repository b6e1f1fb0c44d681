"""Silence what the HTTP library logs of a request: URLs, headers and errors may hold secrets."""

from __future__ import annotations

import logging

_LOGGERS = (
    "httpx2",
    "httpcore2",
    "httpcore2.connection",
    "httpcore2.http11",
    "httpcore2.http2",
    "httpcore2.proxy",
    "httpcore2.socks",
)


def quieten() -> None:
    """Keep of the HTTP library's log records the event's name alone, before any handler sees them.

    A filter of a logger does not see records of its children, so each
    logger of the library carries it. Safe to call again.
    """
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_name_only)


def _name_only(record: logging.LogRecord) -> bool:
    record.msg = str(record.msg).split(" ", 1)[0]
    record.args = ()
    record.exc_info = record.exc_text = None
    return True
