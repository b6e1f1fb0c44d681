"""Read an answer's body within a bound: what is counted is decoded bytes, while they stream."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterable

from gatepost.errors import ConnectFailed, NotJson, TooLarge, cut

_GZIP = zlib.MAX_WBITS | 16
_RAW_SLACK = 64 * 1024
"""Compressed bytes allowed beyond the cap: gzip grows what it cannot shrink by less than this."""


async def read_body(chunks: AsyncIterable[bytes], encoding: str, limit: int) -> bytes:
    """The whole body, decoded; at most ``limit`` bytes ever stand in memory.

    Raises TooLarge at the first byte beyond, NotJson for an encoding we did
    not ask for, ConnectFailed where compressed data ends early or is broken.
    """
    reader = _reader(encoding, limit)
    async for chunk in chunks:
        reader.feed(chunk)
    return reader.end()


class _Plain:
    """Bytes as they come."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._body = bytearray()

    def feed(self, chunk: bytes) -> None:
        self._body += chunk
        if len(self._body) > self._limit:
            raise _too_large(self._limit)

    def end(self) -> bytes:
        return bytes(self._body)


class _Gzip(_Plain):
    """One gzip member, inflated never further than the bound (a 204 kB body may hold 200 MiB)."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self._inflate = zlib.decompressobj(_GZIP)
        self._raw = 0

    def feed(self, chunk: bytes) -> None:
        self._raw += len(chunk)
        if self._raw > self._limit + _RAW_SLACK:
            raise _too_large(self._limit)
        room = self._limit + 1 - len(self._body)
        try:
            data = self._inflate.decompress(chunk, room)
        except zlib.error:
            data = None
        if data is None or self._inflate.unused_data:
            msg = "the answer's compression is broken"
            raise ConnectFailed(msg)
        super().feed(data)

    def end(self) -> bytes:
        if not self._inflate.eof:
            msg = "the connection ended before the compressed answer was whole"
            raise ConnectFailed(msg)
        return super().end()


def _reader(encoding: str, limit: int) -> _Plain:
    match encoding.strip().lower():
        case "" | "identity":
            return _Plain(limit)
        case "gzip" | "x-gzip":
            return _Gzip(limit)
        case other:
            msg = f"the answer is encoded as {cut(other, 40)!r}, which was not asked for"
            raise NotJson(msg)


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"the answer is larger than {limit} bytes")
