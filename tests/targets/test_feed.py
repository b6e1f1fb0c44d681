from __future__ import annotations

import base64
import gzip
import json
import os
import shutil
from hashlib import blake2b, md5, sha256

import pytest
import zstandard
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ed25519

from gatepost.errors import ConfigInvalid, StalePlan, TargetForeign, TargetRejected, TargetUnavailable
from gatepost.model.entry import Direction, Domain, Entry
from gatepost.targets.feed import Feed, read_version
from rigs.feeding import RICH, WIDE, Press
from rigs.plans import entries, plan_for, put, texts

pytestmark = pytest.mark.anyio


@pytest.fixture
def press(tmp_path, clock):
    """Nothing published yet."""
    return Press(tmp_path / "feed", clock)


def names(press):
    """Versions on the disk."""
    return sorted(each.name for each in (press.folder / "versions").iterdir())


async def test_layout(press):
    """A version has each list in each encoding that is shorter, and checksums of the very bytes."""
    await press.publish(WIDE)
    place = press.folder / "current"
    plain = (place / "webhooks.txt").read_bytes()
    assert gzip.decompress((place / "webhooks.txt.gz").read_bytes()) == plain
    assert zstandard.ZstdDecompressor().decompress((place / "webhooks.txt.zst").read_bytes()) == plain
    assert (place / "webhooks.txt.sha256").read_text() == f"{sha256(plain).hexdigest()}  webhooks.txt\n"
    assert (
        place / "webhooks.txt.md5"
    ).read_text() == f"{md5(plain, usedforsecurity=False).hexdigest()}  webhooks.txt\n"
    assert (place / "6/webhooks.txt").read_text() == "2402:4e00::/32\n"
    assert not (place / "6/webhooks.txt.gz").exists()
    manifest = json.loads((place / "manifest.json").read_bytes())
    assert [manifest[key] for key in ("gatepost", "list", "serial", "generation")] == [1, "webhooks", 1, 1]


async def test_others_may_read(press):
    """Whoever serves the directory may read it, whatever our umask; nobody else may write."""
    before = os.umask(0o077)
    try:
        await press.publish(WIDE)
    finally:
        os.umask(before)
    for each in press.folder.rglob("*"):
        mode = each.lstat().st_mode & 0o777
        assert each.is_symlink() or mode == (0o755 if each.is_dir() else 0o644)


async def test_the_same_bytes(press, tmp_path, clock):
    """The same list of the same serial at the same moment gives the same files."""
    await press.publish(WIDE)
    other = Press(tmp_path / "other", clock)
    await other.publish(WIDE)
    for each in (press.folder / "versions/00000001").rglob("*"):
        twin = other.folder / each.relative_to(press.folder)
        assert each.is_dir() or twin.read_bytes() == each.read_bytes()


async def test_old_versions(press):
    """As many old versions stay as are wanted, the one in force always, and none is ever changed."""
    press.options = {"formats": ("txt",), "keep": 2}
    await press.publish(WIDE)
    first = (press.folder / "current").resolve()
    before = {each: each.read_bytes() for each in first.rglob("*") if each.is_file()}
    await press.publish(WIDE[1:])
    assert {each: each.read_bytes() for each in before} == before
    for number in range(2, 6):
        await press.publish(WIDE[number:])
    assert names(press) == ["00000004", "00000005", "00000006"]


@pytest.mark.parametrize("died", ["writing", "written", "linking"])
async def test_a_writer_that_died(press, died):
    """Wherever a writer died, the version before is in force, and what it left is cleared."""
    await press.publish(WIDE)
    held = await press.target.current()
    inside = press.folder / "versions"
    match died:
        case "writing":
            shutil.copytree(inside / "00000001", inside / ".gatepost-new")
            (inside / ".gatepost-new/manifest.json").unlink()
        case "written":
            shutil.copytree(inside / "00000001", inside / "00000002")
        case "linking":
            (press.folder / ".gatepost-new").symlink_to("versions/00000002")
    assert await press.target.current() == held
    assert names(press) == ["00000001"]
    assert not (press.folder / ".gatepost-new").is_symlink()
    assert (await put(press.target, WIDE[1:])).generation == 2


