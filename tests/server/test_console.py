"""The console's rows, words and pages, without a browser."""

from __future__ import annotations

import re
import tomllib
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from markupsafe import escape

from gatepost.errors import ConfigInvalid, GatepostError, PlatformBusy, StoreUnavailable, UsageError
from gatepost.model.content import State
from gatepost.model.entry import Direction, RawEntry
from gatepost.model.role import Role
from gatepost.planning.guard_text import GUARDS
from gatepost.refusals import (
    MethodRefused,
    NothingThere,
    NothingYet,
    ProviderFailed,
    RequestForged,
    RequestInvalid,
    RequestTooLarge,
    RoleMissing,
    TooManyLogins,
)
from gatepost.server import console_words
from gatepost.server.console import CONSOLE, error_page
from gatepost.server.console_words import OWN, Words, catalogue, language_of
from gatepost.server.desk import Desk
from gatepost.server.problems import surprise
from house import papers
from rigs import texts
from rigs.console import stage
from rigs.serving import BASE, ROLES, TEN, House, bearer

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]
HTML = {"accept": "text/html"}
DIGEST = "sha256:" + "0" * 64
OPEN = {"GET /login", "GET /look", "GET /static/{name}"}
PAGES = (
    "/",
    "/lists",
    "/lists/webhooks",
    "/lists/empty",
    "/lists/webhooks?find=101.126.59.0",
    "/lists/webhooks/history",
    "/check",
    "/check?value=101.126.59.0",
    "/check?value=101.126.59.0&at=2099-01-01",
    "/check?value=nonsense+here",
    "/plans",
    "/targets",
    "/audit",
)


@pytest.fixture
def house(open_house) -> House:
    """Without a login."""
    return open_house


def path_of(route) -> str:
    """A path that the row answers."""
    names = {"/static/{name}": "console.css"}
    return route.path.replace("{name}", names.get(route.path, "webhooks")).replace("{digest}", DIGEST)


async def walked(house, **headers):
    """Every row with its answer."""
    body = {"why": "a test"}
    return [
        (one, await house.ask(one.method, path_of(one), json=body if one.body else None, **headers))
        for one in CONSOLE
    ]


def test_only_the_way_in_and_files_are_for_anybody():
    """A row without a role shows nothing of the lists."""
    assert {f"{one.method} {one.path}" for one in CONSOLE if one.role is None} == OPEN


async def test_nobody_sees_a_page_without_a_login(locked):
    """Every page but the login answers 401 to whoever is not known, with the form and no reproach."""
    await locked.held()
    for route, answer in await walked(locked, **HTML):
        if route.role is not None:
            assert answer.status_code == 401, route.path
            assert 'name="password"' in answer.text
            assert 'role="alert"' not in answer.text
            assert "webhooks" not in answer.text.replace("/lists/webhooks", "")


async def test_a_role_opens_its_own_pages_alone(locked):
    """Only an approver's word is taken; a viewer sees all and no form to decide."""
    digest = (await locked.held(), locked.site.store.held("webhooks/events").digest)[1]
    for name, role in ROLES.items():
        for route, answer in await walked(locked, **bearer(name)):
            allowed = route.role is None or role.covers(route.role)
            assert answer.status_code in ({200, 303, 404} if allowed else {403}), (name, route.path)
        page = (await locked.get("/plans", **bearer(name))).text
        assert (f"/plans/{digest}/approve" in page) is role.covers(Role.APPROVER), name


async def test_every_page_is_there_in_both_languages_from_the_first_minute_on(house):
    """Nothing fetched, then fetched, then held: each page answers and names its JSON twin, which answers."""
    for prepare in (None, lambda: house.cycle(*TEN), house.held):
        if prepare:
            await prepare()
        for path in PAGES:
            for language, mark in (("en", 'lang="en"'), ("zh-CN", 'lang="zh-CN"')):
                answer = await house.get(path, accept_language=language, **HTML)
                assert answer.status_code == 200, (path, answer.text)
                assert mark in answer.text
            if twin := re.search(r'<a href="(/v1/[^"]+)">本页的 JSON', answer.text):
                told = await house.get(twin[1].replace("&amp;", "&"))
                assert told.headers["content-type"] == "application/json", path
                assert told.status_code == 200, path
            else:
                assert path in ("/check", "/check?value=nonsense+here"), path


