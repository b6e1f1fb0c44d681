"""What all commands share: options, errors, languages, colours, and where the configuration is looked for."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from gatepost.cli.help import COMMANDS
from rigs.program import Program

SMALL = """
[store]
url = "sqlite:///history.db"

[sources.own]
kind = "static"
direction = "ingress"
entries = ["101.126.59.7", "101.126.60.0/24"]

[lists.small]
direction = "ingress"
sources = ["own"]

[targets.edge]
kind = "file"
list = "small"
path = "edge.txt"
"""
COLOUR = re.compile(r"\x1b\[[0-9;]*\b(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])[0-9;]*m")
"""A terminal's colours; bold and dim are none."""
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture
def small(program) -> Program:
    """Two entries for a file; nothing is asked over a network."""
    program.write(SMALL)
    return program


WRONG = {
    ("bogus",): "No such command 'bogus'",
    ("statsu",): "No such command 'statsu'. Did you mean 'status'?",
    ("plan", "--bogus"): "No such option '--bogus'",
    ("diff", "small", "one", "two"): "'one' is not a valid integer",
    ("approve", "sha256:0"): "Missing option '--why'",
    ("check",): "Missing argument 'VALUE'",
    ("emulate", "--port", "70000"): "70000 is not in the range",
    ("init", "telegram"): "'telegram' is not one of",
}


def test_a_wrong_command_line_is_an_error_like_any_other(program):
    """It exits 1 (2 would tell scripts that changes wait), as one JSON object where that is asked for."""
    for done, says in zip(
        program.together(*((*line, "--json") for line in WRONG)), WRONG.values(), strict=True
    ):
        error = done.ended(1).error
        assert (error["kind"], says in error["message"]) == ("UsageError", True), done
        assert set(error) == {"kind", "code", "message", "transient", "hint", "links", "log_id"}
        assert done.err == "", done


MISTYPED = {
    ("check", "nonsense!!"): "Write it as 203.0.113.7",
    ("check", "203.0.113.7", "--at", "yesterday"): "Write it in UTC, such as 2026-01-31",
    ("check", "203.0.113.7", "--list", "smal"): "Name one of those in brackets",
    ("plan", "smal"): "Name one of those in brackets",
    ("history", "smal"): "Name one of those in brackets",
    ("pin", "small", "203.0.113.7", "--why", "x", "--until", "soon"): "Write the day as 2027-01-01",
    ("apply", "--confirm-within", "soon"): "Write a time such as 90s",
}


def test_a_wrong_value_has_its_own_next_step(small):
    """Each says how it is written, or where the right one is found, not only that there is --help."""
    done = small.together(*((*line, "--json") for line in MISTYPED))
    for one, hint in zip(done, MISTYPED.values(), strict=True):
        assert one.ended(1).error["hint"].startswith(hint), one


def test_a_wrong_command_line_for_people(program):
    """On standard error, with the nearest right option and the next step; nothing on standard output."""
    done = program("plan", "--ouf").ended(1)
    assert done.out == ""
    assert done.err.startswith("UsageError: No such option '--ouf'")
    assert "'--out'" in done.err
    assert "--help" in done.err


def test_a_group_without_its_command_shows_its_help(program):
    """`gatepost config` alone lists check, show and schema, and has failed."""
    done = program("config").ended(1)
    assert done.out == ""
    assert all(name in done.err for name in ("check", "show", "schema"))


UNKNOWN = (
    ("plan", "nowhere"),
    ("fetch", "nowhere"),
    ("history", "nowhere"),
    ("diff", "small", "8", "9"),
    ("check", "not an address"),
    ("check", "8.8.8.8", "--at", "yesterday"),
    ("check", "8.8.8.8", "--target", "nowhere"),
    ("approve", "0123456789ab", "--why", "it is right"),
)


def test_errors_of_a_command_are_one_document(small):
    """Whatever a command does not know is the contract's error object on standard output, exit 1."""
    for done in small.together(*((*line, "--json") for line in UNKNOWN)):
        assert done.ended(1).error["kind"] == "UsageError", done
        assert done.err == "", done


