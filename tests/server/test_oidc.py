"""Login by a provider, over sockets, with cookies as browsers keep them."""

from __future__ import annotations

import html
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields, replace
from urllib.parse import parse_qs, quote, urlsplit

import httpx2
import pytest
import schemathesis
from hypothesis import given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from gatepost.model.role import Role
from gatepost.server.limits import WRONG_BY_NETWORK
from gatepost.server.table import ROUTES
from rigs.canaries import find
from rigs.openid import ANNA, FORGED, SECRET, SPOKEN, VERA, StandIn
from rigs.serving import PASSWORDS, bearer
from rigs.surfing import site
from rigs.vouched import BACK, ROLES, Street, street

pytestmark = pytest.mark.anyio
CHECKS = [not_a_server_error, status_code_conformance, response_schema_conformance]
VERA_HERE = "vera@localhost"


@pytest.fixture(scope="module")
def town(tmp_path_factory) -> Iterator[Street]:
    """One for what changes nothing of it."""
    with street(tmp_path_factory.mktemp("town")) as made:
        yield made


@pytest.fixture(autouse=True)
def as_before(request) -> Iterator[None]:
    """The provider is what it was, whoever was there before."""
    yield
    if "town" in request.fixturenames:
        made = request.getfixturevalue("town")
        fresh = StandIn(made.provider.url, made.provider.redirects, released=made.provider.released)
        for one in fields(StandIn):
            setattr(made.provider, one.name, getattr(fresh, one.name))
        made.surfers.clear()
        oidc = made.house.desk.oidc
        for limit in (oidc.arrivals, oidc.forgeries):
            limit._of_networks._times.clear()
        oidc.provider._metadata = oidc.provider._keys = oidc.provider._failed = None


def test_whoever_the_provider_vouches_for_is_let_in(town):
    """By name and issuer's host, with the role of the highest group, on the page asked for, in the book."""
    for person, role in ((VERA, "viewer"), (ANNA, "approver")):
        surfer, town.provider.person = town.surfer(), dict(person)
        told = town.log_in(surfer, "/v1/session").json()
        name = f"{person['preferred_username']}@localhost"
        assert (told["user"], told["role"]) == (name, role)
        last = town.entrances()[-1]
        subject = f"{town.provider.issuer} {person['sub']}"
        assert (last["event"], last["who"], last["subject"]) == ("login", name, subject)
    assert not town.provider.wrong


def test_the_page_after_the_provider_is_reached_with_a_strict_cookie(town):
    """Whoever comes back gets a page of ours that goes on by itself; its address is told to nobody."""
    surfer = town.surfer()
    town.log_in(surfer, "/check?value=9.9.9.9")
    page = next(one for one in surfer.answers if one.url.path == BACK)
    assert page.status_code == 200
    assert page.headers["refresh"] == "0; url=/check?value=9.9.9.9"
    assert page.headers["referrer-policy"] == "no-referrer"
    cookie = page.headers["set-cookie"].split("; ")
    assert {"HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"} == set(cookie[1:])
    assert VERA_HERE in page.text
    assert 'href="/check?value=9.9.9.9"' in page.text
    assert surfer.answers[-1].status_code == 200
    assert surfer.went[-1] == f"{town.url}/check?value=9.9.9.9"


