"""Every way Feishu says no becomes one named error that says what to do."""

from __future__ import annotations

import logging

import pytest

from gatepost.errors import (
    AddressNotAllowed,
    CredentialsRejected,
    GatepostError,
    NotJson,
    PermissionDenied,
    PlatformBusy,
    RateLimited,
    RequestRejected,
)
from gatepost.platforms import Feishu, Lark
from platforms.feishu_script import (
    CANARY,
    CUSTOM,
    LIST,
    TOKEN,
    page,
    reply,
)

pytestmark = pytest.mark.anyio


async def test_missing_scope_gives_the_platforms_own_link(feishu, script):
    """A missing scope names it, with the platform's link for this very app first and the log id."""
    link = "https://open.feishu.cn/app/cli_a/auth?q=event:ip_list&op_from=openapi"
    error = {
        "message": "Refer to the documentation to fix the error: https://open.feishu.cn/document/x",
        "log_id": "2023",
        "permission_violations": [{"type": "action_scope_required", "subject": "event:ip_list"}],
        "helps": [{"url": link, "description": "Learn more"}],
    }
    script.on(LIST, reply({"code": 99991672, "msg": "Access denied.", "error": error}, 400))
    async with feishu() as client:
        with pytest.raises(PermissionDenied) as caught:
            await client.outbound_ip()
    found = caught.value
    assert (found.code, found.log_id, found.links[0]) == (99991672, "2023", link)
    assert "event:ip_list" in found.message
    assert "https://open.feishu.cn/document/x" in found.links
    assert not found.transient
    assert len(script.asked(LIST)) == 1


async def test_log_id_of_the_header(feishu, script):
    """Without a log id in the body, X-Tt-Logid stands in, then X-Request-Id."""
    script.on(
        LIST,
        reply({"code": 9499}, 400, x_tt_logid="L1", x_request_id="R1"),
        reply({"code": 9499}, 400, x_request_id="R1"),
    )
    async with feishu() as client:
        for expected in ("L1", "R1"):
            with pytest.raises(RequestRejected) as caught:
                await client.outbound_ip()
            assert caught.value.log_id == expected


@pytest.mark.parametrize(
    "error",
    [
        "text",
        7,
        [],
        {"helps": "x"},
        {"helps": [{"url": 5}], "logid": 7},
        {"permission_violations": [None, {"scope": 1}]},
        {"field_violations": {"a": 1}},
    ],
)
async def test_odd_details_never_hide_the_code(feishu, script, error):
    """An error object that is not as documented leaves the code's own error."""
    script.on(LIST, reply({"code": 99991672, "msg": ["x"], "error": error}, 400))
    async with feishu() as client:
        with pytest.raises(PermissionDenied) as caught:
            await client.outbound_ip()
    assert caught.value.code == 99991672


async def test_field_violations_are_named(feishu, script):
    """A field that did not pass is named with its reason."""
    error = {"field_violations": [{"field": "page_size", "value": 9, "description": "must be 10 to 50"}]}
    script.on(LIST, reply({"code": 99992402, "msg": "field validation failed", "error": error}, 400))
    async with feishu() as client:
        with pytest.raises(RequestRejected, match="page_size: must be 10 to 50"):
            await client.outbound_ip()


@pytest.mark.parametrize(
    ("platform", "console"),
    [(Feishu, "https://open.feishu.cn/app/cli_a/safe"), (Lark, "https://open.larksuite.com/app/cli_a/safe")],
)
async def test_our_address_is_named(feishu, script, platform, console):
    """99991401: the error names our egress address as the platform sees it, and where to add it."""
    script.on(LIST, reply({"code": 99991401, "msg": "ip 8.217.51.178 is denied by app setting"}, 400))
    async with feishu(platform=platform) as client:
        with pytest.raises(AddressNotAllowed) as caught:
            await client.outbound_ip()
    assert "8.217.51.178" in caught.value.next_step
    assert caught.value.links[0] == console
    assert len(script.asked(LIST)) == 1


@pytest.mark.parametrize("msg", ["ip is denied", "ip 999.1.1.1 is denied", "ip 1.2.3.4.5 is denied", ""])
async def test_no_address_is_made_up(feishu, script, msg):
    """99991401 without an address in it still says where to add ours."""
    script.on(LIST, reply({"code": 99991401, "msg": msg}, 400))
    async with feishu() as client:
        with pytest.raises(AddressNotAllowed) as caught:
            await client.outbound_ip()
    assert "our egress address to the app" in caught.value.next_step


@pytest.mark.parametrize(("status", "code"), [(429, 99991400), (400, 99991400), (429, 424242)])
async def test_rate_limit_waits_as_told(feishu, script, clock, status, code):
    """A20: a rate limit, by code or status, waits x-ogw-ratelimit-reset seconds, fractions too."""
    script.on(
        LIST,
        reply({"code": code, "msg": "slow"}, status, x_ogw_ratelimit_reset="1.5"),
        reply(page("1.0.0.1")),
    )
    async with feishu() as client:
        assert await client.outbound_ip() == ("1.0.0.1",)
    assert clock.monotonic() == 1.5


