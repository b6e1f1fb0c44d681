"""Faults of bytes and of the line: broken, huge, slow, foreign or hostile bodies.

Cases A2, A3, A4, A9, A12, A13, A15.
"""

from __future__ import annotations

import functools
import gzip
import json
import struct
import zlib
from collections.abc import Awaitable, Callable

from gatepost.emulator.base import Answer, Role
from gatepost.emulator.fault import Fault, Strike
from gatepost.emulator.fault_answers import Twist, holders
from gatepost.emulator.line import CHUNK, Line

MEBIBYTE = 1024 * 1024
BIG = 200 * MEBIBYTE
"""Decoded bytes of the big bodies and of the bombs."""
NESTING = 100_000
DIGITS = 5_000
INTERVAL = 0.05
"""Seconds between two drops of a slow body."""

PORTAL = (
    b"<!DOCTYPE html><html><head><title>Sign in to the network</title></head>"
    b"<body><h1>Welcome</h1><form action='/login'><input name='room'></form></body></html>"
)


def _delivered(deliver: Callable[[Strike], Callable[[Line, Answer], Awaitable[None]]]) -> Twist:
    def twist(strike: Strike, answer: Answer) -> Answer:
        answer.deliver = deliver(strike)
        return answer

    return twist


def _simply(deliver: Callable[[Line, Answer], Awaitable[None]]) -> Twist:
    return _delivered(lambda _strike: deliver)


