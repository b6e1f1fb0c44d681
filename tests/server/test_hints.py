"""Hints: a platform says that its lists changed; whoever else says it is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import anyio
import pytest
from anyio.lowlevel import checkpoint

from callbacks.vectors import AES_KEY, CORP, OFFICIAL_ECHO, THEN, TOKEN
from gatepost.config.server_keys import HintOptions, HintSettings, Sender, ServerSettings
from gatepost.errors import ConfigInvalid
from gatepost.kit.secret import Secret
from gatepost.server.app import Server
from gatepost.server.hints import LEAST, hints_of
from gatepost.server.limits import BODY_MOST
from gatepost.testing import FrozenClock
from rigs.serving import House
from rigs.weixin import CHANGED, post, seal

pytestmark = pytest.mark.anyio
FEISHU_TOKEN = "a-verification-token"
WECOM = HintOptions(
    Sender.WECOM, ("events",), token=Secret(TOKEN), aes_key=Secret(AES_KEY), receiver=CORP
)  # fmt: skip
FEISHU = HintOptions(Sender.FEISHU, ("events",), verification_token=Secret(FEISHU_TOKEN))


class Told:
    """What became of requests, and what our log says."""

    def __init__(self) -> None:
        self.counts: list[tuple[str, str]] = []
        self.warnings: list[str] = []

    def count(self, name: str, result: str) -> None:
        """A request."""
        self.counts.append((name, result))

    @property
    def results(self) -> list[str]:
        """In order."""
        return [result for _, result in self.counts]


def with_hints(house: House, told: Told, **hints: HintOptions) -> House:
    """The same house, listening to platforms."""
    named = {name: HintSettings(name, one.sources, lambda one=one: one, {}) for name, one in hints.items()}
    site = replace(house.site, settings=replace(house.site.settings, server=ServerSettings(hints=named)))
    desk = replace(house.desk, site=site, hints=hints_of(site, told.count, told.warnings.append))
    return replace(house, site=site, desk=desk, server=Server(desk))


@pytest.fixture
def told() -> Told:
    """Nothing yet."""
    return Told()


@pytest.fixture
def heard(open_house, told) -> House:
    """One address for WeCom, one for Feishu."""
    return with_hints(open_house, told, wecom=WECOM, feishu=FEISHU)


def now_of(house: House) -> str:
    """As a signature names it."""
    return str(int(house.clock.now().timestamp()))


async def say(house: House, message: str = CHANGED, name: str = "wecom") -> int:
    """A message of WeCom; the status of the answer."""
    made = post(seal(message.encode()), timestamp=now_of(house))
    async with house.client() as client:
        answer = await client.post(f"/v1/hints/{name}?{made.query.decode()}", content=made.body)
    assert answer.content == b""
    return answer.status_code


class Sleeping(FrozenClock):
    """Whoever sleeps goes on when the test says so."""

    def __init__(self, start: datetime) -> None:
        super().__init__(start)
        self.asked: list[float] = []
        self.over = anyio.Event()

    async def sleep(self, seconds: float) -> None:
        """Until it is over."""
        self.asked.append(seconds)
        await self.over.wait()


async def turns() -> None:
    """Let all others run until they wait."""
    for _ in range(20):
        await checkpoint()


async def follow(house: House) -> None:
    """Let what follows hints run until it waits again."""
    async with anyio.create_task_group() as group:
        group.start_soon(house.desk.hints.follow, house.woken.append)
        await turns()
        group.cancel_scope.cancel()


async def test_a_change_of_wecom_asks_its_lists(heard, told):
    """A signed and encrypted change_domain_ip has the lists of its sources fetched."""
    assert await say(heard) == 200
    assert told.counts == [("wecom", "taken")]
    await follow(heard)
    assert heard.woken == ["webhooks"]


async def test_repeated_messages_count_once(heard, told):
    """WeCom sends again what was not answered in time; that asks nothing twice."""
    for _ in range(3):
        await say(heard)
    assert told.results == ["taken", "repeated", "repeated"]


async def test_other_messages_are_no_hint(heard, told):
    """What a user writes to the app is answered, and asks for nothing."""
    assert await say(heard, CHANGED.replace("change_domain_ip", "another")) == 200
    assert told.results == ["other"]
    await follow(heard)
    assert heard.woken == []


async def test_asked_at_most_once_a_minute(open_house, told):
    """However many changes are told: the platform is asked at once, and once more when a minute is over."""
    sleeping = Sleeping(open_house.clock.now())
    site = replace(open_house.site, clock=sleeping)
    heard = with_hints(replace(open_house, site=site), told, wecom=WECOM)
    async with anyio.create_task_group() as group:
        group.start_soon(heard.desk.hints.follow, heard.woken.append)
        for moment in range(10):
            await say(heard, CHANGED.replace("1409659813", str(1 + moment)))
            await turns()
        assert heard.woken == ["webhooks"]
        assert sleeping.asked == [LEAST]
        sleeping.over.set()
        await turns()
        assert heard.woken == ["webhooks"] * 2
        group.cancel_scope.cancel()
    assert told.results == ["taken"] * 10


@pytest.mark.parametrize("spoilt", ["signature", "time", "key", "nothing"])
async def test_whoever_is_not_the_platform_is_refused(heard, told, spoilt):
    """403 without a word why; our log has the reason once a minute, and nothing is asked."""
    made = post(seal(CHANGED.encode()), timestamp="1409659813" if spoilt == "time" else now_of(heard))
    query = made.query.decode()
    if spoilt == "signature":
        query = query.replace("msg_signature=", "msg_signature=0")
    if spoilt == "key":
        query = query.replace("nonce=1", "nonce=2")
    for _ in range(3):
        async with heard.client() as client:
            answer = await client.post(
                f"/v1/hints/wecom?{query}", content=b"" if spoilt == "nothing" else made.body
            )
        assert (answer.status_code, answer.content) == (403, b"")
    assert told.results == ["refused"] * 3
    assert len(told.warnings) == 1
    assert "CallbackRefused" in told.warnings[0]
    await follow(heard)
    assert heard.woken == []


async def test_wecom_tries_the_address(heard, told):
    """A GET with an echo is answered with the plain text inside, once its signature is right."""
    heard.clock.step(datetime.fromtimestamp(THEN, UTC) - heard.clock.now())
    async with heard.client() as client:
        answer = await client.get(f"/v1/hints/wecom?{OFFICIAL_ECHO.query.decode()}")
    assert (answer.status_code, answer.text) == (200, "1616140317555161061")
    assert told.results == ["tried"]


async def test_feishu_tries_and_tells(heard, told):
    """The challenge comes back as JSON; an event asks, and its repetition does not."""
    challenge = {"type": "url_verification", "token": FEISHU_TOKEN, "challenge": "a1"}
    answer = await heard.ask("POST", "/v1/hints/feishu", json=challenge)
    assert (answer.status_code, answer.json()) == (200, {"challenge": "a1"})
    assert answer.headers["content-type"] == "application/json"
    event = {"schema": "2.0", "header": {"event_id": "e1", "token": FEISHU_TOKEN}, "event": {}}
    for _ in range(2):
        assert (await heard.ask("POST", "/v1/hints/feishu", json=event)).status_code == 200
    await heard.ask(
        "POST", "/v1/hints/feishu", json={**event, "header": {**event["header"], "token": "wrong"}}
    )
    assert told.results == ["tried", "taken", "repeated", "refused"]


async def test_no_such_hint_and_too_much(heard, told):
    """An unknown name is 404, an endless body 413; neither counts for a hint."""
    assert (await heard.ask("POST", "/v1/hints/lark")).status_code == 404
    async with heard.client() as client:
        answer = await client.post("/v1/hints/wecom", content=b"x" * (BODY_MOST + 1))
    assert answer.status_code == 413
    assert told.counts == []


async def test_no_hints_no_address(open_house):
    """Without hints in the configuration there is nothing at their place."""
    assert (await open_house.ask("POST", "/v1/hints/wecom")).status_code == 404


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"platform": Sender.WECOM, "token": Secret("")}, "wecom needs token and aes_key and receiver"),
        ({"platform": Sender.FEISHU}, "feishu needs encrypt_key or verification_token"),
        (
            {"platform": Sender.FEISHU, "receiver": "c", "encrypt_key": Secret("k")},
            "receiver is not for feishu",
        ),
    ],
)
def test_keys_are_those_of_the_platform(given, words):
    """What is missing, or belongs to the other platform, is named."""
    with pytest.raises(ValueError, match=words):
        HintOptions(sources=("events",), **given)


def test_a_key_that_is_none_is_refused(open_house, told):
    """An EncodingAESKey of another form ends the start of the server, without its text."""
    with pytest.raises(ConfigInvalid) as refused:
        with_hints(open_house, told, wecom=replace(WECOM, aes_key=Secret("not a key of WeCom")))
    assert "not a key of WeCom" not in str(refused.value)
