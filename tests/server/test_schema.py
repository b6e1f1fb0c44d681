"""The description is the API: whatever it allows is answered as it says, with and without a login."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import httpx2
import pytest
import schemathesis
from anyio.from_thread import start_blocking_portal
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from callbacks.vectors import AES_KEY, CORP, TOKEN
from gatepost.config.server_keys import (
    ConsumerOptions,
    ConsumerSettings,
    HintOptions,
    HintSettings,
    Sender,
    ServerOptions,
    ServerSettings,
)
from gatepost.kit.clock import SystemClock
from gatepost.kit.secret import Secret
from gatepost.model.content import Content
from gatepost.model.entry import Entry
from gatepost.model.role import Role
from gatepost.planning.digest import digest_entries
from gatepost.planning.normalise import parse_value
from gatepost.server.app import Server
from gatepost.server.consumers import Consumer, Consumers
from gatepost.server.feed_request import route_of
from gatepost.server.feed_table import FEED_ROUTES
from gatepost.server.hints import HINT_ROUTES, hints_of
from gatepost.server.serve import serving
from gatepost.server.table import RAW, ROUTES
from rigs.feeding import RICH, Press
from rigs.serving import TEN, bearer, house, people

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
ROLES = {(one.method, one.path): one.role for one in ROUTES}
EVERY = {*ROLES, *((method, one.path) for one in RAW for method in one.methods)}
FEEDS = {one.path for one in FEED_ROUTES}
HINTS = {one.path for one in HINT_ROUTES}
ANYWHERE = "127.0.0.1:0"
CONSUMER = "consumer-token-of-twenty-or-more"
KNOWN = {"name": "webhooks", "serial": "0"}
"""What is there: what is made up hardly ever is."""
HINT = HintOptions(
    Sender.WECOM, ("events",), token=Secret(TOKEN), aes_key=Secret(AES_KEY), receiver=CORP
)  # fmt: skip
SETTINGS = HintSettings("webhooks", ("events",), lambda: HINT, {})
FIREWALL = ConsumerSettings("firewall", (), lambda: ConsumerOptions(Secret(CONSUMER)), {})


@contextmanager
def served(folder, server: ServerSettings) -> Iterator[str]:
    """A list, a held plan, a feed, a hint, and where they are served."""
    server = replace(server, hints={"webhooks": SETTINGS})
    asked = (Consumer("firewall", (Secret(CONSUMER),)),) if server.consumers else ()
    with house(folder, SystemClock(), server) as made, start_blocking_portal() as portal:
        portal.call(made.cycle, *TEN)
        portal.call(made.cycle, TEN[0])
        entries = (Entry(parse_value("9.9.9.9")),)
        content = Content((), entries, digest_entries(entries))
        made.site.store.record_content("empty", content, made.clock.now())
        press = Press(folder / "feed", made.clock, options={"proxy": "PROXY proxy.example.com:3128"})
        for wanted in (RICH, (*RICH[:2], *RICH[3:])):
            portal.call(press.publish, wanted)
        fed = made.fed(press.folder, Consumers(asked))
        hints = hints_of(fed.site, lambda *_: None, lambda _: None)
        desk = replace(fed.desk, hints=hints)
        with portal.wrap_async_context_manager(serving(desk, Server(desk))) as url:
            yield url


@pytest.fixture(scope="module")
def url_open(tmp_path_factory) -> Iterator[str]:
    """Without a login."""
    with served(tmp_path_factory.mktemp("open"), ServerSettings(ServerOptions(listen=ANYWHERE))) as url:
        yield url


@pytest.fixture(scope="module")
def url_locked(tmp_path_factory) -> Iterator[str]:
    """With one."""
    with served(tmp_path_factory.mktemp("locked"), people(listen=ANYWHERE)) as url:
        yield url


@pytest.fixture(scope="module")
def url_consumers(tmp_path_factory) -> Iterator[str]:
    """With one, and a consumer of feeds."""
    server = replace(people(listen=ANYWHERE), consumers={"firewall": FIREWALL})
    with served(tmp_path_factory.mktemp("consumers"), server) as url:
        yield url


def operations(url, **headers):
    """Everything that is described."""
    described = httpx2.get(f"{url}/schema", headers=headers).json()
    schema = schemathesis.openapi.from_dict(described)
    return [found.ok() for found in schema.get_all_operations()]


def fuzz(operation, check) -> None:
    """Good and bad requests of one operation, half of them for what is there."""
    ways = [operation.as_strategy()]
    if [*operation.iter_parameters()] or operation.body:
        ways.append(operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))

    @settings(
        max_examples=max(8, settings.default.max_examples // 12),
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=st.one_of(ways), is_known=st.booleans())
    def send(case, is_known):
        places = case.path_parameters or {}
        if is_known:
            case.path_parameters = {**places, **{name: KNOWN[name] for name in places if name in KNOWN}}
        check(case)

    send()


def test_the_description_names_every_row(url_open):
    """Methods and paths of the tables, no more and no fewer."""
    assert {(one.method.upper(), one.path) for one in operations(url_open)} == EVERY


@pytest.mark.hypothesis
def test_whatever_is_asked_without_a_login_is_answered_as_described(url_open):
    """No server error; status, media type, head and members as the description says."""
    for operation in operations(url_open):
        fuzz(operation, lambda case: case.call_and_validate(base_url=url_open, checks=CHECKS))


@pytest.mark.hypothesis
def test_whatever_an_admin_asks_is_answered_as_described(url_locked):
    """The same with a login."""
    token = bearer("alice")
    for operation in operations(url_locked, **token):
        fuzz(
            operation, lambda case: case.call_and_validate(base_url=url_locked, checks=CHECKS, headers=token)
        )


@pytest.mark.hypothesis
def test_whatever_a_consumer_asks_is_answered_as_described(url_consumers):
    """The same of feeds, with a consumer's token and without."""
    for operation in operations(url_consumers, **bearer("vera")):
        if operation.path in FEEDS:
            for token in (f"Bearer {CONSUMER}", ""):
                fuzz(operation, lambda case, token=token: _validated(case, url_consumers, token))