async def test_what_ends_before_a_moment_to_come_is_shown_with_its_end(house):
    """The page says not allowed, when the entry's grace ends, and that nobody knows what will be said."""
    await house.cycle(*TEN)
    for _ in range(3):
        await house.cycle(*TEN[1:])
    page = (await house.get(f"/check?value={TEN[0]}&at=2099-01-01", **HTML)).text
    assert all(word in page for word in ("not allowed", "Ends", "nobody knows"))
    told = (await house.get(f"/v1/check?value={TEN[0]}&at=2099-01-01")).json()
    assert (told["foreseen"], told["allowed"]) == (True, False)
    assert [gone["state"] for gone in told["lists"][0]["ended"]] == ["grace"]
    assert "nobody knows" not in (await house.get(f"/check?value={TEN[0]}", **HTML)).text


async def test_an_approval_needs_the_sessions_token_and_is_told_on_the_page(locked):
    """Without it 403 and no word; with it the page says who approved, and why."""
    await locked.held()
    digest = locked.site.store.held("webhooks/events").digest
    session = await locked.log_in("bob")
    form = {"content-type": "application/x-www-form-urlencoded", "cookie": session["cookie"], "origin": BASE}
    page = (await locked.get("/plans", cookie=session["cookie"], **HTML)).text
    token = re.search(r'name="csrf" value="([0-9a-f]+)"', page)[1]
    async with locked.client() as client:
        bare = await client.post(f"/plans/{digest}/approve", content="why=x", headers=form)
        assert bare.status_code == 403
        assert locked.site.store.word(digest) is None
        content = f"why=ticket+42&csrf={token}"
        done = await client.post(f"/plans/{digest}/approve", content=content, headers=form)
    assert (done.status_code, done.headers["location"]) == (303, f"/plans#{digest[7:19]}")
    assert locked.woken == ["webhooks"]
    page = (await locked.get("/plans", cookie=session["cookie"], **HTML)).text
    assert "bob@web" in page
    assert "ticket 42" in page
    assert "/approve" not in page


async def test_a_rejection_is_recorded_and_an_approval_still_possible(house):
    """The word stands on the page; somebody may think again."""
    await house.held()
    digest = house.site.store.held("webhooks/events").digest
    done = await house.ask("POST", f"/plans/{digest}/reject", json={"why": "not ours"}, **HTML)
    assert done.status_code == 303
    page = (await house.get("/plans", **HTML)).text
    assert "rejected" in page
    assert "not ours" in page
    assert f"/plans/{digest}/approve" in page
    assert house.woken == []


async def test_language_and_theme_stay_chosen_and_lead_nowhere_else(house):
    """A cookie of their own, over what the browser asks for; a foreign place is the first page."""
    done = await house.get("/look?language=zh&next=/plans", accept_language="en")
    assert (done.status_code, done.headers["location"]) == (303, "/plans")
    cookie = done.headers["set-cookie"]
    assert cookie.startswith("gatepost-look=zh.auto;")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= {one.strip() for one in cookie.split(";")}
    head = {"cookie": cookie.partition(";")[0], "accept_language": "en"}
    assert 'lang="zh-CN"' in (await house.get("/", **head)).text
    dark = await house.get("/look?theme=dark", **head)
    assert dark.headers["set-cookie"].startswith("gatepost-look=zh.dark;")
    for place in ("//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"):
        away = await house.get(f"/look?language=zh&next={place}")
        assert away.headers["location"] == "/", place
    for odd in ("xx.neon", "zh", "", "zh.dark.x", "en.light;x"):
        answer = await house.get("/", cookie=f"gatepost-look={odd}")
        assert answer.status_code == 200, odd


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("zh", "zh"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("fr,zh-TW;q=0.5", "zh"),
        ("en;q=0.1, zh;q=0.2", "zh"),
        ("zh;q=x", "en"),
        ("zh;q=0", "en"),
        ("," * 5000, "en"),
    ],
)
def test_the_browsers_language_is_taken(header, language):
    """By its qualities; anything odd is English."""
    assert language_of(header) == language


