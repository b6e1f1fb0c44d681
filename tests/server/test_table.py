"""Every row of the API, of feeds and of hints is walked: by nobody, by each role, with and without login."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from gatepost.config.server_keys import (
    ConsumerOptions,
    ConsumerSettings,
    HintOptions,
    HintSettings,
    Sender,
    ServerOptions,
    ServerSettings,
)
from gatepost.kit.secret import Secret
from gatepost.model.role import Role
from gatepost.server.app import Server
from gatepost.server.consumers import Consumer, Consumers
from gatepost.server.feed_table import FEED_ROUTES
from gatepost.server.hints import hints_of
from gatepost.server.table import RAW, ROUTES
from rigs.feeding import RICH, Press
from rigs.serving import ROLES, House, bearer, house, people

pytestmark = pytest.mark.anyio

DIGEST = "sha256:" + "0" * 64
ERROR = {"kind", "code", "message", "transient", "hint", "links", "log_id"}
OPEN = {"POST /login", "GET /login/oidc", "GET /login/oidc/back", "GET /livez", "GET /readyz"}


HINTS = "/v1/hints/{name}"
FEEDS = {one.path for one in FEED_ROUTES}
CONSUMER = "consumer-token-of-twenty-or-more"
SETTINGS = ConsumerSettings("firewall", (), lambda: ConsumerOptions(Secret(CONSUMER)), {})


@dataclass(frozen=True)
class Row:
    """One method at one path."""

    method: str
    path: str
    role: Role | None
    body: type | None = None


ROWS = [
    *(Row(one.method, one.path, one.role, one.body) for one in ROUTES),
    *(
        Row(method, one.path, Role.VIEWER if one.path in FEEDS else None)
        for one in RAW
        for method in one.methods
    ),
]


async def fed(house: House, folder, *consumers: Consumer) -> House:
    """The same with a feed of two versions and a platform's hint."""
    press = Press(folder / "feed", house.clock)
    for wanted in (RICH, RICH[:2]):
        await press.publish(wanted)
    made = house.fed(press.folder, Consumers(consumers))
    options = HintOptions(Sender.FEISHU, ("events",), verification_token=Secret("a-verification-token"))
    hints = {"webhooks": HintSettings("webhooks", ("events",), lambda: options, {})}
    settings = replace(made.site.settings, server=replace(made.desk.settings, hints=hints))
    site = replace(made.site, settings=settings)
    desk = replace(made.desk, site=site, hints=hints_of(site, lambda *_: None, lambda _: None))
    return replace(made, site=site, desk=desk, server=Server(desk))


@pytest.fixture
async def every_locked(locked, tmp_path) -> House:
    """With users; every row has something to answer."""
    return await fed(locked, tmp_path)


@pytest.fixture
async def every_open(open_house, tmp_path) -> House:
    """Without."""
    return await fed(open_house, tmp_path)


def path_of(row) -> str:
    """A path that the row answers, whatever it answers."""
    places = {"name": "webhooks", "digest": DIGEST, "format": "txt", "beside": "sha256", "serial": "1"}
    path = row.path.format_map(places)
    value = "?value=9.9.9.9"
    queries = {"/v1/check": value, "/v1/explain": value, "/v1/diff/webhooks": "?from=1&to=2"}
    return path + queries.get(path, "")


async def ask(house, row, **headers):
    """One request with a body that fits."""
    bodies = {"WordBody": {"why": "a test"}, "LoginBody": {"user": "nobody", "password": "wrong"}}
    body = bodies.get(row.body.__name__, {}) if row.body else None
    return await house.ask(row.method, path_of(row), json=body, **headers)


def test_only_the_way_in_and_the_probes_are_for_anybody():
    """A row without a role is one of five."""
    assert {f"{one.method} {one.path}" for one in ROUTES if one.role is None} == OPEN


async def walked(house, **headers):
    """Every row but the login itself, with its answer."""
    rows = [one for one in ROWS if (one.method, one.path) != ("POST", "/login")]
    return [(one, await ask(house, one, **headers)) for one in rows]


async def test_nobody_gets_past_the_login(every_locked):
    """With a login configured, every row with a role answers 401 to whoever is not known; so do feeds."""
    for row, answer in await walked(every_locked):
        if row.path == HINTS:
            assert answer.status_code == 403
        elif row.role is None:
            absent = {404} if "/oidc" in row.path else set()  # no provider is configured here
            assert answer.status_code in {200, 503} | absent, row.path
        else:
            assert answer.status_code == 401, row.path
            assert row.method == "HEAD" or answer.json()["error"]["kind"] == "LoginRequired"


