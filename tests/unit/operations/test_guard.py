"""A release that fails after its cut-over: the old one serves again, or the verdict tells."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fream_compose.errors import EngineError, GuardError, UncertainError
from fream_compose.nginx.recorder import Recorder
from fream_compose.operations.guard import Guard
from fream_compose.release import SetName
from fream_compose.report import Saw
from fream_compose.verdict import Verdict
from tests.fakes import Behaviour, Stage
from tests.fakes.log import access_line

OLD, NEW = SetName.SET1, SetName.SET2


class Traffic(threading.Thread):
    """Writes nginx's log as if users asked all the time."""

    def __init__(
        self, stage: Stage, log: Path, answer: Callable[[SetName], dict[str, Any]]
    ) -> None:
        super().__init__(daemon=True)
        self._stage = stage
        self._log = log
        self._answer = answer
        self._over = threading.Event()

    def run(self) -> None:
        with self._log.open("a", encoding="utf-8") as file:
            while not self._over.wait(0.01):
                if live := self._stage.nginx.live:
                    file.write(self._line(live.set))
                    file.flush()

    def _line(self, name: SetName) -> str:
        return access_line(time.time(), name, **{"seconds": 0.001, **self._answer(name)})

    def __enter__(self) -> Traffic:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()


Make = Callable[..., Stage]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Makes a guarded project in which 1.0.0 is live."""
    made: list[Stage] = []

    def build(**x_fream: Any) -> Stage:
        stage = Stage(tmp_path, **{"guard": "3s", **x_fream})
        made.append(stage)
        stage.put(OLD, "1.0.0")
        return stage

    yield build
    for stage in made:
        stage.project.close()


def after_cut_over(stage: Stage, do: Callable[[], None]) -> None:
    """Do something as soon as the new release serves."""
    stage.watcher.at["Drain"] = do


def crash(stage: Stage) -> None:
    stage.project.apps[NEW].end(137)


def restart(stage: Stage) -> None:
    stage.project.apps[NEW].restart()


def hang(stage: Stage) -> None:
    stage.project.apps[NEW].hangs.set()


def refuse(stage: Stage) -> None:
    stage.project.apps[NEW].refuse()


def go_bad(stage: Stage) -> None:
    app = stage.project.apps[NEW]
    app.behaviour = Behaviour(bad_from=app.asked + 1)


def vanish(stage: Stage) -> None:
    stage.project.apps.pop(NEW).end(137)


@pytest.mark.parametrize("trouble", [crash, restart, hang, refuse, go_bad, vanish])
def test_a_release_that_fails_after_its_cut_over_is_taken_back(
    make: Make, trouble: Callable[[Stage], None]
) -> None:
    stage = make()
    after_cut_over(stage, lambda: trouble(stage))

    with pytest.raises(GuardError) as caught:
        stage.switch("1.0.1")

    assert caught.value.exit_code == 8
    assert stage.serves() == "1.0.0"
    assert set(stage.project.running()) == {"set1"}
    assert "COMPOSE_PROFILES=infra,set1\n" in stage.env
    assert "1.0.0" in caught.value.serving
    last = stage.history.entries()[-1]
    assert last.result == "cut-back"
    assert last.why


def test_a_release_that_dies_as_the_guard_waits_is_taken_back(make: Make) -> None:
    stage = make()
    stage.watcher.at["Guard"] = lambda: crash(stage)

    with pytest.raises(GuardError):
        stage.switch("1.0.1")

    assert stage.serves() == "1.0.0"


def test_a_drain_that_takes_long_is_guarded_meanwhile(make: Make) -> None:
    stage = make(drain={"timeout": "30s"})
    stage.nginx.lingers = 30
    after_cut_over(stage, lambda: crash(stage))
    began = time.monotonic()

    with pytest.raises(GuardError):
        stage.switch("1.0.1")

    assert time.monotonic() - began < 15
    assert stage.serves() == "1.0.0"


@pytest.mark.parametrize("trouble", [crash, restart, hang, refuse, go_bad])
def test_a_release_that_dies_as_the_old_set_stops_is_taken_back(
    make: Make, trouble: Callable[[Stage], None]
) -> None:
    stage = make(guard="300ms")
    stage.project.before("stop set1", lambda: trouble(stage))

    with pytest.raises(GuardError):
        stage.switch("1.0.1")

    assert stage.serves() == "1.0.0"
    assert set(stage.project.apps) == {"set1"}


def test_a_set_that_does_not_come_back_well_is_not_gone_back_to(make: Make) -> None:
    stage = make(guard="300ms")

    def both() -> None:
        crash(stage)
        stage.project.apps[OLD].behaviour = Behaviour(status=500)

    stage.project.before("stop set1", both)

    with pytest.raises(UncertainError, match="Both"):
        stage.switch("1.0.1")

    assert set(stage.project.apps) == {"set1", "set2"}


def test_a_release_that_dies_as_its_evidence_is_read_is_taken_back(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A set that is to be kept warm is not stopped, which would be looked at once more."""
    stage = make(guard="300ms")
    end = Recorder.end

    def die(recorder: Recorder) -> None:
        if NEW in stage.project.running():
            crash(stage)
        end(recorder)

    monkeypatch.setattr(Recorder, "end", die)

    with pytest.raises(GuardError):
        stage.switch("1.0.1", keep_warm=timedelta(minutes=5))

    assert stage.serves() == "1.0.0"


