"""What the HTTP library raises, said in our own errors and without a word of the request."""

from __future__ import annotations

import errno
import os
import ssl

import httpx2

from gatepost.errors import ConnectFailed, FetchError, HostRefused, RequestRejected, TlsFailed, cut


def translate(error: Exception, place: str) -> FetchError:
    """Our leaf for a library's exception. Only words of the operating system and of TLS are quoted."""
    causes = _causes(error)
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return TlsFailed(f"the certificate of {place} does not verify: {cut(cause.verify_message)}")
        if isinstance(cause, ssl.SSLError) and not isinstance(
            cause, ssl.SSLEOFError | ssl.SSLZeroReturnError
        ):
            return TlsFailed(f"no TLS with {place}: {cut(cause.reason or 'handshake failed')}")
    match error:
        case httpx2.InvalidURL() | httpx2.UnsupportedProtocol():
            return HostRefused(f"{place} is not an https URL")
        case httpx2.LocalProtocolError():
            return RequestRejected(f"the request to {place} holds a character that no header may hold")
        case httpx2.ConnectError() | httpx2.ConnectTimeout() | httpx2.ProxyError() | OSError():
            return ConnectFailed(f"no connection to {place}: {_system_words(causes)}")
        case httpx2.TransportError():
            return ConnectFailed(f"the connection to {place} broke before the answer was whole")
    return RequestRejected(f"the request to {place} could not be made ({type(error).__name__})")


def _causes(error: BaseException) -> list[BaseException]:
    """The exception and all behind it, nearest first."""
    found: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        this = waiting.pop(0)
        if this is None or this in found:
            continue
        found.append(this)
        inner = this.exceptions if isinstance(this, BaseExceptionGroup) else ()
        waiting += [*inner, this.__cause__, this.__context__]
    return found


def _system_words(causes: list[BaseException]) -> str:
    for cause in causes:
        if isinstance(cause, OSError) and cause.errno is not None:
            return (
                os.strerror(cause.errno)
                if cause.errno in errno.errorcode
                else cut(cause.strerror or "no address")
            )
    return "it did not answer"
