"""``[server.hints]``: addresses at which a platform says that its lists changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from typing import Any

from gatepost.config.accounts import placed, unread
from gatepost.config.server_keys import HintOptions, HintSettings
from gatepost.config.toml import Document, KeyPath
from gatepost.config.values import build
from gatepost.kit.secret import resolve


def read_hint(
    document: Document, where: KeyPath, name: str, table: Mapping[str, Any], known: Collection[str]
) -> HintSettings:
    """One table; ``known``: names of sources. Raises ConfigInvalid."""
    kept = ("sources", "platform", "receiver")
    options = {key: value if key in kept else placed(document, value) for key, value in table.items()}
    built = build(HintOptions, document, where, options, unread)
    if not built.sources or not set(built.sources) <= set(known):
        names = ", ".join(sorted(known)) or "none"
        document.refuse((*where, "sources"), f"expected names of sources ({names})")
    make = partial(build, HintOptions, document, where, options, resolve)
    return HintSettings(name, built.sources, make, dict(table))
