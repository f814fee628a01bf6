"""A release in Markdown: short, right, and nothing that others wrote is markup."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fream_compose.release_report.markdown import markdown
from tests.unit.release_report import examples


def test_a_good_release_is_told_in_seven_lines() -> None:
    assert markdown(examples.good()).splitlines() == [
        "*shop: 1.4.2 is live* (done)",
        "- `1.4.1 (set1) → 1.4.2 (set2)`",
        "- by `kim@shop-1 (jenkins-shop-214)`, `Prices with two decimals`",
        "- 2026-11-18 09:06:40 (UTC), took 20 s",
        "- Users noticed nothing: 2,130 requests served, none failed.",
        "- p50/p99: before 9 ms/35 ms, meanwhile 9 ms/36 ms, after 9 ms/194 ms",
        "- id: `20261118T090640Z-3f9a1c`",
    ]


def test_a_failure_is_told_with_its_step_why_and_the_log_in_a_fence() -> None:
    told = markdown(examples.never_healthy()).splitlines()

    assert told[0] == "*shop: The release of 1.4.2 failed* (failed)"
    assert "- failed step: `Check the health of set2`" in told
    assert "- serving: `1.4.1 in set1, as before`" in told
    assert any(line.startswith("- why: `The new release was not healthy") for line in told)
    begin = told.index("```")
    assert told[-1] == "```"
    assert len(told[begin + 1 : -1]) == len(examples.LOG)


def test_the_lines_of_a_log_keep_their_indent() -> None:
    log = ("java.lang.IllegalState", "\tat Shop.main", "x" * 500)

    told = markdown(replace(examples.never_healthy(), log=log)).splitlines()

    assert told[-4:] == [log[0], "    at Shop.main", "x" * 200, "```"]


def test_only_the_first_warnings_are_told() -> None:
    found = examples.good()
    run = replace(found.run, warnings=tuple(f"number {n}" for n in range(9)))

    told = markdown(replace(found, run=run))

    assert "- warning: `number 4`" in told
    assert "number 5" not in told
    assert told.endswith("- 4 more warnings")


@pytest.mark.parametrize("name", examples.EVERY)
def test_what_others_wrote_is_code_and_ends_nowhere_else(name: str) -> None:
    told = markdown(examples.EVERY[name]()).splitlines()
    fences = [number for number, line in enumerate(told) if line.startswith("```")]

    assert len(fences) in (0, 2)
    outside = told if not fences else told[: fences[0]] + told[fences[1] + 1 :]
    assert all(line.count("`") % 2 == 0 for line in outside)
    ours = "".join("".join(line.split("`")[::2]) for line in outside)
    assert not any(sign in ours for sign in "<>[]@#|~\\")
    assert "<!" not in "".join(told)
    assert len("\n".join(told)) < 12_000


def test_a_release_that_failed_before_its_place_was_decided_goes_nowhere_yet() -> None:
    report = examples.never_healthy()
    early = replace(report, run=replace(report.run, set="", replaced="", failed_step=""), steps=())

    told = markdown(early)

    assert "- `1.4.2`\n" in told
    assert "failed step" not in told


def test_where_no_step_failed_none_is_named_though_steps_have_no_id() -> None:
    report = examples.good()
    nameless = tuple(replace(step, id="") for step in report.steps)

    assert "failed step" not in markdown(replace(report, steps=nameless))
