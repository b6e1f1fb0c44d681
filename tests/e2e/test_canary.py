"""No secret is ever found outside its place: not in output, store, plans, files, command lines, environments.

A canary is planted in every secret, and every token that the platforms issue and every signature that the
program makes is one too.
"""

from __future__ import annotations

import base64
import signal
import socket
import sqlite3
import stat
import subprocess
import threading
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from urllib.parse import quote

import pytest

from gatepost.emulator.base import Answer, Role, Situation
from gatepost.emulator.fault import Fault, Strike
from gatepost.emulator.faults import Rule
from rigs.accounts import accounts, environment, write_secret_file
from rigs.canaries import PLANTED, Overhearing, credentials, files, find
from rigs.processes_seen import Seen, watching
from rigs.program import Program

LISTS = """
[guards]
deadline = 2
source_deadline = 20

[server]
listen = "127.0.0.1:0"

[store]
url = "sqlite:///history.db"

[sources.feishu]
kind = "feishu.events"
account = "feishu-main"

[sources.lark]
kind = "feishu.events"
account = "lark-main"

[sources.wechat]
kind = "wechat.callback"
account = "wechat-mp"

[sources.wecom]
kind = "wecom.callback"
account = "corp"

[sources.chat]
kind = "tencent_chat.ips"
account = "chat"
nettype = 6

[lists.webhooks]
direction = "ingress"
sources = ["feishu", "lark", "wechat", "wecom", "chat"]

[targets.edge]
kind = "file"
list = "webhooks"
path = "edge.txt"
reload = ["sleep", "0.1"]
"""
COMMANDS = (
    ("config", "show"),
    ("fetch",),
    ("plan", "--out", "plan.json"),
    ("apply",),
    ("status",),
    ("check", "101.126.59.7", "--target", "edge"),
    ("doctor",),
)


@pytest.fixture(scope="module")
def emulator() -> Overhearing:
    """Platforms that remember every credential."""
    return Overhearing()


class Watched(Program):
    """The program, watched while it runs, and everything it wrote."""

    def pair(self, places: dict[str, bytes], *arguments: str) -> list[int]:
        """Run it with -vv and with --json, side by side."""
        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(lambda form: self.go(places, *arguments, form), ("-vv", "--json")))

    def go(self, places: dict[str, bytes], *arguments: str) -> int:
        """Run it; what it said and what the kernel showed of it comes to the places. Its exit code."""
        with self.running(*arguments) as running, watching(running.process.pid) as seen:
            out, err = running.process.communicate(timeout=90)
        note(places, " ".join(arguments), out + err, seen)
        return int(running.process.returncode)

    @property
    def written(self) -> dict[str, bytes]:
        """Everything it and the test wrote, but for the file that is the secret's place."""
        return {name: data for name, data in files(self.folder).items() if not name.endswith("wecom.secret")}


def note(places: dict[str, bytes], name: str, said: bytes, seen: Seen) -> None:
    """Keep what a run showed."""
    places[f"{name}: output {len(places)}"] = said
    places[f"{name}: command lines {len(places)}"] = b"\n".join(seen.command_lines)
    places[f"{name}: environments {len(places)}"] = b"\n".join(seen.environments)


@pytest.fixture
def watched(emulator, base_url, tmp_path) -> Watched:
    """With an account at every platform."""
    emulator.reset()
    program = Watched(tmp_path, environment(emulator))
    program.write(accounts(emulator, base_url, write_secret_file(emulator, tmp_path)) + LISTS)
    return program


def test_the_instrument_finds_what_is_planted(tmp_path):
    """In a file, its name, base64, a packed cell, on a command line, in an environment: all is found."""
    secret = "canary-instrument-0815"
    (tmp_path / "plain.txt").write_text(f"said: {secret}.")
    (tmp_path / "url.txt").write_text(quote("canary/instrument+0815", safe=""))
    (tmp_path / "base64.txt").write_bytes(base64.b64encode(b"x:" + secret.encode() + b":y"))
    (tmp_path / secret).touch()
    with closing(sqlite3.connect(tmp_path / "cells.db")) as database:
        database.execute("CREATE TABLE t (c)")
        database.execute("INSERT INTO t VALUES (?)", (b"z" + zlib.compress(secret.encode() * 9),))
        database.commit()
    found = {name.rpartition("/")[2] for name, _ in find(files(tmp_path), [secret])}
    assert found == {"plain.txt", "base64.txt", secret, "cells.db (cells)"}
    assert find(files(tmp_path), ["canary/instrument+0815"])
    assert find(files(tmp_path), ["canary-that-is-nowhere"]) == []
    script = f"sh -c 'read line # {secret}'; LEAK={secret}-env sh -c 'read line; read line'"
    process = subprocess.Popen(["sh", "-c", script], stdin=subprocess.PIPE)
    with watching(process.pid) as seen:
        process.stdin.write(b"\n")
        process.stdin.flush()
        while not find({"all": b"".join(seen.environments)}, [f"{secret}-env"]):
            assert process.poll() is None
    process.kill()
    process.communicate()
    assert find({"command lines": b"\n".join(seen.command_lines)}, [secret])


