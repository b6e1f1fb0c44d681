"""In the path of every built program under test: a name is asked for on loopback or not at all.

What a host's own files name (its time servers) would otherwise be asked for in
the world outside. A resolver that knows no name is one of those a program must
bear with.
"""

from __future__ import annotations

import ipaddress
import socket
import sys


def refuse_names(event: str, arguments: tuple[object, ...]) -> None:
    """An audit hook: resolving a name that is neither an address nor this host fails at once."""
    if event == "socket.getaddrinfo" and not is_here(arguments[0]):
        raise socket.gaierror(socket.EAI_NONAME, f"under test, no name is asked for: {arguments[0]!r}")


def is_here(host: object) -> bool:
    """Whether nobody needs to be asked."""
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    if text in (None, "", "localhost"):
        return True
    try:
        return bool(ipaddress.ip_address(str(text)))
    except ValueError:
        return False


sys.addaudithook(refuse_names)
