"""Files that pages need: style, two libraries, our own script. All are read when the server starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from gatepost.refusals import NothingThere
from gatepost.server.desk import Desk
from gatepost.server.route import Asked, Reply

_FOLDER = Path(__file__).parent / "static"
_MEDIA: Mapping[str, str] = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class File:
    """One file, ready to send."""

    body: bytes
    media: str
    mark: str
    """Of its bytes: a page that names it gets these bytes, from a cache as well."""


FILES: Mapping[str, File] = {
    path.name: File(body, _MEDIA[path.suffix], sha256(body).hexdigest()[:12])
    for path in sorted(_FOLDER.iterdir())
    if path.suffix in _MEDIA
    for body in (path.read_bytes(),)
}


class FileParams(Struct, forbid_unknown_fields=True):
    """Which file."""

    name: Annotated[str, Meta(max_length=80, pattern="^[a-zA-Z0-9.-]+$")]
    v: Annotated[str, Meta(max_length=12, description="Mark of its bytes.")] = ""


def link(name: str) -> str:
    """Where a page finds a file."""
    return f"/static/{name}?v={FILES[name].mark}"


def file(_: Desk, asked: Asked) -> Reply:
    """For a year where its mark was named: other bytes have another one."""
    params: FileParams = asked.params
    found = FILES.get(params.name)
    if found is None:
        msg = "there is no such file"
        raise NothingThere(msg)
    keep = "public, max-age=31536000, immutable" if params.v == found.mark else "no-cache"
    return Reply(found.body, found.media, headers={"cache-control": keep})
