"""UserSig (TLS signature, version 2): how Tencent Cloud Chat takes it apart and checks it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import zlib
from dataclasses import dataclass

SIZE_MAX = 64 * 1024
_BACK = str.maketrans("*-_", "+/=")


@dataclass(frozen=True, slots=True)
class UserSig:
    """Its members, as signed."""

    version: str
    identifier: str
    sdkappid: int
    time: int
    expire: int
    userbuf: str | None
    sig: str

    def signed_by(self, key: str) -> bool:
        """Whether the MAC is this key's; the key's text itself is the HMAC key."""
        content = (
            f"TLS.identifier:{self.identifier}\nTLS.sdkappid:{self.sdkappid}\n"
            f"TLS.time:{self.time}\nTLS.expire:{self.expire}\n"
        )
        if self.userbuf is not None:
            content += f"TLS.userbuf:{self.userbuf}\n"
        mac = hmac.new(key.encode(), content.encode(), hashlib.sha256).digest()
        return hmac.compare_digest(base64.b64encode(mac), self.sig.encode())


def parse(text: str) -> UserSig | None:
    """A UserSig of its text; None where it cannot be one."""
    try:
        packed = base64.b64decode(text.translate(_BACK), validate=True)
        members = json.loads(zlib.decompressobj().decompress(packed, SIZE_MAX))
        return UserSig(
            version=members["TLS.ver"],
            identifier=members["TLS.identifier"],
            sdkappid=int(members["TLS.sdkappid"]),
            time=int(members["TLS.time"]),
            expire=int(members["TLS.expire"]),
            userbuf=members.get("TLS.userbuf"),
            sig=str(members["TLS.sig"]),
        )
    except (ValueError, TypeError, KeyError, RecursionError, zlib.error):
        return None
