"""Our clients and those that others wrote make the same requests, field by field, as the emulator saw them.

Where they differ on purpose, the table of the test says in what and why; a difference that is not in its
table, and a row of a table that is no longer true, are failures.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Awaitable, Callable, Mapping
from copy import deepcopy
from functools import partial
from typing import Any

import anyio
import pytest

from gatepost.emulator.app import Emulator
from gatepost.emulator.journal import JournalEntry
from gatepost.kit.secret import Secret
from gatepost.platforms.feishu import Feishu, Text
from gatepost.platforms.tencent_chat import NetType, TencentChat
from gatepost.platforms.wechat import WeChat
from gatepost.platforms.wecom import Receivers, WeCom
from rigs import oracles
from rigs.canaries import Overhearing

APP_ID = "cli_a1b2c3d4e5f60009"
"""An app of this module's own: the official SDK keeps tokens by app for the process."""
ADA = "ou_c99c5f35d542efc7ee492afe11af19ef"
CHAT = "oc_5ad11d72b830411d72b836c20"
WORDS = '你好, "world" & <more>'

Table = Mapping[str, tuple[str | None, str | None, str]]
"""Field to what we send, what the other sends, and why; None where it is absent."""

JSON = "application/json; charset=utf-8"
SAYS_JSON: Table = {
    "header content-type": (JSON, None, "We name the type of every body; the others leave it out here."),
}
PAGES: Table = {
    "query page_size": (
        "50",
        None,
        "The largest page: the default of 10 would take five times the requests.",
    ),
}
STABLE: Table = {
    "method": ("POST", "GET", "getStableAccessToken takes a body."),
    "path": (
        "/cgi-bin/stable_token",
        "/cgi-bin/token",
        "A classic token call invalidates the token of every other user of the app.",
    ),
    "query grant_type": (None, "client_credential", "It is in the body."),
    "query appid": (None, "wxa1b2c3d4e5f60001", "It is in the body."),
    "query secret": (None, "secret", "It is in the body, which no proxy writes into its log."),
    "body grant_type": ("client_credential", None, "It is in the body."),
    "body appid": ("wxa1b2c3d4e5f60001", None, "It is in the body."),
    "body secret": ("secret", None, "It is in the body, which no proxy writes into its log."),
    "body force_refresh": ("bool False", None, "Said, not left to a default: forcing ends the token in use."),
    **SAYS_JSON,
}
ONCE: Table = {
    "body enable_duplicate_check": (
        "int 1",
        None,
        "Our retries must not send twice: the platform drops the same message for ten minutes.",
    ),
    "body duplicate_check_interval": ("int 600", None, "The same."),
    "body toparty": (None, "", "Nobody is named by leaving the member out, not by an empty text."),
    "body totag": (None, "", "The same."),
    "body safe": (None, "int 0", "0 is the documented default: nothing of ours is confidential."),
    **SAYS_JSON,
}


@pytest.fixture(scope="module")
def emulator() -> Emulator:
    """Platforms that remember signatures, with an app of our own."""
    made = Overhearing()
    apps = made.state.apps["feishu"]
    app = deepcopy(next(iter(apps.values())))
    app.id = APP_ID
    made.state.add_app("feishu", app)
    return made


def secret(emulator: Emulator, platform: str) -> str:
    """The secret of a platform's first app."""
    return str(next(iter(emulator.state.apps[platform].values())).secrets[0])


def fields(entry: JournalEntry) -> dict[str, str]:
    """A request as one field after the other; secrets and what is random by their names alone."""
    found = {"method": entry.method, "path": entry.path}
    found |= {f"query {name}": value for name, value in entry.query.items()}
    found |= {f"body {name}": described(name, value) for name, value in (entry.body or {}).items()}
    for name in ("authorization", "content-type"):
        if name in entry.headers:
            found[f"header {name}"] = entry.headers[name]
    return {name: hidden(name, value) for name, value in found.items()}


def described(name: str, value: Any) -> str:
    """A member of a body: texts as they are, JSON in a text by its value, the rest with its type."""
    if name == "content" and isinstance(value, str):
        return f"JSON {json.loads(value)}"
    return value if isinstance(value, str) else f"{type(value).__name__} {value}"


def hidden(name: str, value: str) -> str:
    """Digests of secrets as ``secret``: a scheme before them stays."""
    scheme, mark, _ = value.partition("sha256:")
    return f"{scheme}secret" if mark else "random" if name.endswith((" uuid", " random")) else value


