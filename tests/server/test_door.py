"""What a browser can be talked into is refused: other names, other sites, no token of the session."""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest

from gatepost.refusals import RequestInvalid
from gatepost.server.app import Server
from gatepost.server.body import whole_body
from rigs.serving import BASE, bearer, house, people

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "127.0.0.1:8642@evil.example",
        "",
        "localhost.",
        "0.0.0.0",
        "[::]",
    ],
)
async def test_a_name_that_is_not_ours_is_refused(open_house, host):
    """A page whose name was made to point here (DNS rebinding) reads nothing, not even whether we live."""
    for path in ("/livez", "/v1/status", "/v1/check?value=9.9.9.9", "/v1/lists/webhooks.txt", "/nope"):
        answer = await open_house.get(path, host=host)
        assert answer.status_code == 403, path
        assert answer.json()["error"]["kind"] == "RequestForged"


async def test_our_own_names_are_good_with_any_port(tmp_path, clock):
    """Loopback's, the configured ones, and that of the public address."""
    server = people(hosts=("lists.internal",), url="https://lists.example.com")
    with house(tmp_path, clock, server) as made:
        names = ["127.0.0.1", "localhost:1", "[::1]:8642", "LISTS.internal:9", "lists.example.com"]
        assert [(await made.get("/livez", host=name)).status_code for name in names] == [200] * 5


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:8643"},
        {"origin": "https://127.0.0.1:8642"},
        {"referer": "https://evil.example/127.0.0.1:8642"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"origin": BASE, "sec_fetch_site": "cross-site"},
    ],
)
async def test_a_page_of_another_site_changes_nothing(open_house, headers):
    """Also without a login, where no cookie is needed: a page that the admin looks at cannot approve."""
    digest = await open_house.held()
    answer = await open_house.ask("POST", f"/v1/plans/{digest}/approve", json={"why": "x"}, **headers)
    assert (answer.status_code, answer.json()["error"]["kind"]) == (403, "RequestForged")
    assert open_house.site.store.words(10) == ()


@pytest.mark.parametrize(
    "headers", [{}, {"origin": BASE}, {"referer": f"{BASE}/plans"}, {"sec_fetch_site": "none"}]
)
async def test_our_own_pages_and_programs_may(open_house, headers):
    """A program sends neither header; our own page sends its own origin."""
    digest = await open_house.held()
    answer = await open_house.ask("POST", f"/v1/plans/{digest}/reject", json={"why": "x"}, **headers)
    assert answer.status_code == 200


async def test_a_session_needs_its_token_and_an_origin(locked):
    """Cookie alone: refused. With another session's token: refused. All three: done, as form or JSON."""
    digest = await locked.held()
    session, other = await locked.log_in("bob"), await locked.log_in("alice")
    path = f"/v1/plans/{digest}/reject"

    async def speak(**headers):
        return (await locked.ask("POST", path, json={"why": "x"}, **headers)).status_code

    assert await speak(cookie=session["cookie"]) == 403
    assert await speak(cookie=session["cookie"], origin=BASE) == 403
    assert await speak(cookie=session["cookie"], x_csrf_token=session["x_csrf_token"]) == 403
    assert await speak(**session | {"x_csrf_token": other["x_csrf_token"]}) == 403
    assert await speak(**session | {"x_csrf_token": ""}) == 403
    assert locked.site.store.words(10) == ()
    assert await speak(**session) == 200
    async with locked.client() as client:
        form = {"why": "a form", "csrf": session["x_csrf_token"]}
        headers = {"cookie": session["cookie"], "origin": BASE}
        assert (await client.post(path, data=form, headers=headers)).status_code == 200
        wrong = await client.post(path, data=form | {"csrf": "0" * 64}, headers=headers)
        assert wrong.status_code == 403
    assert [one.why for one in locked.site.store.words(10)] == ["a form", "x"]


async def test_a_token_needs_neither(locked):
    """No browser adds it by itself."""
    digest = await locked.held()
    path = f"/v1/plans/{digest}/approve"
    assert (await locked.ask("POST", path, json={"why": "x"}, **bearer("alice"))).status_code == 200


async def test_what_is_there_twice_is_refused(open_house):
    """Two Host, Origin or Authorization headers: two readers could each believe another."""
    async with open_house.client() as client:
        for name in ("authorization", "origin", "content-type"):
            headers = [(name, "Bearer one"), (name, "Bearer two")]
            answer = await client.get("/v1/status", headers=headers)
            assert answer.status_code == 400, name
            assert name in answer.json()["error"]["message"]


