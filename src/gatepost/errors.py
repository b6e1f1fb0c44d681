"""The error tree: every way gatepost can fail, named by the situation.

::

    GatepostError
    ├── ConfigError            the configuration file, or a secret it names
    │   ├── ConfigNotFound     no file where we looked
    │   ├── ConfigInvalid      a wrong key, type or reference, with file and line
    │   └── SecretUnavailable  env:, file: or keyring: gave nothing
    ├── UsageError             a name or digest that a command does not know
    ├── FetchError             a source could not be read whole
    │   ├── ConnectFailed      no connection, or it broke half-way
    │   ├── DeadlineExceeded   the total time of a request or a source ran out
    │   ├── TlsFailed          the certificate did not verify
    │   ├── HostRefused        an address we never send secrets to
    │   ├── RedirectRefused    the answer points elsewhere
    │   ├── AnswerRefused      an answer came, and cannot be trusted
    │   │   ├── NotJson        HTML, text, wrong charset, broken JSON
    │   │   ├── TooLarge       more bytes, pages or entries than allowed
    │   │   ├── SchemaMismatch a key missing, a type changed
    │   │   ├── PagingBroken   pages repeat, circle or move
    │   │   ├── EmptyAnswer    a whole answer without one entry
    │   │   └── ValuesRefused  values no firewall may ever get
    │   └── PlatformError      the platform said no, with its code
    │       ├── CredentialsRejected  configuration of the app: no retry
    │       ├── PermissionDenied     a scope or permission is missing
    │       ├── TokenRejected        token or ticket invalid after one refresh
    │       ├── RateLimited          asked too often
    │       ├── PlatformBusy         the platform's own trouble: retried
    │       ├── RequestRejected      our request was wrong: a bug of ours
    │       └── AddressNotAllowed    our egress address is not on its list
    ├── TargetError            a firewall or file
    │   ├── TargetUnavailable  program missing, no right, timed out
    │   ├── TargetForeign      there is something there that is not ours
    │   ├── TargetDormant      it is ours, and asleep: it keeps nobody out
    │   ├── TargetRejected     the device refused the change
    │   ├── StalePlan          the target or list moved since the plan
    │   └── VerifyFailed       what was read back is not what was applied
    ├── StoreError             the history
    │   ├── StoreUnavailable   disk full, no permission, locked
    │   ├── StoreCorrupt       integrity check failed
    │   ├── StoreTooNew        written by a newer gatepost
    │   └── StoreTooOld        written by an older one, and not ours to change
    ├── RequestError           a request to our own server, refused (gatepost.refusals)
    │   ├── LoginRequired      nobody is logged in, or the name or password is wrong
    │   ├── RoleMissing        whoever asks may not do this
    │   ├── RequestForged      another site, or another name than ours, sends it
    │   ├── RequestInvalid     a parameter or body is missing or not of its form
    │   ├── RequestTooLarge    more bytes than a request may have
    │   ├── NothingThere       no such page, list or digest
    │   ├── NothingYet         a list that has no good version yet
    │   ├── MethodRefused      not with this method
    │   ├── TooManyLogins      wrong passwords came too often
    │   ├── TooManyAtOnce      more logins wait than may
    │   ├── LoginUnproven      what the login provider says of somebody cannot be relied on
    │   └── ProviderFailed     the login provider cannot be asked, or answers wrongly
    ├── ServerUnavailable      our own server cannot listen, or ended
    ├── CallbackRefused        a callback that its platform did not sign so
    ├── ListUnavailable        a gate's list cannot be read where it is kept
    ├── ProgramFailed          a program we run failed (kit.process)
    ├── NetlinkFailed          the kernel refused, or could not be asked (kit.netlink)
    ├── HostExhausted          no more files, processes, memory or disk to be had
    └── Unexpected             a bug of gatepost, told instead of a traceback

``transient`` says whether trying again later, unchanged, may help.
``hint`` is the next step for a person. ``message`` may quote foreign text,
but only through :func:`cut`. Nothing here ever holds a secret.
"""

from __future__ import annotations

from typing import ClassVar

FOREIGN_TEXT_MAX = 256
"""Characters of foreign text that an error may quote."""