def test_what_a_browser_takes_along_is_sealed_and_short_lived(town):
    """Lax, so that it comes back from the provider's page; no part of it can be read or is in the address."""
    surfer = town.surfer()
    back = town.stopped(surfer)
    start = next(one for one in surfer.answers if one.url.path == "/login/oidc")
    cookie = start.headers["set-cookie"].split("; ")
    assert cookie[0].startswith("gatepost-oidc=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=600"} == set(cookie[1:])
    asked = parse_qs(urlsplit(start.headers["location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == [f"{town.url}{BACK}"]
    assert asked["scope"] == ["openid profile email"]
    assert asked["kept"] == ["1"]
    told = [asked[one][0] for one in ("state", "nonce", "code_challenge")]
    assert find({"cookie": cookie[0].encode()}, told) == []
    assert asked["state"][0] in back
    assert len(set(told)) == 3


WORDS = {
    "iss": "claim iss is wrong",
    "aud": "claim aud is wrong",
    "aud of several": "claim azp is missing",
    "azp": "claim azp is wrong",
    "nonce": "claim nonce is wrong",
    "no nonce": "claim nonce is missing",
    "exp": "it is over (exp)",
    "no exp": "claim exp is missing",
    "exp is a text": "claim exp is wrong",
    "iat": "claim iat is wrong",
    "at_hash": "claim at_hash is wrong",
    "at_hash is a number": "refused",
    "no sub": "claim sub is missing",
    "sub is a number": "claim sub is wrong",
    "sub is long": "claim sub is wrong",
    "sub is blank": "claim sub is wrong",
    "alg none": "its algorithm is not one that only the provider can sign with",
    "alg none, no kid": "its algorithm is not one that only the provider can sign with",
    "alg HS256": "its algorithm is not one that only the provider can sign with",
    "foreign key": "no key of the provider signed it",
    "unknown key": "no key of the provider signed it",
    "key in its own header": "no key of the provider signed it",
    "weak key": "no key of the provider signed it",
    "critical": "refused",
    "cut": "refused",
    "one part": "refused",
    "words": "refused",
}


@pytest.mark.parametrize("fault", FORGED)
def test_a_token_that_nobody_may_believe_lets_nobody_in(town, fault):
    """Each refused for its own reason, written down, and no word of it shown anywhere."""
    surfer, town.provider.fault = town.surfer(), fault
    answer = town.log_in(surfer)
    assert answer.status_code == 403
    assert WORDS[fault] in answer.text
    assert town.session(surfer) is None
    last = town.entrances()[-1]
    assert (last["event"], last["who"], last["why"]) == ("refused", "", "LoginUnproven")
    assert find(town.texts(), town.provider.issued) == []


@pytest.mark.parametrize("word", [one for one in SPOKEN if one != "slow"])
@pytest.mark.parametrize("place", ["discovery", "token", "jwks", "userinfo"])
def test_a_provider_that_talks_nonsense_lets_nobody_in(town, place, word):
    """A page that says what happened and what to do; local users get in; no word of the nonsense is shown."""
    surfer, town.provider.fault, town.provider.thin = town.surfer(), f"{place}:{word}", True
    answer = town.log_in(surfer)
    assert answer.status_code == (403 if (place, word) == ("userinfo", "empty") else 502)
    assert 'role="alert"' in answer.text
    assert "the provider" in answer.text
    assert town.session(surfer) is None
    form = {"user": "bob", "password": PASSWORDS["bob"]}
    assert surfer.post(f"{town.url}/login?next=/v1/session", form).json()["user"] == "bob"
    assert find(town.texts(), [*town.provider.issued, SECRET]) == []
    assert "evil.example/?" not in answer.text


@pytest.mark.parametrize("place", ["discovery", "token", "jwks"])
def test_a_slow_provider_is_waited_for_so_long(tmp_path, place):
    """The deadline is of all requests together."""
    with street(tmp_path, within=0.6) as town:
        town.provider.fault = f"{place}:slow"
        answer = town.log_in(town.surfer())
        assert answer.status_code == 502
        assert "within 0.6 s" in answer.text


@pytest.mark.parametrize(
    ("described", "told"),
    [
        ({"issuer": "https://evil.example"}, "calls itself https://evil.example"),
        ({"issuer": None}, "cannot be read (SchemaMismatch)"),
        ({"token_endpoint": "https://evil.example/token"}, "names evil.example"),
        ({"jwks_uri": "https://evil.example/jwks"}, "names evil.example"),
        ({"userinfo_endpoint": "https://evil.example/me"}, "names evil.example"),
        ({"token_endpoint": "http://evil.example/token"}, "no https address"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "no https address"),
        ({"authorization_endpoint": "https://bob:pw@sso.example/"}, "no https address"),
        ({"authorization_endpoint": "https://sso.example/\r\nset-cookie: x=1"}, "no https address"),
        ({"code_challenge_methods_supported": ["plain"]}, "knows no PKCE with S256"),
        ({"token_endpoint_auth_methods_supported": ["private_key_jwt"]}, "takes no client_secret"),
    ],
)
def test_a_description_of_somebody_else_is_refused(town, described, told):
    """Its issuer is the configured one to the letter, and nothing secret goes where nobody named."""
    town.provider.described = described
    answer = town.log_in(town.surfer())
    assert answer.status_code == 502
    assert told in html.unescape(answer.text)
    assert town.provider.asked == ["discovery"]
    assert "pw@" not in answer.text


def test_a_login_comes_back_once(town):
    """The address that the provider sent the browser to is good for one arrival, in one browser."""
    surfer = town.surfer()
    back = town.stopped(surfer)
    assert surfer.go(back, site(town.provider.url)).status_code in (200, 303)
    assert town.session(surfer) is not None
    before = len(town.provider.wrong)
    again = surfer.go(back, site(town.provider.url))
    assert again.status_code == 403
    assert "came back before" in again.text
    assert len(town.provider.wrong) == before


def test_a_code_of_before_is_refused_with_a_state_of_now(town):
    """What was seen of a login, in a history or a log, lets nobody else in."""
    seen = parse_qs(urlsplit(town.stopped(town.surfer())).query)["code"][0]
    thief = town.surfer()
    own = parse_qs(urlsplit(town.stopped(thief)).query)
    answer = thief.go(f"{town.url}{BACK}?state={own['state'][0]}&code={seen}&iss={own['iss'][0]}")
    assert answer.status_code == 403
    assert "does not take the code back" in answer.text
    assert town.session(thief) is None


@pytest.mark.parametrize("begun", [False, True])
def test_nobody_is_logged_in_as_somebody_else_by_a_link(town, begun):
    """The address of another browser's login is refused, whether the victim began one too or not."""
    link = town.stopped(town.surfer(), ANNA)
    victim = town.surfer()
    if begun:
        town.stopped(victim, VERA)
    asked, written = len(town.provider.asked), len(town.entrances())
    answer = victim.go(link, "evil.example")
    assert answer.status_code == 403
    assert ("not the one that this browser began" if begun else "began no login here") in answer.text
    assert town.session(victim) is None
    assert len(town.provider.asked) == asked
    assert [one["why"] for one in town.entrances()[written:]] == (["RequestForged"] if begun else [])


def test_a_state_that_nobody_sealed_is_refused(town):
    """Cut, changed or made up: told the same."""
    surfer = town.surfer()
    back = town.stopped(surfer)
    kept = surfer.cookies["127.0.0.1", "gatepost-oidc"]
    for value in ("", "x", kept.value[:-2], "A" + kept.value[1:], kept.value[:60], "é"):
        answer = httpx2.get(back, headers={"cookie": f"gatepost-oidc={value}".encode()})
        assert answer.status_code == 403, value
        assert answer.json()["error"]["kind"] == "RequestForged"


@pytest.mark.parametrize("fault", ["sender", "no sender"])
def test_the_answer_names_the_provider_that_was_asked(town, fault):
    """RFC 9207: another's name is refused, and none where it is announced."""
    surfer, town.provider.fault = town.surfer(), fault
    answer = town.log_in(surfer)
    assert answer.status_code == 403
    assert "does not come from the provider that was asked" in answer.text
    assert town.session(surfer) is None


def test_a_provider_that_does_not_announce_its_name_need_not_say_it(town):
    """Older ones do not."""
    town.provider.described = {"authorization_response_iss_parameter_supported": None}
    town.provider.fault = "no sender"
    assert town.log_in(town.surfer()).json()["user"] == VERA_HERE


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?state=",
        "?state=x&state=y",
        "?code=%ff",
        "?state=" + "x" * 4000,
        "?error=%00&iss=",
        "?x=" + "y" * 4090,
    ],
)
def test_whatever_comes_back_is_answered(town, query):
    """Refused for what it is; with nothing of it shown but what is ours."""
    answer = town.surfer().go(f"{town.url}{BACK}{query}", "evil.example")
    assert answer.status_code in {400, 403, 413}
    assert "yyyy" not in answer.text


@pytest.mark.hypothesis
@pytest.mark.parametrize("path", ["/login/oidc", BACK])
def test_whatever_is_sent_to_its_addresses_is_answered_as_described(town, path):
    """Good and bad, by whoever: no server error, no status but those described."""
    described = httpx2.get(f"{town.url}/schema", headers=bearer("alice")).json()
    operation = schemathesis.openapi.from_dict(described)[path]["GET"]

    @settings(max_examples=max(8, settings.default.max_examples // 12), deadline=None)
    @given(case=operation.as_strategy())
    def send(case):
        case.call_and_validate(base_url=town.url, checks=CHECKS, allow_redirects=False)

    send()


def test_whom_the_provider_turns_away_is_told_so(town):
    """The login page again, with the next step; what else is said in the address is not."""
    surfer, town.provider.person = town.surfer(), None
    answer = town.log_in(surfer)
    assert answer.status_code == 401
    assert "let nobody in: access_denied" in answer.text
    assert 'href="/login/oidc?next=/"' in answer.text
    state = parse_qs(urlsplit(town.stopped(surfer)).query)["state"][0]
    told = surfer.go(f"{town.url}{BACK}?state={state}&iss={town.provider.issuer}&error=<b>evil")
    assert told.status_code == 401
    assert "evil" not in told.text


def test_whoever_has_no_role_is_not_let_in(town):
    """Groups that are none of ours, a part of a name, another case, no list: all the same."""
    for groups in ([], ["Staff"], ["staf"], ["staff "], "staff,net", {"staff": True}, [["staff"]], 7, None):
        surfer, town.provider.person = town.surfer(), {**VERA, "groups": groups}
        answer = town.log_in(surfer)
        assert answer.status_code == 403, groups
        assert "has no role here" in answer.text
        assert town.session(surfer) is None
        assert town.entrances()[-1]["why"] == "RoleMissing"


@pytest.mark.parametrize(
    "next_",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "/%0d%0aset-cookie:x",
        "javascript:alert(1)",
        "x",
    ],
)
def test_the_way_on_stays_with_us(town, next_):
    """However another place is written, it is the first page."""
    surfer = town.surfer()
    surfer.go(f"{town.url}/login/oidc?next={quote(next_)}", site(town.url))
    page = next(one for one in surfer.answers if one.url.path == BACK)
    assert page.headers["refresh"] in ("0; url=/", f"0; url={next_}")
    assert "evil" not in page.headers["refresh"]
    assert (
        "set-cookie" not in page.headers["refresh"] or page.headers["refresh"] == "0; url=/%0d%0aset-cookie:x"
    )
    assert site(surfer.went[-1]) == site(town.url)


def test_groups_may_be_told_at_userinfo(town):
    """Asked for what the token does not say, of the same person; of another it is refused."""
    town.provider.thin = True
    surfer = town.surfer()
    assert town.log_in(surfer).json()["role"] == "viewer"
    assert town.provider.asked[-1] == "userinfo"
    town.provider.fault = "userinfo of another"
    answer = town.log_in(town.surfer())
    assert answer.status_code == 403
    assert "of somebody else" in answer.text


def test_keys_may_change(town):
    """A key that is new is fetched; of whatever kind; one that is withdrawn is no longer good."""
    assert town.log_in(town.surfer()).json()["user"] == VERA_HERE
    town.provider.rotate("second", keep=True)
    assert town.log_in(town.surfer()).json()["user"] == VERA_HERE
    town.provider.rotate("ec-third")
    assert town.log_in(town.surfer()).json()["user"] == VERA_HERE
    asked = town.provider.asked.count("jwks")
    assert town.log_in(town.surfer()).json()["user"] == VERA_HERE
    assert town.provider.asked.count("jwks") == asked
    town.provider.signing = "second"
    assert "no key of the provider signed it" in town.log_in(town.surfer()).text


def test_a_token_without_the_name_of_its_key_is_read_where_there_is_one(town):
    """With several it cannot be told which, and is refused."""
    town.provider.fault = "no kid"
    assert town.log_in(town.surfer()).json()["user"] == VERA_HERE
    town.provider.rotate("second", keep=True)
    assert "no key of the provider signed it" in town.log_in(town.surfer()).text


@pytest.mark.parametrize(
    "methods",
    [["client_secret_basic"], ["client_secret_post"], None, ["client_secret_basic", "client_secret_post"]],
)
@pytest.mark.parametrize("secret", ["plain-secret-of-the-client", "odd: secret%2B+/=&"])
def test_the_client_says_who_it_is_in_every_way(tmp_path, methods, secret):
    """In a header, escaped as RFC 6749 wants, or in the form, as the provider says that it takes it."""
    with street(tmp_path, secret=secret) as town:
        town.provider.secret = secret
        town.provider.described = {"token_endpoint_auth_methods_supported": methods}
        assert town.log_in(town.surfer()).json()["user"] == VERA_HERE
        assert not town.provider.wrong


def test_a_wrong_secret_is_told_to_be_one(tmp_path):
    """With the next step, and without it."""
    with street(tmp_path, secret="not-the-secret-of-this-client") as town:
        answer = town.log_in(town.surfer())
        assert answer.status_code == 502
        assert "refused this server: invalid_client" in answer.text
        assert "Compare client_id and client_secret" in answer.text
        assert find(town.texts(), [*town.provider.issued, "not-the-secret-of-this-client"]) == []


def test_tokens_of_another_type_are_refused(town):
    """Nobody asked for them."""
    town.provider.fault = "mac token"
    assert "of a type that nobody asked for" in town.log_in(town.surfer()).text


def test_a_session_outlives_the_process_and_ends_with_what_vouched_for_it(tmp_path):
    """A crash ends none; other roles, another client or no provider end it, and nothing else does."""
    with street(tmp_path) as town:
        surfer = town.surfer()
        town.log_in(surfer)
        with street(tmp_path, made=town.house, provider=town.provider, title="Other") as again:
            assert again.session(surfer)["user"] == VERA_HERE
            promoted = {**ROLES, "staff": Role.ADMIN}
            for change in ({"roles": promoted}, {"client_id": "other"}, {"role_claim": "roles"}):
                with street(tmp_path, made=town.house, provider=town.provider, **change) as changed:
                    assert changed.session(surfer) is None
            assert again.session(surfer)["user"] == VERA_HERE
        without = town.house.again(replace(town.house.desk.settings, oidc=None))
        assert without.desk.door.identify({b"cookie": _cookie(surfer)}) is None
        assert town.house.desk.door.identify({b"cookie": _cookie(surfer)}).subject.endswith(VERA["sub"])


def _cookie(surfer) -> bytes:
    return f"gatepost={surfer.cookies['127.0.0.1', 'gatepost'].value}".encode()


def test_a_local_user_of_the_same_name_is_somebody_else(town):
    """In sessions, in the audit, and for the bound on sessions of one."""
    local, far = town.surfer(), town.surfer()
    form = {"user": "vera", "password": PASSWORDS["vera"]}
    assert local.post(f"{town.url}/login?next=/v1/session", form).json()["user"] == "vera"
    town.log_in(far)
    assert [town.session(one)["user"] for one in (local, far)] == ["vera", VERA_HERE]
    book = town.entrances()[-2:]
    assert [(one["who"], bool(one["subject"])) for one in book] == [("vera", False), (VERA_HERE, True)]
    town.provider.person = {**VERA, "sub": "another", "preferred_username": "vera"}
    twin = town.surfer()
    town.log_in(twin)
    known = town.house.desk.sessions._known.values()
    assert len({one.owner for one in known if one.user == VERA_HERE}) == 2


def test_logging_out_ends_it_here(town):
    """And says so in the book, with who it was."""
    surfer = town.surfer()
    csrf = town.log_in(surfer).json()["csrf"]
    surfer.post(f"{town.url}/logout", {"csrf": csrf, "next": "/login"})
    assert town.session(surfer) is None
    last = town.entrances()[-1]
    assert (last["event"], last["who"]) == ("logout", VERA_HERE)
    assert last["subject"] == f"{town.provider.issuer} {VERA['sub']}"


def test_refused_arrivals_are_bounded_and_keep_no_password_out(tmp_path):
    """Twenty from an address, then 429 even for a good one; local logins are counted apart."""
    with street(tmp_path) as town:
        surfer = town.surfer()
        town.provider.fault = "nonce"
        for _ in range(WRONG_BY_NETWORK):
            assert town.log_in(surfer).status_code == 403
        town.provider.fault = ""
        answer = town.log_in(surfer)
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) > 0
        form = {"user": "bob", "password": PASSWORDS["bob"]}
        assert surfer.post(f"{town.url}/login?next=/v1/session", form).json()["user"] == "bob"
        assert len(town.entrances()) == WRONG_BY_NETWORK + 1


@pytest.mark.parametrize("begun", [False, True])
def test_a_page_of_others_shuts_nobody_out(tmp_path, begun):
    """Arrivals of a browser that began nothing, or another one, are refused and not counted."""
    with street(tmp_path) as town:
        lured = town.surfer()
        if begun:
            town.stopped(lured)
        for _ in range(WRONG_BY_NETWORK + 2):
            answer = lured.go(f"{town.url}{BACK}?state=x&code=y", "http://evil.example")
            assert answer.status_code == 403
        assert len(town.entrances()) == (WRONG_BY_NETWORK if begun else 0)
        assert town.log_in(lured).status_code == 200


def test_a_provider_that_fails_shuts_nobody_out(tmp_path):
    """Once it is well again people log in, however often it failed them before."""
    with street(tmp_path) as town:
        surfer = town.surfer()
        town.provider.fault = "token:error"
        for _ in range(WRONG_BY_NETWORK + 1):
            assert town.log_in(surfer).status_code == 502
        town.provider.fault = ""
        assert town.log_in(surfer).status_code == 200


def test_logins_are_counted(tmp_path):
    """Good, refused, and failed for the provider's sake."""
    with street(tmp_path) as town:
        town.log_in(town.surfer())
        for fault in ("nonce", "token:html"):
            town.provider.fault = fault
            town.log_in(town.surfer())
        text = town.house.desk.metrics.text(()).decode()
        for result in ("good", "refused", "failed"):
            assert f'gatepost_logins_total{{result="{result}"}} 1.0' in text


@pytest.mark.parametrize("local", [True, False])
def test_the_login_page_shows_the_ways_in_that_there_are(tmp_path, local):
    """In both languages; the form only where a local user has a password."""
    with street(tmp_path, local=local, title="Büro & Co") as town:
        for language, text in (("en", "Log in with Büro &amp; Co"), ("zh", "用 Büro &amp; Co 登录")):
            page = httpx2.get(f"{town.url}/login?next=/plans", headers={"accept-language": language}).text
            assert text in page
            assert 'href="/login/oidc?next=/plans"' in page
            assert ('name="password"' in page) is local
        for row in (one for one in ROUTES if one.role is not None):
            path = row.path.replace("{name}", "webhooks").replace("{digest}", "sha256:" + "0" * 64)
            assert httpx2.request(row.method, f"{town.url}{path}").status_code == 401, row.path
        assert town.log_in(town.surfer()).json()["user"] == VERA_HERE


def test_people_are_sent_back_to_the_address_that_they_use(tmp_path):
    """`url` where it is there; over https with a cookie that no other host of the domain can set."""
    with street(tmp_path, url="https://lists.example.com") as town:
        town.provider.redirects = {f"https://lists.example.com{BACK}"}
        surfer = town.surfer()
        surfer.go(f"{town.url}/login/oidc", site(town.url), until="https://lists.example.com")
        assert surfer.went[-1].startswith(f"https://lists.example.com{BACK}?")
        start = surfer.answers[0]
        assert start.headers["set-cookie"].startswith("__Host-gatepost-oidc=")
        assert "; Secure" in start.headers["set-cookie"]
        assert not town.provider.wrong


async def test_without_a_provider_there_is_no_such_way(locked):
    """404, and no link to it on the page."""
    for path in ("/login/oidc", f"{BACK}?state=x&code=y"):
        answer = await locked.get(path)
        assert (answer.status_code, answer.json()["error"]["kind"]) == (404, "NothingThere")
    assert "/login/oidc" not in (await locked.get("/login")).text


def test_the_library_is_loaded_where_it_is_used_alone():
    """A server without a provider does not load it; one with a provider tells how to get it."""
    code = "import sys, gatepost.server.running, gatepost.server.table; print('authlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
    done = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "ConfigInvalid Install it: pip install 'gatepost[oidc]'"


WITHOUT = """
import sys
sys.modules["authlib"] = None
from gatepost.errors import GatepostError
from gatepost.kit.clock import SystemClock
from gatepost.server.oidc import Oidc
from gatepost.config.server_keys import ServerSettings
from gatepost.config.oidc_keys import OidcOptions, OidcSettings
from gatepost.kit.secret import Secret
options = OidcOptions("https://sso.example.com", "gatepost", Secret("x" * 20))
settings = ServerSettings(oidc=OidcSettings(options, {}, lambda: options))
try:
    Oidc.of(settings, SystemClock())
except GatepostError as error:
    print(error.kind, error.next_step)
"""
