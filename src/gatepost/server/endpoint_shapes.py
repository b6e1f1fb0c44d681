"""The documents of ``/v1/endpoints``, ``/v1/version`` and ``/v1/changes``, as Microsoft 365 shapes them.

They are written from these types, and described by them.
Reference: https://learn.microsoft.com/microsoft-365/enterprise/microsoft-365-ip-web-service
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

VersionText = Annotated[str, Meta(pattern="^[0-9]{10,}$", description="A serial; compares as a text too.")]
Day = Annotated[str, Meta(pattern="^[0-9]{8}$", description="As 20260105.")]
Texts = tuple[str, ...] | UnsetType
Ports = Annotated[str, Meta(description="As 80,443,8000-8010.")] | UnsetType

Disposition = Literal["add", "change", "remove"]
Impact = Literal["AddedIp", "AddedUrl", "AddedIpAndUrl", "RemovedIpOrUrl"]
Category = Literal["Allow", "Default"]


class Endpoint(Struct, rename="camel", omit_defaults=True, kw_only=True):
    """Entries of one protocol, the same ports and the same necessity."""

    id: int
    service_area: str
    service_area_display_name: str
    urls: Texts = UNSET
    ips: Texts = UNSET
    tcp_ports: Ports = UNSET
    udp_ports: Ports = UNSET
    express_route: bool
    category: Category
    required: bool
    notes: str | UnsetType = UNSET


class Attributes(Struct, rename="camel", omit_defaults=True, kw_only=True):
    """What is said of an endpoint set, but for its members."""

    tcp_ports: Ports = UNSET
    udp_ports: Ports = UNSET
    express_route: bool
    category: Category
    required: bool
    notes: str | UnsetType = UNSET


class Moved(Struct, rename="camel", omit_defaults=True, kw_only=True):
    """What came to a set, or went from it."""

    effective_date: Day
    urls: Texts = UNSET
    ips: Texts = UNSET


class Change(Struct, rename="camel", omit_defaults=True, kw_only=True):
    """What one version did to one endpoint set."""

    id: int
    endpoint_set_id: int
    disposition: Disposition
    impact: Impact
    version: VersionText
    current: Attributes | UnsetType = UNSET
    previous: Attributes | UnsetType = UNSET
    add: Moved | UnsetType = UNSET
    remove: Moved | UnsetType = UNSET


class Latest(Struct):
    """The version of a list that is published now."""

    instance: str
    latest: VersionText


class Known(Struct):
    """The same, with the versions that changes can be told of, the newest first."""

    instance: str
    latest: VersionText
    versions: tuple[VersionText, ...]