async def test_a_first_writer_that_died(press):
    """Versions to which no link leads were never published: the place counts as fresh."""
    await press.publish(WIDE)
    (press.folder / "current").unlink()
    assert (await press.target.current()).generation == 0
    assert (await put(press.target, WIDE)).generation == 1


async def test_a_writer_at_work(press):
    """What is being written is left alone while its writer has the lock."""
    await press.publish(WIDE)
    target = press.target
    (press.folder / "versions/.gatepost-new").mkdir()
    async with target._local.alone():
        assert (await press.target.current()).generation == 1
        assert (press.folder / "versions/.gatepost-new").exists()


async def test_no_place(tmp_path, clock):
    """Where nothing can be written, the error says where."""
    with pytest.raises(TargetUnavailable, match=r"missing/feed: there is no directory .*/missing$"):
        await Press(tmp_path / "missing/feed", clock).publish(WIDE)


async def test_something_in_the_way(press):
    """A file under the name of what we are about to write is cleared as a leftover is."""
    await press.publish(WIDE)
    (press.folder / "versions/.gatepost-new").write_text("in the way")
    assert (await put(press.target, WIDE[1:])).generation == 2


@pytest.mark.parametrize("broken", ["link", "manifest", "version", "file"])
async def test_not_ours(press, broken):
    """A link elsewhere, a manifest that is none, a version that is gone: none of it is read as ours."""
    await press.publish(WIDE)
    held = await press.target.current()
    link = press.folder / "current"
    match broken:
        case "link":
            link.unlink()
            link.symlink_to("/etc")
        case "manifest":
            (link / "manifest.json").write_text('{"gatepost":2}')
        case "version":
            shutil.rmtree(link.resolve())
        case "file":
            link.unlink()
            link.mkdir()
    with pytest.raises((TargetForeign, TargetUnavailable)):
        await press.target.current()
    with pytest.raises((TargetForeign, TargetUnavailable)):
        await press.target.apply(plan_for(held, WIDE[1:]), WIDE[1:])


async def test_a_manifest_leads_nowhere(press, tmp_path):
    """A manifest that names files outside its version makes them missing, not readable."""
    press.options = {"formats": ("txt",)}
    await press.publish(WIDE)
    secret = tmp_path / "secret"
    secret.write_bytes((press.folder / "current/webhooks.txt").read_bytes())
    place = press.folder / "current/manifest.json"
    place.write_text(place.read_text().replace('"webhooks.txt"', '"../../../secret"'))
    version = read_version(press.folder)
    assert version is not None
    assert not version.is_whole
    assert "../../../secret" not in version.data


@pytest.mark.parametrize("path", ["webhooks.json", "webhooks.txt.gz", "6/webhooks.txt", "webhooks.txt.md5"])
async def test_any_byte(press, path):
    """A single byte in any file is seen, makes plans stale, and names the file and who owns it."""
    await press.publish(WIDE)
    held = await press.target.current()
    place = press.folder / "current" / path
    data = bytearray(place.read_bytes())
    data[-2] ^= 1
    place.write_bytes(data)
    assert (await press.target.current()).digest != held.digest
    with pytest.raises(StalePlan):
        await press.target.apply(plan_for(held, WIDE[1:]), WIDE[1:])
    (sentence,) = await press.target.suspects()
    assert path in sentence
    with pytest.raises(TargetRejected, match="edited by hand"):
        await press.target.purge(await press.target.current())


async def test_other_formats(press):
    """With other formats in the configuration the feed is incomplete, until it is published again."""
    press.options = {"formats": ("txt",)}
    await press.publish(WIDE)
    assert not (await press.target.current()).mixed
    press.options = {"formats": ("txt", "edl")}
    held = await press.target.current()
    assert (held.mixed, held.entries, held.generation) == (True, WIDE, 1)
    await press.publish(WIDE)
    assert not (await press.target.current()).mixed
    assert (press.folder / "current/webhooks.edl").exists()