def test_nothing_leaks_where_all_goes_well(watched, emulator):
    """Every command, with -vv and with --json: secrets went out to their platforms, and nowhere else."""
    places: dict[str, bytes] = {}
    for arguments in COMMANDS:
        if arguments == ("apply",):
            assert watched.go(places, "apply", "-vv") == 0, places
        assert set(watched.pair(places, *arguments)) <= {0, 2}, (arguments, places)
    assert {*PLANTED.values()} - emulator.overheard == {PLANTED["chat"]}, (
        "each secret was used; Chat's only signs"
    )
    assert len(emulator.state.tokens.issued) >= 4
    assert len(emulator.secrets) >= len(PLANTED) + 5, "secrets, tokens and signatures"
    assert b"sleep\x000.1" in b"".join(places.values()), "the children were seen"
    assert find(places | watched.written, emulator.secrets) == []


def test_tokens_are_kept_for_their_owner_alone(watched, emulator):
    """The token cache is a 0700 directory of 0600 files, sealed; a second process uses it."""
    watched("fetch").ended(0)
    directory = watched.state / "tokens"
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert [place for place in directory.iterdir() if stat.S_IMODE(place.stat().st_mode) != 0o600] == []
    assert len(list(directory.glob("*.token"))) == 4, "Chat needs no token"
    issued = len(emulator.state.tokens.issued)
    watched("fetch").ended(0)
    assert len(emulator.state.tokens.issued) == issued
    for name in ("plan.json", "history.db"):
        watched("plan", "--out", "plan.json").ended(2)
        assert stat.S_IMODE((watched.folder / name).stat().st_mode) == 0o600


Twist = Callable[[Strike, Answer], Answer]


def told(strike: Strike) -> str:
    """All that a request gave away, as a careless platform repeats it: as it came, and as a URL writes it."""
    secrets = sorted(set(credentials(strike.call)))
    return " ".join(
        [*secrets, *(quote(each, safe="") for each in secrets), *(f"x={each}&y" for each in secrets)]
    )


def error(strike: Strike, _answer: Answer) -> Answer:
    """The platform's own error, with the credentials in its message, its links and its log id."""
    refusal = strike.call.platform.refuse(Situation.CALLER_NOT_ALLOWED, strike.call)
    text = told(strike)
    for name in ("msg", "errmsg", "ErrorInfo"):
        if name in refusal.payload:
            refusal.payload[name] += f" {text} rid: {text}"
    refusal.payload["error"] = {
        "log_id": text,
        "troubleshooter": text,
        "helps": [{"url": f"https://open.feishu.cn/?{text}", "description": text}],
        "permission_violations": [{"subject": text, "type": text}],
    }
    refusal.headers |= {"x-tt-logid": text, "error-msg": text, "x-request-id": text}
    return refusal


def page(strike: Strike, _answer: Answer) -> Answer:
    """A proxy's page that shows the request."""
    body = f"<html><body>denied: {told(strike)}</body></html>"
    return Answer(raw=body.encode(), status=200, headers={"content-type": "text/html"})


def redirect(strike: Strike, _answer: Answer) -> Answer:
    """To a place that carries the credentials on."""
    place = f"https://elsewhere.example/{quote(told(strike))}?{told(strike)}"
    return Answer(raw=b"", status=302, headers={"location": place, "content-type": "text/plain"})


def another_shape(strike: Strike, _answer: Answer) -> Answer:
    """A success of another shape, keys and values made of the credentials."""
    text = told(strike)
    zero = {"code": 0, "errcode": 0, "ErrorCode": 0, "ActionStatus": "OK"}
    return Answer(
        {**zero, "data": {"ip_list": text, text: text}, "ip_list": {text: text}, "IPList": [[text]]}
    )


ECHOES: tuple[tuple[Twist, Role, str], ...] = (
    (error, Role.LIST, "AddressNotAllowed"),
    (page, Role.LIST, "NotJson"),
    (redirect, Role.LIST, "RedirectRefused"),
    (another_shape, Role.LIST, "SchemaMismatch"),
    (error, Role.TOKEN, "AddressNotAllowed"),
    (page, Role.TOKEN, "NotJson"),
    (redirect, Role.TOKEN, "RedirectRefused"),
)


@pytest.mark.parametrize(
    ("twist", "role", "kind"), ECHOES, ids=[f"{twist.__name__}-{role}" for twist, role, _ in ECHOES]
)
def test_nothing_leaks_where_platforms_repeat_what_they_were_told(watched, emulator, twist, role, kind):
    """Errors, pages, redirects and odd shapes full of our own credentials: shown and stored without them."""
    fault = Fault(
        "X1", "echo", "Repeats the request's credentials.", role=role, after=twist, success_only=False
    )
    emulator.faults.add(Rule(fault=fault))
    places: dict[str, bytes] = {}
    assert watched.go(places, "plan", "-vv") == 4
    if twist is error:
        assert watched.go(places, "doctor", "--json") == 1
    status = watched("status", "--json").ended(4)
    places["status"] = status.out.encode()
    told_as = [one["error"]["kind"] for one in status.document["sources"] if one["error"]]
    assert told_as == [kind] * (5 if role is Role.LIST else 4), (
        "every platform struck, and its answer was read"
    )
    assert find(places | watched.written, emulator.secrets) == []