@pytest.mark.hypothesis
def test_nobody_is_answered_without_a_login(url_locked):
    """Whatever a stranger sends to a row with a role, or for a feed: 401, or refused before that."""
    for operation in operations(url_locked, **bearer("vera")):
        if operation.path in FEEDS or isinstance(ROLES.get((operation.method.upper(), operation.path)), Role):
            fuzz(operation, lambda case: _refused(case, url_locked))


@pytest.mark.hypothesis
def test_no_stranger_fetches_a_feed_of_consumers(url_consumers):
    """A user's token is no consumer's, and nothing is nobody's."""
    for operation in operations(url_consumers, **bearer("vera")):
        for token in ("", bearer("alice")["authorization"]) if operation.path in FEEDS else ():
            fuzz(operation, lambda case, token=token: _refused(case, url_consumers, token))


@pytest.mark.hypothesis
def test_nobody_but_a_platform_is_heard(url_open):
    """Whatever comes to a hint's address without a signature is refused."""
    for operation in operations(url_open):
        if operation.path in HINTS:
            fuzz(operation, lambda case: _refused(case, url_open))


@pytest.mark.parametrize(
    "path", ["lists/webhooks.txt", "lists/webhooks.gdc.json.md5", "version", "changes/webhooks/0"]
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_head_of_an_answer_is_described(url_open, path, method):
    """Every field that a feed's answer has, whole or unchanged, stands in its description."""
    row, _ = route_of(f"/v1/{path}")
    described = httpx2.get(f"{url_open}/schema").json()["paths"][row.path][method.lower()]["responses"]
    first = httpx2.request(method, f"{url_open}/v1/{path}")
    again = httpx2.request(method, f"{url_open}/v1/{path}", headers={"if-none-match": first.headers["etag"]})
    lost = httpx2.request(method, f"{url_open}/v1/{path}x")
    assert [one.status_code for one in (first, again, lost)] == [200, 304, 404]
    for answer in (first, again, lost):
        told = {name.lower() for name in described[str(answer.status_code)]["headers"]}
        assert {*answer.headers} - told <= {"date", "content-type", "content-length"}, (
            path,
            method,
            answer.status_code,
        )


def _validated(case, url, token) -> None:
    case.call_and_validate(base_url=url, checks=CHECKS, headers={"authorization": token})


def _refused(case, url, token="") -> None:
    answer = case.call(base_url=url, headers={"authorization": token})
    assert answer.status_code in {400, 401, 403, 404, 405, 413}, (case.path, answer.status_code)
