"""Signatures as whoever fetches a feed verifies them: by minisign's own program, on the bytes served."""

from __future__ import annotations

import pytest

from gatepost.errors import TargetRejected
from gatepost.targets._feed_signing import read_key
from rigs.feeding import WIDE, Press, ask
from rigs.minisign import Pair, minisign, pair

pytestmark = pytest.mark.anyio
TRUSTED = "timestamp:1767600000\tfile:webhooks.{ending}\thashed\tserial:7"
LISTS = ["txt", "json", "edl", "gdc.json", "txt?family=4", "json?family=6"]


@pytest.fixture
def keys(tmp_path):
    """Made by the program."""
    return pair(tmp_path)


@pytest.fixture
async def press(tmp_path, clock, keys):
    """Serial 7, signed."""
    made = Press(
        tmp_path / "feed", clock, options={"formats": ("txt", "json", "edl", "gdc.json"), "sign": keys.secret}
    )
    await made.publish(WIDE, 7)
    return made


async def fetched(press, folder, ending):
    """The list as a script fetches it, the signature beside it."""
    ending, _, query = ending.partition("?")
    place = folder / f"webhooks.{ending}"
    for suffix in ("", ".minisig"):
        answer = await ask(press.feeds(), f"/v1/lists/{place.name}{suffix}?{query}")
        assert answer.status == 200
        place.with_name(place.name + suffix).write_bytes(answer.body)
    return place


@pytest.mark.parametrize("ending", LISTS)
async def test_what_is_served_verifies(press, keys, tmp_path, ending):
    """Every list verifies with its signature, and what minisign trusts of it is file, serial and moment."""
    place = await fetched(press, tmp_path, ending)
    good, words = keys.verify(place)
    assert good, words
    assert "Signature and comment signature verified" in words
    good, words = keys.verify(place, "-Q", "-H")
    assert (good, words.rstrip("\n")) == (True, TRUSTED.format(ending=ending.partition("?")[0]))


async def test_a_list_that_was_changed_is_refused(press, keys, tmp_path):
    """One line more, one line less or one bit is enough."""
    place = await fetched(press, tmp_path, "txt")
    whole = place.read_bytes()
    for data in (
        whole + b"9.9.9.9/32\n",
        whole[whole.index(b"\n") + 1 :],
        bytes([whole[0] ^ 1]) + whole[1:],
        b"",
    ):
        place.write_bytes(data)
        good, words = keys.verify(place)
        assert not good
        assert "Signature verification failed" in words


@pytest.mark.parametrize(
    ("pattern", "other"),
    [("serial:7", "serial:8"), ("file:webhooks.txt", "file:webhooks.edl"), ("timestamp:1", "timestamp:2")],
)
async def test_a_comment_that_was_changed_is_refused(press, keys, tmp_path, pattern, other):
    """Serial, file and moment cannot be told otherwise: an old list does not pass for a new one."""
    place = await fetched(press, tmp_path, "txt")
    signature = place.with_name("webhooks.txt.minisig")
    text = signature.read_text()
    assert pattern in text
    signature.write_text(text.replace(pattern, other))
    good, words = keys.verify(place)
    assert not good
    assert "Comment signature verification failed" in words


async def test_a_signature_of_another_list_is_refused(press, keys, tmp_path):
    """Of another format, another family, another version."""
    place = await fetched(press, tmp_path, "txt")
    beside = place.with_name("webhooks.txt.minisig")
    others = [
        await ask(press.feeds(), f"/v1/lists/webhooks.{one}")
        for one in ("edl.minisig?family=4", "txt.minisig?family=4")
    ]
    await press.publish(WIDE[1:], 8)
    others.append(await ask(press.feeds(), "/v1/lists/webhooks.txt.minisig"))
    for other in others:
        beside.write_bytes(other.body)
        assert not keys.verify(place)[0]


async def test_the_key_of_somebody_else_is_refused(press, keys, tmp_path):
    """Only the public key of the pair verifies; keys are known by the number that minisign shows."""
    place = await fetched(press, tmp_path, "txt")
    good, words = pair(tmp_path, "other").verify(place)
    assert not good
    assert f"{keys.id}" in words
    assert read_key(keys.secret).id == keys.id
    assert minisign("-V", "-P", keys.text, "-m", place).returncode == 0


async def test_the_public_key_can_be_had_again(press, keys, tmp_path):
    """As documented: from the secret key, with `-R`."""
    again = tmp_path / "again.pub"
    assert minisign("-R", "-s", keys.secret, "-p", again).returncode == 0
    assert again.read_text() == keys.public.read_text()
    good, words = Pair(keys.secret, again).verify(await fetched(press, tmp_path, "txt"))
    assert good, words


async def test_a_key_whose_password_was_removed(press, tmp_path):
    """What `minisign -C -W` leaves of a key signs too: it has a checksum, which `-G -W` leaves out."""
    opened = pair(tmp_path, "opened", password="a password")
    assert minisign("-C", "-W", "-s", opened.secret, words="a password\n").returncode == 0
    press.options = {"formats": ("txt",), "sign": opened.secret}
    await press.publish(WIDE[1:], 8)
    good, words = opened.verify(await fetched(press, tmp_path, "txt"))
    assert good, words


async def test_a_key_with_a_password_is_refused(press, tmp_path):
    """What `minisign -G` makes without `-W` signs nothing, and the hint says how to make one."""
    locked = pair(tmp_path, "locked", password="a password")
    press.options = {"formats": ("txt",), "sign": locked.secret}
    with pytest.raises(TargetRejected, match="it has a password") as caught:
        await press.publish(WIDE[1:])
    assert "minisign -G -W -s FILE" in caught.value.next_step
