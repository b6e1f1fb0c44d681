"""The configuration is read whole or refused, with file, line and the nearest right name."""

from __future__ import annotations

import os
import re
from datetime import timedelta
from pathlib import Path

import pytest

from gatepost.config import find, load, schema
from gatepost.config.template import PLATFORMS, template
from gatepost.errors import ConfigInvalid, ConfigNotFound, SecretUnavailable
from gatepost.model.entry import Direction

GOOD = """\
[store]
url = "sqlite:///history.db"

[accounts.feishu-main]
platform = "feishu"
app_id = "cli_a1b2"
app_secret = "env:FEISHU_APP_SECRET"

[accounts.chat]
platform = "tencent_chat"
sdkappid = 1400000000
identifier = "administrator"
key = "env:CHAT_KEY"
region = "singapore"

[sources.feishu-events]
kind = "feishu.events"
account = "feishu-main"
every = "2h"

[sources.chat-webhooks]
kind = "tencent_chat.ips"
account = "chat"
nettype = 6

[lists.webhooks]
direction = "ingress"
sources = ["feishu-events", "chat-webhooks"]
pin = [{ value = "203.0.113.7", why = "canary", until = 2027-01-01 }]
exclude = [{ value = "198.51.100.0/24", why = "ticket 42" }]

[lists.webhooks.guards]
max_removed = "20 %"
grace = "3d"

[targets.edge]
kind = "nftables"
list = "webhooks"
table = "gatepost"
set = "webhooks"

[[notify]]
kind = "feishu"
account = "feishu-main"
to = "chat_id:oc_x"
on = ["change", "held"]
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "gatepost.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_good_file(tmp_path):
    """The contract's own example is read, with defaults where it is silent."""
    settings = load(write(tmp_path, GOOD))
    source = settings.sources["feishu-events"]
    assert (source.direction, source.every, source.stale_after) == (
        Direction.INGRESS,
        timedelta(hours=2),
        timedelta(hours=24),
    )
    assert settings.lists["webhooks"].limits.max_removed == pytest.approx(0.2)
    assert settings.lists["webhooks"].limits.grace == timedelta(days=3)
    assert settings.lists["webhooks"].limits.max_churn == pytest.approx(0.5)
    assert [str(pin.value) for pin in settings.lists["webhooks"].allowlist.pins] == ["203.0.113.7/32"]


def test_store_is_beside_the_file(tmp_path):
    """A relative store is relative to the file, not to where the program was started."""
    assert load(write(tmp_path, GOOD)).store_url == f"sqlite:///{tmp_path / 'history.db'}"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('kind = "nftables"', 'kind = "nftable"', "expected one of"),
        ('table = "gatepost"', 'tabel = "gatepost"', "did you mean 'table'"),
        ('sources = ["feishu-events"', 'sources = ["feishu-event"', "there is no source 'feishu-event'"),
        ('direction = "ingress"', 'direction = "egress"', "open the wrong way"),
        ('direction = "ingress"', 'direction = "inbound"', "expected 'egress' or 'ingress'"),
        ('every = "2h"', 'every = "2 hours"', "a duration is a number"),
        ('app_id = "cli_a1b2"', "app_id = 7", "Expected `str`"),
        ('app_secret = "env:FEISHU_APP_SECRET"', 'app_secret = "hunter2-canary"', "a literal is refused"),
        (
            'account = "feishu-main"\nevery',
            'account = "chat"\nevery',
            "needs an account of feishu or lark",
        ),
        ('max_removed = "20 %"', 'max_removd = "20 %"', "did you mean 'max_removed'"),
        ('max_removed = "20 %"', 'max_removed = "lots"', "percentage"),
        ('value = "203.0.113.7"', 'value = "010.8.8.8"', "leading-zero"),
        ('why = "ticket 42"', 'why = " "', "say why"),
        ("nettype = 6", "nettype = 0", "it can be either"),
        ('on = ["change", "held"]', 'on = ["changed"]', "unknown event"),
        ("[targets.edge]", "[targets.Edge]", "a name is"),
        ('list = "webhooks"', 'list = "hooks"', "expected the name of a list"),
        ("[accounts.chat]", "[acounts.chat]", "did you mean 'accounts'"),
        ('url = "sqlite:///history.db"', 'url = "mysql://x"', "expected sqlite"),
    ],
)
def test_wrong_key_type_or_reference(tmp_path, old, new, words):
    """Every mistake is refused with file and line, and never repeats a secret."""
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    wrong = text[: text.index(new)].count("\n") + 1
    with pytest.raises(ConfigInvalid) as caught:
        load(write(tmp_path, text))
    line = int(caught.value.message.split("gatepost.toml:")[1].split(":")[0])
    assert wrong - 3 <= line <= wrong + 1
    assert words in caught.value.message
    assert "canary" not in caught.value.message.replace('why = "canary"', "")