@pytest.mark.parametrize("reset", ["soon", "-1", "nan", "inf", ""])
async def test_odd_reset_is_our_own_wait(feishu, script, clock, reset):
    """A20: a reset that is no number of seconds falls back to our own wait."""
    script.on(LIST, reply({"code": 99991400}, 429, x_ogw_ratelimit_reset=reset), reply(page("1.0.0.1")))
    async with feishu() as client:
        assert await client.outbound_ip() == ("1.0.0.1",)
    assert 0.4 < clock.monotonic() < 1.5


async def test_monthly_quota_is_not_hammered(feishu, script):
    """99991403: the month's calls are used up; no second call is made."""
    script.on(LIST, reply({"code": 99991403, "msg": "quota", "data": {}}, 429, x_ogw_ratelimit_reset="1"))
    async with feishu() as client:
        with pytest.raises(RateLimited) as caught:
            await client.outbound_ip()
    assert caught.value.retry_after == 6 * 3600
    assert len(script.asked(LIST)) == 1


async def test_trouble_is_retried_and_bounded(feishu, script):
    """The platform's own trouble is tried three times in all."""
    script.on(LIST, reply({"code": 2200, "msg": "internal error"}, 500))
    async with feishu() as client:
        with pytest.raises(PlatformBusy):
            await client.outbound_ip()
    assert len(script.asked(LIST)) == 3


async def test_trouble_of_the_token_endpoint_is_bounded_too(feishu, script):
    """A token endpoint in trouble gets three calls in all, not three times three."""
    script.on(CUSTOM, reply({"code": 10500, "msg": "internal error"}, 500))
    async with feishu() as client:
        with pytest.raises(PlatformBusy):
            await client.outbound_ip()
    assert len(script.seen) == 3


@pytest.mark.parametrize(
    ("status", "text", "leaf", "calls"),
    [
        (404, "404 page not found", RequestRejected, 1),
        (502, "<html>Bad Gateway", PlatformBusy, 3),
        (504, "", PlatformBusy, 3),
        (429, "slow down", RateLimited, 3),
        (200, "<html>Sign in to Wi-Fi", NotJson, 3),
        (403, "<html>blocked", NotJson, 3),
    ],
)
async def test_answers_in_front_of_the_api(feishu, script, status, text, leaf, calls):
    """A9: what gateways and portals answer is told apart by status, and never parsed."""
    script.on(LIST, reply(text, status, content_type="text/plain", x_tt_logid="L"))
    async with feishu() as client:
        with pytest.raises(leaf) as caught:
            await client.outbound_ip()
    assert len(script.asked(LIST)) == calls
    assert caught.value.code == (None if leaf is NotJson else status)


async def test_unknown_code_is_a_refusal_with_the_generic_page(feishu, script):
    """A code in no table stops, and leads to the platform's page of codes."""
    script.on(LIST, reply({"code": 44004, "msg": "{error msg}"}, 400))
    async with feishu() as client:
        with pytest.raises(RequestRejected) as caught:
            await client.outbound_ip()
    assert caught.value.links[-1].endswith("/generic-error-code")


async def test_clock_skew_is_named(feishu, script):
    """A25: a refusal that comes with a Date far from our clock says so."""
    script.on(CUSTOM, reply({"code": 10014, "msg": "x"}, date="Mon, 05 Jan 2026 09:00:00 GMT"))
    async with feishu() as client:
        with pytest.raises(CredentialsRejected) as caught:
            await client.outbound_ip()
    assert caught.value.next_step.startswith("clock_skew: this host's clock is 3600 s behind")


def leaks(error):
    return f"{error!r}{error}{vars(error)}{error.__cause__!r}{error.__context__!r}"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, {"code": 99991663, "msg": f"bad token {TOKEN}"}),
        (
            400,
            {
                "code": 99991672,
                "msg": CANARY,
                "error": {"log_id": TOKEN, "helps": [{"url": f"https://x.example/?t={TOKEN}"}]},
            },
        ),
        (200, f"<html>{TOKEN}"),
        (404, f"no such path ?token={TOKEN}"),
        (502, f"{TOKEN}"),
    ],
)
async def test_secrets_in_no_error_and_no_log(feishu, script, caplog, status, body):
    """E1, E2: a platform that echoes our token in every field cannot make us show it."""
    caplog.set_level(logging.DEBUG)
    script.on(LIST, reply(body, status))
    async with feishu() as client:
        with pytest.raises(GatepostError) as caught:
            await client.outbound_ip()
        shown = leaks(caught.value) + caplog.text + repr(client.account) + repr(vars(client))
    assert TOKEN not in shown
    assert CANARY not in shown or "msg" in str(body)
