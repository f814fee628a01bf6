"""The promise: while releases change, no request fails."""

from __future__ import annotations

import json

from tests.e2e.project import Project
from tests.e2e.releases import GOOD, Releases
from tests.load import Load, Mix
from tests.load.mix import Pace

SWITCHES = 10
# A client that thinks longer than nginx keeps its connection open would meet its end.
PACE = Pace(idle=6)
# Long enough for those clients. What is open to the old set for longer is cut: the
# WebSockets, with a goodbye.
DRAIN = "8s"


def test_ten_switches_under_every_kind_of_traffic_fail_no_request(
    live: Project, releases: Releases
) -> None:
    live.switch(GOOD)
    versions = [releases.push("1.0.1"), GOOD] * (SWITCHES // 2)
    with (
        live.changed_env(DRAIN_TIMEOUT=DRAIN),
        Load(live.http_port, Mix(), 600, pace=PACE) as load,
    ):
        for number, version in enumerate(versions, 1):
            load.wait_for(50)
            load.mark(f"switch {number} to {version}")
            live.switch(version)
        load.mark("the last switch has returned")
        load.wait_for(50)
    report = load.report
    assert report.ok, "\n".join(report.lines())
    assert set(report.phase("the last switch has returned").by_version) <= {GOOD, ""}
    assert {"1.0.1", GOOD} <= set(report.by_version)


def test_a_release_that_dies_at_once_when_stopped_fails_no_request(
    live: Project, releases: Releases
) -> None:
    live.switch(releases.push("rude", ON_SIGTERM="die"))
    mix = Mix.only(new=4, keepalive=4, post=3, slow=3, stream=2)
    with Load(live.http_port, mix, 120) as load:
        load.wait_for(50)
        load.mark("switch")
        switched = live.succeed("switch", "--version", GOOD, "--output", "json")
        load.mark("switched")
        load.wait_for(50)
    report = load.report
    assert report.ok, "\n".join(report.lines())
    assert set(report.phase("switched").by_version) == {GOOD}
    evidence = json.loads(switched.out)["result"]["evidence"]
    assert evidence["failed"] == 0
    assert evidence["by_set"].keys() == {"set1", "set2"}
    assert 0 < evidence["served"] <= report.served