async def _truncated(line: Line, answer: Answer) -> None:
    body = answer.body
    await line.start(answer.status, {**answer.headers, "content-length": str(len(body))})
    await line.write(body[: len(body) // 2])
    line.cut()


async def _truncated_chunked(line: Line, answer: Answer) -> None:
    await line.start(answer.status, answer.headers)
    await line.write(answer.body[: len(answer.body) // 2])
    line.cut()


async def _reset(line: Line, answer: Answer) -> None:
    body = answer.body
    await line.start(answer.status, {**answer.headers, "content-length": str(len(body))})
    await line.write(body[: len(body) // 2])
    line.reset()


async def _too_short(line: Line, answer: Answer) -> None:
    body = answer.body
    await line.start(answer.status, {**answer.headers, "content-length": str(len(body) + 100)})
    await line.write(body)
    line.cut()


def _big(strike: Strike) -> Callable[[Line, Answer], Awaitable[None]]:
    size = int(strike.settings.get("size", BIG))

    async def deliver(line: Line, answer: Answer) -> None:
        async def stream() -> None:
            await line.start(answer.status, answer.headers)
            await line.write(answer.body[:-1])
            for _ in range(size // CHUNK):
                await line.write(b" " * CHUNK)
            await line.write(answer.body[-1:], last=True)

        await line.until_gone(stream)

    return deliver


@functools.cache
def gzip_bomb(head: bytes, tail: bytes, size: int) -> bytes:
    """One gzip member of ``head``, ``size`` spaces and ``tail``, made without compressing it all."""
    blank = b" " * MEBIBYTE
    block, many = _deflated(blank), size // MEBIBYTE
    check = zlib.crc32(head)
    for _ in range(many):
        check = zlib.crc32(blank, check)
    check = zlib.crc32(tail, check)
    length = (len(head) + many * MEBIBYTE + len(tail)) & 0xFFFFFFFF
    end = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    deflated = _deflated(head) + block * many + end.compress(tail) + end.flush()
    return b"\x1f\x8b\x08\0\0\0\0\0\x02\xff" + deflated + struct.pack("<II", check, length)


def _deflated(data: bytes) -> bytes:
    """Deflate blocks that stand by themselves and may be repeated."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush(zlib.Z_FULL_FLUSH)


def zstd_bomb(body: bytes, size: int) -> bytes:
    """A Zstandard frame (RFC 8878): the body in raw blocks, then ``size`` spaces in blocks of four bytes."""
    most = 128 * 1024
    blocks = [
        _zstd_block(0, len(body[at : at + most]), body[at : at + most]) for at in range(0, len(body), most)
    ]
    blocks += [_zstd_block(1, most, b" ")] * (size // most)
    return b"\x28\xb5\x2f\xfd\x00\x38" + b"".join(blocks) + _zstd_block(0, 0, b"", last=True)


def _zstd_block(kind: int, size: int, content: bytes, *, last: bool = False) -> bytes:
    return (size << 3 | kind << 1 | int(last)).to_bytes(3, "little") + content


def brotli_stored(body: bytes) -> bytes:
    """A Brotli stream (RFC 7932) of uncompressed meta-blocks."""
    most = 65_536
    parts = (body[at : at + most] for at in range(0, len(body), most))
    stream = b"".join(_brotli_block(part, first=at == 0) for at, part in enumerate(parts))
    return stream + b"\x03"


def _brotli_block(part: bytes, *, first: bool) -> bytes:
    bits = 1 if first else 0  # the first block follows one bit that says: a window of 64 KiB
    header = (len(part) - 1) << (3 + bits) | 1 << (19 + bits)
    return header.to_bytes(3, "little") + part


def _encoded(encoding: str, encode: Callable[[Strike, bytes], bytes]) -> Twist:
    def twist(strike: Strike, answer: Answer) -> Answer:
        answer.raw = encode(strike, answer.body)
        answer.headers["content-encoding"] = encoding
        return answer

    return twist


def _bombed(strike: Strike, body: bytes) -> bytes:
    return gzip_bomb(body[:-1], body[-1:], int(strike.settings.get("size", BIG)))


def _drip(strike: Strike) -> Callable[[Line, Answer], Awaitable[None]]:
    interval = float(strike.settings.get("interval", INTERVAL))

    async def deliver(line: Line, answer: Answer) -> None:
        async def stream() -> None:
            await line.start(answer.status, answer.headers)
            for byte in answer.body[:-1]:
                await line.write(bytes([byte]))
                await line.pause(interval)
            while True:
                await line.write(b" ")
                await line.pause(interval)

        await line.until_gone(stream)

    return deliver


async def _hang(line: Line, _answer: Answer) -> None:
    await line.gone()


def _endless_headers(strike: Strike) -> Callable[[Line, Answer], Awaitable[None]]:
    interval = float(strike.settings.get("interval", INTERVAL))

    async def deliver(line: Line, answer: Answer) -> None:
        async def stream() -> None:
            while line.write_raw(b"X-Drop: 1\r\n"):
                await line.pause(interval)

        if line.write_raw(f"HTTP/1.1 {answer.status} OK\r\n".encode()):
            await line.until_gone(stream)
        else:
            await line.gone()

    return deliver


def _page_of(content_type: str, status: int = 200) -> Twist:
    def twist(strike: Strike, answer: Answer) -> Answer:
        del strike, answer
        return Answer(raw=PORTAL, status=status, headers={"content-type": content_type})

    return twist


def _bytes(change: Callable[[bytes], bytes]) -> Twist:
    def twist(strike: Strike, answer: Answer) -> Answer:
        del strike
        answer.raw = change(answer.body)
        return answer

    return twist


def _inserted(members: bytes) -> Callable[[bytes], bytes]:
    """Members put first into the answer's object."""
    return lambda body: b"{" + members + b"," + body[1:]


def _duplicated(strike: Strike, answer: Answer) -> Answer:
    """The list's key comes twice: full, then empty; most parsers take the last."""
    del strike
    answer.raw = answer.body
    for _, key in list(holders(answer.payload)):
        start = json.dumps(key).encode() + b": ["
        answer.raw = answer.raw.replace(start, start + b'"101.126.59.200"], ' + start, 1)
    return answer


def _number(text: str) -> Callable[[bytes], bytes]:
    return _inserted(b'"count": ' + text.encode())


def _redirected(status: int, location: str) -> Twist:
    def twist(strike: Strike, answer: Answer) -> Answer:
        del answer
        place = str(strike.settings.get("location", location))
        return Answer(raw=b"", status=status, headers={"location": place, "content-type": "text/plain"})

    return twist


def _message(text: str) -> bytes:
    return b'"notice": "' + text.encode("gbk") + b'"'


FAULTS = (
    Fault(
        "A2",
        "truncated",
        "The connection closes after half of the Content-Length.",
        after=_simply(_truncated),
    ),
    Fault(
        "A2.chunked",
        "truncated-chunked",
        "A chunked body ends without its last chunk.",
        after=_simply(_truncated_chunked),
    ),
    Fault("A2.reset", "reset", "The connection is reset in mid-body.", after=_simply(_reset)),
    Fault(
        "A2.length",
        "length-mismatch",
        "The Content-Length says 100 bytes more than come.",
        after=_simply(_too_short),
    ),
    Fault("A3", "big-body", "A body of 200 MiB (`size`), streamed.", after=_delivered(_big)),
    Fault(
        "A3.gzip",
        "gzip-bomb",
        "204 kB of gzip that become 200 MiB (`size`).",
        after=_encoded("gzip", _bombed),
    ),
    Fault(
        "A3.brotli",
        "brotli",
        "A Brotli body that nobody asked for.",
        after=_encoded("br", lambda _s, b: brotli_stored(b)),
    ),
    Fault(
        "A3.zstd",
        "zstd-bomb",
        "6 kB of Zstandard that become 200 MiB (`size`).",
        after=_encoded("zstd", lambda s, b: zstd_bomb(b, int(s.settings.get("size", BIG)))),
    ),
    Fault(
        "A3.nested",
        "nested-encodings",
        "Gzip within gzip.",
        after=_encoded("gzip, gzip", lambda _s, b: gzip.compress(gzip.compress(b))),
    ),
    Fault("A4", "slow-drip", "A byte every `interval` seconds, for ever.", after=_delivered(_drip)),
    Fault("A4.hang", "hang", "Nothing comes, not even headers.", success_only=False, after=_simply(_hang)),
    Fault(
        "A4.headers",
        "endless-headers",
        "Header lines for ever.",
        success_only=False,
        after=_delivered(_endless_headers),
    ),
    Fault(
        "A9",
        "captive-portal",
        "An HTML page under HTTP 200.",
        success_only=False,
        after=_page_of("text/html"),
    ),
    Fault(
        "A9.mislabelled",
        "portal-as-json",
        "An HTML page that calls itself JSON.",
        success_only=False,
        after=_page_of("application/json"),
    ),
    Fault(
        "A9.token",
        "portal-at-token",
        "An HTML page in place of a token.",
        Role.TOKEN,
        success_only=False,
        after=_page_of("text/html"),
    ),
    Fault("A12", "utf-16", "JSON in UTF-16.", after=_bytes(lambda b: b.decode().encode("utf-16"))),
    Fault("A12.gbk", "gbk", "JSON with a text in GBK.", after=_bytes(_inserted(_message("企业微信")))),
    Fault(
        "A12.bom",
        "bom",
        "A byte order mark before the JSON.",
        after=_bytes(lambda b: b"\xef\xbb\xbf" + b),
        tolerable=True,
    ),
    Fault(
        "A12.utf8",
        "invalid-utf-8",
        "A byte that UTF-8 never has.",
        after=_bytes(_inserted(b'"notice": "\xff"')),
    ),
    Fault(
        "A12.surrogate",
        "lone-surrogate",
        "Half of a surrogate pair in a text.",
        after=_bytes(_inserted(rb'"notice": "\ud800"')),
    ),
    Fault("A13", "duplicate-keys", "The list's key twice in one object.", after=_duplicated),
    Fault("A13.nan", "nan", "NaN, which JSON does not have.", after=_bytes(_number("NaN"))),
    Fault(
        "A13.depth",
        "deep-nesting",
        "100,000 arrays in one another.",
        after=_bytes(_number("[" * NESTING + "]" * NESTING)),
    ),
    Fault("A13.digits", "huge-integer", "An integer of 5,000 digits.", after=_bytes(_number("9" * DIGITS))),
    Fault(
        "A15",
        "redirect-elsewhere",
        "302 to another host (`location`).",
        success_only=False,
        after=_redirected(302, "https://elsewhere.example/steal"),
    ),
    Fault(
        "A15.http",
        "redirect-to-http",
        "308 to plain HTTP.",
        success_only=False,
        after=_redirected(308, "http://elsewhere.example/steal"),
    ),
    Fault(
        "A15.metadata",
        "redirect-to-metadata",
        "307 to a cloud's metadata address.",
        success_only=False,
        after=_redirected(307, "http://169.254.169.254/latest/meta-data/"),
    ),
    Fault(
        "A15.token",
        "redirect-at-token",
        "307 of the request that carries the secret.",
        Role.TOKEN,
        success_only=False,
        after=_redirected(307, "https://elsewhere.example/steal"),
    ),
)
