"""Every row of the API's table is walked: by nobody, by each role, with and without a login."""

from __future__ import annotations

import pytest

from gatepost.model.role import Role
from gatepost.server.table import ROUTES
from rigs.serving import ROLES, bearer

pytestmark = pytest.mark.anyio

DIGEST = "sha256:" + "0" * 64
ERROR = {"kind", "code", "message", "transient", "hint", "links", "log_id"}
OPEN = {"POST /login", "GET /livez", "GET /readyz"}


def path_of(route) -> str:
    """A path that the row answers, whatever it answers."""
    path = route.path.replace("{name}", "webhooks").replace("{digest}", DIGEST)
    value = "?value=9.9.9.9"
    queries = {"/v1/check": value, "/v1/explain": value, "/v1/diff/webhooks": "?from=1&to=2"}
    return path + queries.get(path, "")


async def ask(house, route, **headers):
    """One request with a body that fits."""
    bodies = {"WordBody": {"why": "a test"}, "LoginBody": {"user": "nobody", "password": "wrong"}}
    body = bodies.get(route.body.__name__, {}) if route.body else None
    return await house.ask(route.method, path_of(route), json=body, **headers)


def test_only_the_way_in_and_the_probes_are_for_anybody():
    """A row without a role is one of three."""
    assert {f"{one.method} {one.path}" for one in ROUTES if one.role is None} == OPEN


async def walked(house, **headers):
    """Every row but the login itself, with its answer."""
    rows = [one for one in ROUTES if (one.method, one.path) != ("POST", "/login")]
    return [(one, await ask(house, one, **headers)) for one in rows]


async def test_nobody_gets_past_the_login(locked):
    """With a login configured, every row with a role answers 401 to whoever is not known."""
    for route, answer in await walked(locked):
        if route.role is None:
            assert answer.status_code in {200, 503}, route.path
        else:
            assert answer.status_code == 401, route.path
            assert answer.json()["error"]["kind"] == "LoginRequired"


async def test_a_wrong_token_opens_nothing(locked):
    """Not even what is open to anybody: who says who they are must be right."""
    for route, answer in await walked(locked, authorization="Bearer of-nobody-whom-anybody-knows"):
        assert answer.status_code == 401, route.path


async def test_a_role_opens_its_own_rows_alone(locked):
    """A lesser role gets 403, the row's own and greater ones get past the guard."""
    refused = set()
    for name, role in ROLES.items():
        for route, answer in await walked(locked, **bearer(name)):
            if route.role is None or role.covers(route.role):
                assert answer.status_code in {200, 404, 503}, (name, route.path, answer.text)
            else:
                assert answer.status_code == 403, (name, route.path)
                assert answer.json()["error"]["kind"] == "RoleMissing"
                refused.add((name, route.path.rpartition("/")[2]))
    assert refused == {("vera", "approve"), ("vera", "reject")}


async def test_without_a_login_nothing_asks_for_one(open_house):
    """On loopback everything is open, and nothing fails."""
    for route, answer in await walked(open_house):
        assert answer.status_code in {200, 404, 503}, (route.path, answer.text)


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


async def test_other_methods_are_refused_with_what_is_allowed(open_house):
    """405 with Allow, whatever the row."""
    for route in ROUTES:
        answer = await open_house.ask("PATCH", path_of(route))
        assert answer.status_code == 405
        assert route.method in answer.headers["allow"].split(", ")


async def test_every_answer_keeps_browsers_from_guessing(open_house):
    """Policy, nosniff, no frames, no store: on documents, pages and errors alike."""
    for path in ("/v1/status", "/", "/nope", "/v1/check?value=9.9.9.9", "/v1/check?value=9.9.9.0/24"):
        headers = (await open_house.get(path)).headers
        assert "default-src 'none'" in headers["content-security-policy"], path
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "unsafe" not in headers["content-security-policy"]