async def test_files_are_kept_by_their_bytes_and_nothing_else_is_served(house):
    """A marked file may be kept for a year; no path leads out of the folder."""
    page = (await house.get("/lists/webhooks/history", **HTML)).text
    links = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
    assert len(links) >= 4
    for link in links:
        answer = await house.get(link)
        assert answer.status_code == 200, link
        assert answer.headers["cache-control"].endswith("immutable")
        plain = await house.get(link.partition("?")[0])
        assert plain.headers["cache-control"] == "no-cache"
    for name in ("nothing.js", "..%2fconsole.py", "%2e%2e", "uplot-1.6.32.LICENSE", "console.py"):
        assert (await house.get(f"/static/{name}")).status_code in {400, 404}, name


async def test_pages_hold_no_script_and_no_style_of_their_own(house):
    """Nothing for which the policy would have to be loosened."""
    await house.held()
    for path in PAGES:
        answer = await house.get(path, **HTML)
        assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son[a-z]+=|javascript:", answer.text), (
            path
        )
        assert "unsafe" not in answer.headers["content-security-policy"]


async def test_what_platforms_say_is_text_and_never_markup(house):
    """In notes, errors and links; a link that is no https address is not one."""
    evil = '"><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7*7 }}'
    house.source.answer = (RawEntry("9.9.9.9", note=evil),)
    await house.cycle()
    told = PlatformBusy(evil, links=("javascript:alert(1)", "https://ok.example/"), log_id=evil)
    house.source.answer = told
    house.clock.advance(timedelta(hours=30))
    await house.cycle()
    for path in (*PAGES, "/lists/webhooks?find=9.9.9.9", "/check?value=9.9.9.9"):
        text = (await house.get(path, **HTML)).text
        assert "<script>alert" not in text, path
        assert "<img" not in text, path
        assert "javascript:" not in text, path
    now = (await house.get("/", **HTML)).text
    assert "&lt;script&gt;alert(1)" in now
    assert 'href="https://ok.example/"' in now
    assert "{{ 7*7 }}" in now


async def test_what_is_asked_is_shown_and_never_markup(house):
    """In every field of every form, and in what an error repeats."""
    evil = "%3C/title%3E%3Cscript%3Ealert(1)%3C/script%3E"
    for path in (
        f"/check?value={evil}",
        f"/check?value=9.9.9.9&at={evil}",
        f"/lists/webhooks?find={evil}&source={evil}",
        f"/lists/{evil}",
        f"/lists/webhooks/history?at={evil}",
        f"/nope/{evil}",
        f"/login?next={evil}",
        f"/check?{evil}=1",
    ):
        text = (await house.get(path, **HTML)).text
        assert "<script>alert" not in text, path


async def test_an_error_is_told_in_the_readers_language(house):
    """404 with the next step translated, and a way back."""
    answer = await house.get("/lists/nothing", accept_language="zh", **HTML)
    assert answer.status_code == 404
    assert "NothingThere" in answer.text
    assert 'href="/"' in answer.text
    assert "/schema" in answer.text
    assert "回到首页" in answer.text


