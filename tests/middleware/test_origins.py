"""Where a list is kept: a file, a feed, the store."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from gatepost.errors import (
    ConfigInvalid,
    ConnectFailed,
    ListUnavailable,
    NotJson,
    RedirectRefused,
    StoreTooOld,
    TooLarge,
    ValuesRefused,
)
from gatepost.kit.secret import Secret
from gatepost.middleware.feed import FeedOrigin
from gatepost.middleware.file import FileOrigin
from gatepost.middleware.history import StoreOrigin
from gatepost.middleware.reading import BYTES_MAX
from gatepost.model.content import Allowlist
from gatepost.model.entry import Direction
from gatepost.planning.compose import compose
from gatepost.store.store import Store
from rigs.answers import START, accepted
from store.revisions import older


def test_a_file_is_read_when_it_changes(tmp_path):
    """Unchanged it is not read again, unless the whole is asked for."""
    path = tmp_path / "webhooks.txt"
    path.write_text("101.126.59.7\n")
    origin = FileOrigin(path)
    assert origin.look(whole=False).edition.list == "webhooks"
    assert origin.look(whole=False) is None
    assert origin.look(whole=True) is not None
    path.write_text("101.126.59.7\n101.126.59.8\n")
    assert origin.look(whole=False).entries == 2
    replaced = tmp_path / "new"
    replaced.write_text("101.126.59.9\n101.126.59.8\n")
    replaced.rename(path)
    assert origin.look(whole=False).find("101.126.59.9")


def test_a_file_that_could_not_be_read_is_tried_again(tmp_path):
    """A broken file is looked at again although it did not change."""
    path = tmp_path / "webhooks.txt"
    origin = FileOrigin(path, "mine")
    with pytest.raises(ListUnavailable, match="No such file"):
        origin.look(whole=False)
    path.write_text("101.126.59.7\nrubbish\n")
    for _ in range(2):
        with pytest.raises(ValuesRefused):
            origin.look(whole=False)
    path.write_text("101.126.59.7\n")
    assert origin.look(whole=False).edition.list == "mine"


def test_a_link_is_followed_and_a_directory_is_no_list(tmp_path):
    """A ConfigMap of Kubernetes is a link; a circle, a directory and a huge file are not lists."""
    (tmp_path / "real.txt").write_text("101.126.59.7\n")
    (tmp_path / "link.txt").symlink_to("real.txt")
    assert FileOrigin(tmp_path / "link.txt").look(whole=False).edition.list == "link"
    (tmp_path / "circle").symlink_to("circle")
    with pytest.raises(ListUnavailable):
        FileOrigin(tmp_path / "circle").look(whole=False)
    with pytest.raises((ListUnavailable, TooLarge)):
        FileOrigin(tmp_path).look(whole=False)
    with (tmp_path / "huge.txt").open("wb") as file:
        file.truncate(BYTES_MAX + 1)
    with pytest.raises(TooLarge):
        FileOrigin(tmp_path / "huge.txt").look(whole=False)


@dataclass
class Server:
    """Answers with what it was told, and keeps what it was asked."""

    url: str = ""
    status: int = 200
    body: bytes = b"101.126.59.7\n"
    headers: dict[str, str] = field(default_factory=lambda: {"ETag": '"one"'})
    length: int | None = None
    asked: list[dict[str, str]] = field(default_factory=list)


@contextmanager
def serving() -> Iterator[Server]:
    """A server of feeds on loopback."""
    told = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.asked.append({name.lower(): value for name, value in self.headers.items()})
            known = told.status == 200 and self.headers.get("if-none-match") == told.headers.get(
                "ETag", "none"
            )
            self.send_response(304 if known else told.status)
            for name, value in told.headers.items():
                self.send_header(name, value)
            if not known:
                self.send_header(
                    "Content-Length", str(len(told.body) if told.length is None else told.length)
                )
            self.end_headers()
            if not known:
                self.wfile.write(told.body)

        def log_message(self, *args: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    told.url = f"http://127.0.0.1:{server.server_port}/v1/lists/webhooks.txt"
    try:
        yield told
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_feed_is_asked_for_what_changed():
    """ETag and If-None-Match: 304 is no new list; the whole list is asked for without a tag."""
    with serving() as server:
        origin = FeedOrigin(server.url)
        assert origin.look(whole=False).edition.list == "webhooks"
        assert origin.look(whole=False) is None
        assert origin.look(whole=True) is not None
        server.headers["ETag"] = '"two"'
        server.body = b"101.126.59.8\n"
        assert origin.look(whole=False).find("101.126.59.8")
    tags = [asked.get("if-none-match") for asked in server.asked]
    assert tags == [None, '"one"', None, '"one"']
    assert "authorization" not in server.asked[0]


def test_a_tag_of_a_list_that_was_refused_is_not_kept():
    """Or 304 would confirm what was never read."""
    with serving() as server:
        origin = FeedOrigin(server.url)
        server.body = b"101.126.59.7\nrubbish\n"
        for _ in range(2):
            with pytest.raises(ValuesRefused):
                origin.look(whole=False)
    assert all("if-none-match" not in asked for asked in server.asked)


def test_a_token_goes_with_each_question():
    """As a Bearer, and into no text of ours."""
    with serving() as server:
        origin = FeedOrigin(server.url + "?family=4", token=Secret("hunter2-canary"))
        assert origin.look(whole=False)
        server.status = 401
        with pytest.raises(ListUnavailable) as refused:
            origin.look(whole=True)
    assert server.asked[0]["authorization"] == "Bearer hunter2-canary"
    assert str(refused.value) == f"{server.url} answered 401"
    assert "canary" not in origin.place + repr(refused.value)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"status": 503}, ListUnavailable),
        ({"status": 404}, ListUnavailable),
        ({"status": 302, "headers": {"Location": "http://127.0.0.1:9/"}}, RedirectRefused),
        ({"status": 304}, RedirectRefused),
        ({"body": b""}, NotJson),
        ({"body": b"101.126.59.7\n101.126"}, NotJson),
        ({"length": 1_000}, ConnectFailed),
        ({"length": 5}, NotJson),
    ],
)
def test_what_is_no_whole_answer_is_an_error(changes, error):
    """Another status, a redirect, an unasked 304, an empty, cut or short body."""
    with serving() as server:
        for name, value in changes.items():
            setattr(server, name, value)
        with pytest.raises(error):
            FeedOrigin(server.url).look(whole=False)


@pytest.mark.parametrize("url", ["ftp://x/y", "https://", "https://user:pw@x/y", "https://例/y", "https:x"])
def test_a_url_that_is_none_is_refused_at_once(url):
    """And a login does not belong into it."""
    with pytest.raises(ConfigInvalid) as refused:
        FeedOrigin(url)
    assert "pw" not in str(refused.value)


def test_the_store_gives_its_latest_serial(tmp_path):
    """With source and age of each entry; asked again only the serial is looked at."""
    url = f"sqlite:///{tmp_path / 'gatepost.db'}"
    origin = StoreOrigin(f"{url}#webhooks")
    with pytest.raises(ListUnavailable, match="no store"):
        origin.look(whole=False)
    assert not (tmp_path / "gatepost.db").exists()
    allowlist = Allowlist("webhooks", Direction.INGRESS, ("events",))
    with Store.open(url) as store:
        with pytest.raises(ListUnavailable, match="no content"):
            origin.look(whole=False)
        store.record_content(
            "webhooks", compose(allowlist, {"events": accepted("101.126.59.7")}, START), START
        )
        found = origin.look(whole=False)
        assert (found.edition.list, found.edition.serial, found.edition.at) == ("webhooks", 1, START)
        assert found.find("101.126.59.7").source == "events"
        assert origin.look(whole=False) is None
        assert origin.look(whole=True) is not None
        more = {"events": accepted("101.126.59.7", "101.126.59.8")}
        store.record_content("webhooks", compose(allowlist, more, START), START)
    assert origin.look(whole=False).edition.serial == 2


def test_an_older_store_is_left_as_it_is(tmp_path):
    """Who only looks migrates nothing: the service that writes it could not be started any more."""
    path = tmp_path / "gatepost.db"
    older(path, "0005")
    before = path.read_bytes()
    with pytest.raises(StoreTooOld, match="older"):
        StoreOrigin(f"sqlite:///{path}#webhooks").look(whole=False)
    assert path.read_bytes() == before


def test_a_store_needs_the_name_of_a_list():
    """Behind a #."""
    for url in ("sqlite:////x.db", "sqlite:////x.db#"):
        with pytest.raises(ConfigInvalid, match="#"):
            StoreOrigin(url)
