"""How a client says who it is at a token endpoint (RFC 6749, 2.3.1)."""

from __future__ import annotations

import base64
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from urllib.parse import quote_plus

from gatepost.kit.secret import Secret

BASIC, POST = "client_secret_basic", "client_secret_post"
"""As OpenID Connect Discovery 1.0, 3 names the two ways."""

_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]+")


@dataclass(frozen=True, slots=True)
class Shown:
    """What goes along with a request: headers, and members of its form."""

    headers: dict[str, str | Secret] = field(default_factory=dict)
    form: dict[str, str | Secret] = field(default_factory=dict)


def client_shown(id_: str, secret: Secret, methods: Collection[str]) -> Shown:
    """In a header, or in the form where the server takes no other or could misread the header.

    In the header both parts are escaped as forms are. Not every server takes that back, so what
    would be escaped goes into the form where the server takes that as well.
    """
    plain = bool(_UNRESERVED.fullmatch(id_) and _UNRESERVED.fullmatch(secret.reveal()))
    if POST in methods and not (BASIC in methods and plain):
        return Shown(form={"client_id": id_, "client_secret": secret})
    pair = f"{quote_plus(id_)}:{quote_plus(secret.reveal())}"
    return Shown({"authorization": Secret(f"Basic {base64.b64encode(pair.encode()).decode()}")})
