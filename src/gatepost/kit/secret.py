"""Secrets have a type that shows nothing, and references that say where they live.

A literal secret in a configuration is refused: only ``env:NAME``, ``file:PATH``
and ``keyring:SERVICE/USER`` are references.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

from gatepost.errors import ConfigInvalid, SecretUnavailable

SECRET_BYTES_MAX = 64 * 1024


class Secret:
    """A value that appears in no repr, format, pickle or comparison of its text."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        """Wrap a value; only :meth:`reveal` gives it back."""
        self._value = value

    def reveal(self) -> str:
        """The value itself: call this only where it goes to its platform."""
        return self._value

    def __repr__(self) -> str:
        """Always three stars."""
        return "***"

    def __eq__(self, other: object) -> bool:
        """Equal to a Secret of the same value, never to a plain string."""
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        """Hash of the value."""
        return hash(self._value)

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled or copied into another process."""
        msg = "a Secret cannot be pickled"
        raise TypeError(msg)


def bearer(token: Secret) -> Secret:
    """The value of an ``Authorization`` header that shows a token (RFC 6750 §2.1)."""
    return Secret(f"Bearer {token.reveal()}")


def check_reference(reference: str) -> None:
    """Raise ConfigInvalid unless this is a reference; the text itself is not repeated, it may be a secret."""
    scheme, _, place = reference.partition(":")
    if not place or scheme not in {"env", "file", "keyring"} or (scheme == "keyring" and "/" not in place):
        msg = "a secret must be env:NAME, file:PATH or keyring:SERVICE/USER; a literal is refused"
        raise ConfigInvalid(msg)


def resolve(reference: str) -> Secret:
    """The secret a reference points to.

    Raises ConfigInvalid for a literal, SecretUnavailable where nothing is found.
    """
    check_reference(reference)
    scheme, _, place = reference.partition(":")
    match scheme:
        case "env":
            value = os.environ.get(place, "")
        case "file":
            value = _read(Path(place))
        case _:
            value = _ask_keyring(*place.split("/", 1))
    if not value:
        msg = f"the secret {reference} is empty or not set"
        raise SecretUnavailable(msg)
    return Secret(value)


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(SECRET_BYTES_MAX).decode().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"the secret file {path} cannot be read: {type(error).__name__}"
        raise SecretUnavailable(msg) from None


def _ask_keyring(service: str, user: str) -> str:
    try:
        import keyring  # noqa: PLC0415 - an extra, imported when used
    except ImportError:
        msg = "a keyring: secret needs `pip install gatepost[keyring]`"
        raise SecretUnavailable(msg) from None
    return str(keyring.get_password(service, user) or "")
