"""Whatever the code says to people it says in Chinese too: with values set in, and for codes of platforms."""

from __future__ import annotations

import ast
import importlib
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from itertools import combinations, product
from pathlib import Path

import pytest

from gatepost import errors, platforms, refusals
from gatepost.config.template import PLATFORMS, template
from gatepost.engine import reaching
from gatepost.kit.catalogue import sentences
from gatepost.kit.sentences import WORD, Pattern, Sentences, parts_of, pattern
from gatepost.planning.odd import Oddity
from gatepost.platforms.base import CodeTable
from gatepost.platforms.wechat import CLASSIC_NOTICE
from gatepost.server.console_words import Words
from house import papers
from house.sentences import MARK, Module, is_language
from house.tree import python_files, read

BOTH = {
    source: told
    for name in ("sentences", "libraries")
    for source, told in tomllib.loads(read(f"src/gatepost/locale/zh.{name}.toml")).items()
}
"""What is told with values, or known whole."""
OWN = "src/gatepost/locale/zh.sentences.toml"
SPARED = ("src/gatepost/middleware/", "src/gatepost/testing.py", "src/gatepost/store/migrations/")
"""For programmers, who meet these errors as exceptions in a program of their own."""
EMULATOR, ITS_DOOR = "src/gatepost/emulator/", "src/gatepost/emulator/app.py"
"""The rest speaks as the platforms do."""
LEAVES = frozenset(
    name for room in (errors, refusals) for name, one in vars(room).items() if isinstance(one, type)
)
TERMS = frozenset(
    """
    accept apprise classic daddr dns dormant drop en feed forward gatepost gzip handle hook http https inet
    input install iptables json lifespan listen localhost map nft nftables output ping pip policy postgresql
    nettype rid saddr stable suite_access_token suite_id ticket url uuid webhook websocket zh
    access action admin all agentid appid approver certificate code corpid exp hosts identifier iss issuer
    key keyword max mode password path pin proxy purge schema scope sdkappid secret show sub to token true
    userinfo value viewer why
    """.split()  # noqa: SIM905 - seventy words are read more easily so
)
"""English words that Chinese readers know these things by."""
CARRIED = {
    "src/gatepost/cli/group.py": {
        "UsageError(cut(error.format_message(), 600))",
        "cut(error.format_message(), 600)",
    },
    "src/gatepost/cli/main.py": {"wrong"},
    "src/gatepost/engine/recorded.py": {
        "f'{place}: {what}'",
        "error.message.replace('the answer', 'the line', 1)",
    },
    "src/gatepost/gate/trust.py": {"text"},
    "src/gatepost/planning/accept.py": {"reason.message"},
    "src/gatepost/server/app.py": {"sent"},
    "src/gatepost/server/limits.py": {"self._told"},
    "src/gatepost/server/oidc_provider.py": {"self._failed[1]", "self._failed[2]"},
    "src/gatepost/targets/_feed_findings.py": {"message", "f\"{name}: {' '.join(notes)}\""},
    "src/gatepost/targets/_file_findings.py": {"message"},
    "src/gatepost/targets/_local.py": {
        "self.hint",
        "f'{self.name}: {error.strerror or type(error).__name__}'",
    },
    "src/gatepost/targets/_nft_netlink.py": {"f'{self._place}: {error.message}'"},
    "src/gatepost/targets/_nft_telling.py": {"message"},
}
"""Sentences that are handed on as they are, all of which are made where this test sees them."""
ANYWHERE = {"error.message", "error.next_step", "str(error)", "cut(str(error))"}
"""Of the error that was caught."""
IN_TOML = re.compile(r"\[|\]| |pin =|exclude =|addresses =|china ")
"""Beginnings of comments that are settings, or values of one."""
STRANGE = (
    f"a set {MARK}2 that gatepost did not write",
    f"a set {MARK}2 of another type",
    f"a set {MARK}2 with auto-merge, which makes later deletions fail",
    f"a map of the name {MARK}2_…",
    "an element that gatepost cannot read",
)
NOTES = (
    f"This format holds no IPv{MARK}1: left out {MARK}2 entries.",
    f"This format holds no domains: left out {MARK}3 entries.",
    f"This format keeps no protocols and ports: on every port, it lets in {MARK}4 entries.",
)
ELSEWHERE = {
    "too many wrong passwords; wait before the next try",
    "others changed so much at once that the kernel could not tell all of it",
    f"{MARK}1 belongs to {MARK}2 and was last changed at {MARK}3",
    f"{MARK}1 (process {MARK}2) changed {MARK}3",
    f"a program (process {MARK}1) changed {MARK}2",
    f"rule {MARK}1 of chain {MARK}2",
    *(f"{MARK}1 ({why})" for why in ("beyond the bound", "not necessary", "networks", "no connection")),
    *(f"{MARK}1 ({why})" for why in ("every name below a domain", "no time was left for it")),
    *(f"{MARK}1 (UDP)", f"{MARK}1 (no answer in {MARK}2 s)", f"{MARK}1 (the name {MARK}2 has no address)"),
    *(f"{MARK}1 has {what}, so it cannot become ours" for what in STRANGE),
    *(" ".join(one) for n in (2, 3) for one in combinations(NOTES, n)),
    *(f"{MARK}1 is the digest of nothing that is held", f"process {MARK}1"),
    *("the change", "the question", "the listing", "to remove it", "to empty it", "to mark it"),
}
"""Sentences that are collected before they are told."""