async def test_an_error_has_a_heading_for_people_and_the_way_to_all_pages(locked):
    """For whoever is known; a stranger is told nothing of the pages there are."""
    vera = await locked.log_in("vera")
    for language, heading, pages in (
        ("en", "There is nothing here", "Plans"),
        ("zh", "这里什么也没有", "计划"),
    ):
        told = (await locked.get("/none-such", accept_language=language, **HTML, **vera)).text
        assert f"<span>{heading}</span></span></h1>" in told
        assert f"<title>{heading}" in told
        assert f'<a href="/plans">{pages}</a>' in told
        assert 'action="/logout"' in told
    assert "<nav" not in (await locked.get("/none-such", **HTML)).text
    forged = await locked.get("/none-such", **{**HTML, **vera, "host": "elsewhere.example"})
    assert forged.status_code == 403
    assert "<nav" not in forged.text


async def test_a_list_names_both_of_its_units(house):
    """What is in force is merged; what is listed is as the sources name it."""
    await house.cycle("61.0.0.0", "61.0.0.1")
    told = (await house.get("/lists/webhooks", accept_language="en", **HTML)).text
    assert "in force: 1 merged prefixes and domains" in told
    assert "2 of 2 entries, as sources and pins name them" in told


REFUSED = (
    RequestInvalid("the query is no list of name=value in UTF-8"),
    RoleMissing("this needs the role admin; bob has viewer"),
    RequestForged("the request comes from a page of another site"),
    NothingThere("there is no list nothing"),
    MethodRefused("PUT is not for this page"),
    UsageError("sha256:00 is not unique", hint="`gatepost plan` shows what is held, with its digest."),
    RequestTooLarge("a body has at most 65536 bytes and 10 seconds to come"),
    TooManyLogins("too many wrong passwords; wait before the next try"),
    ConfigInvalid("gatepost.toml:3: server.listen: expected a table"),
    surprise(KeyError("secret")),
    ProviderFailed("the provider did not answer within 10 s"),
    NothingYet("the list webhooks has no good version yet"),
    surprise(OSError(24, "Too many open files")),
    StoreUnavailable("the store sqlite:///x.db: Permission denied"),
)


@pytest.mark.parametrize("error", REFUSED, ids=lambda one: one.kind)
def test_every_page_of_an_error_is_in_the_language_of_the_page(tmp_path, error):
    """400 to 503: what happened and the next step, whole; the same in English."""
    chinese, plain = (shown(tmp_path, error, language) for language in (b"zh", b"en"))
    told = re.sub(r"<code>[^<]*</code>|<[^>]+>", " ", chinese)
    kept = {"of", "listen", "server", "hosts", "url", "bob", "viewer", "webhooks", "nothing", "gatepost"}
    assert set(re.findall(r"(?<![\w./:=\[_-])[a-z]{2,}(?![\w./:=_\]-])", told)) <= kept | {"admin", "name"}
    assert error.message not in chinese
    assert str(escape(error.message)) in plain


def shown(folder: Path, error: GatepostError, language: bytes) -> str:
    """What stands on the page of an error."""
    with stage(folder, bare=True) as made:
        desk = Desk.of(made.site)
        page = error_page(desk, error, "/x", "/", {b"accept-language": language}).decode()
    return page[page.index("<main") : page.index("</main>")]


async def test_a_wrong_password_is_told_on_the_form(locked):
    """401, in the reader's language, with the form to try again."""
    form = {"content-type": "application/x-www-form-urlencoded", "origin": BASE}
    async with locked.client() as client:
        content = "user=bob&password=wrong"
        told = await client.post("/login", content=content, headers={**form, **HTML, "accept-language": "zh"})
    assert told.status_code == 401
    assert "用户名或密码错误" in told.text


async def test_long_lists_come_in_parts(house):
    """200 entries a page, found by text, state and source; nothing is lost between pages."""
    house.source.answer = tuple(RawEntry(f"101.{n // 250}.{n % 250}.9") for n in range(450))
    await house.cycle()
    seen: set[str] = set()
    for page in (1, 2, 3):
        text = (await house.get(f"/lists/webhooks?page={page}", **HTML)).text
        seen |= set(re.findall(r'class="value">(101\.[0-9./]+)<', text))
    assert len(seen) == 450
    one = (await house.get("/lists/webhooks?find=101.1.7.9", **HTML)).text
    assert "1 of 450 entries" in one
    none = (await house.get("/lists/webhooks?state=excluded", **HTML)).text
    assert "0 of 450 entries" in none