@pytest.mark.parametrize("text", ["[lists", 'a = "\x00"', "\ufeff["])
def test_broken_toml(tmp_path, text):
    """A file that is no TOML is refused."""
    with pytest.raises(ConfigInvalid):
        load(write(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "[targets.edge]\n[targets.edge]\n",
            ":2: Cannot declare 'targets.edge' twice (at line 2",
        ),
        ("[store]\n[store]\n", ":2: Cannot declare 'store' twice (at line 2"),
        ('[a."it\'s"]\n[a."it\'s"]\n', """:2: Cannot declare "a.it's" twice (at line 2"""),
    ],
)
def test_a_key_of_the_toml_library_is_told_as_it_is_written(tmp_path, text, said):
    """With dots, as in every other refusal, not as Python writes it."""
    path = tmp_path / "gatepost.toml"
    path.write_text(text)
    with pytest.raises(ConfigInvalid, match=re.escape(said)):
        load(path)


def test_no_file(tmp_path, monkeypatch):
    """Where there is no file, the error says where we looked."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigNotFound, match=r"gatepost\.toml"):
        find()
    with pytest.raises(ConfigNotFound):
        load(tmp_path / "none.toml")


def test_order_of_places(tmp_path, monkeypatch):
    """--config comes before $GATEPOST_CONFIG, which comes before ./gatepost.toml."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path, GOOD)
    assert find() == Path("gatepost.toml")
    monkeypatch.setenv("GATEPOST_CONFIG", "/from/environment.toml")
    assert find() == Path("/from/environment.toml")
    assert find("given.toml") == Path("given.toml")


def test_two_targets_in_one_place(tmp_path):
    """Two targets that write to the same sets are refused: each would undo the other."""
    second = '[targets.other]\nkind = "nftables"\nlist = "webhooks"\nset = "webhooks"\n'
    with pytest.raises(ConfigInvalid, match="is the target 'edge' already"):
        load(write(tmp_path, GOOD + second))


def test_secrets_are_resolved_on_use(tmp_path, monkeypatch):
    """Reading needs no secrets; building an account does, and says which is missing."""
    settings = load(write(tmp_path, GOOD))
    with pytest.raises(SecretUnavailable, match="FEISHU_APP_SECRET"):
        settings.accounts["feishu-main"].build()
    monkeypatch.setenv("FEISHU_APP_SECRET", "canary")
    assert settings.accounts["feishu-main"].build().app_secret.reveal() == "canary"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_template_is_good(tmp_path, platform):
    """What init writes is a good configuration, for each platform and for all together."""
    for chosen in ([platform], PLATFORMS):
        settings = load(write(tmp_path, template(chosen)))
        assert settings.sources
        assert settings.targets


def test_schema_names_every_kind():
    """The schema describes every kind of account, source and target."""
    text = str(schema())
    for kind in (
        "feishu.events",
        "tencent_chat.ips",
        "wecom.clients",
        "wechat.api",
        "url.json",
        "nftables",
        "file",
    ):
        assert repr(kind) in text


