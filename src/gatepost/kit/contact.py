"""What an answer's connection tells of the way to its host: clock, certificates, our own address."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gatepost.errors import cut


@dataclass(frozen=True, slots=True)
class Contact:
    """One answer's way, told when it came."""

    host: str
    skew: float | None
    """Seconds the host's ``Date`` is ahead of our clock; None where it tells none."""
    local: str = ""
    """Our address on this connection; whoever translates addresses changes it on the way."""
    expires: datetime | None = None
    """The earliest end of the certificates that were verified; None without TLS."""
    issuer: str = ""
    """Who signed the host's certificate: a proxy that looks into TLS stands here by its name."""
    proxied: bool = False


def contact_of(host: str, skew: float | None, extensions: Mapping[str, Any], *, proxied: bool) -> Contact:
    """From an HTTP library's stream; what it does not tell is left empty."""
    stream = extensions.get("network_stream")
    tell = stream.get_extra_info if stream is not None else lambda _: None
    tls, own = tell("ssl_object"), tell("client_addr")
    local = str(own[0]) if isinstance(own, tuple) and own else ""
    if tls is None:
        return Contact(host, skew, local, proxied=proxied)
    return Contact(host, skew, local, _expires(tls), _issuer(tls), proxied)


def _expires(tls: Any) -> datetime | None:
    """Of the whole chain where Python tells it, else of the host's certificate."""
    inner: Any = getattr(tls, "_sslobj", None)
    told: Any = getattr(inner, "get_verified_chain", list)  # public from 3.13 on, as bytes alone
    infos = [one.get_info() for one in told() or ()] or [tls.getpeercert() or {}]
    try:
        ends = [ssl.cert_time_to_seconds(info["notAfter"]) for info in infos if info.get("notAfter")]
    except ValueError:
        return None
    return datetime.fromtimestamp(min(ends), UTC) if ends else None


def _issuer(tls: Any) -> str:
    names = {key: value for part in (tls.getpeercert() or {}).get("issuer", ()) for key, value in part}
    return cut(str(names.get("organizationName") or names.get("commonName") or ""), 80)
