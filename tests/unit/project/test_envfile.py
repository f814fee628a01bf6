"""`.env`: fream's few variables are kept up to date, the owner's lines stay as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from fream_compose.errors import ConfigurationError
from fream_compose.project.envfile import EnvFile


@pytest.fixture
def env(tmp_path: Path) -> EnvFile:
    return EnvFile(tmp_path / ".env")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("SET1_VERSION=none\n", "SET1_VERSION=1.0\n"),
        ("A=1\nSET1_VERSION=none\nB=2\n", "A=1\nSET1_VERSION=1.0\nB=2\n"),
        ("A=1\n", "A=1\nSET1_VERSION=1.0\n"),
        ("A=1", "A=1\nSET1_VERSION=1.0\n"),
        ("", "SET1_VERSION=1.0\n"),
        ("# SET1_VERSION=0\nA=1\n", "# SET1_VERSION=0\nA=1\nSET1_VERSION=1.0\n"),
        ("MY_SET1_VERSION=0\n", "MY_SET1_VERSION=0\nSET1_VERSION=1.0\n"),
        ("SET1_VERSION_OLD=0\n", "SET1_VERSION_OLD=0\nSET1_VERSION=1.0\n"),
        ("\n\n  # note\n\nA='x # y'\n", "\n\n  # note\n\nA='x # y'\nSET1_VERSION=1.0\n"),
        ("SET1_VERSION=a\nSET1_VERSION=b\n", "SET1_VERSION=1.0\nSET1_VERSION=1.0\n"),
        ("  SET1_VERSION = x\n", "SET1_VERSION=1.0\n"),
        ("SET1_VERSION=a # mine\n", "SET1_VERSION=1.0 # mine\n"),
        ("SET1_VERSION=a \t# mine # too\n", "SET1_VERSION=1.0 \t# mine # too\n"),
        ("SET1_VERSION='a b' # mine\n", "SET1_VERSION=1.0 # mine\n"),
        ("SET1_VERSION=a#b\n", "SET1_VERSION=1.0\n"),
        ("SET1_VERSION= # mine\nA=1\n", "SET1_VERSION=1.0 # mine\nA=1\n"),
    ],
)
def test_a_variable_is_set_in_its_place_and_nothing_else_changes(
    env: EnvFile, before: str, after: str
) -> None:
    env.path.write_text(before)

    env.update({"SET1_VERSION": "1.0"})

    assert env.path.read_text() == after


def test_an_exported_variable_is_recognised(env: EnvFile) -> None:
    env.path.write_text("export SET1_VERSION=none\n")

    env.update({"SET1_VERSION": "1.0"})

    assert env.path.read_text().count("SET1_VERSION") == 1
    assert env.get("SET1_VERSION") == "1.0"


def test_a_file_that_says_so_already_is_not_written_again(env: EnvFile) -> None:
    env.path.write_text("A=1\nSET1_VERSION=1.0")
    inode = env.path.stat().st_ino

    env.update({"SET1_VERSION": "1.0"})

    assert env.path.stat().st_ino == inode


def test_secrets_keep_their_permissions(env: EnvFile) -> None:
    env.path.write_text("MYSQL_PASSWORD=secret\n")
    env.path.chmod(0o600)

    env.update({"SET1_VERSION": "1.0"})

    assert env.path.stat().st_mode & 0o777 == 0o600


def test_the_last_value_counts_as_for_compose(env: EnvFile) -> None:
    env.path.write_text("A=1\nA=2\n")

    assert env.get("A") == "2"
    assert env.get("B") == ""


@pytest.mark.parametrize(
    ("line", "value"),
    [("A=1 # note", "1"), ("A=1#2", "1#2"), ("A='1' # note", "1"), ("A=infra\t# a, b", "infra")],
)
def test_the_remark_behind_a_value_is_no_part_of_it(env: EnvFile, line: str, value: str) -> None:
    env.path.write_text(line + "\n")

    assert env.get("A") == value


def test_names_are_those_that_the_file_sets(env: EnvFile) -> None:
    env.path.write_text("# C=3\nA=1\nexport B=2\nnot an assignment\n1D=4\n")

    assert env.names() == {"A", "B"}


def test_unusual_characters_in_the_owners_lines_stay(env: EnvFile) -> None:
    text = "# pasted\u2028from a page\x0c\nNOTE=한국어\x85\nSET1_VERSION=none\n"
    env.path.write_text(text, encoding="utf-8")

    env.update({"SET1_VERSION": "1.0"})

    assert env.path.read_text(encoding="utf-8") == text.replace("none", "1.0")


def test_a_missing_file_is_told_with_how_to_make_it(env: EnvFile) -> None:
    with pytest.raises(ConfigurationError) as caught:
        env.update({"SET1_VERSION": "1.0"})

    assert "does not exist" in caught.value.what
    assert caught.value.next_step.startswith("cp ")
    assert not env.path.exists()


def test_a_file_that_cannot_be_read_is_told(env: EnvFile) -> None:
    env.path.mkdir()

    with pytest.raises(ConfigurationError) as caught:
        env.names()

    assert "cannot be read" in caught.value.what


def test_foreign_bytes_and_line_ends_in_the_users_lines_survive(env: EnvFile) -> None:
    env.path.write_bytes(
        b"# caf\xe9 \xed\xa0\x80\r\nA=\xff\r\nSET1_VERSION=none # \xfc\r\nB=1\x0b\n"
    )

    assert env.names() == {"A", "B", "SET1_VERSION"}
    env.update({"SET1_VERSION": "1.0", "NEW": "2"})

    assert env.path.read_bytes() == (
        b"# caf\xe9 \xed\xa0\x80\r\nA=\xff\r\nSET1_VERSION=1.0 # \xfc\r\nB=1\x0b\nNEW=2\n"
    )


def test_a_name_that_is_nearly_a_known_one_is_found(tmp_path: Path) -> None:
    env = EnvFile(tmp_path / ".env")
    env.path.write_text("HEALTH_CHEK_POINT=/\nGUARD=5s\nMINE=1\n")
    assert env.misspelt() == ()

    (tmp_path / ".env.example").write_text("HEALTH_CHECK_POINT=/\n#GUARD=5s\n")

    assert env.misspelt() == (("HEALTH_CHEK_POINT", "HEALTH_CHECK_POINT"),)


def test_why_a_file_cannot_be_read_is_told_without_a_number(tmp_path: Path) -> None:
    (tmp_path / ".env").mkdir()

    with pytest.raises(ConfigurationError) as caught:
        EnvFile(tmp_path / ".env").names()

    assert caught.value.why == "Is a directory"
