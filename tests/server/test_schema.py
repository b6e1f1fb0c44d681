"""The description is the API: whatever it allows is answered as it says, with and without a login."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import pytest
import schemathesis
from anyio.from_thread import start_blocking_portal
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from gatepost.config.server_keys import ServerOptions, ServerSettings
from gatepost.kit.clock import SystemClock
from gatepost.model.content import Content
from gatepost.model.entry import Entry
from gatepost.model.role import Role
from gatepost.planning.digest import digest_entries
from gatepost.planning.normalise import parse_value
from gatepost.server.serve import serving
from gatepost.server.table import ROUTES
from rigs.serving import TEN, bearer, house, people

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
ROLES = {(one.method, one.path): one.role for one in ROUTES}
ANYWHERE = "127.0.0.1:0"


@contextmanager
def served(folder, server: ServerSettings) -> Iterator[str]:
    """A list, a held plan, and where they are served."""
    with house(folder, SystemClock(), server) as made, start_blocking_portal() as portal:
        portal.call(made.cycle, *TEN)
        portal.call(made.cycle, TEN[0])
        entries = (Entry(parse_value("9.9.9.9")),)
        content = Content((), entries, digest_entries(entries))
        made.site.store.record_content("empty", content, made.clock.now())
        with portal.wrap_async_context_manager(serving(made.desk, made.server)) as url:
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


def operations(url, **headers):
    """Everything that is described."""
    described = httpx2.get(f"{url}/schema", headers=headers).json()
    schema = schemathesis.openapi.from_dict(described)
    return [found.ok() for found in schema.get_all_operations()]


def fuzz(operation, check) -> None:
    """Good and bad requests of one operation."""

    @settings(
        max_examples=max(8, settings.default.max_examples // 12),
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def send(case):
        check(case)

    send()


def test_the_description_names_every_row(url_open):
    """Methods and paths of the table, no more and no fewer."""
    found = {(one.method.upper(), one.path) for one in operations(url_open)}
    assert found == set(ROLES)


@pytest.mark.hypothesis
def test_whatever_is_asked_without_a_login_is_answered_as_described(url_open):
    """No server error; status, media type and members as the description says."""
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
def test_nobody_is_answered_without_a_login(url_locked):
    """Whatever a stranger sends to a row with a role: 401, or refused before anybody is asked for."""
    for operation in operations(url_locked, **bearer("vera")):
        if isinstance(ROLES[operation.method.upper(), operation.path], Role):
            fuzz(operation, lambda case: _refused(case, url_locked))


def _refused(case, url) -> None:
    answer = case.call(base_url=url, headers={"authorization": ""})
    assert answer.status_code in {400, 401, 403, 404, 405, 413}, (case.path, answer.status_code)
