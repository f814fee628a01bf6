"""Secrets: what a command prints of them, `.env` taken over, and text without them."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from fream_compose import pattern, secrecy
from fream_compose.project.compose_warnings import warnings_of
from fream_compose.project.envfile import EnvFile
from fream_compose.project.secret_values import parse
from fream_compose.setup import project_files
from tests.properties.parsers import Parser
from tests.properties.strategies import LINE, ODD

PRINTED = Parser("what a command of secrets prints", ("project/secret_values.py",))
HIDDEN = Parser("what `.env` keeps secret", ("secrecy.py",))
WARNED = Parser("what Compose warns of", ("project/compose_warnings.py",))
AGAIN = Parser("passwords of a project that is set up again", ("setup/project_files.py",))
PATTERN = Parser(
    "a regular expression of the user's",
    ("pattern.py",),
    "`a{4294967296}` was an unexpected error",
)
NAMES = st.from_regex(r"N[A-Z0-9_]{0,8}", fullmatch=True)
VALUES = LINE.filter(lambda text: not set(text) & set("\0\r'\""))
PLAIN_VALUES = st.text("abc012 +/.-", min_size=4, max_size=20).filter(
    lambda text: text == text.strip() and not re.fullmatch(r"[0-9]{1,5}", text)  # a port
)


@PRINTED.holds
@given(lines=st.lists(st.binary(max_size=20) | ODD.map(lambda t: t.encode(errors="replace"))))
@example([b"A=1", b"hunter2"])
def test_what_it_prints_is_names_and_values_or_a_line_is_named(lines: list[bytes]) -> None:
    try:
        found = parse(b"\n".join(lines))
    except ValueError as error:
        assert re.fullmatch(r"there is none|line \d+(: \w+ is not for a secret)?", str(error))
        return
    assert all(re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII) for name in found)
    assert not [value for value in found.values() if set(value) & set("\0\n")]


@PRINTED.holds
@given(values=st.dictionaries(NAMES, VALUES, min_size=1), end=st.sampled_from(["\n", "\r\n"]))
def test_values_come_back_as_they_were_printed(values: dict[str, str], end: str) -> None:
    printed = "".join(f"{name}={value}{end}" for name, value in values.items())
    assert parse(printed.encode()) == values


@WARNED.holds
@given(
    end=st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{5,12}", fullmatch=True),
    braces=st.booleans(),
    quote=st.sampled_from(["", '"']),
    around=st.tuples(LINE, LINE),
)
def test_no_end_of_a_password_is_in_a_warning(
    end: str, braces: bool, quote: str, around: tuple[str, str]
) -> None:
    assume(not any(end in text for text in (*around, "MYSQL_PASSWORD")))
    with tempfile.TemporaryDirectory() as folder:
        word = f"${{{end}}}" if braces else f"${end}"
        Path(folder, ".env").write_text(f"MYSQL_PASSWORD={quote}a{word}{quote}\n")
        line = f'level=warning msg="The \\"{end}\\" variable is not set. Blank."'
        found = warnings_of("\n".join([around[0], line, around[1]]), Path(folder))

    assert any("MYSQL_PASSWORD has a $" in each.text for each in found)
    assert not any(end in str(each) for each in found)


@HIDDEN.holds
@given(value=PLAIN_VALUES, around=st.tuples(LINE, LINE), quote=st.sampled_from(["", "'", '"']))
def test_no_secret_of_env_is_in_what_is_shown(
    value: str, around: tuple[str, str], quote: str
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / ".env").write_text(f"A=b\nMYSQL_PASSWORD={quote}{value}{quote}\n")
        secrecy.learn(Path(folder))
    try:
        assert value not in secrecy.hidden(value.join(around))
    finally:
        secrecy.learn(Path("/nonexistent"))


@AGAIN.holds
@given(value=VALUES, quote=st.sampled_from(["", "'", '"']))
def test_a_password_is_taken_over_byte_for_byte(value: str, quote: str) -> None:
    line = f"MYSQL_PASSWORD={quote}{value}{quote}"
    with tempfile.TemporaryDirectory() as folder:
        old = EnvFile(Path(folder) / ".env")
        old.path.write_text(f"# earlier\n{line}\nB=2\n", encoding="utf-8")
        text = project_files._taken_over("A=1\nMYSQL_PASSWORD=new\nC=3\n", old)
    assert text == f"A=1\n{line}\nC=3\n"


@PATTERN.holds
@given(text=ODD | st.text("ab(){}[]*+?|\\^$.,019", max_size=12), within=ODD)
@example("a{4294967296}", "a")
@example("(" * 5_000, "a")
@pytest.mark.filterwarnings("ignore:Possible nested set")
def test_a_pattern_is_refused_or_found_or_not(text: str, within: str) -> None:
    try:
        pattern.reject_faulty(text)
    except ValueError:
        return
    assert pattern.found(text, within[:100]) in (True, False)