async def test_any_two_serials_and_any_moment_are_shown(house):
    """What came and went, either way round, and what held when."""
    await house.cycle(*TEN)
    before = house.clock.now()
    house.clock.advance(timedelta(days=1))
    await house.cycle(*TEN, "9.9.9.9")
    page = (await house.get("/lists/webhooks/history?from=1&to=2", **HTML)).text
    assert re.search(r'<td aria-hidden="true">\+</td><th scope="row" class="value">9\.9\.9\.9/32', page)
    back = (await house.get("/lists/webhooks/history?from=2&to=1", **HTML)).text
    assert re.search(r'<td aria-hidden="true">-</td><th scope="row" class="value">9\.9\.9\.9/32', back)
    then = (await house.get(f"/lists/webhooks/history?at={before:%Y-%m-%dT%H:%M:%SZ}", **HTML)).text
    assert "Then serial 1 was in force." in then
    early = (await house.get("/lists/webhooks/history?at=2020-01-01", **HTML)).text
    assert "The list held nothing then" in early
    old = (await house.get("/lists/webhooks?serial=1", **HTML)).text
    assert "9.9.9.9" not in old
    assert (await house.get("/lists/webhooks/history?from=1&to=9", **HTML)).status_code == 404


async def test_entries_and_differences_are_documents_too(house):
    """The twins of a list's page and of two serials side by side."""
    await house.cycle(*TEN)
    await house.cycle(*TEN, "9.9.9.9")
    told = (await house.get("/v1/entries/webhooks")).json()
    assert (told["list"], told["direction"], told["serial"], len(told["entries"])) == (
        "webhooks",
        "ingress",
        2,
        11,
    )
    first = told["entries"][0]
    assert (first["value"], first["source"], first["state"]) == ("9.9.9.9/32", "events", "listed")
    assert len((await house.get("/v1/entries/webhooks?serial=1")).json()["entries"]) == 10
    assert (await house.get("/v1/entries/empty")).json()["serial"] is None
    delta = (await house.get("/v1/diff/webhooks?from=1&to=2")).json()
    assert (delta["from"], delta["to"]) == (1, 2)
    assert [one["value"] for one in delta["added"]] == ["9.9.9.9/32"]
    assert delta["removed"] == []
    assert (await house.get("/v1/entries/webhooks?serial=7")).status_code == 404


def test_every_text_of_the_console_is_translated_and_none_is_left_over():
    """With the same places for values; also what is said by words of the model and by guards."""
    known = catalogue()
    words = {one.value for one in (*State, *Direction)} | set(GUARDS.values())
    assert list(papers.translated(texts.marked() | words, known)) == []
    own = tomllib.loads(OWN.read_text("utf-8"))
    said = {"name or password is wrong"}
    assert sorted(set(own) - texts.marked() - words - said) == []


def test_files_of_others_are_as_published_and_have_their_licences():
    """Bytes are those that the decision names; beside each package lies its licence."""
    named = (ROOT / "docs" / "decisions" / "0014-the-console-without-a-build.md").read_text("utf-8")
    folders = (texts.SERVER / "static", ROOT / "tests" / "browser" / "axe")
    vendored = [one for folder in folders for one in sorted(folder.glob("*.min.*"))]
    assert len(vendored) == 4
    for path in vendored:
        assert f"{path.name}`" in named, path
        assert sha256(path.read_bytes()).hexdigest() in named, path
        package = re.sub(r"\.min\.\w+$", "", path.name)
        assert any((path.parent / name).exists() for name in (f"{package}.LICENSE", "LICENSE")), path


def test_values_are_never_looked_into():
    """A value that looks like a place for a value stays as it is, in both languages."""
    for language in console_words.LANGUAGES:
        told = Words(language)("{source} has not answered well for too long.", source="{now} {0.__class__}")
        assert "{now} {0.__class__}" in told
