"""The server: each route, header and member of the ledger, asked of `gatepost run` over HTTP.

What changes something is asked last.
"""

from __future__ import annotations

import email.utils
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from rigs import ledger
from rigs.ledger import Checks, cases
from rigs.served_world import SIX, Served, served_site, until

server = Checks("server")
FORMATS = ("txt", "json", "csv")
LISTS = tuple(f"/v1/lists/webhooks.{name}" for name in FORMATS)
MEDIA = {"txt": "text/plain", "json": "application/json", "csv": "text/csv"}


@pytest.fixture(scope="module")
def site(emulator, base_url, tmp_path_factory) -> Iterator[Served]:
    """It serves until the module is read."""
    with served_site(emulator, base_url, tmp_path_factory.mktemp("served")) as made:
        yield made


@pytest.fixture(scope="module")
def documents(site) -> dict[str, list[Any]]:
    """Documents by their name in the ledger, before anybody changes anything; arrays below `each`.

    Whatever is answered: what is no such document fails under its own line.
    """
    lists = ("webhooks", "outbound")
    endpoints = [site.get(f"/v1/endpoints/{name}").json() for name in lists]
    return {
        "google": [site.get(f"/v1/lists/{name}.json").json() for name in lists],
        "endpoints": [{"each": one} for one in endpoints],
        "version": [{"each": site.get("/v1/version").json()}],
        "changes": [{"each": site.get("/v1/changes/webhooks/1").json()}],
        "check": [site.get(f"/v1/check?value={one}").json() for one in ("101.126.59.7", "9.9.9.9")],
        "status": [site.get("/v1/status").json()],
        "history": [site.get("/v1/history/webhooks").json()],
        "plans": [site.get("/v1/plans").json()],
        "error": [site.get(path).json() for path in ("/v1/lists/never.txt", "/nowhere", "/v1/check")],
        "word": [],
    }


@pytest.mark.parametrize("member", ledger.members("served"))
def test_a_member_is_served(documents, words, member):
    """It is there, and what it may be."""
    ledger.read_member(member, words if member.document == "word" else documents[member.document])


@pytest.fixture(scope="module")
def words(site, documents) -> list[Any]:
    """One held plan approved, the other rejected, after all that is only read."""
    assert documents
    held = {one["source"]: one["digest"] for one in site.document("/v1/plans")["held"]}
    given = (("reject", held["calls"]), ("approve", held["events"]))
    return [site.speak(digest, word, f"ticket {word}").json() for word, digest in given]


@pytest.mark.parametrize("line", cases("server"))
def test_served(site, documents, request, line):
    """As the line says."""
    assert documents
    if "approve" in line.item or "reject" in line.item or line.item.startswith("a word"):
        request.getfixturevalue("words")
    server.read(line, site)


def test_nothing_is_read_that_is_not_promised():
    """No reader without its line."""
    assert server.strangers() == set()


@server("loopback and no login")
def _(site):
    assert site.url.startswith("http://127.0.0.1:")
    assert site.document("/v1/session")["user"] == "nobody"


@server(*(f"GET /v1/lists/{{name}}.{one}" for one in FORMATS))
def _(site, item):
    name = item.rpartition(".")[2]
    answer = site.get(f"/v1/lists/webhooks.{name}")
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, MEDIA[name])
    assert "101.126.59.7/32" in answer.text
    assert SIX in answer.text


@server("HEAD /v1/lists/{name}.…")
def _(site):
    for path in LISTS:
        got, head = site.get(path), site.get(path, "HEAD")
        assert (head.status_code, head.content) == (200, b"")
        drop = {"date"}
        assert {k: v for k, v in head.headers.items() if k not in drop} == {
            k: v for k, v in got.headers.items() if k not in drop
        }
        assert int(head.headers["content-length"]) == len(got.content)


@server("ETag")
def _(site):
    for path in LISTS:
        assert re.fullmatch(r'"[^"]+"', site.get(path).headers["etag"]), path


@server("Last-Modified")
def _(site):
    for path in LISTS:
        text = site.get(path).headers["last-modified"]
        assert text.endswith(" GMT")
        assert email.utils.parsedate_to_datetime(text) <= datetime.now(UTC)


@server("304 by If-None-Match")
def _(site):
    for path in LISTS:
        tag = site.get(path).headers["etag"]
        answer = site.get(path, if_none_match=tag)
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
        assert site.get(path, if_none_match='"other"').status_code == 200


@server("304 by If-Modified-Since")
def _(site):
    for path in LISTS:
        date = site.get(path).headers["last-modified"]
        answer = site.get(path, if_modified_since=date)
        assert (answer.status_code, answer.content) == (304, b"")
        assert site.get(path, if_modified_since="Mon, 05 Jan 2026 08:00:00 GMT").status_code == 200


@server("gzip")
def _(site):
    for path in LISTS:
        plain, zipped = site.get(path), site.get(path, accept_encoding="gzip")
        assert "content-encoding" not in plain.headers
        assert zipped.headers["content-encoding"] == "gzip"
        assert zipped.text == plain.text
        assert zipped.headers["etag"] != plain.headers["etag"]


@server("?family=4", "?family=6")
def _(site, item):
    text = site.get(f"/v1/lists/webhooks.txt{item}").text
    assert (SIX in text, "101.126.59.7/32" in text) == (item[-1] == "6", item[-1] == "4")