async def test_steps(press):
    """A version tells what changed in the last versions, without a gap, and no more of them than wanted."""
    press.options = {"formats": ("txt",), "changes": 2}
    for serial, count in ((3, 9), (4, 8), (4, 8), (7, 7), (9, 9)):
        await press.publish(WIDE[:count], serial)
    version = read_version(press.folder)
    assert version is not None
    steps = version.manifest.steps
    assert [(one.previous, one.serial, len(one.added), len(one.removed)) for one in steps] == [
        (4, 7, 0, 1),
        (7, 9, 2, 0),
    ]


async def test_all_that_entries_have(press):
    """Domains, protocols, ports and necessity come back as they were published."""
    await press.publish(RICH)
    assert (await press.target.current()).entries == RICH


async def test_what_formats_leave_out(press):
    """What a format cannot show is told in the manifest and by the doctor, format by format."""
    await press.publish(RICH)
    found = await press.target.findings(Direction.INGRESS)
    told = {one.message.partition(":")[0]: one.message for one in found if one.kind == "left-out"}
    assert {*told} == {"domains", "edl", "fortinet", "gdc.json", "juniper", "txt"}
    assert "holds no domains: left out 2 entries." in told["edl"]
    assert "lets in 3 entries" in told["txt"]
    assert {one.kind for one in found} == {"published", "left-out", "unsigned"}


async def test_nothing_published(press):
    """The doctor says of a feed without a list what devices get instead."""
    (one,) = await press.target.findings(Direction.INGRESS)
    assert (one.kind, "503" in one.next_step) == ("unpublished", True)


async def test_nothing_to_show(press):
    """A list of which no format that was named shows anything is refused, and nothing is made."""
    press.options = {"formats": ("edl", "f5")}
    with pytest.raises(TargetRejected, match="none of the formats"):
        await press.publish((Entry(Domain("example.com")),))
    assert not press.folder.exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"formats": ("txt", "exe")}, "no format exe"),
        ({"formats": ("pac",)}, "pac needs `proxy`"),
        ({"proxy": "proxy.example.com"}, "a proxy is written like"),
    ],
)
def test_options(tmp_path, options, message):
    """Options that cannot be are refused before anything is published."""
    with pytest.raises(ConfigInvalid, match=message):
        Feed("edge", Feed.Options(path=tmp_path / "feed", **options))


async def test_a_proxy(press):
    """With a proxy, and no formats named, the proxy auto-configuration is among the files."""
    press.options = {"proxy": "PROXY proxy.example.com:3128"}
    await press.publish(RICH)
    assert "PROXY proxy.example.com:3128" in (press.folder / "current/webhooks.pac").read_text()
    assert (press.folder / "current/webhooks.tfvars.json").exists()


@pytest.mark.parametrize("what", ["two", "other", "unknown", "link"])
async def test_what_cannot_be_adopted(press, what):
    """Only one list alone, as we would write it, is taken over; anything else stays as it is."""
    press.folder.mkdir()
    place = press.folder / "webhooks.txt"
    place.write_text("8.8.8.8/32\n")
    match what:
        case "two":
            (press.folder / "mail.txt").write_text("8.8.4.4/32\n")
        case "other":
            place.write_text("# ours\n8.8.8.8/32\n")
        case "unknown":
            place.rename(press.folder / "webhooks.list")
        case "link":
            place.rename(press.folder.parent / "list")
            place.symlink_to("../list")
    with pytest.raises(TargetRejected):
        await press.target.adopt()
    assert not (press.folder / "current").exists()


async def test_purge_spares_others(press):
    """Purging leaves what somebody else put beside our versions."""
    await press.publish(WIDE)
    (press.folder / "index.html").write_text("ours")
    await press.target.purge(await press.target.current())
    assert [each.name for each in press.folder.iterdir()] == ["index.html"]


