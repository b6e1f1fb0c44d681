"""Logins and sessions: kept hashed on disk, over when they should be, slow to guess."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest

from gatepost.config.server_keys import ServerOptions, ServerSettings
from gatepost.server.limits import WINDOW, WRONG_BY_NAME, WRONG_BY_NETWORK, WRONG_BY_STRANGERS
from gatepost.server.sessions import SESSIONS_MOST, SESSIONS_OF_ONE, Sessions
from rigs.serving import BASE, PASSWORDS, bearer, house, people, user

pytestmark = pytest.mark.anyio


async def log_in(made, name: str, password: str):
    """The answer."""
    return await made.ask("POST", "/login", json={"user": name, "password": password})


async def test_a_session_is_a_cookie_that_scripts_and_sites_do_not_get(locked):
    """HttpOnly, SameSite=Strict, for all of our paths; the answer says who and until when."""
    answer = await log_in(locked, "bob", PASSWORDS["bob"])
    parts = answer.headers["set-cookie"].split("; ")
    assert parts[0].startswith("gatepost=")
    assert {"HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"} == set(parts[1:])
    told = answer.json()
    assert (told["user"], told["role"], told["expires_at"]) == ("bob", "approver", "2026-01-05T20:00:00Z")
    seen = (await locked.get("/v1/session", cookie=parts[0])).json()
    assert seen == told


@pytest.mark.parametrize(
    "options", [{"certificate": "c.pem", "key": "k.pem"}, {"url": "https://lists.example.com"}]
)
async def test_over_tls_the_cookie_is_secure(tmp_path, clock, options):
    """Our own TLS or a proxy's: by the name that browsers tie to this host, and its session is let in."""
    with house(tmp_path, clock, people(**options)) as made:
        cookie = (await log_in(made, "bob", PASSWORDS["bob"])).headers["set-cookie"]
        assert cookie.startswith("__Host-gatepost=")
        assert "; Secure" in cookie
        assert (await made.get("/v1/session", cookie=cookie.partition(";")[0])).json()["user"] == "bob"


async def test_of_a_session_only_a_digest_is_kept(locked):
    """The file is its owner's alone, and its content lets nobody in."""
    session = await locked.log_in("bob")
    id_ = session["cookie"].partition("=")[2]
    place = locked.site.settings.state / "server" / "sessions.json"
    assert place.stat().st_mode & 0o777 == 0o600
    text = place.read_text()
    assert id_ not in text
    assert session["x_csrf_token"] not in text
    assert PASSWORDS["bob"] not in text
    for key in text.split('"'):
        if len(key) > 30:
            assert (await locked.get("/v1/status", cookie=f"gatepost={key}")).status_code == 401


async def test_a_crash_loses_no_session(locked):
    """Another process on the same state knows it at once; a session that was ended stays ended."""
    kept, ended = await locked.log_in("bob"), await locked.log_in("alice")
    assert (await locked.ask("POST", "/logout", json={}, **ended)).status_code == 200
    again = locked.again(people())
    assert (await again.get("/v1/session", **kept)).json()["user"] == "bob"
    assert (await again.get("/v1/session", **ended)).status_code == 401


async def test_a_session_ends(locked):
    """By logging out, with its time, with the user, and with the user's password."""
    session = await locked.log_in("bob")
    gone = await locked.ask("POST", "/logout", json={}, **session)
    assert "Max-Age=0" in gone.headers["set-cookie"]
    assert (await locked.get("/v1/status", **session)).status_code == 401
    session = await locked.log_in("bob")
    changed = ServerSettings(ServerOptions(), {"bob": user("bob", "another password")})
    assert (await locked.again(changed).get("/v1/status", **session)).status_code == 401
    without = ServerSettings(ServerOptions(), {"alice": user("alice")})
    assert (await locked.again(without).get("/v1/status", **session)).status_code == 401
    assert (await locked.again(people()).get("/v1/status", **session)).status_code == 200
    locked.clock.advance(timedelta(hours=12))
    assert (await locked.get("/v1/status", **session)).status_code == 401


async def test_logging_in_again_ends_the_session_before(locked):
    """A session that somebody else put into the browser is not gone on with."""
    first = await locked.log_in("bob")
    body = {"user": "alice", "password": PASSWORDS["alice"]}
    answer = await locked.ask("POST", "/login", json=body, cookie=first["cookie"], origin=BASE)
    assert answer.status_code == 200
    assert answer.headers["set-cookie"].partition(";")[0] != first["cookie"]
    assert (await locked.get("/v1/status", **first)).status_code == 401


async def test_wrong_names_and_wrong_passwords_are_told_the_same(locked):
    """Status, words and headers: nobody learns which names there are."""
    answers = [await log_in(locked, "bob", "wrong"), await log_in(locked, "mallory", "wrong")]
    told = [(one.status_code, one.content, {**one.headers}) for one in answers]
    assert told[0] == told[1]
    assert told[0][0] == 401


