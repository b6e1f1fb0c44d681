"""JSON in the shape that Google and others publish, codified by JAFAR."""

from __future__ import annotations

import json
from datetime import UTC
from typing import Any

from gatepost.formats.base import Edition, Format, list_text, prefixes, value_text
from gatepost.model.address import Family, Prefix
from gatepost.model.entry import Entry
from gatepost.model.plan import Capabilities, Granularity

MEMBER = {Family.V4: "ipv4Prefix", Family.V6: "ipv6Prefix"}


class Json(Format):
    """``creationTime``, ``syncToken``, ``prefixes``; what that shape has no place for is under ``gatepost``.

    Reference: https://www.gstatic.com/ipranges/goog.json and draft-illyes-webbotauth-jafar-00.
    """

    name = "json"
    media_type = "application/json"
    capabilities = Capabilities(domains=True, ports=True, granularity=Granularity.FILE)

    def render(self, edition: Edition) -> bytes:
        """Members in a fixed order, indented."""
        token = str(int(edition.serial))
        document = {
            "formatVersion": "1.0",
            "syncToken": token,
            "synctoken": token,
            "creationTime": edition.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "prefixes": [{MEMBER[each.family]: value_text(each)} for each in prefixes(edition.entries)],
            "gatepost": {
                "list": list_text(edition.list),
                "serial": int(edition.serial),
                "entries": [_entry(entry) for entry in edition.entries],
            },
        }
        return json.dumps(document, indent=1).encode("ascii") + b"\n"


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "value": value_text(entry.value),
        "type": "prefix" if isinstance(entry.value, Prefix) else "domain",
        "protocol": entry.protocol and str(entry.protocol),
        "ports": [[int(first), int(last)] for first, last in entry.ports],
        "necessary": entry.necessary,
    }