def differences(ours: JournalEntry, theirs: JournalEntry) -> dict[str, tuple[str | None, str | None]]:
    """Fields that are not the same on both sides."""
    mine, other = fields(ours), fields(theirs)
    names = sorted({*mine, *other})
    return {name: (mine.get(name), other.get(name)) for name in names if mine.get(name) != other.get(name)}


def expected(*tables: Table) -> dict[str, tuple[str | None, str | None]]:
    """The tables without their reasons."""
    return {name: row[:2] for table in tables for name, row in table.items() if row[0] != row[1]}


class Wire:
    """Makes a call, and gives the requests it took."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator

    def of(self, call: Callable[[], Any]) -> list[JournalEntry]:
        """The requests of one call, which must have gone well."""
        self.emulator.journal.clear()
        call()
        entries = self.emulator.journal.entries
        assert [entry.code for entry in entries] == [0] * len(entries)
        return entries

    def ours(self, client: Any, account: Any, ask: Callable[[Any], Awaitable[Any]]) -> list[JournalEntry]:
        """The requests of one question to one of our clients."""

        async def work() -> None:
            async with client.open(account) as opened:
                await ask(opened)

        return self.of(partial(anyio.run, work))


@pytest.fixture
def wire(emulator) -> Wire:
    """Reads the emulator's journal."""
    return Wire(emulator)


@pytest.fixture(scope="module")
def sdk(emulator, base_url) -> Any:
    """The official SDK of Feishu."""
    return oracles.lark(base_url, APP_ID, secret(emulator, "feishu"))


@pytest.fixture
def feishu(emulator, base_url) -> Feishu.Account:
    """Our account at the same app."""
    return Feishu.Account(
        app_id=APP_ID, app_secret=Secret(secret(emulator, "feishu")), base_url=f"{base_url}/feishu"
    )


def test_outbound_ip(wire, sdk, feishu):
    """Token and first page as the official SDK asks for them; our page is the largest one."""
    from lark_oapi.api.event.v1 import ListOutboundIpRequest  # noqa: PLC0415 - slow to import

    request = ListOutboundIpRequest.builder().build()
    theirs = wire.of(lambda: sdk.event.v1.outbound_ip.list(request))
    ours = wire.ours(Feishu, feishu, lambda client: client.outbound_ip())
    assert [entry.path for entry in theirs] == [entry.path for entry in ours[:2]]
    assert differences(ours[0], theirs[0]) == expected(SAYS_JSON)
    assert differences(ours[1], theirs[1]) == expected(PAGES)
    # the second page: the same request of both, with the token of the first
    token = ListOutboundIpRequest.builder().page_size(50).page_token(ours[2].query["page_token"]).build()
    second = wire.of(lambda: sdk.event.v1.outbound_ip.list(token))
    assert differences(ours[2], second[-1]) == {}
    assert ours[1].headers["authorization"] == theirs[1].headers["authorization"], "the same tenant token"


def test_send_message(wire, sdk, feishu):
    """A text to a group: receiver, type, content and its once-only id, as the official SDK sends them."""
    from lark_oapi.api.im.v1 import (  # noqa: PLC0415 - slow to import
        CreateMessageRequest,
        CreateMessageRequestBody,
    )

    body = CreateMessageRequestBody.builder().receive_id(CHAT).msg_type("text")
    body = body.content(json.dumps({"text": WORDS})).uuid("u-1").build()
    request = CreateMessageRequest.builder().receive_id_type("chat_id").request_body(body).build()
    theirs = wire.of(lambda: sdk.im.v1.message.create(request))[-1]
    ours = wire.ours(Feishu, feishu, lambda client: client.send_message(CHAT, Text(WORDS)))[-1]
    assert differences(ours, theirs) == {}
    assert ours.body["uuid"]


def test_get_user(wire, sdk, feishu):
    """A person by open_id, as the official SDK asks."""
    from lark_oapi.api.contact.v3 import GetUserRequest  # noqa: PLC0415 - slow to import

    request = GetUserRequest.builder().user_id(ADA).user_id_type("open_id").build()
    theirs = wire.of(lambda: sdk.contact.v3.user.get(request))[-1]
    ours = wire.ours(Feishu, feishu, lambda client: client.get_user(ADA))[-1]
    assert differences(ours, theirs) == {}