def test_a_language_that_nobody_speaks_is_refused(program):
    """Asked for by name it is an error that names both; an environment that asks for one reads English."""
    refused = program.together(
        ("plan", "--lang", "fr"), ("--lang=fr", "--help"), ("--lang", "", "plan"), ("config", "--lang", "zho")
    )
    for done in refused:
        assert "there is no such language; en and zh are" in done.ended(1).err, done
    done = program("plan", "--lang", "fr", "--json", LANG="zh_CN.UTF-8").ended(1)
    assert done.error["message"] == "--lang fr: there is no such language; en and zh are"
    assert "没有这种语言；可用 en 或 zh" in program("plan", "--lang", "fr", LANG="zh_CN.UTF-8").ended(1).err
    for spelt in ("zh-Hans", "zh_CN.UTF-8", "ZH"):
        assert "没有配置文件" in program("plan", "--config", "no.toml", "--lang", spelt).ended(1).err
    for locale in ("fr_FR.UTF-8", "C", "zhuyin"):
        assert (
            "there is no configuration file"
            in program("plan", "--config", "no.toml", LC_ALL=locale).ended(1).err
        )


def test_a_newcomers_first_errors_are_chinese(small):
    """Messages with values too: wrong command lines, settings and names; a value stays as it is."""
    small.folder.joinpath("wrong.toml").write_text('[sources.own]\nkind = "static"\nentris = 1\n')
    small.folder.joinpath("broken.toml").write_text("[sources\n")
    told = {
        ("plan", "nowhere"): "没有名为 'nowhere' 的名单（small）",
        ("check", "010.8.8.8"): "'010.8.8.8' 不是地址、网段或域名（有前导零）",
        ("diff", "small", "one", "two"): "的值无效：'one' 不是整数。",
        ("plan", "--outt", "x"): "没有选项 '--outt'。是不是",
        ("check",): "缺少参数 'VALUE'。",
        ("plan", "--config", "wrong.toml"): "未知的键；是不是 'entries'？",
        ("plan", "--config", "broken.toml"): "broken.toml:1：表声明末尾应有 ']'（第 1 行第 9 列）",
    }
    for done, says in zip(
        small.together(*((*line, "--lang", "zh") for line in told)), told.values(), strict=True
    ):
        assert says in done.ended(1).err, done


def test_every_command_has_help_in_both_languages(program):
    """The program's help names all commands; --lang and $LANG choose the language; each exits 0."""
    english = program("--help").ended(0).out
    assert all(re.search(rf"^  {name} ", english, re.MULTILINE) for name in COMMANDS)
    assert not CHINESE.search(english)
    for chinese in (program("--lang", "zh", "--help"), program("--help", LANG="zh_CN.UTF-8")):
        assert "用法：gatepost" in chinese.ended(0).out
    assert program().ended(0).out == english
    assert program("--version").ended(0).out.startswith("gatepost 0.")


def test_help_of_each_command(program):
    """Its options, among them those of every command, in the language asked for."""
    below = {"config": ("config", "show"), "notify": ("notify", "status")}
    lines = [(*below.get(name, (name,)), "--help", "--lang", "zh") for name in COMMANDS]
    for group in program.together(*((name, "--help", "--lang", "zh") for name in below)):
        assert CHINESE.search(group.ended(0).out), group
    for done in program.together(*lines):
        assert CHINESE.search(done.ended(0).out), done
        assert all(option in done.out for option in ("--config", "--json", "-q", "-v", "--lang")), done


def test_chinese_output_and_english_values(small):
    """A Chinese user reads Chinese sentences; JSON has the same members and values in both languages."""
    planned = small("plan", LANG="zh_CN.UTF-8").ended(2)
    assert "将增加 2，将移除 0" in planned.out
    english = small("check", "8.8.8.8", "--lang", "en", LC_ALL="zh_CN.UTF-8").ended(5)
    assert not CHINESE.search(english.out)
    chinese, refused = small.together(
        ("check", "8.8.8.8", "--lang", "zh"), ("plan", "nowhere", "--lang", "zh")
    )
    assert "未放行" in chinese.ended(5).out
    assert "请写括号中的一个" in refused.ended(1).err