def test_nothing_leaks_where_platforms_fail(watched, emulator):
    """Hanging, cut off, refused, expired: the service tells what failed, and no credential."""
    for platform, fault in (
        ("feishu", "hang"),
        ("lark", "token-expired-early"),
        ("wechat", "truncated"),
        ("wecom", "wrong-secret"),
        ("chat", "wrong-secret"),
    ):
        emulator.inject(fault, platform=platform)
    watched.edit("source_deadline = 20", "source_deadline = 1.5")
    places: dict[str, bytes] = {}
    with watched.running("run", "-vv") as running, watching(running.process.pid) as seen:
        for name in ("feishu", "lark", "wecom"):
            running.wait_for(f"{name}: ")
        done = running.stop(signal.SIGTERM, within=10).ended(0)
    note(places, "run", (done.out + done.err).encode(), seen)
    assert watched.go(places, "status", "-vv") == 4
    assert find(places | watched.written, emulator.secrets) == []


@contextmanager
def careless_proxy(heard: list[bytes]) -> Iterator[str]:
    """A proxy that refuses, and repeats the login it was given in its answer."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    line, _ = listener.accept()
                except OSError:
                    return
                with line:
                    request = line.recv(65536)
                    heard.append(request)
                    login = next((row for row in request.split(b"\r\n") if b"asic " in row), b"")
                    line.sendall(
                        b"HTTP/1.1 407 " + login + b"\r\n" + login + b"\r\ncontent-length: 0\r\n\r\n"
                    )

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)


def test_nothing_leaks_on_the_way_out(watched, emulator, base_url):
    """A proxy's login reaches the proxy alone."""
    login = "canary-proxy-user:canary-proxy-password"
    heard: list[bytes] = []
    watched.secrets = {**watched.secrets, "PROXY_LOGIN": login}
    places: dict[str, bytes] = {}
    with careless_proxy(heard) as proxy:
        watched.edit(f'base_url = "{base_url}/feishu"', f'proxy = "{proxy}"\nproxy_login = "env:PROXY_LOGIN"')
        assert watched.pair(places, "plan") == [4, 4]
        assert watched.go(places, "doctor", "-vv") == 1
    assert any(base64.b64encode(login.encode()) in request for request in heard), places
    assert find({"proxy": b"".join(heard)}, PLANTED.values()) == []
    status = watched.json("status", code=4)
    kinds = {one["source"]: one["error"] and one["error"]["kind"] for one in status["sources"]}
    assert kinds == {"chat": None, "feishu": "ConnectFailed", "lark": None, "wechat": None, "wecom": None}
    secrets = {*emulator.secrets, *login.split(":"), login}
    assert find(places | watched.written, secrets) == []


WRONG = (
    ('app_secret = "env:FEISHU_APP_SECRET"', 'app_secret = "CANARY"'),
    ('app_secret = "env:FEISHU_APP_SECRET"', 'app_secret = ["CANARY"]'),
    ('app_secret = "env:FEISHU_APP_SECRET"', 'app_secret = "keyring:CANARY"'),
    ('app_secret = "env:FEISHU_APP_SECRET"', 'app_secret = "CANARY'),
    ('app_secret = "env:FEISHU_APP_SECRET"', 'app_secrets = "CANARY"'),
    ('token = "stable"', 'token = "CANARY"'),
    ('platform = "feishu"', 'platform = "feishu"\nproxy_login = "user:CANARY"'),
    ('platform = "feishu"', 'platform = "feishu"\nbase_url = "https://user:CANARY@open.feishu.cn"'),
    ('url = "sqlite:///history.db"', 'url = "mysql://user:CANARY@127.0.0.1/db"'),
)


def test_nothing_leaks_from_a_wrong_configuration(watched, base_url):
    """A secret written where a reference belongs, or beside it, is refused without being repeated."""
    canary = "canary-literal-31c4"
    watched.edit('platform = "wechat"', 'platform = "wechat"\ntoken = "stable"')
    watched.edit(f'base_url = "{base_url}/feishu"', "")
    right = watched.path.read_text()
    for old, new in WRONG:
        watched.write(right)
        watched.edit(old, new.replace("CANARY", canary))
        done = watched("config", "check", "-vv").ended(1)
        assert "\nConfigInvalid: " in done.err, done
        assert find({"output": (done.out + done.err).encode()}, [canary]) == [], done


def test_nothing_leaks_of_the_login_of_a_server(watched):
    """The store's password is masked where settings are shown and where the store cannot be reached."""
    password = "canary-store-password-5d"
    watched.edit('"sqlite:///history.db"', f'"postgresql+psycopg://gatepost:{password}@127.0.0.1:1/history"')
    for arguments, code in (
        (("config", "show"), 0),
        (("status", "-vv"), 1),
        (("doctor", "--json"), 1),
    ):
        done = watched(*arguments).ended(code)
        assert find({"output": (done.out + done.err).encode()}, [password]) == [], done
        assert "Traceback" not in done.err
