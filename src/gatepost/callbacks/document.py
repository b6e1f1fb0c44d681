"""A JSON object out of a callback's body."""

from __future__ import annotations

from typing import Any

from gatepost.callbacks.base import refuse
from gatepost.errors import AnswerRefused
from gatepost.kit.json import decode_json


def read_object(data: bytes) -> dict[str, Any]:
    """Strict JSON, an object. Raises CallbackRefused."""
    try:
        return decode_json(data, dict[str, Any])
    except AnswerRefused:
        refuse("its JSON cannot be read")


def text_at(document: Any, *path: str) -> str:
    """A text in nested objects; empty where there is none."""
    for name in path:
        document = document.get(name) if isinstance(document, dict) else None
    return document if isinstance(document, str) else ""
