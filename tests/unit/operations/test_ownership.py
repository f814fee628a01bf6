"""Whose the containers are, and where the engine is: every row of the decision."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fream_compose.docker.engine import Elsewhere, elsewhere
from fream_compose.docker.facts import Mount, Origin
from fream_compose.errors import ConfigurationError, LockedError, UnhealthyError
from fream_compose.operations import adoption
from fream_compose.operations.adoption import adopt, reject_kept, reject_left_data
from fream_compose.operations.ownership import Home, keep, not_here, not_ours, strangers
from fream_compose.project import lock
from fream_compose.project.place import settled
from fream_compose.release import SetName
from tests.fakes import Stage

OURS, OTHER = "/srv/shop/compose", "/srv/copy/compose"
HOME = Home("shop", Path(OURS), Path("/srv/shop/nginx"))


def origin(
    folder: str = "", files: str = "", mount: str = "", service: str = "nginx", id: str = "1"
) -> Origin:
    return Origin(id, f"shop-{service}", service, folder, tuple(files.split(",")), (mount,))


@pytest.mark.parametrize(
    ("found", "ours"),
    [
        (origin(OURS, f"{OURS}/compose.yaml"), True),
        (origin(f"{OURS}/", f"{OURS}/compose.yaml"), True),
        (origin(OURS, f"{OURS}/compose.yaml,{OURS}/compose.override.yaml"), True),
        (origin("/srv/shared", f"/srv/shared/base.yaml,{OURS}/compose.yaml"), True),
        (origin("/srv/shop", f"{OURS}/compose.yaml"), True),  # --project-directory .
        (origin(OURS, "-"), True),  # the file came through a pipe
        (origin(OURS, ""), True),
        (origin(OURS, "compose.yaml"), True),
        (origin(OURS, "/srv/shared/base.yaml", "/srv/shop/nginx"), True),
        (origin("", "", "/srv/shop/nginx"), True),
        (origin(OURS, f"{OURS}/compose.yaml", "/elsewhere/nginx"), True),  # an edited mount
        (origin(OTHER, f"{OTHER}/compose.yaml"), False),
        (origin(OTHER, "-"), False),
        (origin(OTHER, ""), False),
        (origin(f"{OURS}/backup", f"{OURS}/backup/compose.yaml"), False),
        (origin(OURS, f"{OTHER}/compose.yaml", "/srv/copy/nginx"), False),
        (origin("", "", "/srv/copy/nginx"), False),
        (origin("", ""), False),  # nothing tells: hands off
        (origin(OTHER, f"{OTHER}/compose.yaml", service="set1"), False),
    ],
)
def test_whose_a_container_is(found: Origin, ours: bool) -> None:
    assert (strangers([found], HOME) == ()) is ours


def test_a_link_to_the_folder_is_the_folder(tmp_path: Path) -> None:
    (tmp_path / "shop" / "compose").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "shop")
    home = Home("shop", tmp_path / "shop" / "compose", tmp_path / "shop" / "nginx")
    linked = str(tmp_path / "link" / "compose")

    assert strangers([origin(linked, f"{linked}/compose.yaml")], home) == ()


def test_one_strange_container_is_enough_and_all_are_named() -> None:
    mine = origin(OURS, f"{OURS}/compose.yaml")
    theirs = origin(OTHER, f"{OTHER}/compose.yaml", service="set1", id="2")

    error = not_ours([mine, theirs], HOME)

    assert error
    assert error.exit_code == 3
    assert OTHER in error.what
    assert "shop-set1" in error.why
    for way_out in (f"fream -C {OTHER}", "fream adopt", "COMPOSE_PROJECT_NAME"):
        assert way_out in error.next_step
    assert not_ours([mine], HOME) is None
    assert not_ours([], HOME) is None


def test_a_container_that_was_taken_over_is_ours_and_only_that_one() -> None:
    theirs = origin(OTHER, f"{OTHER}/compose.yaml", id="2")
    home = Home("shop", HOME.compose, HOME.nginx, frozenset({"2"}))

    assert not_ours([theirs], home) is None
    assert not_ours([origin(OTHER, "", id="3")], home)


@pytest.mark.parametrize(
    ("host", "refused"),
    [
        ("", False),
        ("unix:///var/run/docker.sock", False),
        ("unix:///run/user/1000/docker.sock", False),
        ("tcp://127.0.0.1:2375", True),
        ("tcp://10.0.0.9:2376", True),
        ("ssh://deploy@10.0.0.9", True),
        ("10.0.0.9:2375", True),
    ],
)
def test_only_a_socket_of_this_server_is_here(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, host: str, refused: bool
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.delenv("DOCKER_CONTEXT", raising=False)
    monkeypatch.setenv("DOCKER_HOST", host)

    found = elsewhere()

    assert (found is not None) is refused
    if found:
        assert not_here(found).exit_code == 3
        assert "unset DOCKER_HOST" in not_here(found).next_step


@pytest.mark.parametrize(
    ("variable", "chosen", "endpoint", "remedy"),
    [
        ("", "", None, ""),
        ("", "default", None, ""),
        ("default", "away", None, ""),
        ("away", "", "tcp://10.0.0.9:2375", "unset DOCKER_CONTEXT"),
        ("near", "away", "unix:///run/user/1000/docker.sock", ""),
        ("", "away", "ssh://10.0.0.9", "docker context use default"),
        ("", "near", "unix:///run/user/1000/docker.sock", ""),
    ],
)
def test_docker_is_asked_only_where_another_context_is_chosen(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    variable: str,
    chosen: str,
    endpoint: str | None,
    remedy: str,
) -> None:
    def asked() -> str:
        assert endpoint is not None, "Docker was asked"
        return endpoint

    monkeypatch.setattr("fream_compose.docker.engine.endpoint", asked)
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setenv("DOCKER_CONTEXT", variable)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    (tmp_path / "config.json").write_text(json.dumps({"currentContext": chosen} if chosen else {}))

    assert elsewhere() == (Elsewhere(str(endpoint), remedy) if remedy else None)


@pytest.mark.parametrize("text", ["{torn", "[]"])
def test_a_configuration_that_cannot_be_read_has_docker_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str
) -> None:
    monkeypatch.setattr("fream_compose.docker.engine.endpoint", lambda: "tcp://10.0.0.9:2375")
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    (tmp_path / "config.json").write_text(text)

    assert elsewhere()


# --- taking over ---


def moved(stage: Stage, folder: Path) -> Stage:
    """All that runs was made in another folder."""
    stage.project.made_in = dict.fromkeys(["mysql", "nginx", "set1"], folder)
    return stage


def take_over(stage: Stage, given: Path | None = None) -> adoption.Adopted:
    return adopt(stage.context, given)


def still_foreign(stage: Stage) -> bool:
    notes = stage.settings.state.notes
    settings = stage.settings
    home = Home(settings.project, settings.compose_directory, settings.nginx_directory)
    home = Home(home.project, home.compose, home.nginx, notes.adopted())
    return bool(strangers(stage.project.containers.origins(), home))


def test_a_moved_project_is_taken_over_and_serves_on(live: Stage, tmp_path: Path) -> None:
    moved(live, tmp_path / "gone" / "compose")
    assert still_foreign(live)

    found = take_over(live)

    assert not still_foreign(live)
    assert live.serves() == "1.0.0"
    assert set(found.containers) == {"shop-mysql", "shop-nginx", "shop-app-set1"}
    assert live.project.recreated
    assert not live.project.volumes_removed
    # The set runs on as it is; a container that is made there later is foreign again.
    assert live.project.made_in == {"set1": tmp_path / "gone" / "compose"}


def test_what_is_ours_is_left_alone(live: Stage) -> None:
    assert take_over(live).containers == ()
    assert not live.project.recreated


def test_a_folder_that_holds_the_project_must_be_named(live: Stage, tmp_path: Path) -> None:
    other = tmp_path / "other" / "compose"
    other.mkdir(parents=True)
    (other / "compose.yaml").touch()
    moved(live, other)

    with pytest.raises(ConfigurationError) as caught:
        take_over(live)
    assert f"--from {other}" in caught.value.next_step
    assert not live.project.recreated

    with lock.hold(other / ".fream", "fream switch"), pytest.raises(LockedError):
        take_over(live, other.parent)
    assert not live.project.recreated

    assert take_over(live, other.parent).folders == (str(other),)


def test_an_include_that_this_folder_lacks_is_nginxs_own(live: Stage, tmp_path: Path) -> None:
    moved(live, tmp_path / "gone" / "compose")
    live.include.unlink()

    take_over(live)

    assert live.include.exists()
    assert live.serves() == "1.0.0"


def test_a_broken_nginx_file_stops_it_before_anything_is_stopped(
    live: Stage, tmp_path: Path
) -> None:
    moved(live, tmp_path / "gone" / "compose")
    live.project.fail("test nginx", "unknown directive")

    with pytest.raises(Exception, match="test nginx"):
        take_over(live)

    assert not live.project.recreated
    assert live.serves() == "1.0.0"


def test_nobody_knows_what_is_live(live: Stage, tmp_path: Path) -> None:
    moved(live, tmp_path / "gone" / "compose")
    live.include.unlink()
    live.nginx.stop()

    with pytest.raises(Exception, match="nginx"):
        take_over(live)

    assert not live.project.recreated


def test_maintenance_that_this_folder_does_not_know_is_told(live: Stage, tmp_path: Path) -> None:
    moved(live, tmp_path / "gone" / "compose")
    live.nginx._allows = "20260101T000000Z-abcdef"

    with pytest.raises(ConfigurationError, match="maintenance"):
        take_over(live)

    assert not live.project.recreated


def test_data_that_would_be_left_behind_stops_it(
    live: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved(live, tmp_path / "gone" / "compose")
    mount = Mount(tmp_path / "gone" / "data", Path("/var/lib/mysql"))
    of_nginx = live.project.containers.mounts
    monkeypatch.setattr(
        live.project,
        "mounts",
        lambda name: (mount,) if name == "shop-mysql" else of_nginx(name),
    )

    with pytest.raises(ConfigurationError, match="MySQL's data is in"):
        take_over(live)

    assert not live.project.recreated


def test_what_nginx_does_not_find_from_here_is_no_success(
    live: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved(live, tmp_path / "gone" / "compose")
    monkeypatch.setattr("fream_compose.operations.checks._THROUGH_NGINX_SECONDS", 0.2)
    live.nginx.loses.add(SetName.SET1)

    with pytest.raises(UnhealthyError):
        take_over(live)


def test_folders_without_a_name_cannot_be_taken_from(tmp_path: Path) -> None:
    reject_kept([], None)
    reject_kept([str(tmp_path)], tmp_path)
    with pytest.raises(ConfigurationError):
        reject_kept([""], tmp_path)
    with pytest.raises(ConfigurationError):
        reject_kept([str(tmp_path)], tmp_path / "other")


def test_data_in_a_folder_is_never_left_behind(tmp_path: Path) -> None:
    old, new, empty = tmp_path / "old", tmp_path / "new", tmp_path / "empty"
    for folder in (old, new, empty):
        folder.mkdir()
    (old / "ibdata1").touch()
    (new / "ibdata1").touch()

    reject_left_data(None, None)
    reject_left_data(None, new)
    reject_left_data(old, old)
    reject_left_data(tmp_path / "gone", new)
    for now, then in ((old, new), (old, None), (tmp_path / "gone", empty), (empty, None)):
        with pytest.raises(ConfigurationError) as caught:
            reject_left_data(now, then)
        assert "MYSQL_DATA_DIR" in caught.value.next_step


def test_the_path_that_containers_know_the_folder_by_is_the_projects(
    live: Stage, tmp_path: Path
) -> None:
    folder = live.settings.compose_directory
    (tmp_path / "link").symlink_to(folder.parent)
    linked = tmp_path / "link" / "compose"
    live.project.made_in["mysql"] = linked
    assert settled(folder) == folder

    keep(live.project)

    assert settled(folder) == linked
    live.project.made_in.clear()
    keep(live.project)
    assert settled(folder) == linked


def test_the_path_is_not_noted_before_what_runs_was_taken_over(live: Stage) -> None:
    keep(live.project, adopts=True)

    assert not (live.settings.state_directory / "place").exists()
