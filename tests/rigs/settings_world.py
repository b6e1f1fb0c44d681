"""What the tests of the settings read: the program's answers to many configurations, asked side by side.

The platforms are a `gatepost emulate` of its own; public lists and a token service are a small web server.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from gatepost.emulator.app import Emulator
from rigs.accounts import accounts, environment, write_secret_file
from rigs.ledger import lines
from rigs.program import RESOLVING, Done, Program
from rigs.sites import HISTORY, in_file, listed, own

TEN = tuple(f"61.0.{n}.1" for n in range(10))
TEXTS = {"/list.txt": "\n".join(TEN), "/list.json": json.dumps({"ips": TEN})}
CLASSIC = "wxc1a551c000000001"
EXAMPLE = """
[store]
url = "sqlite:///gatepost.db"

[accounts.feishu-main]
platform = "feishu"
app_id = "cli_a1b2"
app_secret = "env:FEISHU_APP_SECRET"

[accounts.lark-main]
platform = "lark"
app_id = "cli_a1b2"
app_secret = "env:LARK_APP_SECRET"

[accounts.wechat-mp]
platform = "wechat"
appid = "wx0123456789abcdef"
secret = "env:WECHAT_SECRET"

[accounts.corp]
platform = "wecom"
corpid = "ww0123456789abcdef"
corpsecret = "file:/run/credentials/wecom"

[accounts.chat]
platform = "tencent_chat"
sdkappid = 1400000000
identifier = "administrator"
key = "env:CHAT_KEY"
region = "singapore"

[sources.feishu-events]
kind = "feishu.events"
account = "feishu-main"
every = "1h"

[sources.chat-webhooks]
kind = "tencent_chat.ips"
account = "chat"
nettype = 6

[sources.corp-clients]
kind = "wecom.clients"
account = "corp"

[lists.webhooks]
direction = "ingress"
sources = ["feishu-events", "chat-webhooks"]
pin = [{ value = "203.0.113.7", why = "canary", until = 2099-01-01 }]
exclude = [{ value = "198.51.100.0/24", why = "ticket 42" }]
only_necessary = false

[lists.webhooks.guards]
absences = 3

[lists.outbound]
direction = "egress"
sources = ["corp-clients"]

[targets.edge]
kind = "nftables"
list = "webhooks"
table = "gatepost"
set = "webhooks"

[[notify]]
kind = "feishu"
account = "feishu-main"
to = "chat_id:oc_0123"
on = ["change", "held", "failed", "stale"]
"""
SAFETY = """
max_removed = "30 %"
max_added = "100 %"
max_churn = "50 %"
new_family = "hold"
widest = ["/16", "/32"]
special = "quarantine"
quarantine = "5 %"
absences = 3
grace = "7d"
baseline = ["7d", "30d"]
stale_after = "24h"
deadline = 20
max_body = 2097152
max_pages = 200
max_entries = 20000
"""
"""Every safety setting by its name, as its default."""
SMALL = HISTORY + own(*TEN) + listed("own") + in_file()
FEISHU = '[accounts.a]\nplatform = "feishu"\napp_id = "cli_a1b2"\napp_secret = "{secret}"\n{more}\n'
FEISHU += '[sources.a]\nkind = "feishu.events"\naccount = "a"\n'


@dataclass
class World:
    """Answers by name, and the emulator where it is served."""

    url: str
    runs: dict[str, Done] = field(default_factory=dict)
    journal: list[Any] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    """Of the small web server: method and path."""

    def __getitem__(self, name: str) -> Any:
        """A run's document."""
        return self.runs[name].document

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """One request of the emulator's control."""
        return ask(f"{self.url}/_emulator/{path}", method, body)