@pytest.mark.parametrize(("token", "table"), [("stable", STABLE), ("classic", {})])
def test_wechat(wire, emulator, base_url, token, table):
    """Token and callback ranges as wechatpy asks; ours is the stable token unless told otherwise."""
    appid, key = "wxa1b2c3d4e5f60001", secret(emulator, "wechat")
    theirs = wire.of(oracles.wechatpy(base_url, appid, key).misc.get_wechat_ips)
    account = WeChat.Account(appid=appid, secret=Secret(key), token=token, base_url=f"{base_url}/wechat")
    ours = wire.ours(WeChat, account, lambda client: client.get_callback_ip())
    assert [len(ours), len(theirs)] == [2, 2]
    assert differences(ours[0], theirs[0]) == expected(table)
    assert differences(ours[1], theirs[1]) == {}


def test_wecom(wire, emulator, base_url):
    """Token, callback ranges and text message as wechatpy sends them; ours is dropped when it comes twice."""
    corpid, key = "wwa1b2c3d4e5f60001", secret(emulator, "wecom")
    client = oracles.wechatpy_work(base_url, corpid, key)
    theirs = wire.of(client.misc.get_wechat_ips)
    theirs = [*theirs, *wire.of(lambda: client.message.send_text(1000002, ["zhangsan"], WORDS))]
    account = WeCom.Account(corpid=corpid, corpsecret=Secret(key), base_url=f"{base_url}/wecom")

    async def ask(opened: WeCom) -> None:
        await opened.get_callback_ip()
        await opened.send_message(1000002, WORDS, Receivers(("zhangsan",)))

    ours = wire.ours(WeCom, account, ask)
    assert [entry.path for entry in ours] == [entry.path for entry in theirs]
    assert differences(ours[0], theirs[0]) == {}
    assert differences(ours[1], theirs[1]) == {}
    assert differences(ours[2], theirs[2]) == expected(ONCE)


DOCUMENTED = {
    "method": "POST",
    "path": "/v4/ConfigSvc/GetIPList",
    "query sdkappid": "1400000000",
    "query identifier": "administrator",
    "query usersig": "secret",
    "query random": "random",
    "query contenttype": "json",
    "query nettype": "6",
    "header content-type": JSON,
}
"""The request of the platform's page on GetIPList."""


def test_chat(wire, emulator, base_url):
    """The documented request; its UserSig is what the vendor's package signs for the same moment."""
    from TLSSigAPIv2 import TLSSigAPIv2  # noqa: PLC0415 - wanted here alone

    key = secret(emulator, "chat")
    account = TencentChat.Account(
        sdkappid=1400000000, identifier="administrator", key=Secret(key), base_url=f"{base_url}/chat"
    )
    emulator.overheard.clear()
    entries = wire.ours(TencentChat, account, lambda client: client.get_ip_list(NetType(6)))
    assert [fields(entry) for entry in entries] == [DOCUMENTED]
    (signature,) = emulator.overheard
    ours, theirs = decoded(signature), decoded(TLSSigAPIv2(1400000000, key).gen_sig("administrator", 300))
    assert {name: type(value) for name, value in ours.items()} == {
        name: type(value) for name, value in theirs.items()
    }
    told = {"TLS.ver": "2.0", "TLS.identifier": "administrator", "TLS.sdkappid": 1400000000}
    assert {name: ours[name] for name in told} == {name: theirs[name] for name in told} == told
    sign = TLSSigAPIv2(1400000000, key)._TLSSigAPIv2__hmacsha256
    assert ours["TLS.sig"] == sign("administrator", ours["TLS.time"], ours["TLS.expire"]).decode()
    assert ours["TLS.expire"] <= 300, "one call needs no signature for half a year, the vendor's default"


def decoded(signature: str) -> dict[str, Any]:
    """What a UserSig says."""
    text = signature.translate(str.maketrans("*-_", "+/="))
    members: dict[str, Any] = json.loads(zlib.decompress(base64.b64decode(text, validate=True)))
    return members


def test_a_difference_is_found(wire, feishu):
    """The comparison sees a field that is missing, one that is more, and one of another value or type."""
    ours = wire.ours(Feishu, feishu, lambda client: client.outbound_ip())[1]
    mine = deepcopy(ours)
    mine.query.pop("page_size")
    mine.query["more"] = "1"
    mine.headers["authorization"] = "Basic sha256:0"
    assert differences(ours, mine) == {
        "query page_size": ("50", None),
        "query more": (None, "1"),
        "header authorization": ("Bearer secret", "Basic secret"),
    }
