"""fream exec becomes Docker in a set's container."""

from __future__ import annotations

from fream_compose.release import SetName
from tests.fakes import Stage
from tests.fakes.commands import Fream


def test_a_command_in_a_set_ends_with_its_own_code(
    stage: Stage, fream: Fream, became: list[list[str]]
) -> None:
    stage.put(SetName.SET1, "1.0.0")

    result = fream("exec", "live", "--", "ls", "-l", "--", "x")

    assert result.exit_code == 7
    assert became == [["docker", "container", "exec", "shop-app-set1", "ls", "-l", "--", "x"]]


def test_nothing_is_run_in_a_set_that_has_ended(
    stage: Stage, fream: Fream, became: list[list[str]]
) -> None:
    stage.put(SetName.SET1, "1.0.0")
    stage.project.apps[SetName.SET1].end(1)

    result = fream("exec", "set1", "--", "ls", "-o", "json")

    assert result.exit_code == 2
    assert "set1 does not run" in result.stderr
    assert "fream logs set1" in result.stderr
    assert not became
