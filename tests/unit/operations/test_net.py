"""The net under both releases: spread only while both run and are good."""

from __future__ import annotations

from pathlib import Path

import pytest

from fream_compose.errors import GuardError
from fream_compose.operations.removal import remove
from fream_compose.release import SetName
from tests.fakes import Behaviour, Stage
from tests.unit.operations.test_recovery_care import WARM


def nets(stage: Stage) -> set[str]:
    """The sets for which the other one answers."""
    link = stage.settings.nginx_directory / "live"
    return {path.name.removeprefix("net-") for path in link.glob("net-*")}


def spread_while(stage: Stage, action: str) -> list[set[str]]:
    """The nets just before an action."""
    seen: list[set[str]] = []
    stage.project.before(action, lambda: seen.append(nets(stage)))
    return seen


def test_no_set_answers_for_another_before_the_cut_over(live: Stage) -> None:
    seen: list[set[str]] = []
    live.watcher.at["Cut over"] = lambda: seen.append(nets(live))

    live.switch("1.0.1")

    assert seen == [set()]


def test_the_old_set_answers_for_the_new_one_until_it_stops(
    live: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    drained: list[set[str]] = []
    drain = live.proxy.drain

    def note(*arguments: object) -> bool:
        drained.append(nets(live))
        return drain(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(live.proxy, "drain", note)
    stopped = spread_while(live, "stop set1")

    live.switch("1.0.1")

    assert drained == [{"set2"}, set()], "what it was given meanwhile is answered, too"
    assert stopped == [set()]
    assert nets(live) == set()


def test_an_old_set_that_is_not_good_answers_for_nobody(live: Stage) -> None:
    def go_bad() -> None:
        app = live.project.apps[SetName.SET1]
        app.behaviour = Behaviour(status=500)

    live.watcher.at["Cut over"] = go_bad
    stopped: list[set[str]] = []
    live.project.before("stop set1", lambda: stopped.append(nets(live)))
    live.watcher.at["Drain set1"] = lambda: stopped.append(nets(live))

    live.switch("1.0.1")

    assert stopped == [set(), set()]


def test_a_warm_set_answers_for_the_live_one_until_it_is_removed(live: Stage) -> None:
    live.switch("1.0.1", keep_warm=WARM)
    assert nets(live) == {"set2"}
    live.fresh()
    removed = spread_while(live, "remove set1")

    remove(live.context, SetName.SET1)

    assert removed == [set()]


def test_a_net_that_is_left_does_not_lead_to_a_release_before_its_cut_over(live: Stage) -> None:
    live.switch("1.0.1", keep_warm=WARM)
    live.project.apps.pop(SetName.SET1).end(137)  # by hand
    live.fresh()
    assert nets(live) == {"set2"}
    started = spread_while(live, "up set1")

    live.switch("1.0.2")

    assert started == [set()]


def test_a_warm_set_answers_what_it_was_given_before_a_release_takes_its_place(live: Stage) -> None:
    live.switch("1.0.1", keep_warm=WARM)
    live.fresh()
    live.nginx.give("set1", 0.5)
    busy: list[bool] = []
    live.project.before("remove set1", lambda: busy.append(live.nginx.is_busy("set1")))

    live.switch("1.0.2")

    assert busy == [False]
    assert live.watcher.details["Remove set1, which was kept warm"] == "nothing in flight"


def test_what_the_old_set_is_given_while_the_new_one_is_guarded_is_answered(tmp_path: Path) -> None:
    stage = Stage(tmp_path, guard="200ms")
    stage.switch("1.0.0")
    stage.fresh()
    stage.watcher.at["Stop and remove set1"] = lambda: stage.nginx.give("set1", 0.5)
    busy: list[bool] = []
    stage.project.before("stop set1", lambda: busy.append(stage.nginx.is_busy("set1")))

    stage.switch("1.0.1")

    assert busy == [False]
    assert stage.watcher.warnings == []
    stage.project.close()


def test_the_way_back_takes_the_net_away_before_the_failed_set_goes(tmp_path: Path) -> None:
    stage = Stage(tmp_path, guard="2s")
    stage.switch("1.0.0")
    stage.fresh()

    def go_bad() -> None:
        stage.project.apps[SetName.SET2].behaviour = Behaviour(status=500)

    stage.watcher.at["Guard set2"] = go_bad
    removed = spread_while(stage, "remove set2")

    with pytest.raises(GuardError):
        stage.switch("1.0.1")

    assert removed == [set()]
    assert nets(stage) == set()
    assert stage.serves() == "1.0.0"
    stage.project.close()