def test_a_guard_that_breaks_off_keeps_the_old_set(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = make(guard="300ms")

    def tired(_guard: Guard, _saw: Saw) -> str:
        raise EngineError("Docker did not answer")

    monkeypatch.setattr(Guard, "finish", tired)

    stage.switch("1.0.1")

    assert set(stage.project.running()) == {"set1", "set2"}
    assert any("the old one is kept" in warning for warning in stage.watcher.warnings)


def test_a_hook_after_the_cut_over_is_guarded_too(make: Make) -> None:
    stage = make(hooks={"after_cut_over": [{"run": "sleep 30"}]})
    stage.watcher.at["Run the hooks after"] = lambda: crash(stage)
    began = time.monotonic()

    with pytest.raises(GuardError):
        stage.switch("1.0.1")

    assert time.monotonic() - began < 20
    assert stage.serves() == "1.0.0"


def test_one_bad_answer_is_no_reason_to_go_back(make: Make) -> None:
    stage = make()

    def hiccup() -> None:
        app = stage.project.apps[NEW]
        app.hangs.set()
        threading.Timer(0.8, app.hangs.clear).start()

    after_cut_over(stage, hiccup)

    stage.switch("1.0.1")

    assert stage.serves() == "1.0.1"


def test_when_both_have_gone_bad_both_are_kept(make: Make) -> None:
    stage = make()

    def both() -> None:
        refuse(stage)
        stage.project.apps[OLD].refuse()

    after_cut_over(stage, both)

    with pytest.raises(UncertainError) as caught:
        stage.switch("1.0.1")

    assert caught.value.exit_code == 9
    assert set(stage.project.running()) == {"set1", "set2"}
    assert "set1" in caught.value.why
    assert stage.history.entries()[-1].error == "UncertainError"
    assert stage.history.entries()[-1].served, "it is what nginx leads to"


def test_a_way_back_that_ends_midway_leaves_no_release_that_counts_as_served(make: Make) -> None:
    stage = make(guard="2s")
    after_cut_over(stage, lambda: crash(stage))
    stage.project.fail("remove set2", "the daemon restarts")

    with pytest.raises(UncertainError):
        stage.switch("1.0.1")

    last = stage.history.read().entries[-1]
    assert stage.serves() == "1.0.0"
    assert (last.version.partition("@")[0], last.released, last.served) == ("1.0.1", False, False)


def test_a_first_release_that_fails_has_nothing_to_go_back_to_and_is_kept(tmp_path: Path) -> None:
    stage = Stage(tmp_path, guard="2s")
    stage.watcher.at["Guard"] = lambda: stage.project.apps[SetName.SET1].refuse()

    with pytest.raises(UncertainError) as caught:
        stage.switch("1.0.0")

    assert "no other" in caught.value.what
    assert set(stage.project.apps) == {"set1"}
    stage.project.close()


def test_a_guard_of_zero_is_no_guard(make: Make) -> None:
    stage = make(guard="0")

    def hang_for_a_moment() -> None:
        hang(stage)
        threading.Timer(0.3, stage.project.apps[NEW].hangs.clear).start()

    after_cut_over(stage, hang_for_a_moment)

    stage.switch("1.0.1")

    assert stage.serves() == "1.0.1"
    assert not any(title.startswith("Guard") for title in stage.watcher.steps)


def test_without_a_guard_a_release_that_fails_is_no_success_and_the_old_set_stays(
    make: Make,
) -> None:
    stage = make(guard="0")
    after_cut_over(stage, lambda: refuse(stage))

    with pytest.raises(UncertainError) as caught:
        stage.switch("1.0.1")

    assert caught.value.exit_code == 9
    assert set(stage.project.running()) == {"set1", "set2"}


def test_the_old_set_stays_for_as_long_as_the_guard(make: Make) -> None:
    stage = make(guard="1s")
    seen: list[set[str]] = []
    stage.watcher.at["Guard"] = lambda: seen.append(set(stage.project.running()))
    began = time.monotonic()

    stage.switch("1.0.1")

    assert seen == [{"set1", "set2"}]
    assert time.monotonic() - began >= 1
    assert set(stage.project.running()) == {"set2"}


def test_an_engine_that_is_silent_for_a_moment_is_not_the_releases_fault(make: Make) -> None:
    stage = make()
    after_cut_over(stage, lambda: stage.project.fail("members set2", "the engine is tired"))

    stage.switch("1.0.1")

    assert stage.serves() == "1.0.1"


def test_a_release_that_cannot_be_taken_back_is_uncertain(make: Make) -> None:
    stage = make()

    def trouble() -> None:
        crash(stage)
        stage.nginx.refuses_reloads = True

    after_cut_over(stage, trouble)

    with pytest.raises(UncertainError) as caught:
        stage.switch("1.0.1")

    assert "fream recover" in caught.value.next_step
    assert stage.project.apps[OLD].state == "running"


def failing(**answer: Any) -> Callable[[SetName], dict[str, Any]]:
    """The new release's answers in nginx's log; the old one's are good."""
    return lambda name: answer if name is NEW else {}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "access.log"
    path.touch()
    return path


def switch_under(stage: Stage, log: Path, answer: Callable[[SetName], dict[str, Any]]) -> Any:
    stage.project.access_log = log
    with Traffic(stage, log, answer):
        time.sleep(0.3)  # users were there before
        return stage.switch("1.0.1")


def test_a_clear_failure_is_taken_back_although_its_health_check_is_good(
    make: Make, log: Path
) -> None:
    stage = make(guard="10s")

    with pytest.raises(GuardError) as caught:
        switch_under(stage, log, failing(status=503))

    assert stage.serves() == "1.0.0"
    assert "failed; of the old release's" in caught.value.why
    assert "requests failed; users went without" in caught.value.why
    evidence = stage.history.entries()[-1].evidence
    assert evidence["verdict"] == "fails"
    assert evidence["outage_seconds"] > 0.5


def test_a_clear_failure_is_only_reported_when_that_is_asked_for(make: Make, log: Path) -> None:
    stage = make(guard={"time": "2s", "on_errors": "report"})

    outcome = switch_under(stage, log, failing(status=503))

    assert outcome.worse
    assert outcome.evidence.verdict is Verdict.FAILS
    assert stage.serves() == "1.0.1"
    assert stage.history.entries()[-1].result == "failing"


def test_the_way_back_stays_open_when_users_fare_worse(make: Make, log: Path) -> None:
    stage = make(guard={"time": "2s", "on_errors": "report"})

    outcome = switch_under(stage, log, failing(status=500))

    assert outcome.kept_warm
    assert set(stage.project.running()) == {"set1", "set2"}


def test_a_release_for_which_nginx_has_to_answer_is_taken_back(make: Make, log: Path) -> None:
    turns = iter(range(10**6))

    def now_and_then(name: SetName) -> dict[str, Any]:
        lost = {"status": 502, "upstream_header_seconds": "-"}
        return lost if name is NEW and next(turns) % 4 == 0 else {}

    stage = make(guard={"time": "10s", "on_errors": "report"})

    with pytest.raises(GuardError) as caught:
        switch_under(stage, log, now_and_then)

    assert "nginx got no answer from it" in caught.value.why
    assert stage.serves() == "1.0.0"


def test_a_502_of_the_apps_own_is_not_nginxs(make: Make, log: Path) -> None:
    stage = make(guard={"time": "2s", "on_errors": "report"})

    outcome = switch_under(stage, log, failing(status=502, upstream_header_seconds="0.004"))

    assert stage.serves() == "1.0.1"
    assert outcome.worse


def test_a_release_as_good_as_the_old_one_is_no_worse(make: Make, log: Path) -> None:
    outcome = switch_under(make(guard="1s"), log, lambda _: {})

    assert outcome.evidence.verdict is Verdict.NO_WORSE
    assert not outcome.worse
    assert outcome.kept_warm is None


def test_a_release_that_goes_bad_after_good_seconds_is_taken_back(make: Make, log: Path) -> None:
    began: list[float] = []

    def good_at_first(name: SetName) -> dict[str, Any]:
        if name is NEW:
            began.append(time.monotonic())
        bad = name is NEW and began[-1] - began[0] > 3
        return {"status": 500} if bad else {}

    stage = make(guard="5s")

    with pytest.raises(GuardError):
        switch_under(stage, log, good_at_first)

    assert stage.serves() == "1.0.0"


@pytest.mark.parametrize("trouble", [crash, restart, hang, refuse, go_bad])
def test_a_release_that_fails_in_the_last_moment_of_the_guard_is_taken_back(
    make: Make, trouble: Callable[[Stage], None]
) -> None:
    stage = make(guard="1s")
    late = threading.Timer(0.8, lambda: trouble(stage))
    stage.watcher.at["Guard"] = late.start

    with pytest.raises(GuardError):
        stage.switch("1.0.1")

    assert stage.serves() == "1.0.0"


@pytest.mark.parametrize("trouble", [crash, restart, hang, refuse, go_bad])
def test_a_release_that_fails_while_the_old_one_stops_is_taken_back(
    make: Make, trouble: Callable[[Stage], None]
) -> None:
    stage = make(guard="500ms")
    stage.project.before("stop set1", lambda: trouble(stage))

    with pytest.raises(GuardError):
        stage.switch("1.0.1")

    assert stage.serves() == "1.0.0"
    assert "Start set1 again" in stage.watcher.steps
    assert set(stage.project.running()) == {"set1"}


def test_an_old_set_that_is_late_once_is_not_bad(make: Make) -> None:
    stage = make()

    def trouble() -> None:
        refuse(stage)
        old = stage.project.apps[OLD]
        old.behaviour = Behaviour(ready_after=old.asked + 1)

    after_cut_over(stage, trouble)

    with pytest.raises(GuardError):
        stage.switch("1.0.1")

    assert stage.serves() == "1.0.0"
