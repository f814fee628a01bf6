"""A recovery takes nothing away that serves, and puts nothing in its place that does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from fream_compose.errors import EngineError, ProxyError, UnhealthyError
from fream_compose.operations.recovery import Recovery
from fream_compose.project.entry import Kind
from fream_compose.release import SetName
from tests.fakes import Stage

WARM = timedelta(minutes=10)


@pytest.fixture
def recover(live: Stage) -> Callable[[], None]:
    """A recovery in which time passes a hundred times as fast."""
    live.speed = 100.0

    def run() -> None:
        Recovery(live.context).repair()

    return run


@pytest.fixture
def _users(live: Stage) -> None:
    """nginx answers on the users' port all the same."""
    live.nginx.users_get = (200, {}, "shop")


def break_nginx_files(live: Stage) -> None:
    (live.settings.nginx_directory / "site.d" / "limits.conf").write_text("broken;\n")


def test_an_nginx_that_hangs_is_restarted(live: Stage, recover: Callable[[], None]) -> None:
    live.nginx.silent = True

    recover()

    assert live.project.restarts == 1
    assert live.serves() == "1.0.0"


@pytest.mark.usefixtures("_users")
def test_an_nginx_that_serves_is_not_restarted_however_silent_it_is(
    live: Stage, recover: Callable[[], None]
) -> None:
    live.nginx.silent = True

    with pytest.raises(ProxyError, match="nginx serves"):
        recover()

    assert live.project.restarts == 0


def test_an_nginx_that_was_only_slow_is_not_restarted(
    live: Stage, recover: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    live.nginx.silent = True
    monkeypatch.setattr(
        live.interruption, "wait", lambda _seconds: setattr(live.nginx, "silent", False)
    )

    recover()

    assert live.project.restarts == 0


def test_an_nginx_that_would_not_come_back_is_not_restarted(
    live: Stage, recover: Callable[[], None]
) -> None:
    live.nginx.silent = True
    break_nginx_files(live)

    with pytest.raises(ProxyError, match="refuses"):
        recover()

    assert live.project.restarts == 0


def test_the_live_set_is_not_touched_when_the_idle_one_is_cleared(
    live: Stage, recover: Callable[[], None]
) -> None:
    live.project.start_by_hand(SetName.SET2, "0.9.0")
    app = live.project.apps[SetName.SET1]
    live.project.fail("remove set1", "it is live")

    recover()

    assert live.project.apps == {SetName.SET1: app}
    assert live.watcher.warnings == [], "nobody even thought of it"


def test_nothing_is_served_anew_from_files_that_nginx_refuses(
    live: Stage, recover: Callable[[], None]
) -> None:
    live.project.compose.remove(SetName.SET1)
    live.project.start_by_hand(SetName.SET1, "1.0.3")
    break_nginx_files(live)
    include = live.include.read_text()

    with pytest.raises(ProxyError):
        recover()

    assert live.include.read_text() == include


def test_a_set_that_is_ill_does_not_serve_in_place_of_a_lost_one(
    live: Stage, recover: Callable[[], None]
) -> None:
    live.speed = 1.0
    live.switch("1.0.1", keep_warm=WARM)
    warm = live.project.apps[SetName.SET1]
    warm.behaviour = replace(warm.behaviour, status=503)
    live.project.compose.remove(SetName.SET2)

    recover()

    assert live.serves() == "1.0.1"


def test_another_version_is_not_taken_from_a_set_that_was_kept_warm(live: Stage) -> None:
    live.switch("1.0.1", keep_warm=WARM)
    live.fresh()

    live.switch("1.0.2", kind=Kind.ROLLBACK)

    assert live.serves() == "1.0.2"


def test_what_a_failed_cut_over_sent_to_the_new_set_is_answered_before_it_goes(
    live: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve, drain = live.proxy.serve, live.proxy.drain
    asked: list[object] = []
    drained: list[set[str]] = []

    def fail_once(*wanted: object) -> None:
        asked.append(wanted)
        serve(*wanted)  # type: ignore[arg-type]
        if len(asked) == 1:
            raise EngineError("The workers could not be listed")

    def note(*arguments: object) -> bool:
        drained.append(set(live.project.running()))
        return drain(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(live.proxy, "serve", fail_once)
    monkeypatch.setattr(live.proxy, "drain", note)

    with pytest.raises(EngineError):
        live.switch("1.0.1")

    assert live.serves() == "1.0.0"
    assert drained == [{"set1", "set2"}]


def ill(live: Stage) -> None:
    app = live.project.apps[SetName.SET2]
    app.behaviour = replace(app.behaviour, health="unhealthy")


def unknown_to_nginx(live: Stage) -> None:
    live.nginx.loses.add(SetName.SET2)


@pytest.mark.parametrize("trouble", [ill, unknown_to_nginx])
def test_what_its_own_port_does_not_show_is_seen_right_before_the_cut_over(
    live: Stage, trouble: Callable[[Stage], None]
) -> None:
    live.watcher.at["Look at set2"] = lambda: trouble(live)

    with pytest.raises(UnhealthyError):
        live.switch("1.0.1")

    assert live.serves() == "1.0.0"
    assert "Cut over to set2" not in live.watcher.steps
