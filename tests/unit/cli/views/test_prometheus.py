"""The status as metrics."""

from __future__ import annotations

import re
from dataclasses import replace

from fream_compose.cli.views.prometheus import metrics
from fream_compose.operations.overall import Level, Overall
from fream_compose.project.entry import Result
from tests.golden import holds
from tests.unit.cli.views.seen import BUSY, CLOSED, DOWN, WELL, entry

_SAMPLE = re.compile(r'([a-z_]+)\{((?:[a-z]+="(?:[^"\\\n]|\\[\\"n])*",?)+)\} (-?[0-9.e+]+)')


def values(text: str) -> dict[str, float]:
    """Each sample by its name and labels, of a text of which every line is one of the format's."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    found = [_SAMPLE.fullmatch(line) for line in lines]
    assert all(found), lines
    return {f"{each[1]}{{{each[2]}}}": float(each[3]) for each in found if each}


def test_everything_that_is_measured_is_in_the_file() -> None:
    text = metrics(BUSY, entry(3, Result.FAILING))

    holds("status/busy.prom", text)
    told = values(text)
    assert told['fream_status{project="shop",level="degraded"}'] == 1
    assert told['fream_last_release_result{project="shop",result="failing"}'] == 1
    assert sum(v for k, v in told.items() if k.startswith("fream_last_release_result")) == 1


def test_each_metric_has_its_help_and_type_once_and_before_it() -> None:
    text = metrics(WELL, entry(1, Result.DONE))

    for name in {re.split("[{ ]", line)[0] for line in text.splitlines() if line[0] != "#"}:
        about = [line for line in text.splitlines() if f" {name} " in line and line[0] == "#"]
        assert [line.split()[1] for line in about] == ["HELP", "TYPE"]
        assert text.index(about[1]) < text.index(f"\n{name}{{")
    assert text.endswith("\n")


def test_an_outage_is_no_up_and_maintenance_is_told_apart() -> None:
    assert values(metrics(WELL, None))['fream_up{project="shop"}'] == 1
    assert values(metrics(DOWN, None))['fream_up{project="shop"}'] == 0
    assert values(metrics(DOWN, None))['fream_maintenance{project="shop"}'] == 0
    assert values(metrics(CLOSED, None))['fream_up{project="shop"}'] == 0
    assert values(metrics(CLOSED, None))['fream_maintenance{project="shop"}'] == 1


def test_a_project_without_a_release_has_none() -> None:
    nothing = replace(WELL, live=None, verdict=Overall(Level.DOWN, "nothing is live", ""))
    text = metrics(nothing, None)

    assert "fream_live_info" not in text
    assert "fream_last_release" not in text


def test_what_others_named_breaks_no_line() -> None:
    assert WELL.live
    evil = replace(WELL, project='a"b', live=replace(WELL.live, version='1\\0"\n# x'))

    assert r'project="a\"b",set="set1",version="1\\0\"\n# x"' in metrics(evil, None)
    values(metrics(evil, None))
