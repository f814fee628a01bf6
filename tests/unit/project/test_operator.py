"""Who runs fream: a person's name before the place it is run from."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fream_compose.errors import UsageError
from fream_compose.project.operator import introduce, note, who


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("FREAM_BY", "FREAM_NOTE", "BUILD_TAG", "GITHUB_RUN_ID", "CI_JOB_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SUDO_USER", "deploy")
    monkeypatch.setattr("socket.gethostname", lambda: "server")
    yield
    introduce()


def test_without_a_name_it_is_the_user_of_the_server() -> None:
    introduce("", "")

    assert (who(), note()) == ("deploy@server", "")


def test_a_name_that_was_given_is_said_before_the_place(monkeypatch: pytest.MonkeyPatch) -> None:
    introduce("anna", "hotfix for #12")
    assert (who(), note()) == ("anna (deploy@server)", "hotfix for #12")

    monkeypatch.setenv("BUILD_TAG", "jenkins-7")
    assert who() == "anna (deploy@server, jenkins-7)"


def test_an_option_is_preferred_to_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FREAM_BY", "bert")
    monkeypatch.setenv("FREAM_NOTE", "nightly")

    introduce("", "")
    assert (who(), note()) == ("bert (deploy@server)", "nightly")

    introduce("anna", "")
    assert (who(), note()) == ("anna (deploy@server)", "nightly")


def test_a_command_that_asks_nobody_heeds_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FREAM_BY", "two\nlines")

    introduce()

    assert who() == "deploy@server"


UNFIT = ["two\nlines", "a\ttab", "\x1b[2Jgone", "turned \u202e round", "x" * 201, "\udcff"]


@pytest.mark.parametrize("text", UNFIT)
def test_what_is_not_one_printable_line_is_refused_by_its_name(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    for by, said, name in ((text, "", "--by"), ("", text, "--note")):
        with pytest.raises(UsageError, match=f"{name} is not valid"):
            introduce(by, said)
    monkeypatch.setattr("os.environ", {"FREAM_NOTE": text})
    with pytest.raises(UsageError, match="FREAM_NOTE is not valid"):
        introduce("", "")


@pytest.mark.parametrize("text", ["안나", "x" * 200, "👩‍👩‍👧 and #12", "  anna "])
def test_any_one_line_in_any_script_is_fine(text: str) -> None:
    introduce(text, text)

    assert note() == text.strip()
