"""A run in a job of GitHub Actions: groups, annotations, and the summary of its step."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from fream_compose.cli.reports.plain import PlainReport
from fream_compose.report import Report, Step
from fream_compose.text import clean
from fream_compose.times import span

_TABLE = str.maketrans({sign: f"\\{sign}" for sign in "\\`*_[]#|~"} | {"<": "&lt;"})


def at_work() -> bool:
    """Whether this is a job of GitHub Actions."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


def neutral(text: str) -> str:
    """Text in which the runner finds no command.

    It takes a line that begins with `::` for one, and `##[` wherever it is in a line.
    """
    lines = text.replace("##[", "##\\u005b").split("\n")
    return "\n".join(f"\\{line}" if line.lstrip().startswith("::") else line for line in lines)


def fit(text: str) -> str:
    """Text as it may be printed here: where a runner reads it, it finds no command in it."""
    return neutral(text) if at_work() else text


def command(name: str, data: str, **properties: str) -> str:
    """A command to the runner, in one line whatever it says."""
    said = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name}{' ' if said else ''}{said}::{_data(data)}"


def _data(text: str) -> str:
    shown = clean(text).replace("##[", "##\\u005b")
    return shown.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


class GithubReport(PlainReport):
    """Each step is a group, and a warning an annotation, which the page of the run shows."""

    def _text(self, text: str) -> str:
        return neutral(text)

    def _warned(self, text: str) -> None:
        self._say(command("warning", text, title="fream"))

    def _began(self, step: Step) -> None:
        self._say(command("group", step.heading))

    def _done(self, step: Step, seconds: float) -> None:
        super()._done(step, seconds)
        self._say("::endgroup::")

    def _failed(self, step: Step, seconds: float) -> None:
        super()._failed(step, seconds)
        self._say("::endgroup::")


def summarize(report: Report, ended: str, good: bool, counts: str, lines: Iterable[str]) -> None:
    """Add what became of a run to the summary of the job's step; no run fails for it.

    ended: how it ended, in a line. counts: of the requests meanwhile. lines: of what failed.
    """
    if path := os.environ.get("GITHUB_STEP_SUMMARY"):
        with suppress(OSError), Path(path).open("a", encoding="utf-8", errors="replace") as file:
            file.write(summary(report, ended, good, counts, lines))


def summary(report: Report, ended: str, good: bool, counts: str, lines: Iterable[str]) -> str:
    """The same as markdown."""
    about, move, why = report.heading, report.move, list(lines)
    rows = {
        "project": f"{about.project} on {about.server}" if about else "",
        "command": about.command if about else "",
        "from → to": f"{move.was} → {move.to}" if move else "",
        "by": about.by if about else "",
        "note": about.note if about else "",
        "requests": counts,
        "run": move.run if move else "",
    }
    told = [f"### {'✅' if good else '❌'} {_cell(ended)}", "", "| | |", "|---|---|"]
    told += [f"| {name} | {_cell(value)} |" for name, value in rows.items() if value]
    told += ["", *_block(why)] if why else []
    if report.warnings:
        told += ["", "**Warnings**", "", *(f"- {_cell(text)}" for text in report.warnings)]
    return "\n".join([*told, *_steps(report), "", ""])


def _steps(report: Report) -> list[str]:
    if not report.seconds:
        return []
    rows = [f"| {_cell(title)} | {span(took)} |" for title, took in report.seconds.items()]
    head = ["", "<details><summary>Steps</summary>", "", "| step | took |", "|---|---|"]
    return [*head, *rows, "", "</details>"]


def _cell(text: str) -> str:
    """Foreign text that is no markdown, and stays in its cell."""
    return " ".join(clean(text).split()).replace("&", "&amp;").translate(_TABLE)


def _block(lines: list[str]) -> list[str]:
    """Lines as they are, behind a fence that none of them can close."""
    text = [clean(line) for line in lines]
    fence = "`" * 3
    while any(fence in line for line in text):
        fence += "`"
    return [f"{fence}text", *text, fence]
