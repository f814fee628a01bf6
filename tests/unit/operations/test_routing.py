"""Routes come into force by `fream reload`, and no release goes by others than are set."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fream_compose.errors import ConfigurationError, EngineError, ProxyError
from fream_compose.nginx.routes import PLAIN, Routes
from fream_compose.operations import infra
from fream_compose.operations.context import Context
from fream_compose.operations.drift import drift_of
from fream_compose.operations.dry_run import dry_run
from fream_compose.operations.plan import SwitchRequest
from fream_compose.operations.recovery import Recovery
from fream_compose.operations.reload import reload
from fream_compose.operations.snapshot import take_snapshot
from fream_compose.release import SetName, Version
from tests.fakes import Stage


@pytest.fixture
def routed(tmp_path: Path) -> Iterator[Stage]:
    """A project with 1.0.0 live, and with routes that nginx has not read."""
    stage = Stage(tmp_path, assets={"paths": ["/static"]})
    stage.put(SetName.SET1, "1.0.0")
    yield stage
    stage.project.close()


def told(stage: Stage) -> list[str]:
    return [
        drift.summary
        for drift in drift_of(stage.project, stage.proxy, take_snapshot(stage.project, stage.proxy))
    ]


def files(stage: Stage) -> set[str]:
    return {path.name for path in (stage.settings.nginx_directory / "routes").iterdir()}


def test_a_release_is_refused_while_nginx_goes_by_other_routes(routed: Stage) -> None:
    with pytest.raises(ConfigurationError) as caught:
        routed.switch("1.0.1")

    assert caught.value.exit_code == 3
    assert caught.value.next_step == "fream reload"
    assert set(routed.project.running()) == {"set1"}
    assert routed.serves() == "1.0.0"


def test_a_dry_run_names_it(routed: Stage) -> None:
    request = SwitchRequest(Version("1.0.1"))

    (obstacle,) = dry_run(routed.project, routed.proxy, request).obstacles

    assert obstacle.next_step == "fream reload"


def test_it_is_drift_until_a_reload(routed: Stage) -> None:
    assert told(routed) == ["routes: those that nginx has read now; others is set; fream reload"]

    reload(routed.context)

    assert told(routed) == []
    routed.switch("1.0.1")
    assert routed.serves() == "1.0.1"


def test_nginx_that_starts_reads_them_at_once(routed: Stage) -> None:
    routed.nginx.stop()
    routed.project.infra.discard("nginx")

    infra.up(routed.context, ("infra",))

    assert told(routed) == []


def test_files_that_a_killed_run_left_half_written_do_not_keep_nginx_from_starting(
    routed: Stage,
) -> None:
    reload(routed.context)
    (routed.settings.nginx_directory / "routes" / "asset.inc").unlink()
    routed.nginx.stop()
    routed.project.infra.discard("nginx")

    Recovery(routed.context).recover()

    assert "asset.inc" in files(routed)
    assert told(routed) == []


def test_nginx_that_runs_has_them_laid_ready(routed: Stage) -> None:
    infra.up(routed.context, ("infra",))

    assert "asset.inc" in files(routed)
    assert routed.proxy.routes_pending()


@pytest.mark.parametrize("command", [reload, lambda context: infra.up(context, ("infra",))])
def test_what_nginx_refuses_is_not_written(
    routed: Stage, command: Callable[[Context], object]
) -> None:
    (routed.settings.nginx_directory / "site.d" / "limits.conf").write_text("broken;\n")

    with pytest.raises(ProxyError, match="refuses"):
        command(routed.context)

    assert files(routed) == set(PLAIN.files)


def test_a_reload_after_which_nginx_goes_by_other_routes_is_none(routed: Stage) -> None:
    routed.nginx.sees_routes = False

    with pytest.raises(ProxyError, match="did not take its new configuration"):
        reload(routed.context)


def test_a_project_with_the_files_of_an_earlier_fream_goes_on_without_routes(live: Stage) -> None:
    folder = live.settings.nginx_directory
    (folder / "app.conf").write_text("server { location / { } }\n")
    shutil.rmtree(folder / "routes")

    reload(live.context)
    infra.up(live.context, ("infra",))
    live.switch("1.0.1")

    assert live.serves() == "1.0.1"
    assert not (folder / "routes").exists()


def test_files_that_would_not_read_the_routes_stop_them_and_nothing_else(routed: Stage) -> None:
    (routed.settings.nginx_directory / "app.conf").write_text("server { location / { } }\n")

    with pytest.raises(ConfigurationError, match=r"app\.conf does not read"):
        reload(routed.context)

    assert routed.serves() == "1.0.0"


def live_folder(stage: Stage) -> set[str]:
    live = stage.settings.nginx_directory / "live"
    return {path.name for path in live.glob("has-*")}


def members(stage: Stage, **compose: str) -> None:
    """The release has services beside the app: each is this one of Compose in both sets."""
    stage.proxy.routes = Routes({}, dict.fromkeys(SetName, compose))


def test_a_cut_over_names_the_services_that_the_release_has(live: Stage) -> None:
    """mysql stands for one that runs, cart for one that does not."""
    members(live, ui="mysql", cart="cart")

    live.switch("1.0.1")
    assert live_folder(live) == {"has-ui"}

    release = live.nginx.live
    members(live, more="mysql")
    live.proxy.put(release)
    assert live_folder(live) == {"has-ui"}, "what a release has is told once"


def test_a_release_whose_services_cannot_be_listed_is_not_cut_over_to(live: Stage) -> None:
    members(live, ui="mysql")
    release = live.nginx.live
    live.project.script.clear()
    live.project.fail("containers", "the engine is gone")

    with pytest.raises(EngineError):
        live.proxy.serve(release, 1)

    assert live.serves() == "1.0.0"