DOCUMENTS = (
    ("plan",),
    ("status",),
    ("doctor",),
    ("doctor", "own"),
    ("doctor", "--target", "all"),
    ("config", "check"),
    ("config", "show"),
    ("check", "8.8.8.8"),
    ("fetch",),
    ("history", "small"),
    ("diff", "small", "8", "9"),
    ("notify", "status"),
    ("plan", "nowhere"),
    ("apply", "--outt"),
)


@pytest.mark.parametrize("line", DOCUMENTS, ids=" ".join)
def test_documents_are_english_for_everybody(small, line):
    """JSON has the same members and values in both languages, errors too; nothing of it is Chinese."""
    small("plan")  # the first one accepts the list
    english, chinese = small.together(*((*line, "--json", "--lang", one) for one in ("en", "zh")))
    assert timeless(chinese.out) == timeless(english.out)
    assert chinese.err == english.err


def timeless(document):
    """Without what no two runs have in common."""
    return re.sub(r"\d\d:\d\d:\d\d(\.\d+)?Z?|\d+\.\d+", "", document)


def test_prose_in_a_document_is_in_the_readers_language(small):
    """An explanation is for people: its paragraph is Chinese, its members are not."""
    english, chinese = (
        json.loads(one.out)
        for one in small.together(*(("explain", "8.8.8.8", "--json", "--lang", one) for one in ("en", "zh")))
    )
    assert CHINESE.search(json.dumps(chinese, ensure_ascii=False))
    assert english.keys() == chinese.keys(), chinese


LOOKING_UP = (("config", "check"), ("status",), ("check", "101.126.59.7"), ("history", "webhooks"))
HEAVY = {"httpx2", "starlette", "uvicorn", "jinja2", "cryptography", "authlib", "apprise"}


def test_whoever_asks_no_platform_waits_for_no_library_that_does(program):
    """Commands that look up the history load no HTTP library and no server's, with accounts too."""
    program("init", "feishu").ended(0)
    for line in LOOKING_UP:
        done = program(*line, PYTHONPROFILEIMPORTTIME="1", FEISHU_APP_ID="cli_a", FEISHU_APP_SECRET="unused")
        loaded = {row.rpartition("|")[2].strip() for row in done.err.splitlines() if "import time:" in row}
        assert "gatepost.platforms.feishu_codes" in loaded, done.err[-2000:]
        assert not loaded & HEAVY, line


def test_progress_goes_to_standard_error(small):
    """With -v each source is told as it comes; without it, and with -q, standard error is silent."""
    told = small("plan", "-v").ended(2)
    assert "own" in told.err
    assert "own" not in told.out
    assert "gatepost.toml" in small("config", "check", "-vv").err
    for done in small.together(("plan",), ("plan", "-q"), ("fetch", "-q"), ("config", "check", "-q")):
        assert done.err == "", done
    assert small("plan", "nowhere", "-q").err.startswith("UsageError")


def test_colours_only_for_people_who_want_them(small):
    """A terminal gets colours and a bar; with NO_COLOR neither colour, and a pipe no escape at all."""
    assert COLOUR.search(small.on_terminal("plan").ended(2).out)
    plain = small.on_terminal("plan", NO_COLOR="1").ended(2)
    assert "edge: 2 to add" in plain.out
    assert not COLOUR.search(plain.out)
    assert "\x1b" not in small("plan").out


def test_a_question_on_a_terminal(small):
    """`apply` asks a person once; `n` changes nothing, `y` applies, --yes does not ask."""
    edge = small.folder / "edge.txt"
    refused = small.on_terminal("apply", typed="n\n").ended(2)
    assert refused.out.count("Apply this?") == 1
    assert "Nothing was changed." in refused.out
    assert not edge.exists()
    assert "Apply this?" in small.on_terminal("apply", typed="y\n").ended(0).out
    assert edge.read_text() == "101.126.59.7/32\n101.126.60.0/24\n"
    edge.unlink()
    edge.with_name(".edge.txt.gatepost.json").unlink()
    assert "Apply this?" not in small.on_terminal("apply", "-y").ended(0).out
    assert edge.read_text() == "101.126.59.7/32\n101.126.60.0/24\n"


