"""The promise: while releases change, no request fails."""

from __future__ import annotations

import json

from load import Load, Mix, Report
from load.mix import Pace
from tests.stories.project import Project
from tests.stories.releases import GOOD, Releases

# Together twenty switches. Idle connections and WebSockets hold each drain for seconds,
# so only some of the switches have them.
WITH_EVERY_KIND = 6
WITHOUT_IDLE_ONES = 14
# A client that thinks longer than nginx keeps its connection open would meet its end.
PACE = Pace(idle=6)
# Long enough for those clients. What is open to the old set for longer is cut: the
# WebSockets, with a goodbye.
DRAIN = "8s"


def test_switches_under_every_kind_of_traffic_fail_no_request(
    released: Project, releases: Releases
) -> None:
    versions = [releases.push("1.0.1"), GOOD]
    with released.changed_env(DRAIN_TIMEOUT=DRAIN):
        report = switch_back_and_forth(released, versions, WITH_EVERY_KIND, Mix())
    assert report.closes["websocket"] > 0


def test_releases_that_die_at_once_when_stopped_fail_no_request(
    released: Project, releases: Releases
) -> None:
    versions = [releases.push("rude", ON_SIGTERM="die"), GOOD]
    mix = Mix.only(new=4, keepalive=4, post=3, slow=3, stream=2)
    switch_back_and_forth(released, versions, WITHOUT_IDLE_ONES, mix)


def test_the_evidence_of_a_switch_is_what_the_clients_saw(
    released: Project, releases: Releases
) -> None:
    released.switch(releases.push("1.0.1"))
    with Load(released.http_port, Mix.only(new=4, keepalive=4, post=3)) as load:
        load.wait_for(50)
        switched = released.succeed("switch", "--version", GOOD, "--output", "json")
    evidence = json.loads(switched.out)["result"]["evidence"]
    assert evidence["failed"] == load.report.failed == 0
    assert evidence["by_set"].keys() == {"set1", "set2"}
    assert 0 < evidence["served"] <= load.report.served


def switch_back_and_forth(released: Project, versions: list[str], count: int, mix: Mix) -> Report:
    """Switch so many times under load; no request may fail."""
    released.switch(versions[-1])
    with Load(released.http_port, mix, 900, pace=PACE) as load:
        for number in range(count):
            load.wait_for(50)
            load.mark(f"switch {number + 1}")
            released.switch(versions[number % 2])
        load.mark("the last switch has returned")
        load.wait_for(50)
    report = load.report
    assert report.ok, "\n".join(report.lines())
    assert set(report.phase("the last switch has returned").by_version) <= {versions[-1], ""}
    assert set(versions) <= set(report.by_version)
    return report