@cache
def examples(path: str) -> tuple[tuple[int, str], ...]:
    """Line and text of what a module says."""
    module = Module(read(path), LEAVES, _constants(path))
    return tuple((one.line, text) for one in module.said() for text in one.examples)


def _constants(path: str) -> dict[str, object]:
    name = path.removeprefix("src/").removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    return {} if name.endswith("__main__") else vars(importlib.import_module(name))


def speaking() -> list[str]:
    """Modules whose sentences reach people."""
    paths = [one for one in python_files("src/gatepost") if not one.startswith(SPARED)]
    return [one for one in paths if one == ITS_DOOR or not one.startswith(EMULATOR)]


def told(path: str) -> Callable[[str], str]:
    """How a module's sentences are told in Chinese; the server's are told by the console as well."""
    return Words("zh") if path.startswith("src/gatepost/server/") else sentences("zh")


def untold(examples: Iterable[str], say: Callable[[str], str]) -> Iterator[str]:
    """Each that is not told whole: as it was, without a value, or with English left in it."""
    for text in examples:
        chinese = say(text)
        lost = [mark for mark in re.findall(rf"{MARK}\d+", text) if mark not in chinese]
        left = sorted(english(chinese) - TERMS)
        if chinese == text or lost or left:
            yield f"{text!r} is told as {chinese!r}: {', '.join([*lost, *left])}"


def english(text: str) -> set[str]:
    """English words, but for what is quoted, and names with dots, lines or signs in them."""
    bare = re.sub(r"`[^`]*`|'[^']*'|\"[^\"]*\"|\[[^\]]*\]", "", text)
    return set(re.findall(r"(?<![\w./:=\[_-])[a-z]{2,}(?![\w./:=_\]-])", bare))


@pytest.mark.parametrize("path", speaking())
def test_every_sentence_can_be_told_in_chinese(path: str) -> None:
    """Of errors, findings, reasons and next steps, with every value in it and no English left."""
    assert list(untold((text for _line, text in examples(path)), told(path))) == []


@pytest.mark.parametrize("path", speaking())
def test_nothing_is_said_that_cannot_be_read_off_the_code(path: str) -> None:
    """A sentence made in a way that these tests do not follow is another's, and listed, or made plainer."""
    module = Module(read(path), LEAVES, _constants(path))
    unknown = {one.code for one in module.said() if not one.examples}
    assert unknown - ANYWHERE == CARRIED.get(path, set())


def platform_words() -> Iterator[str]:
    """What each code of a platform means, and what a person does."""
    for name in sorted(path.stem for path in Path(platforms.__file__ or "").parent.glob("*.py")):
        module = importlib.import_module(f"gatepost.platforms.{name}")
        for table in (one for one in vars(module).values() if isinstance(one, CodeTable)):
            for row in table.rows.values():
                yield f"{row.meaning} (code {MARK}1: {MARK}2)"
                yield row.advice or row.meaning


