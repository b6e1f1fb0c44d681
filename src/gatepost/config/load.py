"""Find and read the file, check every key, type and reference, and give typed settings."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gatepost.config.accounts import read_accounts
from gatepost.config.guards import LIST_KEYS, SOURCE_KEYS, STORE_KEYS, read_keys, read_limits
from gatepost.config.lists import check_lists, read_lists
from gatepost.config.notify import read_notify
from gatepost.config.protect import read_protect
from gatepost.config.server import read_server
from gatepost.config.settings import Settings
from gatepost.config.sources import read_sources
from gatepost.config.tables import table_in
from gatepost.config.targets import read_targets
from gatepost.config.toml import Document, KeyPath, no_file, read
from gatepost.errors import ConfigInvalid, ConfigNotFound
from gatepost.model.limits import Limits

SYSTEM_FILE = Path("/etc/gatepost/gatepost.toml")
TOP = ("store", "accounts", "sources", "lists", "guards", "targets", "protect", "server", "notify")


def find(named: str | None = None) -> Path:
    """The configuration file: ``--config``, $GATEPOST_CONFIG, ./gatepost.toml, /etc/gatepost/gatepost.toml.

    Raises ConfigNotFound.
    """
    if chosen := named or os.environ.get("GATEPOST_CONFIG"):
        return Path(chosen)
    places = (Path("gatepost.toml"), SYSTEM_FILE)
    for place in places:
        if place.is_file():
            return place
    for place in places:
        if place.is_symlink() or place.exists():
            raise no_file(place)
    msg = "no configuration: neither --config nor $GATEPOST_CONFIG is given, and there is no " + " nor ".join(
        map(str, places)
    )
    raise ConfigNotFound(msg)


def load(path: Path, home_of_user: Callable[[], Path] = Path.home) -> Settings:
    """Settings of a file. Raises ConfigNotFound or ConfigInvalid; secrets are checked in form only.

    ``home_of_user`` may raise RuntimeError, as Path.home does where the user has none.
    """
    document = read(path)
    document.only(document.tables, TOP, ())
    guards = table_in(document, document.tables, ("guards",))
    document.only(guards, [*LIST_KEYS, *SOURCE_KEYS], ("guards",))
    limits = read_limits(document, ("guards",), guards, Limits())
    accounts = read_accounts(document)
    lists = read_lists(document, limits)
    sources = read_sources(document, accounts, guards)
    check_lists(document, lists, sources)
    home = _state_home(home_of_user)
    return Settings(
        path=path,
        **(store := _store(document, path, home)),
        state=_state(store["store_url"], home),
        cache=home and home / "tokens",
        limits=limits,
        accounts=accounts,
        sources=sources,
        lists=lists,
        targets=read_targets(document, lists),
        protect=read_protect(document),
        server=read_server(document, lists, sources),
        notify=read_notify(document, accounts),
    )


def _state_home(home_of_user: Callable[[], Path]) -> Path | None:
    """Where state is kept by default; None for a user without a home directory."""
    try:
        home = os.environ.get("XDG_STATE_HOME")
        return (Path(home) if home else home_of_user() / ".local" / "state") / "gatepost"
    except RuntimeError:  # no $HOME, and the user is in no database: a container's
        return None


def _store(document: Document, path: Path, home: Path | None) -> dict[str, Any]:
    where: KeyPath = ("store",)
    table = table_in(document, document.tables, where)
    document.only(table, ("url", *STORE_KEYS), where)
    url = table["url"] if "url" in table else _default_store(document, home)
    if not isinstance(url, str) or not url.startswith(("sqlite:///", "postgresql+psycopg://")):
        document.refuse((*where, "url"), "expected sqlite:///PATH or postgresql+psycopg://…")
    prefix, _, place = url.partition("sqlite:///")
    _check_store(document, url, place)
    # relative to the file, not to where a timer starts us: another place would be an empty history
    fixed = url if prefix or Path(place).is_absolute() else f"sqlite:///{path.resolve().parent / place}"
    return {"store_url": fixed, **read_keys(document, where, table, STORE_KEYS)}


def _check_store(document: Document, url: str, place: str) -> None:
    """By whoever opens it: what cannot be read there is refused here, with its line."""
    where: KeyPath = ("store", "url")
    if url == "sqlite:///":
        document.refuse(where, "expected sqlite:///PATH: the path is missing")
    if place and "?" not in place:
        return  # a path like any other; nothing is loaded for it
    from gatepost.store import check_url  # noqa: PLC0415 - loads the SQL library

    try:
        check_url(url)
    except ConfigInvalid as error:
        document.refuse(where, error.message)


def _state(store_url: str, home: Path | None) -> Path | None:
    """Beside the history's file; for a history on a server, at home."""
    _, _, place = store_url.partition("sqlite:///")
    return Path(place).with_suffix(".state") if place else home and home / "gatepost.state"


def _default_store(document: Document, home: Path | None) -> str:
    if home is not None:
        return f"sqlite:///{home / 'gatepost.db'}"
    hint = "Set XDG_STATE_HOME, or url in [store]."
    msg = f"{document.path}:1: store.url: this user has no home directory to keep the history in"
    raise ConfigInvalid(msg, hint=hint)
