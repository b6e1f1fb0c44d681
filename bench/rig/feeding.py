"""A feed to measure: the service that publishes it, a server of it alone, and nginx for the same file."""

from __future__ import annotations

import ipaddress
import socket
from pathlib import Path

from gatepost.model.address import Family, Prefix
from gatepost.model.content import Serial
from gatepost.model.entry import Entry
from gatepost.model.plan import Plan, PlanStatus
from gatepost.planning.digest import digest_entries
from gatepost.targets.feed import Feed

LINES = 10_000
CONFIGURATION = """
daemon off;
worker_processes 1;
pid {place}/nginx.pid;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 100000000;
    gzip_static on;
    default_type text/plain;
    client_body_temp_path {place}/body;
    proxy_temp_path {place}/proxy;
    fastcgi_temp_path {place}/fastcgi;
    uwsgi_temp_path {place}/uwsgi;
    scgi_temp_path {place}/scgi;
    geo $arg_value $allowed {{
        default false;
        include {place}/geo.conf;
    }}
    server {{
        listen 127.0.0.1:{port};
        root {place}/feed/current;
        location = /check {{
            default_type application/json;
            return 200 '{{"value":"$arg_value","allowed":$allowed}}';
        }}
    }}
}}
"""

SITE = """
[store]
url = "sqlite:///history.db"

[server]
listen = "127.0.0.1:{port}"

[sources.one]
kind = "static"
direction = "ingress"
entries = [{entries}]

[lists.edge]
direction = "ingress"
sources = ["one"]

[targets.edge]
kind = "feed"
list = "edge"
path = "feed"
formats = ["txt"]
"""


def addresses(serial: int) -> list[str]:
    """10,000 that differ from those of any other serial."""
    first = 0x0B000000 + serial * 8
    return [str(ipaddress.IPv4Address(first + 16 * number)) for number in range(LINES)]


def write_site(place: Path, port: int, other: int) -> None:
    """What `gatepost run` is to serve on one port, and nginx on the other."""
    listed = addresses(1)
    entries = ", ".join(f'"{one}"' for one in listed)
    (place / "gatepost.toml").write_text(SITE.format(port=port, entries=entries), encoding="utf-8")
    (place / "geo.conf").write_text("".join(f"{one}/32 true;\n" for one in listed), encoding="utf-8")
    (place / "nginx.conf").write_text(CONFIGURATION.format(place=place, port=other), encoding="utf-8")


def free_port() -> int:
    """One that was free a moment ago."""
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        return int(place.getsockname()[1])


async def publish(folder: Path, serial: int) -> None:
    """10,000 lines that differ from those of any other serial."""
    first = 0x0B000000 + serial * 8
    desired = tuple(Entry(Prefix(Family.V4, first + 16 * number, 32)) for number in range(LINES))
    target = Feed("edge", Feed.Options(path=folder, formats=("txt",)))
    current = await target.current()
    digest = digest_entries(desired)
    plan = Plan(
        target="edge",
        list="edge",
        serial=Serial(serial),
        status=PlanStatus.CHANGES,
        generation=current.generation,
        current=current.digest,
        desired=digest,
        add=desired,
        remove=(),
        leaving=(),
        reasons=(),
        awaits=(),
        notes=(),
        digest=digest,
    )
    await target.apply(plan, desired)


def serve(folder: str, port: str) -> None:
    """Until it is ended."""
    import uvicorn  # noqa: PLC0415 - the server's process alone needs it

    from gatepost.server.feeds import Feeds  # noqa: PLC0415 - as above

    uvicorn.run(
        Feeds({"edge": Path(folder)}),
        port=int(port),
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        access_log=False,
        log_level="warning",
        server_header=False,
    )