def test_every_code_of_a_platform_is_explained_in_chinese() -> None:
    """Its meaning, with the platform's own words behind it, and the next step."""
    found = set(platform_words())
    assert len(found) > 200
    assert list(untold(sorted(found), sentences("zh"))) == []


RULE, LAST = (
    f"`{one}` (chain inet gatepost input, handle {n})" for one, n in (("x accept", 9), ("drop", 11))
)
"""As a finding shows rules of a ruleset."""
SHORT = {
    "IPv": "4",
    "inet ": "gatepost",
    "handle ": "12",
    "chain ": "ip nat DOCKER",
    "`": "tcp dport 443",
    "such as ": "198.51.100.7",
    "the list is ": "ingress",
    "asked in ": "forward, output",
    "refers to ": "edge_v6",
    "holds ": "filter, nat",
    ": for ": "3",
    " of ": "5",
    "little: ": "30",
    "lets ": "30",
    "-": "198.51.100.9",
}
"""Values that are no rules, by what stands before them."""
NAMED_IN_RULES = {"filter", "ip", "iptables", "nat"}


def about_rules(text: str, rules: Iterable[str]) -> str:
    """An example of a finding on a ruleset, with values in it as there are; rules for the other marks."""
    shown = iter(rules)
    for mark in re.findall(rf"{MARK}\d+", text):
        before, _, behind = text.partition(mark)
        short = next((value for start, value in SHORT.items() if before.endswith(start)), None)
        if re.match(r" of \S+ listed", behind):
            short = "3"
        text = before + (short or next(shown)) + behind
    return text


@pytest.mark.parametrize("path", ["_nft_ruleset", "_nft_telling"])
def test_findings_on_rulesets_are_chinese_with_rules_in_them(path: str) -> None:
    """Rules are sentences of ours with brackets and commas: each stands in a finding as one, told too."""
    for _line, text in examples(f"src/gatepost/targets/{path}.py"):
        for first in (RULE, f"IPv4: {RULE}"):
            whole = about_rules(text, (first, LAST, RULE))
            told = sentences("zh")(whole)
            assert not english(told) - TERMS - NAMED_IN_RULES, (whole, told)
            assert not re.search(r"[()]|[一-龥，。：；（）] [一-龥（）]", re.sub(r"`[^`]*`", "``", told)), (
                whole,
                told,
            )


def test_words_and_collected_sentences_are_told_in_chinese() -> None:
    """Why a value is quarantined, who changed a target, what a setting means for others."""
    words = [one.value for one in Oddity if one is not Oddity.LOCALHOST]
    assert list(untold([*words, *ELSEWHERE, CLASSIC_NOTICE, *reaching.STEPS.values()], sentences("zh"))) == []


def known() -> list[str]:
    """All that is said anywhere."""
    found = {text for path in speaking() for _line, text in examples(path)}
    lines = {text.replace("the answer", "the line", 1) for text in found}
    formats = {text.replace("This target", "This format") for text in found}
    return sorted({*found, *lines, *formats, *platform_words(), *ELSEWHERE, *Oddity, CLASSIC_NOTICE})


def test_the_place_of_what_is_wrong_is_never_told() -> None:
    """File, line and key stand before the sentence as they are, whatever the key is called."""
    rooms = [path for path in speaking() if path.startswith("src/gatepost/config/")]
    texts = {text for path in rooms for _line, text in examples(path) if not text.startswith(MARK)}
    assert len(texts) > 80
    for text in sorted(texts):
        for key in ("source", "list", "none", "targets.egress.state"):
            told = sentences("zh")(f"/etc/gatepost.toml:47: {key}: {text}")
            assert told == f"/etc/gatepost.toml:47：{key}：{sentences('zh')(text)}"


def test_a_name_that_is_a_word_of_ours_is_never_told() -> None:
    """Whoever calls a list so finds it again in what is said of it."""
    for noun, name in product(("list", "source", "target"), ("source", "list", "egress")):
        assert sentences("zh")(f"there is no {noun} 'x' ({name})").endswith(f"（{name}）")


