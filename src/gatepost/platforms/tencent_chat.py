"""Tencent Cloud Chat (IM): its server addresses, asked with a signature made here.

https://cloud.tencent.com/document/product/269/45438 (GetIPList),
https://cloud.tencent.com/document/product/269/1519 (REST API overview).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import zlib

from gatepost.kit.secret import Secret

SIGNATURE_LIFE = 300
"""Seconds a UserSig lives: it is minted for one call, and an administrator's opens everything."""


def user_sig(
    key: Secret,
    sdkappid: int,
    identifier: str,
    *,
    at: int,
    life: int = SIGNATURE_LIFE,
    userbuf: bytes | None = None,
) -> Secret:
    """A UserSig (TLS v2) for one account of one app.

    Args:
        key: The app's secret key; its text is the MAC's key, it is not decoded from hex.
        sdkappid: The app.
        identifier: The account signed for.
        at: Unix time in seconds from which it counts.
        life: Seconds it is valid.
        userbuf: Further signed bytes, as the vendor's private map key uses them.

    The signed lines stand in this order; the JSON's keys may stand in any, so
    signatures are compared by their decoded fields.
    """
    signed: dict[str, str | int] = {
        "identifier": identifier,
        "sdkappid": sdkappid,
        "time": at,
        "expire": life,
    }
    if userbuf is not None:
        signed["userbuf"] = base64.b64encode(userbuf).decode()
    content = "".join(f"TLS.{name}:{value}\n" for name, value in signed.items())
    mac = hmac.digest(key.reveal().encode(), content.encode(), hashlib.sha256)
    fields = {"ver": "2.0", **signed, "sig": base64.b64encode(mac).decode()}
    document = json.dumps({f"TLS.{name}": value for name, value in fields.items()})
    return Secret(base64.b64encode(zlib.compress(document.encode()), b"*-").decode().replace("=", "_"))