async def test_guessing_is_slow_and_keeps_nobody_else_out(locked):
    """Five for a name, then 429 even for the right one; another name goes on, and time heals."""
    for _ in range(WRONG_BY_NAME):
        assert (await log_in(locked, "bob", "wrong")).status_code == 401
    refused = await log_in(locked, "bob", PASSWORDS["bob"])
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == str(int(WINDOW))
    assert (await log_in(locked, "alice", PASSWORDS["alice"])).status_code == 200
    locked.clock.advance(timedelta(seconds=WINDOW))
    assert (await log_in(locked, "bob", PASSWORDS["bob"])).status_code == 200


async def test_an_address_that_guesses_names_waits(locked):
    """Twenty wrong ones from one address, whatever the names; a right one is not counted."""
    for n in range(WRONG_BY_NETWORK):
        assert (await log_in(locked, f"user{n}", "wrong")).status_code == 401
        if n % 5 == 0:
            assert (await log_in(locked, "bob", PASSWORDS["bob"])).status_code == 200
    assert (await log_in(locked, "alice", PASSWORDS["alice"])).status_code == 429


async def test_strangers_never_lock_out_whoever_was_here_before(locked):
    """From everywhere at one name: whoever logged in before goes on, after a crash too; others wait."""
    await log_in(locked, "bob", PASSWORDS["bob"])
    again = locked.again(people())
    for name in ("bob", "alice"):
        for n in range(WRONG_BY_STRANGERS):
            again.desk.logins.enter(name, f"198.51.100.{n}")
    assert (await log_in(again, "alice", PASSWORDS["alice"])).status_code == 429
    assert (await log_in(again, "bob", PASSWORDS["bob"])).status_code == 200


async def test_who_came_and_who_did_not_is_written_down(locked):
    """With the address; a name that nobody has is not kept, it may be somebody's password."""
    session = await locked.log_in("bob")
    await log_in(locked, "alice", "wrong")
    await log_in(locked, "hunter2 typed into the wrong field", "x")
    await locked.ask("POST", "/logout", json={}, **session)
    entrances = (await locked.get("/v1/audit", **bearer("vera"))).json()["entrances"]
    found = [(one["event"], one["who"], one["address"]) for one in entrances]
    here = "192.0.2.9"
    assert found == [
        ("logout", "bob", here),
        ("refused", "", here),
        ("refused", "alice", here),
        ("login", "bob", here),
    ]
    book = locked.site.settings.state / "server"
    for one in ("entrances.jsonl", "refused.jsonl"):
        assert (book / one).stat().st_mode & 0o777 == 0o600
    place = book / "entrances.jsonl"
    with place.open("ab") as file:
        file.write(b'{"at":"cut o')
        os.fsync(file.fileno())
    assert len((await locked.get("/v1/audit", **bearer("vera"))).json()["entrances"]) == 4


async def test_a_form_logs_in_and_goes_on_to_a_page_of_ours(locked):
    """303 to the page asked for; to nowhere else, however it is written."""
    places = {
        "/plans?x=1": "/plans?x=1",
        "//evil.example": "/",
        "https://evil.example": "/",
        "/\\evil.example": "/",
        "/a\r\nSet-Cookie: x": "/",
        "": "/",
    }
    async with locked.client() as client:
        for next_, place in places.items():
            form = {"user": "bob", "password": PASSWORDS["bob"]}
            answer = await client.post("/login", params={"next": next_}, data=form, headers={"origin": BASE})
            assert (answer.status_code, answer.headers["location"]) == (303, place)
            client.cookies.clear()


def test_sessions_are_bounded(tmp_path, clock):
    """Of one user and of all: the oldest make room, the newest is good."""
    sessions = Sessions(tmp_path, timedelta(hours=1))
    ids = []
    for _ in range(SESSIONS_OF_ONE + 3):
        clock.advance(timedelta(seconds=1))
        ids.append(sessions.begin("bob", "m", clock.now())[0])
    alive = [id_ for id_ in ids if sessions.find(id_, clock.now())]
    assert alive == ids[-SESSIONS_OF_ONE:]
    in_memory = Sessions(None, timedelta(hours=1))
    first = in_memory.begin("user", "m", clock.now())[0]
    for n in range(SESSIONS_MOST):
        clock.advance(timedelta(seconds=1))
        in_memory.begin(f"user{n}", "m", clock.now())
    assert in_memory.find(first, clock.now()) is None
    assert len(in_memory._known) == SESSIONS_MOST


def test_an_unreadable_file_is_no_reason_not_to_start(tmp_path, clock):
    """People log in again."""
    for text in ("", "{", '{"x": 1}', "\xff"):
        folder = tmp_path / "server"
        folder.mkdir(exist_ok=True)
        (folder / "sessions.json").write_text(text)
        sessions = Sessions(tmp_path, timedelta(hours=1))
        id_, _ = sessions.begin("bob", "m", clock.now())
        assert sessions.find(id_, clock.now()) is not None
