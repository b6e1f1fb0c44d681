from __future__ import annotations

import base64
from datetime import timedelta

import pytest

from gatepost.kit.secret import Secret
from gatepost.server.consumers import ROWS_MAX, SAVE_EVERY, SAVE_SOON, Consumer, Consumers
from gatepost.server.feeds import LOOK_EVERY
from rigs.feeding import WIDE, Press, ask

pytestmark = pytest.mark.anyio
URL = "/v1/lists/webhooks.txt"
OLD, NEW = "the old token of this edge", "the new token of this edge"
EDGE = Consumer("edge", (Secret(OLD), Secret(NEW)))
OTHER = Consumer("other", (Secret("a token for other lists"),), frozenset({"mail"}))


def basic(token, user="edge"):
    """As devices send it, often out of the URL."""
    return "Basic " + base64.b64encode(f"{user}:{token}".encode()).decode()


@pytest.fixture
async def press(tmp_path, clock):
    """One published list."""
    made = Press(tmp_path / "feed", clock)
    await made.publish(WIDE)
    return made


@pytest.fixture
def guarded(press, tmp_path, clock):
    """A server that knows two consumers."""
    return press.feeds(consumers=Consumers((EDGE, OTHER), tmp_path / "consumers.json", clock))


@pytest.mark.parametrize(
    "header",
    [basic(OLD), basic(NEW), basic(OLD, "anybody"), basic(OLD, ""), f"Bearer {NEW}", f"bearer  {OLD} "],
)
async def test_two_tokens_at_once(guarded, header):
    """While a token is exchanged, the old one and the new one are good, as password or as Bearer."""
    answer = await ask(guarded, URL, authorization=header)
    assert answer.status == 200
    assert answer.headers["cache-control"] == "private, max-age=60"
    assert answer.headers["vary"] == "accept-encoding, authorization"


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Basic",
        "Basic !!!",
        "Basic " + base64.b64encode(b"edge").decode(),
        basic(""),
        basic(OLD[:-1]),
        basic(OLD + " "),
        basic("\u00e9"),
        "Basic /////w==",
        "Bearer",
        "Bearer wrong",
        f"Digest {OLD}",
        OLD,
    ],
)
async def test_wrong_logins(guarded, header):
    """Anything else is 401, which names both ways to log in, for GET and HEAD and whatever the URL."""
    given = {} if header is None else {"authorization": header}
    for url, method in ((URL, "GET"), (URL, "HEAD"), ("/v1/lists/no.txt", "GET"), ("/v1/version", "GET")):
        answer = await ask(guarded, url, method, **given)
        assert answer.status == 401
        assert answer.headers["www-authenticate"].startswith(
            'Basic realm="gatepost", charset="UTF-8", Bearer'
        )
        assert "etag" not in answer.headers


async def test_exchanged(guarded):
    """Once the old token is taken away it is refused, also where its answer was kept ready."""
    assert (await ask(guarded, URL, authorization=basic(OLD))).status == 200
    guarded.consumers.replace([Consumer("edge", (Secret(NEW),))])
    assert (await ask(guarded, URL, authorization=basic(NEW))).status == 200
    assert (await ask(guarded, URL, authorization=basic(OLD))).status == 401


async def test_never_refused_by_accident(guarded):
    """While the credentials cannot be read, everybody is asked to come again: a 401 stops some devices."""
    guarded.consumers.replace(None)
    answer = await ask(guarded, URL, authorization=basic(OLD))
    assert (answer.status, "retry-after" in answer.headers) == (503, True)
    guarded.consumers.replace((EDGE,))
    assert (await ask(guarded, URL, authorization=basic(OLD))).status == 200


async def test_lists_of_others(guarded):
    """A consumer of other lists learns nothing of this one, not even that it is there."""
    header = {"authorization": basic("a token for other lists")}
    assert (await ask(guarded, URL, authorization=basic(OLD))).status == 200
    assert (await ask(guarded, URL, **header)).status == 404
    assert (await ask(guarded, "/v1/version", **header)).body == b"[]\n"
    assert (await ask(guarded, "/v1/version", authorization=basic(OLD))).body != b"[]\n"


async def test_who_has_what(guarded, press, clock):
    """A consumer has the version that it got, or was told that it still has; looking is not having."""
    header = {"authorization": basic(OLD)}
    await ask(guarded, URL, "HEAD", **header)
    await ask(guarded, f"{URL}.sha256", **header)
    assert guarded.fetched() == ()
    first = await ask(guarded, URL, **header)
    await clock.sleep(60)
    await press.publish(WIDE[1:])
    await clock.sleep(LOOK_EVERY)
    (one,) = guarded.fetched()
    assert (one.consumer, one.list, one.serial, one.latest, one.behind) == (
        "edge",
        "webhooks",
        1,
        1,
        timedelta(0),
    )
    await guarded.look()
    await clock.sleep(600)
    (one,) = guarded.fetched()
    assert (one.serial, one.latest, one.behind) == (1, 2, timedelta(seconds=601))
    second = await ask(guarded, URL, **header, if_none_match=first.etag)
    await clock.sleep(60)
    await ask(guarded, URL, **header, if_none_match=second.etag)
    (one,) = guarded.fetched()
    assert (one.serial, one.behind, one.at) == (2, timedelta(0), clock.now())


async def test_open_feeds(press):
    """Where no credentials are asked for, consumers are known by their address."""
    feeds = press.feeds()
    await ask(feeds, URL, client="192.0.2.1")
    await ask(feeds, "/v1/endpoints/webhooks", client="2001:db8::1")
    assert [one.consumer for one in feeds.fetched()] == ["address 192.0.2.1", "address 2001:db8::1"]


async def test_outlives_the_process(guarded, tmp_path, clock):
    """What was fetched is on the disk within seconds, readable by nobody else, and read at the next start."""
    place = tmp_path / "consumers.json"
    await ask(guarded, URL, authorization=basic(OLD))
    await clock.sleep(SAVE_SOON)
    await ask(guarded, URL, authorization=basic(OLD))
    assert place.stat().st_mode & 0o777 == 0o600
    assert OLD not in place.read_text()
    again = Consumers((EDGE,), place, clock)
    (one,) = again.fetched({"webhooks": (1, clock.now())})
    assert (one.consumer, one.serial) == ("edge", 1)
    await clock.sleep(SAVE_EVERY)
    await ask(guarded, URL, authorization=basic(OLD))
    await guarded.close()
    (two,) = Consumers((), place, clock).fetched({})
    assert (two.at, two.latest) == (clock.now(), None)


@pytest.mark.parametrize("text", ["", "{", '{"gatepost":2,"fetched":[]}', "x" * 2_000_000])
def test_a_file_of_somebody_else(tmp_path, text):
    """A file that is not ours is a history that is not known, not an error."""
    place = tmp_path / "consumers.json"
    place.write_text(text)
    assert Consumers((), place).fetched({}) == ()


def test_memory_is_bounded(clock):
    """Of more consumers than are remembered, the one longest ago is forgotten."""
    consumers = Consumers((), clock=clock)
    for number in range(ROWS_MAX + 1):
        clock._elapsed += 1
        consumers.note(f"address 192.0.2.{number}", "webhooks", 1)
    names = {one.consumer for one in consumers.fetched({})}
    assert len(names) == ROWS_MAX
    assert "address 192.0.2.0" not in names


def test_secrets_stay_inside():
    """Neither a consumer nor all of them show a token."""
    assert OLD not in f"{EDGE!r} {Consumers((EDGE,))!r}"