def key_file(place, *, mode=0o600, algorithm=b"\0\0", flip=False):
    """A key as ``minisign -G -W`` writes it; gives the public key."""
    private = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    public = private.public_key().public_bytes_raw()
    secret = b"12345678" + bytes(range(32)) + public
    checksum = bytearray(blake2b(b"Ed" + secret, digest_size=32).digest())
    checksum[0] ^= flip
    body = b"Ed" + algorithm + b"B2" + bytes(48) + secret + bytes(checksum)
    place.write_text(f"untrusted comment: key\n{base64.b64encode(body).decode()}\n")
    place.chmod(mode)
    return private.public_key()


def verify(public, data, signature):
    """As ``minisign -V`` does; gives the trusted comment."""
    lines = signature.decode().splitlines()
    head, tail = base64.b64decode(lines[1]), base64.b64decode(lines[3])
    assert (head[:2], head[2:10]) == (b"ED", b"12345678")
    comment = lines[2].removeprefix("trusted comment: ")
    public.verify(head[10:], blake2b(data).digest())
    public.verify(tail, head[10:] + comment.encode())
    return comment


async def test_signatures(press, tmp_path):
    """Beside every list stands a signature of its bytes, whose comment has file, serial and moment."""
    public = key_file(tmp_path / "key")
    press.options = {"formats": ("txt", "json"), "sign": tmp_path / "key"}
    await press.publish(WIDE, 7)
    assert not (await press.target.current()).mixed
    for path in ("webhooks.txt", "4/webhooks.txt", "6/webhooks.json"):
        place = press.folder / "current" / path
        signature = place.with_name(f"{place.name}.minisig").read_bytes()
        comment = verify(public, place.read_bytes(), signature)
        moment = int(press.clock.now().timestamp())
        assert comment == f"timestamp:{moment}\tfile:{place.name}\thashed\tserial:7"
        with pytest.raises(InvalidSignature):
            verify(public, place.read_bytes() + b"9.9.9.9/32\n", signature)
        with pytest.raises(InvalidSignature):
            verify(public, place.read_bytes(), signature.replace(b"serial:7", b"serial:8"))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda place: place.chmod(0o640), r"others may use it \(0640\)"),
        (lambda place: key_file(place, algorithm=b"Sc"), "it has a password"),
        (lambda place: key_file(place, flip=True), "checksum"),
        (lambda place: place.write_text("secret"), "no key of minisign"),
        (lambda place: place.write_text("untrusted comment:\nRWQ=\n"), "no key of minisign"),
        (lambda place: (place.unlink(), place.mkdir()), "no regular file|Is a directory"),
        (lambda place: place.unlink(), "No such file"),
        (lambda place: os.chown(place, 65534, -1), "root or of the user|regular file"),
    ],
)
async def test_keys_that_are_refused(press, tmp_path, spoil, message):
    """A key that others may use, that has a password or is broken, signs nothing."""
    key = tmp_path / "key"
    key_file(key)
    press.options = {"formats": ("txt",), "sign": key}
    await press.publish(WIDE)
    spoil(key)
    with pytest.raises((TargetRejected, TargetUnavailable), match=message) as caught:
        await press.publish(WIDE[1:])
    assert base64.b64encode(bytes(range(30))).decode()[:20] not in str(caught.value)
    version = read_version(press.folder)
    assert version is not None
    assert version.manifest.generation == 1


async def test_another_key(press, tmp_path):
    """With another key, or none, the feed is incomplete until it is signed anew."""
    key_file(tmp_path / "key")
    press.options = {"formats": ("txt",), "sign": tmp_path / "key"}
    await press.publish(WIDE)
    press.options = {"formats": ("txt",)}
    assert (await press.target.current()).mixed


async def test_reads_as_written(press):
    """The whole way: what is planned is what another object reads."""
    held = await put(press.target, entries("8.8.8.8/32"))
    assert texts(held) == ["8.8.8.8/32"]
