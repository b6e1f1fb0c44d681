"""Detached signatures that ``minisign -V`` verifies: Ed25519 over BLAKE2b, with a trusted comment.

The form is minisign's own (https://jedisct1.github.io/minisign/), prehashed; the
signing is the ``cryptography`` package's. A key without password is read from its
file each time, since a service has nobody to type one; the file's permissions
are what guards it.
"""

from __future__ import annotations

import base64
import binascii
import os
import stat
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from gatepost.errors import TargetRejected, TargetUnavailable

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KEY_BYTES = 158
"""Algorithms (6), salt (32), limits (16), key number (8), seed (32), public key (32), checksum (32)."""
KEY_MAX = 4096
_NUMBER, _SEED, _PUBLIC, _CHECKSUM = slice(54, 62), slice(62, 94), slice(94, 126), slice(126, 158)
_NO_CHECKSUM = bytes(32)
"""What ``minisign -G -W`` writes (seen of 0.11); ``minisign -C -W`` and others write the checksum."""
HINT = "Make one with `minisign -G -W -s FILE`, owned by the user gatepost runs as, mode 0600."


@dataclass(frozen=True, slots=True, repr=False)
class Signer:
    """A key that signs. Its repr shows nothing."""

    number: bytes
    """Eight bytes by which a public key is known."""
    key: Ed25519PrivateKey

    @property
    def id(self) -> str:
        """The number as minisign shows it."""
        return self.number[::-1].hex().upper()

    def sign(self, data: bytes, comment: str) -> bytes:
        """The ``.minisig`` of ``data``; ``comment`` is ASCII on one line, and signed too."""
        signature = self.key.sign(blake2b(data).digest())
        over_all = self.key.sign(signature + comment.encode("ascii"))
        head = base64.b64encode(b"ED" + self.number + signature).decode()
        tail = base64.b64encode(over_all).decode()
        return (
            f"untrusted comment: signature of gatepost\n{head}\ntrusted comment: {comment}\n{tail}\n".encode()
        )


def read_key(path: Path) -> Signer:
    """The key in a file of ``minisign -G -W``. Raises TargetUnavailable, TargetRejected for any other file.

    A file that others may read, or that belongs to somebody else, is refused.
    """
    try:
        from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415 - an extra, used to sign
    except ImportError:
        msg = "signing a feed needs `pip install gatepost[server]`"
        raise TargetUnavailable(msg, hint="Install it, or take `sign` out of the target.") from None
    body = _decoded(_read(path), path)
    seed = ed25519.Ed25519PrivateKey.from_private_bytes(body[_SEED])
    secret = body[_NUMBER] + body[_SEED] + body[_PUBLIC]
    if (
        body[_CHECKSUM] not in (blake2b(body[:2] + secret, digest_size=32).digest(), _NO_CHECKSUM)
        or seed.public_key().public_bytes_raw() != body[_PUBLIC]
    ):
        raise _wrong(path, "its checksum is not that of the key in it")
    return Signer(body[_NUMBER], seed)


def _read(path: Path) -> str:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(handle, "rb") as file:  # noqa: PTH123 - what is checked is what is read
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode) or status.st_uid not in (0, os.geteuid()):
                raise _wrong(path, "it is no regular file of root or of the user gatepost runs as")
            if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise _wrong(path, f"others may use it ({stat.S_IMODE(status.st_mode):04o})")
            return file.read(KEY_MAX).decode("ascii", "replace")
    except OSError as error:
        msg = f"the signing key {path} cannot be read: {error.strerror or type(error).__name__}"
        raise TargetUnavailable(msg, hint=HINT) from None


def _decoded(text: str, path: Path) -> bytes:
    lines = text.splitlines()
    try:
        body = base64.b64decode(lines[1], validate=True)
    except (IndexError, ValueError, binascii.Error):
        raise _wrong(path, "it is no key of minisign") from None
    if len(body) != KEY_BYTES or body[:2] != b"Ed" or body[4:6] != b"B2":
        raise _wrong(path, "it is no key of minisign")
    if body[2:4] != b"\0\0":
        raise _wrong(path, "it has a password, which nobody is there to type")
    return body


def _wrong(path: Path, what: str) -> TargetRejected:
    msg = f"the signing key {path} is refused: {what}"
    return TargetRejected(msg, hint=HINT)