async def test_a_wrong_token_opens_nothing(every_locked):
    """Not even what is open to anybody: who says who they are must be right."""
    for row, answer in await walked(every_locked, authorization="Bearer of-nobody-whom-anybody-knows"):
        assert answer.status_code == (403 if row.path == HINTS else 401), row.path


async def test_a_role_opens_its_own_rows_alone(every_locked):
    """A lesser role gets 403, the row's own and greater ones get past the guard."""
    refused = set()
    for name, role in ROLES.items():
        for row, answer in await walked(every_locked, **bearer(name)):
            if row.path in FEEDS:
                assert answer.status_code == 200, (name, row.path)
            elif row.path == HINTS:
                assert answer.status_code == 403, name
            elif row.role is None or role.covers(row.role):
                assert answer.status_code in {200, 404, 503}, (name, row.path, answer.text)
            else:
                assert answer.status_code == 403, (name, row.path)
                assert answer.json()["error"]["kind"] == "RoleMissing"
                refused.add((name, row.path.rpartition("/")[2]))
    assert refused == {("vera", "approve"), ("vera", "reject")}


async def test_without_a_login_nothing_asks_for_one(every_open):
    """On loopback everything is open, and nothing fails; a platform still has to sign."""
    for row, answer in await walked(every_open):
        if row.path == HINTS:
            assert answer.status_code == 403
        else:
            assert answer.status_code in ({200} if row.path in FEEDS else {200, 404, 503}), row.path


@pytest.mark.parametrize("login", [True, False])
async def test_consumers_open_feeds_alone(tmp_path, clock, login):
    """With consumers, feeds are for them and for no user; a consumer's token opens nothing else."""
    server = people() if login else ServerSettings(ServerOptions())
    with house(tmp_path, clock, replace(server, consumers={"firewall": SETTINGS})) as made:
        served = await fed(made, tmp_path, Consumer("firewall", (Secret(CONSUMER),)))
        for row in (one for one in ROWS if one.path in FEEDS):
            for token, status in ((CONSUMER, 200), ("none-that-anybody-knows", 401)):
                answer = await ask(served, row, authorization=f"Bearer {token}")
                assert answer.status_code == status, (row.path, token)
            user = await ask(served, row, **(bearer("alice") if login else {}))
            assert user.status_code == 401, row.path
        for row in (one for one in ROWS if login and one.role and one.path not in FEEDS):
            answer = await ask(served, row, authorization=f"Bearer {CONSUMER}")
            assert answer.status_code == 401, row.path


def test_roles_have_an_order():
    """Each covers those before it and no other."""
    order = [Role.VIEWER, Role.APPROVER, Role.ADMIN]
    for place, role in enumerate(order):
        assert [role.covers(one) for one in order] == [at <= place for at in range(3)]


async def test_what_is_not_there_is_a_problem_document(open_house):
    """404 with the contract's error object; nothing redirects."""
    for path in ("/nope", "/v1/plans/", "/v1/plans/x/approve/y", "/v1/status/", "/V1/status"):
        answer = await open_house.get(path)
        assert answer.status_code == 404, path
        assert answer.headers["content-type"] == "application/problem+json"
        assert set(answer.json()["error"]) == ERROR


async def test_other_methods_are_refused_with_what_is_allowed(every_open):
    """405 with Allow, whatever the row; to a hint nothing comes but what is signed."""
    for row in ROWS:
        answer = await every_open.ask("PATCH", path_of(row))
        if row.path == HINTS:
            assert answer.status_code == 403
        else:
            assert answer.status_code == 405
            assert row.method in answer.headers["allow"].split(", ")


async def test_every_answer_keeps_browsers_from_guessing(open_house):
    """Policy, nosniff, no frames, no store: on documents, pages and errors alike."""
    for path in ("/v1/status", "/", "/nope", "/v1/check?value=9.9.9.9", "/v1/check?value=9.9.9.0/24"):
        headers = (await open_house.get(path)).headers
        assert "default-src 'none'" in headers["content-security-policy"], path
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "unsafe" not in headers["content-security-policy"]
