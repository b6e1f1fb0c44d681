"""The words that say why a value was withheld: a closed set, shown to people and counted."""

from __future__ import annotations

from enum import StrEnum


class Oddity(StrEnum):
    """What is wrong with one value."""

    NOT_AN_ADDRESS = "not-an-address"
    """Anything but digits, dots, hex and colons, or not an address for all that."""
    LEADING_ZERO = "leading-zero"
    """``010.8.8.8``: octal to some firewalls, decimal to others (CVE-2021-29921)."""
    BAD_LENGTH = "bad-length"
    """A prefix length that is not a plain number in range: ``/33``, ``/08``, ``/255.255.255.0``."""
    HOST_BITS = "host-bits"
    """A network written with host bits set; some firewalls widen it in silence."""
    WILDCARD = "wildcard"
    """``a.b.c.*`` where the platform declares none, or a star within a name."""
    RANGE = "range"
    """``a-b`` where the platform declares none, or upside down."""
    SPECIAL = "special"
    """Space no platform serves from: :mod:`gatepost.planning.special`."""
    SAMPLE = "sample"
    """An address out of the platform's own documentation."""
    TOO_LONG = "too-long"
    NOT_A_DOMAIN = "not-a-domain"
    """Anything but letters, digits, hyphens and dots."""
    SINGLE_LABEL = "single-label"
    LABEL_TOO_LONG = "label-too-long"
    TRAILING_DOT = "trailing-dot"
    UNDERSCORE = "underscore"
    IP_LITERAL = "ip-literal"
    """A name that resolvers and browsers read as an address."""
    LOCALHOST = "localhost"
    PUBLIC_SUFFIX = "public-suffix"
    """A wildcard over names that belong to everybody: ``*.com``, ``*.com.cn``."""
    BAD_IDN = "bad-idn"
    """Not a name of IDNA 2008."""
    MIXED_SCRIPT = "mixed-script"
    """A label that mixes alphabets no language mixes: a look-alike."""
    PROTOCOL = "protocol"
    """Neither tcp nor udp."""
    PORT = "port"
    """Not a port, or a range upside down."""
    TOO_MANY_PORTS = "too-many-ports"


class Odd(ValueError):
    """A value that is withheld; its text is the oddity's word."""

    def __init__(self, oddity: Oddity) -> None:
        """``oddity``: the word, all that is ever shown."""
        super().__init__(oddity.value)
        self.oddity = oddity
