"""Right before the cut-over: is the new release still what was checked?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fream_compose.errors import EngineError, ProxyError, UnhealthyError
from fream_compose.operations.plan import SwitchRequest, decide
from fream_compose.operations.snapshot import take_snapshot
from fream_compose.operations.steps import planned
from fream_compose.project.entry import Kind
from fream_compose.release import SetName, Version
from tests.fakes import Behaviour, Stage
from tests.unit.operations.test_guard import Make, crash, go_bad, hang, refuse, restart, vanish

NEW = SetName.SET2
BEFORE_THE_CUT_OVER = ["Check set2 through nginx", "Warm up", "Test the nginx", "Look at set2"]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Makes a project in which 1.0.0 is live."""
    made: list[Stage] = []

    def build(**x_fream: Any) -> Stage:
        stage = Stage(tmp_path, **x_fream)
        made.append(stage)
        stage.put(SetName.SET1, "1.0.0")
        return stage

    yield build
    for stage in made:
        stage.project.close()


@pytest.mark.parametrize("trouble", [crash, restart, hang, refuse, go_bad, vanish])
@pytest.mark.parametrize("step", BEFORE_THE_CUT_OVER)
def test_a_release_that_fails_after_its_check_is_not_cut_over_to(
    make: Make, step: str, trouble: Callable[[Stage], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fream_compose.operations.checks._THROUGH_NGINX_SECONDS", 1.0)
    warm_up = {"paths": ["/"], "requests": 8, "timeout": "1s"}
    stage = make(warm_up=warm_up, health={"timeout": "2s", "request_timeout": "300ms"})
    stage.watcher.at[step] = lambda: trouble(stage)

    with pytest.raises((UnhealthyError, EngineError)):
        stage.switch("1.0.1")

    assert stage.serves() == "1.0.0"
    assert set(stage.project.apps) == {"set1"}
    assert "Cut over to set2" not in stage.watcher.steps


def test_a_hook_that_kills_the_release_stops_the_switch(make: Make) -> None:
    stage = make(hooks={"before_cut_over": [{"run": "true"}]})
    stage.watcher.at["Run the hooks before cut over"] = lambda: crash(stage)

    with pytest.raises(UnhealthyError) as caught:
        stage.switch("1.0.1")

    assert caught.value.exit_code == 6
    assert "exit code 137" in caught.value.why
    assert stage.serves() == "1.0.0"


def test_a_warm_up_of_which_nothing_was_answered_well_is_a_failure(make: Make) -> None:
    stage = make(warm_up={"paths": ["/"], "requests": 8})
    stage.watcher.at["Warm up"] = lambda: go_bad(stage)

    with pytest.raises(UnhealthyError, match="warm-up got no good answer"):
        stage.switch("1.0.1")


@pytest.mark.parametrize("successes", [1, 2, 5])
def test_nginx_is_tested_however_many_successes_a_health_check_needs(
    make: Make, successes: int
) -> None:
    stage = make(health={"timeout": "2s", "interval": "10ms", "successes": successes})
    (stage.settings.nginx_directory / "site.d" / "wrong.conf").write_text("broken on;")

    with pytest.raises(ProxyError):
        stage.switch("1.0.1")

    assert stage.serves() == "1.0.0"


def test_a_container_whose_own_health_check_fails_is_refused(make: Make) -> None:
    stage = make()
    stage.project.behaviours["1.0.1"] = Behaviour(health="unhealthy")

    with pytest.raises(UnhealthyError) as caught:
        stage.switch("1.0.1")

    assert "The health check of set2 says unhealthy" in caught.value.why


def test_a_container_that_runs_another_image_is_refused(make: Make) -> None:
    stage = make()
    stage.project.behaviours["1.0.1"] = Behaviour(image="image-of-yesterday")

    with pytest.raises(EngineError, match=r"set2 does not run 1\.0\.1"):
        stage.switch("1.0.1")

    assert set(stage.project.apps) == {"set1"}


def test_a_warm_set_that_crashed_meanwhile_is_replaced_by_a_new_container(make: Make) -> None:
    stage = make(keep_warm="10m")
    stage.switch("1.0.1")
    stage.fresh()
    stage.project.registry["1.0.0"] = ""
    stage.project.apps[SetName.SET1].restart()

    stage.switch("1.0.0", kind=Kind.ROLLBACK)

    assert "Start set1" in stage.watcher.steps
    assert "is not used as it is" in stage.watcher.warnings[0]
    assert stage.serves() == "1.0.0"


def test_a_warm_up_is_left_out_only_for_a_set_that_is_really_reused(make: Make) -> None:
    stage = make(keep_warm="10m", warm_up={"paths": ["/"], "requests": 4})
    stage.switch("1.0.1")
    stage.fresh()
    stage.project.registry["1.0.0"] = ""

    stage.switch("1.0.0")

    assert "Warm up set1" in stage.watcher.steps


EVERY_HOOK = {
    name: [{"run": "true"}] for name in ("before_start", "before_cut_over", "after_cut_over")
}


@pytest.mark.parametrize(
    "x_fream",
    [
        {},
        {"guard": "500ms"},
        {"keep_warm": "10m"},
        {"hooks": EVERY_HOOK, "warm_up": {"paths": ["/"]}, "guard": "500ms"},
    ],
)
@pytest.mark.parametrize("reuse", [False, True])
def test_a_switch_takes_the_steps_that_are_written_down(
    make: Make, x_fream: dict[str, Any], reuse: bool
) -> None:
    stage = make(**x_fream)
    if reuse:
        stage.project.registry["1.0.0"] = ""
        stage.switch("1.0.1", **({} if "keep_warm" in x_fream else {"keep_warm": None}))
        stage.fresh()
    version = "1.0.0" if reuse else "1.0.1"
    wish = SwitchRequest(Version.parse(version), kind=Kind.ROLLBACK)
    plan = decide(take_snapshot(stage.project, stage.proxy))
    titles = [step.title for step in planned(plan, wish, stage.settings)]

    stage.switch(version, kind=Kind.ROLLBACK)

    taken = stage.watcher.steps
    assert taken == [title for title in titles if title in taken], "in their order"
    left_out = set(titles) - set(taken)
    assert left_out <= {
        "Remove the images of past releases",
        "Keep set1 running",
        "Keep set2 running",
    }
