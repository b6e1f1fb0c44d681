"""Terraform: values of one variable, for ``NAME.auto.tfvars.json``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from gatepost.formats.base import Edition, Format, domains, list_text, prefixes, value_text
from gatepost.model.address import Family, Prefix
from gatepost.model.entry import Entry
from gatepost.model.plan import Capabilities, Granularity

KEYS = {Family.V4: "cidrs_ipv4", Family.V6: "cidrs_ipv6"}


class Tfvars(Format):
    """What Terraform reads as the variable ``gatepost_NAME``, hyphens of the list's name as underscores.

    Reference: https://developer.hashicorp.com/terraform/language/values/variables
    """

    name = "tfvars.json"
    media_type = "application/json"
    capabilities = Capabilities(domains=True, ports=True, granularity=Granularity.FILE)

    def render(self, edition: Edition) -> bytes:
        """Members in a fixed order, indented."""
        name = list_text(edition.list)
        found = [*prefixes(edition.entries)]
        value = {
            "serial": int(edition.serial),
            **{key: [value_text(each) for each in found if each.family is of] for of, key in KEYS.items()},
            "domains": [value_text(domain) for domain in domains(edition.entries)],
            "entries": [row for entry in edition.entries for row in _rows(entry)],
        }
        document = {f"gatepost_{name.replace('-', '_')}": value}
        return json.dumps(document, indent=1).encode("ascii") + b"\n"


def _rows(entry: Entry) -> Iterator[dict[str, Any]]:
    """One for each range of ports, as rules of clouds want them; null where any."""
    for first, last in entry.ports or ((None, None),):
        yield {
            "value": value_text(entry.value),
            "type": "prefix" if isinstance(entry.value, Prefix) else "domain",
            "protocol": entry.protocol and str(entry.protocol),
            "from_port": first,
            "to_port": last,
            "necessary": entry.necessary,
        }