def test_a_question_while_the_data_goes_elsewhere(small):
    """Into a file or a pipe: what it is about is shown on the terminal; without one nobody is asked."""
    edge, log = small.folder / "edge.txt", small.folder / "log"
    refused = small.on_terminal("apply", typed="n\n", data=log).ended(2)
    assert "101.126.60.0/24" in refused.out
    assert "Apply this?" in refused.out
    assert not edge.exists()
    assert log.read_text() == "Nothing was changed.\n"
    asked = small.on_terminal("apply", typed="y\n", data=log).ended(0)
    assert "Apply this?" in asked.out
    assert ("applied" in log.read_text(), edge.exists()) == (True, True)
    edge.unlink()
    small("apply").ended(3)


def test_a_reader_that_has_enough(small):
    """A closed pipe ends the program without a traceback."""
    argv = " ".join(small.argv("config", "schema"))
    done = subprocess.run(
        ["sh", "-c", f"{argv} | head -1"], capture_output=True, text=True, env=small.environment, check=True
    )
    assert done.stdout == "{\n"
    assert done.stderr == ""


def test_the_configuration_is_looked_for_in_order(small):
    """--config, then $GATEPOST_CONFIG, then ./gatepost.toml; one that is named and missing is an error."""
    for name in ("named", "from-environment"):
        (small.folder / f"{name}.toml").write_text(SMALL)
    path = str(small.folder / "from-environment.toml")
    found = [
        small("config", "check", "--json", "--config", "named.toml", GATEPOST_CONFIG=path).document["file"],
        small("config", "check", "--json", GATEPOST_CONFIG=path).document["file"],
        small("config", "check", "--json").document["file"],
    ]
    assert [Path(name).name for name in found] == ["named.toml", "from-environment.toml", "gatepost.toml"]
    missing = small("config", "check", "--json", "--config", "nowhere.toml").ended(1).error
    assert missing["kind"] == "ConfigNotFound"


def test_the_machine_wide_configuration_comes_last(program):
    """Without any other, /etc/gatepost/gatepost.toml is read; without that too, the places are named."""
    nothing = program("plan", "--json").ended(1).error
    assert nothing["kind"] == "ConfigNotFound"
    assert "/etc/gatepost/gatepost.toml" in nothing["message"]
    machine = program.folder / "etc"
    (machine / "gatepost").mkdir(parents=True)
    (machine / "gatepost" / "gatepost.toml").write_text(SMALL)
    inside = f'mount --bind "{machine}" /etc && exec "$@"'
    enter = ("unshare", "--map-root-user", "--mount", "sh", "-c", inside, "sh")
    seen = Program(program.folder, enter=enter).json("config", "check")
    assert seen["file"] == "/etc/gatepost/gatepost.toml"


def test_a_wrong_configuration_starts_nothing(program):
    """Exit 1 with file, line and the nearest right name; a literal secret is refused and not repeated."""
    program.write(SMALL.replace("entries =", "entires ="))
    for done in program.together(*((one, "--json") for one in ("plan", "run", "status", "doctor"))):
        error = done.ended(1).error
        assert error["kind"] == "ConfigInvalid"
        assert "gatepost.toml:8: sources.own.entires" in error["message"]
        assert "'entries'" in error["message"]
    account = '[accounts.a]\nplatform = "feishu"\napp_id = "cli_a"\napp_secret = "literal-secret"\n'
    program.write(SMALL + account)
    refused = program("config", "check", "--json").ended(1)
    assert "a literal is refused" in refused.error["message"]
    assert "literal-secret" not in refused.out
    assert not (program.folder / "history.db").exists()