def cut(text: str, limit: int = FOREIGN_TEXT_MAX) -> str:
    """Foreign text made fit to show: control characters escaped, length bounded."""
    shown = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text[: limit + 1])
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


class GatepostError(Exception):
    """Root of everything gatepost raises on purpose."""

    transient: ClassVar[bool] = False
    hint: ClassVar[str] = "See docs/errors.md."

    def __init__(
        self,
        message: str,
        *,
        code: int | None = None,
        links: tuple[str, ...] = (),
        log_id: str | None = None,
        hint: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        """``hint`` replaces the class's own; ``retry_after`` is in seconds."""
        super().__init__(message)
        self.message = message
        self.code = code
        self.links = links
        self.log_id = log_id
        self.next_step = hint if hint is not None else self.hint
        self.retry_after = retry_after

    @property
    def kind(self) -> str:
        """Name of the leaf, as in JSON output and docs/errors.md."""
        return type(self).__name__


class ConfigError(GatepostError):
    """The configuration cannot be used."""

    hint = "Run `gatepost config check`."


class ConfigNotFound(ConfigError):
    """No configuration file where we looked."""

    hint = "Run `gatepost init` to write one, or name it with --config."


class ConfigInvalid(ConfigError):
    """A wrong key, type or reference; the message names file and line."""

    hint = "Correct the line named, then run `gatepost config check`."


class SecretUnavailable(ConfigError):
    """A secret's reference (env:, file:, keyring:) gave nothing."""

    hint = "Set the environment variable or write the file that the configuration names."


class UsageError(GatepostError):
    """A name, digest or value given to a command is not known or not of its form."""

    hint = "Run the command with --help."


class FetchError(GatepostError):
    """A source could not be read whole; the last good list stays."""

    hint = "Run `gatepost doctor` for this source."


class ConnectFailed(FetchError):
    """No connection, or it broke before the answer was whole."""

    transient = True
    hint = "Check DNS, routing and the proxy setting of this host; `gatepost run` tries again by itself."


class DeadlineExceeded(FetchError):
    """The total time allowed for a request or a source ran out."""

    transient = True
    hint = "The platform or the path to it is slow; `gatepost run` tries again by itself."


class TlsFailed(FetchError):
    """The server's certificate did not verify."""

    hint = "Check the clock, the host name and any TLS-inspecting proxy; name its CA with ca_file."


class HostRefused(FetchError):
    """An address that this platform's secrets are never sent to."""

    hint = "Use the platform's own host, or set allow_custom_host = true for this account."


class RedirectRefused(FetchError):
    """The answer points to another place; redirects are never followed."""

    hint = "A captive portal or proxy answers instead of the platform; check this host's egress."


class AnswerRefused(FetchError):
    """An answer came that cannot be trusted; nothing of it is used."""

    hint = "The last good list stays. If it persists, report it with the log id."


class NotJson(AnswerRefused):
    """The answer is not strict UTF-8 JSON."""

    transient = True
    hint = "A captive portal, WAF or proxy may answer instead of the platform."


class TooLarge(AnswerRefused):
    """More bytes, pages or entries than the limits allow."""

    hint = "Raise max_body, max_pages or max_entries of the source if the list really grew."


class SchemaMismatch(AnswerRefused):
    """A documented key is missing or has another type."""

    hint = "The platform may have changed its API; look for an update of gatepost."


class PagingBroken(AnswerRefused):
    """Pages repeat, circle or move while being read."""

    transient = True
    hint = "The list changed while it was read; `gatepost run` tries again by itself."


class EmptyAnswer(AnswerRefused):
    """A whole answer without a single entry."""

    hint = "An empty list is never applied. Check account, region and nettype."


class ValuesRefused(AnswerRefused):
    """Values that no firewall may ever get, or too many odd ones."""

    hint = "See the quarantined entries with `gatepost fetch`; the last good list stays."


class PlatformError(FetchError):
    """The platform answered with an error code of its own."""

    hint = "See the platform's page on this code."


class CredentialsRejected(PlatformError):
    """The app's identity or state is wrong; trying again cannot help."""

    hint = "Check app id and secret in the platform's console, and that the app is enabled."


class PermissionDenied(PlatformError):
    """The app lacks a scope or permission."""

    hint = "Grant the permission with the link given, publish the app, then fetch again."


class TokenRejected(PlatformError):
    """Token or ticket is still invalid after one refresh."""

    hint = "Check that no other program rotates this app's token, and the app's authorisation."


class RateLimited(PlatformError):
    """Asked too often; gatepost waits as long as the platform says."""

    transient = True
    hint = "Raise `every` of the sources that share this account."


class PlatformBusy(PlatformError):
    """The platform's own trouble."""

    transient = True
    hint = "Try again later; `gatepost run` does so by itself."


class RequestRejected(PlatformError):
    """The platform found our request wrong: a bug of gatepost."""

    hint = "Report it with code and log id."


class AddressNotAllowed(PlatformError):
    """Our egress address is not on the platform's own allow-list."""

    hint = "Add the address named to the app's IP allow-list in the platform's console."


class TargetError(GatepostError):
    """A target could not be read or changed."""

    hint = "Run `gatepost doctor`."


class TargetUnavailable(TargetError):
    """Program missing, right missing, or it did not answer in time."""

    transient = True
    hint = "Install the program, run as root or with CAP_NET_ADMIN, then apply again."


class TargetForeign(TargetError):
    """There is something at this place that does not carry our mark."""

    hint = "Choose another table, set or path; gatepost touches only what it made."


class TargetDormant(TargetError):
    """What is there is ours, and somebody put it to sleep: none of its rules is asked."""

    hint = "Wake the table: `nft add table inet NAME`."


class TargetRejected(TargetError):
    """The device refused the change; it holds what it held before."""

    hint = "See the device's words above; nothing was changed."


class StalePlan(TargetError):
    """The target or the list moved since the plan was made."""

    hint = "Run `gatepost plan` again and apply the new plan."


class VerifyFailed(TargetError):
    """What was read back is not what was applied."""

    hint = "Another program writes to this target; see docs/errors.md."


class StoreError(GatepostError):
    """The history cannot be read or written; without a record nothing is applied."""

    hint = "Check the disk and the store's url."


class StoreUnavailable(StoreError):
    """Disk full, no permission, or locked by another process."""

    transient = True
    hint = "Free space or correct the permissions of the store, then run again."


class StoreCorrupt(StoreError):
    """The store's integrity check failed."""

    hint = "Restore the file from a backup, or move it aside and start a new history."


class StoreTooNew(StoreError):
    """The store was written by a newer gatepost."""

    hint = "Update gatepost to the version that wrote it."


class StoreTooOld(StoreError):
    """The store was written by an older gatepost, and whoever looks may not change it."""

    hint = "Run `gatepost status` of this version once, as the user that the store belongs to."


class ServerUnavailable(GatepostError):
    """Our own server cannot listen where it shall, or ended by itself."""

    hint = "Free the port, or set `listen` in [server]; `enabled = false` runs without a server."


class CallbackRefused(GatepostError):
    """A request that says it comes from a platform, and whose signature, time or form says otherwise."""

    hint = "Compare token and key with the platform's console, and this host's clock with the time."


class ListUnavailable(GatepostError):
    """A gate's list is not, or cannot be read, where it is kept; the last one stays in force."""

    transient = True
    hint = "See whether the list is published there, and whether this process may read it."


class ProgramFailed(GatepostError):
    """A program that gatepost ran failed, is missing, or did not end in time."""

    transient = True
    hint = "See the program's own words."


class NetlinkFailed(GatepostError):
    """The kernel refused a netlink message, or could not be asked."""

    transient = True
    hint = "Run as root or with CAP_NET_ADMIN, where AF_NETLINK is allowed."

    def __init__(self, message: str, *, code: int, places: tuple[int, ...] = ()) -> None:
        """``code`` as in :mod:`errno`; ``places``: messages of a batch that were refused, -1: all of it."""
        super().__init__(message, code=code)
        self.places = places


class HostExhausted(GatepostError):
    """The system had no more open files, processes, memory or disk to give, or its disk failed."""

    transient = True
    hint = "Look at the unit's limits, memory and disks; nothing was applied that is not recorded."


class Unexpected(GatepostError):
    """Something that gatepost was not made for: a bug, told instead of a traceback."""

    hint = "Run it again with -vv and report what it shows; nothing was applied that is not recorded."