def test_the_first_configuration_is_chinese() -> None:
    """What `gatepost init` writes explains itself in the reader's language."""
    text = template(PLATFORMS)
    comments = [one for one in re.findall(r"# ([^#\n]+)$", text, re.MULTILINE) if not IN_TOML.match(one)]
    assert len(comments) > 15
    assert list(untold(comments, sentences("zh"))) == []


def test_no_translation_is_left_over() -> None:
    """Each sentence of the catalogue is one that the code says, or a part of one."""
    catalogue, said = tomllib.loads(read(OWN)), known()
    constants = {text for path in python_files("src/gatepost") for text in papers.texts(read(path))}
    joined = "\n".join([*said, *constants])
    left = [each for each in catalogue if not all(part.strip() in joined for part in parts_of(each))]
    assert left == []


def test_places_for_values_are_the_same() -> None:
    """A translation shows every value of its sentence, and none that is not there."""
    for name in ("sentences", "libraries"):
        for source, chinese in tomllib.loads(read(f"src/gatepost/locale/zh.{name}.toml")).items():
            filled = MARK.join(parts_of(source))
            shown = Sentences({source: chinese})(filled)
            assert shown.count(MARK) == filled.count(MARK), source


HOSTILE = (
    "table inet filter is dormant: none of its rules is asked, so the list keeps nobody out",
    "x holds a part of the change, the next apply completes it: there is no list x",
    "edge: there is no list x",
    "there is no list x; expected one of y",
    "there is no list x (code 3: 4)",
    "the callback is refused: it has no sender",
    "x is still referred to by a, b",
    "x is not ours: y",
    "x cannot be read: Permission denied",
    "the policy of chain y, if it matches",
    "no word that it may say",
)
"""Foreign text that is one of our own sentences."""


def looked_into(catalogue: Mapping[str, str]) -> Iterator[str]:
    """Each sentence that tells foreign text in its own voice, where it may hold some."""
    say = Sentences(BOTH | dict(catalogue))
    for english, told in catalogue.items():
        known = pattern(english, told)
        foreign = [(one.value, one.form) for one in known.made if one.form in {"", WORD}]
        for (place, form), text in product(foreign, HOSTILE):
            if place is None or (form == WORD and text == HOSTILE[-1]):  # a fixed word, and known whole
                continue
            value = text if is_bare(known, place) else repr(text)
            if squeezed(value) not in squeezed(say(filled(known.parts, place, value))):
                yield f"{english} tells {text!r} as its value {place}"


def is_bare(known: Pattern, place: int) -> bool:
    """Whether foreign text may stand there as it is: at the end, or where the sentence quotes it itself."""
    last = place == len(known.parts) - 2
    behind = known.word is not None and known.word <= place
    return known.parts[place].endswith(("'", '"')) or (last and behind)


def filled(parts: tuple[str, ...], place: int, value: str) -> str:
    """A sentence with one value given, and a mark for each other."""
    values = [value if n == place else f"{MARK}{n}" for n in range(len(parts) - 1)]
    return parts[0] + "".join(one + part for one, part in zip(values, parts[1:], strict=True))


def squeezed(text: str) -> str:
    """Its words alone: a colon may become a Chinese one."""
    return re.sub(r"\W", "", text)


@pytest.mark.parametrize("name", ["sentences", "libraries"])
def test_foreign_text_is_never_told_in_our_voice(name: str) -> None:
    """A value that may be foreign stays as it came, also where it is one of our sentences, word by word."""
    assert list(looked_into(tomllib.loads(read(f"src/gatepost/locale/zh.{name}.toml")))) == []


FOREIGN = re.compile(r"\bcut\((?!str\()|(?<!case)(?<!rule)\.words\b|\.excerpt\b|strerror\b|^quoted$")
"""Expressions whose values others have written."""
ONE_WORD = {
    "cut(_place(url))",
    "cut(argv[0])",
    "cut(asked.method, 20)",
    "cut(host)",
    "cut(key)",
    "cut(name)",
    "cut(scope['method'], 20)",
    "cut(text, 600)",
    "cut(url.scheme, 20)",
}
"""What is one by its protocol, or the user's own: on the command line, in the configuration."""