@server("503 until the first good list", "Retry-After")
def _(site, item):
    for path in (*(f"/v1/lists/never.{name}" for name in FORMATS), "/v1/endpoints/never"):
        answer = site.get(path)
        assert answer.status_code == 503, item
        assert int(answer.headers["retry-after"]) > 0


@server("then the last good one")
def _(site):
    assert site.document("/v1/plans")["held"]
    assert len(site.get("/v1/lists/calls.txt").text.split()) > 3


@server("GET /v1/endpoints/{name}")
def _(site):
    sets = site.document("/v1/endpoints/outbound")
    assert {"i.work.weixin.qq.com", "*.work.weixin.qq.com"} <= {
        url for one in sets for url in one.get("urls", ())
    }
    assert {one.get("tcpPorts") for one in sets} >= {"443", "80,443"}
    assert {one.get("udpPorts") for one in sets} >= {"443,8000"}


@server("GET /v1/version")
def _(site):
    latest = {one["instance"]: int(one["latest"]) for one in site.document("/v1/version")}
    assert (latest["webhooks"], latest["outbound"]) == (2, 1)


@server("GET /v1/changes/{name}/{serial}")
def _(site):
    (change,) = site.document("/v1/changes/webhooks/1")
    assert (int(change["version"]), change["add"]["ips"]) == (2, ["101.126.60.7/32"])
    assert change["add"]["effectiveDate"] in site.document("/v1/history/webhooks")["serials"][1][
        "at"
    ].replace("-", "")


def same(site: Served, query: str, *arguments: str, code: int = 0) -> None:
    """The route's document is the command's, but for the moment."""
    ours, theirs = site.document(f"/v1/check?{query}"), site.program.json("check", *arguments, code=code)
    assert ours | {"at": ""} == theirs | {"at": ""}


@server("GET /v1/check?value=…")
def _(site):
    same(site, "value=101.126.59.7", "101.126.59.7")


@server("GET /v1/check?value=…&list=…")
def _(site):
    same(site, "value=101.126.59.7&list=own", "101.126.59.7", "--list", "own", code=5)


@server("GET /v1/check?value=…&at=…")
def _(site):
    first = site.document("/v1/history/webhooks")["serials"][0]["at"]
    same(site, f"value=101.126.60.7&at={first}", "101.126.60.7", "--at", first, code=5)
    assert site.document(f"/v1/check?value=101.126.60.7&at={first}")["at"] == first


@server("GET /v1/status")
def _(site):
    ours = site.document("/v1/status")
    theirs = site.program("status", "--json").document
    assert {name: [set(one) for one in ours[name]] for name in ("sources", "lists", "targets")} == {
        name: [set(one) for one in theirs[name]] for name in ("sources", "lists", "targets")
    }


@server("GET /v1/history/{name}")
def _(site):
    assert site.document("/v1/history/webhooks") == site.program.json("history", "webhooks")


@server("GET /v1/plans")
def _(site):
    found = site.document("/v1/plans")
    assert {one["target"] for one in found["plans"]} >= {
        "feed-webhooks",
        "feed-calls",
        "feed-outbound",
        "edge",
    }
    assert all({"digest", "reasons", "add", "remove"} <= set(one) for one in found["held"])


@server("GET /schema")
def _(site):
    described = site.document("/schema")
    assert described["openapi"].startswith("3.")
    routes = {item.split(" ", 1)[1].partition("?")[0] for item in named_routes()}
    assert {path for path in routes if not path.startswith("/v1/lists/")} - set(described["paths"]) == {"/"}
    assert [path for path in described["paths"] if path.startswith("/v1/lists/{name}")]


def named_routes() -> list[str]:
    """Lines of the ledger that name a route."""
    items = [line.item for line in ledger.lines("server")]
    return [item.partition(" when ")[0] for item in items if item.startswith(("GET /", "POST /"))]


@server("GET /livez")
def _(site):
    assert site.get("/livez").status_code == 200


@server("GET /readyz")
def _(site):
    answer = site.get("/readyz")
    assert answer.status_code == 503
    assert "never" in answer.text


@server("GET /metrics")
def _(site):
    answer = site.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    names = {one.name for one in text_string_to_metric_families(answer.text)}
    assert {"gatepost_target_in_sync", "gatepost_list_entries", "gatepost_list_held"} <= names


@server("GET /")
def _(site):
    page = site.get("/", accept="text/html")
    assert (page.status_code, page.headers["content-type"].partition(";")[0]) == (200, "text/html")
    assert "webhooks" in page.text


def recorded(site: Served, word: str, why: str) -> dict[str, Any]:
    """The one record of a word."""
    found = [one for one in site.document("/v1/audit")["words"] if (one["word"], one["why"]) == (word, why)]
    assert len(found) == 1, found
    assert found[0]["who"]
    assert ledger.KINDS["time"](found[0]["at"])
    record: dict[str, Any] = found[0]
    return record


@server("POST /v1/plans/{digest}/approve", "a word: approve")
def _(site, item):
    assert recorded(site, "approve", "ticket approve"), item
    until(lambda: "events" not in {one["source"] for one in site.document("/v1/plans")["held"]})


@server("POST /v1/plans/{digest}/reject", "a word: reject")
def _(site, item):
    assert recorded(site, "reject", "ticket reject"), item
    assert "calls" in {one["source"] for one in site.document("/v1/plans")["held"]}


@server("a word: rollback")
def _(site):
    assert "@" in recorded(site, "approve", "back to serial 1")["who"]


@server("a word: confirm")
def _(site):
    record = recorded(site, "confirm", "")
    assert (record["digest"], "@" in record["who"]) == (site.confirmed, True)