def ask(url: str, method: str = "GET", body: Any = None, **headers: str) -> Any:
    """One request; its answer's JSON."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as reply:
        return json.load(reply)


@contextmanager
def public(asked: list[str], texts: Mapping[str, str]) -> Iterator[str]:
    """Texts by path on loopback; what was asked for is kept."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Any of the texts."""
            asked.append(f"GET {self.path}")
            body = texts[self.path].encode()
            self.send_response(200)
            kind = "application/json" if self.path.endswith(".json") else "text/plain"
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """In silence."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@contextmanager
def settled(folder: Path) -> Iterator[World]:
    """Everything asked once."""
    main = Program(folder / "main", environment(Emulator()))
    with main.running("emulate", "--port", "0", "--json") as running:
        url = json.loads(running.wait_for("}\n", "stdout"))["url"]
        world = World(url)
        texts = dict(TEXTS)
        with public(world.asked, texts) as web:
            write_secret_file(Emulator(), main.folder)
            tables = platforms(world, main.folder, web, texts)
            world.control("DELETE", "journal")
            work = {**_large(main, tables), **_wrong(folder), **_helps(folder)}
            with ThreadPoolExecutor(2) as pool:
                world.runs |= zip(work, pool.map(lambda name: work[name](), work), strict=True)
            world.journal = world.control("GET", "journal")
            yield world


def platforms(world: World, folder: Path, web: str, texts: dict[str, str]) -> str:
    """Accounts and a source of every kind, each named by its line in the ledger."""
    secret = Emulator().state.apps["wechat"]["wxa1b2c3d4e5f60001"].secrets[0]
    for app in (CLASSIC, "wx00000000000000f1"):
        world.control("PUT", f"apps/wechat/{app}", {})
    body = {"grant_type": "client_credential", "appid": "wx00000000000000f1", "secret": secret}
    token = ask(f"{world.url}/wechat/cgi-bin/stable_token", "POST", body)["access_token"]
    texts["/token"] = token
    (folder / "token").write_text(token)
    tables = accounts(Emulator(), world.url, folder / "wecom.secret")
    for name, app, line in (
        ("classic", CLASSIC, "classic"),
        ("file", "wx00000000000000f1", f"file:{folder}/token"),
        ("url", "wx00000000000000f1", f"url:{web}/token"),
    ):
        tables += f'\n[accounts.{name}]\nplatform = "wechat"\nappid = "{app}"\ntoken = "{line}"\n'
        tables += f'secret = "env:WECHAT_SECRET"\nbase_url = "{world.url}/wechat"\n'
        tables += f'[sources.token-{name}]\nkind = "wechat.api"\naccount = "{name}"\n'
    return HISTORY + tables + "".join(_source(line.item, web) for line in lines("kinds"))


def name_of(item: str) -> str:
    """A source's name, of a line of the ledger."""
    return item.replace(".", "-").replace(" ", "-").replace("_", "-")


def _source(item: str, web: str) -> str:
    kind, *rest = item.split(" ")
    written = f'\n[sources.{name_of(item)}]\nkind = "{kind}"\n'
    match kind.split("."):
        case ["feishu", _]:
            return written + f'account = "{"lark" if rest else "feishu"}-main"\n'
        case ["tencent_chat", _]:
            mixed = 'direction = "ingress"\n' if rest == ["0"] else ""
            return written + f'account = "chat"\nnettype = {rest[0]}\n{mixed}'
        case ["wecom" | "wechat" as platform, _]:
            return written + f'account = "{"corp" if platform == "wecom" else "wechat-mp"}"\n'
        case ["url", form]:
            place = "list.txt" if form == "text" else 'list.json"\npath = "ips[]'
            return written + f'direction = "egress"\nurl = "{web}/{place}"\n'
    return written + f'direction = "egress"\nevery = "12h"\nentries = {json.dumps(TEN)}\n'


