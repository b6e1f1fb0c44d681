"""What may be read out of a platform's words: only to show it, never to decide by it."""

from __future__ import annotations

import re
from dataclasses import replace

from gatepost.model.address import Family, format_address, parse_v4, parse_v6
from gatepost.platforms.base import Code, CodeClass

_ADDRESS = re.compile(r"(?<![\w.:])[0-9A-Fa-f.:]{3,45}(?![\w:])")
_LOG_ID = re.compile(r"(?:\brid: |\bhint: \[)([\w-]{8,64})", re.ASCII)


def address_in(said: str) -> str | None:
    """The first address in a message, made from its integer: the one the platform sees us as."""
    for found in _ADDRESS.findall(said):
        text = found.rstrip(".:")
        for family, parse in ((Family.V4, parse_v4), (Family.V6, parse_v6)):
            try:
                return format_address(family, parse(text))
            except (OSError, ValueError):
                continue
    return None


def log_id_in(said: str) -> str | None:
    """What the platform's support asks for: WeChat's ``rid: …``, WeCom's and older ``hint: […]``."""
    found = _LOG_ID.search(said)
    return found[1] if found else None


def naming_us(row: Code, said: str) -> Code:
    """The row; where our address is not allowed, its advice begins with that address."""
    address = address_in(said) if row.klass is CodeClass.NETWORK else None
    if address is None:
        return row
    return replace(row, advice=f"The platform sees this host as {address}. {row.advice}")
