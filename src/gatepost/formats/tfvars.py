"""Terraform: values of one variable, for ``NAME.auto.tfvars.json``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from gatepost.formats.base import Edition, Format, domains, json_lines, list_text, prefixes, value_text
from gatepost.model.address import Family, Prefix
from gatepost.model.entry import Entry, Protocol
from gatepost.model.plan import Capabilities, Granularity


class Rule(Struct, frozen=True):
    """One for each range of ports, as rules of clouds want them; null where any."""

    value: str
    type: Literal["prefix", "domain"]
    protocol: Protocol | None
    from_port: int | None
    to_port: int | None
    necessary: bool | None


class Variable(Struct, frozen=True):
    """The variable's value."""

    serial: int
    cidrs_ipv4: tuple[str, ...]
    cidrs_ipv6: tuple[str, ...]
    domains: tuple[str, ...]
    entries: tuple[Rule, ...]


class Tfvars(Format):
    """What Terraform reads as the variable ``gatepost_NAME``, hyphens of the list's name as underscores.

    Reference: https://developer.hashicorp.com/terraform/language/values/variables
    """

    name = "tfvars.json"
    media_type = "application/json"
    capabilities = Capabilities(domains=True, ports=True, granularity=Granularity.FILE)
    document = dict[str, Variable]

    def render(self, edition: Edition) -> bytes:
        """Members in a fixed order, indented."""
        name = list_text(edition.list)
        value = Variable(
            serial=int(edition.serial),
            cidrs_ipv4=_texts(edition, Family.V4),
            cidrs_ipv6=_texts(edition, Family.V6),
            domains=tuple(map(value_text, domains(edition.entries))),
            entries=tuple(rule for entry in edition.entries for rule in _rules(entry)),
        )
        return json_lines({f"gatepost_{name.replace('-', '_')}": value})


def _texts(edition: Edition, family: Family) -> tuple[str, ...]:
    return tuple(value_text(each) for each in prefixes(edition.entries) if each.family is family)


def _rules(entry: Entry) -> Iterator[Rule]:
    for first, last in entry.ports or ((None, None),):
        yield Rule(
            value=value_text(entry.value),
            type="prefix" if isinstance(entry.value, Prefix) else "domain",
            protocol=entry.protocol,
            from_port=first,
            to_port=last,
            necessary=entry.necessary,
        )
