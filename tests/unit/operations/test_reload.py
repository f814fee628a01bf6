"""`fream reload`: edits of nginx's files take effect, and a project of an earlier fream moves."""

from __future__ import annotations

import shutil

import pytest

from fream_compose.errors import ConfigurationError, ProxyError
from fream_compose.nginx.include import FILE, FOLDERS, LINK
from fream_compose.operations.reload import reload
from fream_compose.release import SetName, Version
from tests.fakes import Stage


@pytest.fixture
def earlier(live: Stage) -> Stage:
    """nginx as an earlier fream left it: it read the include, and looks at nothing else."""
    release, folder = live.nginx.live, live.settings.nginx_directory
    assert release
    shutil.rmtree(folder / FOLDERS)
    (folder / LINK).unlink()
    (folder / FILE).write_text(
        f'set $live_set     {release.set};\nset $live_version "{release.version}";\n'
        f'set $live_switch  "{release.switch}";\n'
    )
    live.nginx.old_files = True
    live.nginx.stop()
    live.nginx.start()
    return live


def test_what_is_live_stays_and_new_workers_take_over(live: Stage) -> None:
    before, workers = live.nginx.live, set(live.proxy.workers())

    assert reload(live.context) == before

    assert live.nginx.live == before
    assert workers.isdisjoint(live.proxy.workers())


def test_a_link_that_is_lost_is_not_read_as_nothing(live: Stage) -> None:
    live.nginx.stop()
    live.nginx.start()
    (live.settings.nginx_directory / LINK).unlink()
    workers = live.proxy.workers()

    with pytest.raises(ProxyError) as caught:
        reload(live.context)

    assert "fream recover" in caught.value.next_step
    assert live.serves() == "1.0.0"
    assert live.proxy.workers() == workers


def test_before_the_first_release_a_reload_names_nothing(stage: Stage) -> None:
    assert reload(stage.context) is None


def test_files_that_nginx_refuses_are_not_read(live: Stage) -> None:
    workers = live.proxy.workers()
    (live.settings.nginx_directory / "site.d" / "limits.conf").write_text("broken;\n")

    with pytest.raises(ProxyError, match="refuses"):
        reload(live.context)

    assert live.proxy.workers() == workers


def test_old_workers_that_keep_accepting_are_no_reload(live: Stage) -> None:
    live.nginx.lingers, live.nginx.keeps_accepting = 60, True

    with pytest.raises(ProxyError, match="did not take its new configuration"):
        reload(live.context)


def test_nginx_without_a_worker_has_not_reloaded(
    live: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live.nginx, "processes", lambda: {99: "nginx: master process"})

    with pytest.raises(ProxyError):
        reload(live.context)


def test_an_nginx_of_an_earlier_fream_gets_no_release(earlier: Stage) -> None:
    with pytest.raises(ConfigurationError) as caught:
        earlier.switch("1.0.1")

    assert "fream reload" in caught.value.next_step
    assert earlier.serves() == "1.0.0"
    assert set(earlier.project.running()) == {"set1"}


def test_a_project_of_an_earlier_fream_goes_over_with_a_reload(earlier: Stage) -> None:
    before = earlier.nginx.live
    # The files are renewed, and nginx reads them now.
    earlier.project.before("signal HUP", lambda: setattr(earlier.nginx, "old_files", False))

    assert reload(earlier.context) == before
    earlier.switch("1.0.1")

    assert earlier.serves() == "1.0.1"
    assert not (earlier.settings.nginx_directory / FILE).exists()


def test_a_switch_reloads_nothing(live: Stage) -> None:
    workers = live.proxy.workers()

    live.switch("1.0.1")

    assert live.proxy.workers() == workers


def test_an_nginx_that_was_started_without_the_link_is_reloaded_once(live: Stage) -> None:
    release = live.nginx.live
    assert release
    (live.settings.nginx_directory / LINK).unlink()
    live.nginx.stop()
    live.nginx.start()
    workers = set(live.proxy.workers())

    live.proxy.serve(release, 5)

    assert live.nginx.live == release
    assert workers.isdisjoint(live.proxy.workers())
    assert (release.set, release.version.tag) == (SetName.SET1, Version("1.0.0").tag)