async def test_requests_are_bounded(open_house):
    """Long addresses, many or long headers, long bodies: 413, and nothing is read beyond."""
    assert (await open_house.get("/v1/check?value=" + "1" * 5000)).status_code == 413
    assert (await open_house.get("/livez", x_long="a" * 20_000)).status_code == 413
    async with open_house.client() as client:
        many = [(f"x-{n}", "a") for n in range(200)]
        assert (await client.get("/livez", headers=many)).status_code == 413
        url = f"/v1/plans/sha256:{'0' * 64}/approve"
        body = b'{"why":"' + b"x" * 70_000 + b'"}'
        answer = await client.post(url, content=body, headers={"content-type": "application/json"})
        assert answer.status_code == 413


@pytest.mark.parametrize(
    ("media", "body"),
    [
        ("text/plain", b'{"why":"x"}'),
        ("application/json", b"["),
        ("application/json", b"[]"),
        ("application/json", b"\xff"),
        ("application/json", b'{"why":' + b"[" * 30_000),
        ("application/x-www-form-urlencoded", b"why=%ff"),
        ("application/x-www-form-urlencoded", b"&".join(b"a%d=1" % n for n in range(100))),
    ],
)
async def test_an_odd_body_is_refused(open_house, media, body):
    """400 with the error object, whatever is sent."""
    async with open_house.client() as client:
        url = f"/v1/plans/sha256:{'0' * 64}/approve"
        answer = await client.post(url, content=body, headers={"content-type": media})
        assert (answer.status_code, answer.json()["error"]["kind"]) == (400, "RequestInvalid")


async def test_a_surprise_is_told_by_its_name_alone(open_house):
    """500 without a traceback and without the text of what went wrong."""

    async def broken(*_):
        msg = "secret-in-a-message"
        raise RuntimeError(msg)

    open_house.server = Server(open_house.desk, feeds=broken)
    answer = await open_house.get("/v1/lists/webhooks.txt")
    assert answer.status_code == 500
    assert answer.json()["error"]["kind"] == "Unexpected"
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text


async def test_feeds_are_behind_the_login_unless_said_otherwise(tmp_path, clock):
    """With users and no consumers a feed needs a viewer; `open_feeds` opens it."""

    async def feeds(_scope, _receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"1.2.3.4/32\n"})

    for options, nobody in (({}, 401), ({"open_feeds": True}, 200)):
        with house(tmp_path, clock, people(**options)) as made:
            made.server = Server(made.desk, feeds=feeds)
            for path in (
                "/v1/lists/webhooks.txt",
                "/v1/endpoints/webhooks",
                "/v1/version",
                "/v1/changes/webhooks/1",
            ):
                assert (await made.get(path)).status_code == nobody
                assert (await made.get(path, **bearer("vera"))).status_code == 200


async def test_a_browser_gets_pages(locked):
    """Errors as pages with the form to log in; what came in the request is escaped."""
    page = await locked.get("/v1/status", accept="text/html,*/*")
    assert page.status_code == 401
    assert page.headers["content-type"].startswith("text/html")
    assert 'action="/login?next=/v1/status"' in page.text
    odd = await locked.get("/%3Cscript%3Ealert(1)%3C/script%3E", accept="text/html")
    assert odd.status_code == 404
    assert "<script>alert" not in odd.text
    form = await locked.get("/login?next=/plans%22%3E%3Cb%3E")
    assert "<b>" not in form.text


async def test_a_wrong_password_does_not_forget_the_page_that_was_wanted(locked):
    """The form that comes back leads there, with its question; never off this server."""
    first = (await locked.get("/lists/webhooks?at=2026-01-05T08:00", accept="text/html")).text
    for place, kept in ((_action(first), _action(first)), ("/login?next=//evil.example", "/login?next=/")):
        wrong = {"user": "bob", "password": "wrong"}
        page = await locked.ask("POST", place, json=wrong, accept="text/html", origin=BASE)
        assert page.status_code == 401
        assert _action(page.text) == kept
    assert unquote(_action(first)) == "/login?next=/lists/webhooks?at=2026-01-05T08:00"


def _action(page: str) -> str:
    """Where the form of a page sends what is typed."""
    return re.search(r'action="(/login[^"]*)"', page)[1]


async def test_half_a_body_is_none():
    """Whoever goes away in the middle of a form gave no word: what came of it is not read as the whole."""
    messages = [
        {"type": "http.request", "body": b"why=ticket+4", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive():
        return messages.pop(0)

    with pytest.raises(RequestInvalid):
        await whole_body(receive)
