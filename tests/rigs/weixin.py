"""WeCom's and WeChat's side of a callback: sealed and signed as their documentation says."""

from __future__ import annotations

import base64
import os
from urllib.parse import urlencode

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from callbacks.vectors import AES_KEY, CORP, TOKEN
from gatepost.callbacks.weixin import sign
from gatepost.model.incoming import Incoming

CHANGED = (
    "<xml><ToUserName><![CDATA[toUser]]></ToUserName><FromUserName><![CDATA[sys]]></FromUserName>"
    "<CreateTime>1409659813</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[security]]></Event>"
    "<ChangeType><![CDATA[change_domain_ip]]></ChangeType></xml>"
)


def seal(
    message: bytes, receiver: str = CORP, length: int | None = None, pad: int | None = None, fill: int = 1
) -> str:
    """As WeCom encrypts; ``length`` and ``pad`` lie where they are given, ``fill=0`` is no PKCS#7."""
    key = base64.b64decode(AES_KEY + "=")
    size = len(message) if length is None else length
    plain = os.urandom(16) + size.to_bytes(4, "big") + message + receiver.encode()
    room = 32 - len(plain) % 32
    plain += bytes([(pad or room) * fill]) * (room - 1) + bytes([pad or room])
    aes = Cipher(algorithms.AES256(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(aes.update(plain) + aes.finalize()).decode()


def query(sealed: str, timestamp: str = "1409659813", nonce: str = "1372623149", **others: str) -> bytes:
    """Signed."""
    signature = sign(TOKEN, timestamp, nonce, sealed)
    return urlencode({"msg_signature": signature, "timestamp": timestamp, "nonce": nonce, **others}).encode()


def post(sealed: str, **options: str) -> Incoming:
    """A message as WeCom sends it."""
    body = f"<xml><ToUserName><![CDATA[{CORP}]]></ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
    return Incoming("POST", query(sealed, **options), (), body.encode())
