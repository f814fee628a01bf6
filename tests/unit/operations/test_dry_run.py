"""A dry run tells what a switch would do, and ends as the switch would."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from fream_compose.operations.dry_run import DryRun, dry_run
from fream_compose.operations.plan import SwitchRequest
from fream_compose.project import lock
from fream_compose.release import SetName, Version
from tests.fakes import Stage
from tests.fakes.project import DISK_BYTES


def look(stage: Stage, version: str = "1.0.1") -> DryRun:
    return dry_run(stage.project, stage.proxy, SwitchRequest(Version.parse(version)))


def codes(found: DryRun) -> list[int]:
    return [error.exit_code for error in found.obstacles]


def test_a_switch_that_would_succeed_has_no_obstacle(live: Stage) -> None:
    assert codes(look(live)) == []


def test_an_image_that_the_registry_does_not_have_is_5(live: Stage) -> None:
    found = look(live, "9.9")

    assert codes(found) == [5]
    assert "would fail: 9.9 is not in the registry" in found.lines()[-1]


def test_an_image_that_does_not_fit_on_the_disk_is_5(live: Stage) -> None:
    live.project.pulled = {str(n): "" for n in range(DISK_BYTES // 200_000_000)}

    assert codes(look(live)) == [5]


def test_another_run_is_4(live: Stage) -> None:
    with lock.hold(live.settings.state_directory, "fream switch"):
        found = look(live)

    assert codes(found) == [4]
    assert "`fream switch` by " in found.obstacles[0].why


def test_a_port_that_another_process_holds_is_3(live: Stage) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", live.settings.sets[SetName.SET2].port))
        taken.listen()
        assert codes(look(live)) == [3]


def test_a_configuration_that_nginx_refuses_is_7(live: Stage) -> None:
    (live.settings.nginx_directory / "site.d" / "wrong.conf").write_text("broken on;")

    assert codes(look(live)) == [7]


def test_the_first_obstacle_is_the_one_that_the_switch_meets_first(live: Stage) -> None:
    (live.settings.nginx_directory / "site.d" / "wrong.conf").write_text("broken on;")
    with lock.hold(live.settings.state_directory, "fream switch"):
        assert codes(look(live, "9.9")) == [4, 5, 7]


@pytest.mark.parametrize(
    "obstacle",
    [
        lambda stage: stage.project.registry.pop("1.0.1"),
        lambda stage: (stage.settings.nginx_directory / "site.d" / "x.conf").write_text("broken;"),
    ],
)
def test_a_dry_run_ends_as_the_switch_does(
    live: Stage, obstacle: Callable[[Stage], object]
) -> None:
    obstacle(live)
    foretold = codes(look(live))

    with pytest.raises(Exception, match=r".") as caught:
        live.switch("1.0.1")

    assert [getattr(caught.value, "exit_code", 1)] == foretold


def test_a_dry_run_changes_nothing(live: Stage) -> None:
    before = (live.env, live.project.running(), sorted(live.settings.nginx_directory.rglob("*")))

    look(live)
    look(live, "9.9")

    after = (live.env, live.project.running(), sorted(live.settings.nginx_directory.rglob("*")))
    assert after == before