def set_in(node: ast.JoinedStr, foreign: str) -> str | None:
    """A text as the code makes it, with foreign text where that goes; None where none does."""
    made, there = "", False
    for part in node.values:
        code = ast.unparse(part.value) if isinstance(part, ast.FormattedValue) else ""
        if isinstance(part, ast.Constant):
            made += str(part.value)
        elif not FOREIGN.search(code) or code in ONE_WORD:
            made += "table inet t" if code.endswith("place") else MARK
        else:
            quoted = "repr(" in code or getattr(part, "conversion", -1) == ord("r")
            made, there = made + (repr(foreign) if quoted else foreign), True
    return made if there else None


def test_what_the_code_quotes_is_never_told_in_our_voice() -> None:
    """Bodies, words of programs, kernels and platforms, at each place where a sentence is made with them."""
    made, say = 0, sentences("zh")
    looked = set()
    for path in speaking():
        texts = [one for one in ast.walk(ast.parse(read(path))) if isinstance(one, ast.JoinedStr)]
        for node, foreign in product(texts, HOSTILE[:-1]):
            text = set_in(node, foreign) or ""
            if is_language(text.replace(foreign, "")):
                told = say(text)
                made += told != text
                if squeezed(foreign) not in squeezed(told):
                    looked.add((path, node.lineno, told))
    assert made > 300
    assert looked == set()


def test_foreign_text_told_in_our_voice_is_found() -> None:
    """The hostile texts are told where nothing keeps them from it: alone, and by a careless sentence."""
    assert [one for one in HOSTILE if Sentences(BOTH)(one) == one] == []
    careless = Sentences(BOTH | {"it said {}": "它说 {:~}"})
    assert all(one not in careless(f"it said {one}") for one in HOSTILE)


PAGES = """
import json, sys
from gatepost.cli.language import choose
choose(["--lang", "zh"])
import click
from gatepost.cli.group import cli
def pages(command, context):
    yield context.command_path, command.get_help(context)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            yield from pages(below, below.context_class(below, parent=context, info_name=name))
json.dump(dict(pages(cli, cli.context_class(cli, info_name="gatepost"))), sys.stdout)
"""
"""The language is chosen before a command is imported."""


def test_every_help_is_chinese() -> None:
    """Of each command and subcommand: headings, placeholders, texts and what the library adds."""
    done = subprocess.run([sys.executable, "-c", PAGES], capture_output=True, check=True)
    pages = json.loads(done.stdout)
    assert {"gatepost", "gatepost plan", "gatepost config check", "gatepost notify test"} <= set(pages)
    names = {word for path in pages for word in path.split()}
    for path, page in pages.items():
        bare = re.sub(r"--?[a-z-]+( / --[a-z-]+)?", "", page)
        assert sorted(english(bare) - TERMS - names) == [], path
        assert not {"Usage", "Options", "Commands", "Show"} & set(re.findall(r"\w+", bare)), path
        assert "<=" not in bare, path
        assert not {"OPTIONS", "FILE", "NAME", "LIST", "TEXT"} & set(re.findall(r"[A-Z]+", bare)), path


def test_the_rule_can_fail() -> None:
    """A sentence without translation, one whose value gets lost and one told in part are all found."""
    say = Sentences({"no {}": "没有", "a {}": "一个 {}"})
    assert len(list(untold(["the other", f"no {MARK}1", "a stray word"], say))) == 3
    assert list(untold([f"a {MARK}1"], say)) == []


def test_a_sentence_is_read_off_the_code() -> None:
    """With each fixed text that a value may be; what nobody can say is a mark, or is named as unknown."""
    code = """
def f(a, b):
    way = "up" if a else f"down {b}"
    msg = f"it goes {way} by {a:g}"
    raise Bad(msg, hint=b)
"""
    found = list(Module(code, frozenset({"Bad"})).said())
    texts = {text for one in found for text in one.examples}
    assert texts == {f"it goes up by {MARK}1", f"it goes down {MARK}1 by {MARK}2"}
    assert {one.code for one in found if not one.examples} == {"b"}