def _large(main: Program, tables: str) -> dict[str, Any]:
    """The emulated platforms; and the real hosts, which no name leads to here."""
    main.write(tables)
    real = HISTORY
    for line in lines("hosts"):
        name = line.item.replace("_", "-")
        keys = {
            "feishu": 'app_id = "cli_a1b2"\napp_secret',
            "lark": 'app_id = "cli_a1b2"\napp_secret',
            "wechat": 'appid = "wx0123456789abcdef"\nsecret',
            "wecom": 'corpid = "ww0123456789abcdef"\ncorpsecret',
        }
        region = f'sdkappid = 1400000000\nidentifier = "administrator"\nregion = "{line.item}"\nkey'
        platform = line.item if line.item in keys else "tencent_chat"
        kinds = {"wechat": "wechat.api", "wecom": "wecom.api", "tencent_chat": "tencent_chat.ips"}
        real += (
            f'[accounts.{name}]\nplatform = "{platform}"\n{keys.get(line.item, region)} = "env:CHAT_KEY"\n'
        )
        real += f'[sources.{name}]\naccount = "{name}"\nkind = "{kinds.get(platform, "feishu.events")}"\n'
        real += "nettype = 6\n" if platform == "tencent_chat" else ""
    (main.folder / "real.toml").write_text(real)
    return {
        "real": lambda: main("fetch", "--config", "real.toml", "--json"),
        "fetch": lambda: main("fetch", "--json"),
        "show": lambda: main("config", "show", "--json"),
    }


def _wrong(folder: Path) -> dict[str, Any]:
    """Many small configurations, each looked at by `config show`, `config check` or `fetch`."""
    literal = "a-literal-secret"
    chat = '[accounts.c]\nplatform = "tencent_chat"\nsdkappid = 1400000000\nidentifier = "a"\nkey = "env:K"\n'
    nettype = '[sources.c]\nkind = "tencent_chat.ips"\naccount = "c"\nnettype = {}\n'
    secret = folder / "secret"
    secret.write_text("secret in a file\n")
    texts = {
        "example": EXAMPLE,
        "wrong key": SMALL.replace("entries =", "entires ="),
        "wrong type": chat + nettype.format('"six"'),
        "wrong reference": SMALL.replace('sources = ["own"]', 'sources = ["won"]'),
        "default store": SMALL.replace('url = "sqlite:///history.db"', ""),
        "postgres": SMALL.replace("sqlite:///history.db", f"postgresql+psycopg://me:{literal}@db/gate"),
        "env": FEISHU.format(secret="env:SECRET", more=""),
        "env unset": FEISHU.format(secret="env:UNSET", more=""),
        "file": FEISHU.format(secret=f"file:{secret}", more=""),
        "file missing": FEISHU.format(secret=f"file:{secret}.none", more=""),
        "keyring": FEISHU.format(secret="keyring:gatepost/feishu", more=""),
        "keyring missing": FEISHU.format(secret="keyring:gatepost/nobody", more=""),
        "http beyond": FEISHU.format(secret="env:SECRET", more='base_url = "http://open.feishu.cn"'),
        "other host": FEISHU.format(secret="env:SECRET", more='base_url = "https://gate.example"'),
        "allowed host": FEISHU.format(
            secret="env:SECRET", more='base_url = "https://gate.example"\nallow_custom_host = true'
        ),
        "other direction": SMALL.replace('"ingress"\nsources', '"egress"\nsources'),
        "nettype 0": chat + nettype.format(0),
        "guards for all": SMALL + "[guards]\nabsences = 5\n[lists.webhooks.guards]\nmax_churn = 0.25\n",
        "every guard": f"{SMALL}[guards]{SAFETY}[lists.webhooks.guards]{SAFETY}",
    }
    (folder / "keyring.py").write_text(
        "def get_password(service, user):\n"
        "    return 'kept' if (service, user) == ('gatepost', 'feishu') else None\n"
    )
    return {name: _looked_at(folder, name, text) for name, text in texts.items()}


def _looked_at(folder: Path, name: str, text: str) -> Any:
    program = Program(folder / name.replace(" ", "-"), {"SECRET": "not so long", "K": "a key"})
    program.write(text)
    shown = {"example", "default store", "postgres", "guards for all", "every guard"}
    line = ["config", "show" if name in shown else "check"]
    if name == "allowed host":
        line = ["fetch"]
    path = f"{RESOLVING}:{folder}"
    return lambda: program(*line, "--json", PYTHONPATH=path)


def _helps(folder: Path) -> dict[str, Any]:
    program = Program(folder / "helps")
    names = [line.item for line in lines("commands")]
    return {f"help {name}": _help(program, name) for name in names}


def _help(program: Program, name: str) -> Any:
    return lambda: program(*name.split(" "), "--help", LANG="C.UTF-8")
