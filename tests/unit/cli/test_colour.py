"""Which streams get colour, and which can have a line drawn anew."""

from __future__ import annotations

import io

import pytest

from fream_compose.cli.colour import Tone, coloured, console, draws, painted


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def a_common_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE"):
        monkeypatch.delenv(name, raising=False)


def test_a_terminal_gets_colour_and_a_pipe_does_not() -> None:
    assert painted("failed", Tone.BAD, Screen()) == "\x1b[1;31mfailed\x1b[0m"
    assert painted("failed", Tone.BAD, io.StringIO()) == "failed"


def test_nothing_is_painted_where_nothing_is_said() -> None:
    assert painted("", Tone.BAD, Screen()) == ""


@pytest.mark.parametrize(
    ("environment", "colours"),
    [
        ({"NO_COLOR": "1"}, False),
        ({"NO_COLOR": "0"}, False),
        ({"NO_COLOR": ""}, True),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        ({"TERM": "dumb"}, False),
        ({"TERM": "unknown"}, False),
        ({"TERM": ""}, False),
        ({"TERM": "dumb", "FORCE_COLOR": "1"}, True),
        ({"TERM": "linux"}, True),
    ],
)
def test_who_wants_no_colour_gets_none(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], colours: bool
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert coloured(Screen()) is colours


@pytest.mark.parametrize("name", ["FORCE_COLOR", "CLICOLOR_FORCE"])
def test_a_pipe_can_be_given_colour(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "1")
    assert coloured(io.StringIO())
    assert not draws(io.StringIO()), "but no line is drawn anew in it"

    monkeypatch.setenv(name, "0")
    assert not coloured(io.StringIO())


@pytest.mark.parametrize("tone", Tone)
def test_rich_and_plain_text_have_the_same_colours(tone: Tone) -> None:
    stream = Screen()

    console(stream).print("[red]as it is[/]", style=tone, end="")

    assert stream.getvalue() == painted("[red]as it is[/]", tone, stream)


def test_rich_draws_no_colour_where_none_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    stream = Screen()

    console(stream).print("failed", style=Tone.BAD, end="")

    assert stream.getvalue() == "failed"