def test_paths_from_the_file_on(tmp_path, monkeypatch):
    """Paths mean the configuration's folder, also through a link and wherever the program is started."""
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "key").write_text("canary")
    written = tmp_path / "real" / "gatepost.toml"
    written.write_text(GOOD.replace('"env:FEISHU_APP_SECRET"', '"file:key"\nca_file = "ca.pem"'))
    (tmp_path / "link.toml").symlink_to(written)
    monkeypatch.chdir("/")
    account = load(tmp_path / "link.toml").accounts["feishu-main"].build()
    assert (account.app_secret.reveal(), account.ca_file) == ("canary", tmp_path / "real" / "ca.pem")


OWN = """\
[sources.s]
kind = "static"
direction = "ingress"
entries = ["8.8.8.8"]
[lists.l]
direction = "ingress"
sources = ["s"]
"""
WORDS = {
    'kind = "file"\npath = "x"\ntimeout = nan': "targets.t.timeout: expected a finite number",
    'kind = "file"\npath = "x"\nmode = "9"': "targets.t.mode: ",
    'kind = "file"\npath = "x"\nformat = "zzz"': "targets.t: no format zzz; ",
    'kind = "feed"\npath = "x"\nformats = ["zzz"]': "targets.t: no format zzz; ",
    'kind = "file"\npath = "x"\ncheck = ["a\\u0000b"]': "targets.t.check: check holds a NUL",
    'kind = "file"\npath = "x"\nreload = ["a", "\\u0000"]': "targets.t.reload: reload holds a NUL",
}


@pytest.mark.parametrize("target", WORDS)
def test_a_refusal_names_each_thing_once(tmp_path, target):
    """File, line and key, and then what is wrong."""
    path = tmp_path / "gatepost.toml"
    path.write_text(f'{OWN}[targets.t]\nlist = "l"\n{target}\n')
    with pytest.raises(ConfigInvalid) as caught:
        load(path)
    assert re.fullmatch(rf"{re.escape(str(path))}:\d+: {re.escape(WORDS[target])}.*", caught.value.message)


@pytest.mark.parametrize("url", ["http://[::1", "http://lists.example/x"])
@pytest.mark.parametrize(
    ("table", "key"),
    [
        ('accounts.a]\nplatform = "feishu"\napp_id = "x"\napp_secret = "env:X"', "base_url"),
        ('sources.s]\nkind = "url.text"\ndirection = "ingress"', "url"),
        ('sources.s]\nkind = "url.json"\npath = "[]"\ndirection = "ingress"', "url"),
    ],
)
def test_a_url_that_is_none_is_refused_at_its_key(tmp_path, table, key, url):
    """With the line that it stands on, and what it should be."""
    path = tmp_path / "gatepost.toml"
    path.write_text(f'[{table}\n{key} = "{url}"\n')
    line = path.read_text().count("\n")
    with pytest.raises(ConfigInvalid, match=rf"gatepost.toml:{line}: [a-z]+\.[a-z]\.{key}: .*https"):
        load(path)


def make_directory(path):
    path.mkdir()


def make_dangling(path):
    path.symlink_to("nowhere")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (make_directory, "is a directory"),
        (make_dangling, "is a link to a file that is not there"),
        (os.mkfifo, "is no regular file"),
    ],
)
def test_what_is_no_file_is_called_what_it_is(tmp_path, monkeypatch, make, words):
    """Not: there is none."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GATEPOST_CONFIG", raising=False)
    make(Path("gatepost.toml"))
    with pytest.raises(ConfigNotFound, match=f"gatepost.toml {words}"):
        find()
    if make is not os.mkfifo:
        with pytest.raises(ConfigNotFound, match=f"gatepost.toml {words}"):
            load(Path("gatepost.toml"))
