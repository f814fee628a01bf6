"""A project of an earlier fream is renewed while its users are served."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from fream_compose.project import manifest
from fream_compose.setup import unmarked
from load import Load, Mix
from tests.stories.docker import docker
from tests.stories.fixtures import alone
from tests.stories.place import FIRST_PORT, NAME
from tests.stories.project import Project
from tests.stories.releases import GOOD, ROOT, Releases
from tests.stories.waiting import eventually

OLD_NAME = f"{NAME}-old"
OLD_TEXTS = Path(unmarked.__file__).with_name("unmarked")
RENEWED = "nginx/app.conf"  # what has changed since
MINE = "# mine\n"


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory, releases: Releases) -> Iterator[Project]:
    """A project of its own with a live release, so that no other test finds it changed."""
    folder = tmp_path_factory.mktemp("earlier")
    with alone(folder, OLD_NAME, releases.registry, FIRST_PORT + 1400) as made:
        made.succeed("up", "infra")
        made.switch(GOOD)
        yield made


@pytest.fixture
def earlier(first: Project) -> Project:
    """The files as the fream before the manifest wrote them."""
    make_earlier(first)
    return first


def make_earlier(project: Project) -> None:
    """nginx runs as an earlier fream left it: it read the include, and looks at nothing else."""
    make_earlier_containers(project)
    nginx, live = project.folder / "nginx", project.live()
    assert live
    for old in (OLD_TEXTS / "nginx").rglob("*.*"):
        (project.folder / old.relative_to(OLD_TEXTS)).write_text(old.read_text())
    (nginx / "net.inc").unlink(missing_ok=True)
    (nginx / "service-url.inc").write_text(
        f"set $service_url  fream_{live['set']};\nset $live_set     {live['set']};\n"
        f'set $live_version "{live["version"]}";\nset $live_switch  "{live["switch"]}";\n'
    )
    shutil.rmtree(nginx / ".live", ignore_errors=True)
    (nginx / "live").unlink(missing_ok=True)
    docker("kill", "--signal", "HUP", project.container("nginx"))
    eventually(lambda: "nginx" in requests.get(f"{project.control_url}/live", timeout=5).json())


@contextmanager
def clients(project: Project) -> Iterator[Load]:
    """People who use the app; none of them may notice anything."""
    with Load(project.http_port, Mix.only(new=1, keepalive=1, post=1)) as load:
        load.wait_for(10)
        yield load
        load.wait_for(10)
    assert load.report.ok, "\n".join(load.report.lines())


def upgrade(project: Project) -> dict[str, Any]:
    told = project.succeed("init", "--upgrade", "--output", "json")
    found: dict[str, Any] = json.loads(told.out)["result"]
    return found


def verdicts(project: Project) -> dict[str, str]:
    """What the doctor, who finds nothing that fails, says of each check."""
    told = project.succeed("doctor", "--output", "json")
    return {each["check"]: each["verdict"] for each in json.loads(told.out)["result"]["findings"]}


def test_what_nobody_edited_is_renewed_under_live_traffic(
    earlier: Project, releases: Releases
) -> None:
    next_version = releases.push("1.0.1")
    assert verdicts(earlier)["version"] == "warning"
    before = earlier.containers()
    with clients(earlier) as load:
        done = upgrade(earlier)
        load.wait_for(20)
        assert (earlier.folder / RENEWED).read_text() == (ROOT / RENEWED).read_text()
        assert verdicts(earlier)["version"] == "ok"
        refused = earlier.fream("switch", "--version", next_version)
        assert refused.code == 3, refused
        assert "fream reload" in refused.err
        earlier.succeed("reload")
        assert earlier.containers() == before
        load.mark("switch")
        earlier.switch(next_version)
        assert upgrade(earlier)["renewed"] == []
    assert RENEWED in done["renewed"]
    assert (done["added"], done["beside"]) == (["nginx/net.inc"], [])
    assert not (earlier.folder / "nginx/service-url.inc").exists()
    assert earlier.version() == next_version


def test_what_was_edited_stays_under_live_traffic_with_the_new_text_beside_it(
    earlier: Project, releases: Releases
) -> None:
    next_version = releases.push("1.0.2")
    ours, page = earlier.folder / RENEWED, earlier.folder / "nginx/pages/maintenance.html"
    edited, my_page = ours.read_text() + MINE, page.read_text() + "<!-- mine -->\n"
    ours.write_text(edited)
    page.write_text(my_page)
    new = ours.with_name(f"{ours.name}.new")
    before = earlier.containers()
    with clients(earlier) as load:
        done = upgrade(earlier)
        load.wait_for(20)
        assert new.read_text() == (ROOT / RENEWED).read_text()
        assert verdicts(earlier)["version"] == "warning"
        new.unlink()
        assert verdicts(earlier)["version"] == "ok"
        earlier.succeed("reload")
        assert earlier.containers() == before
        again = upgrade(earlier)
        load.mark("switch")
        earlier.switch(next_version)
    assert RENEWED not in done["renewed"]
    assert done["beside"] == [RENEWED]
    assert (again["renewed"], again["added"], again["beside"]) == ([], [], [])
    assert not new.exists()
    assert (ours.read_text(), page.read_text()) == (edited, my_page)
    assert earlier.version() == next_version


def test_mysql_moves_to_its_own_network_with_its_data_and_only_when_told(
    first: Project, releases: Releases
) -> None:
    """What runs reaches it meanwhile: a release on both networks, and one of before by joining."""
    make_earlier_containers(first)
    first.query("CREATE TABLE IF NOT EXISTS kept (word TEXT); INSERT INTO kept VALUES ('safe')")
    ids = first.containers()

    upgrade(first)
    first.succeed("reload")
    told = first.succeed("status").text
    assert "networks of mysql" in told
    assert "confinement of nginx" in told
    assert first.containers() == ids

    with clients(first) as load:
        first.switch(releases.push("1.0.3"))
        assert networks(first, "mysql") == {first.name}
        assert networks(first, first.live_set) == {first.name, f"{first.name}-data"}
        load.wait_for(20)
    assert first.get("/products").status_code == 200
    assert "networks of" in first.succeed("status").text

    first.succeed("up", "infra", "--recreate")
    assert "networks of" not in first.succeed("status").text
    assert_moved(first)


def test_a_release_of_before_keeps_its_way_to_a_mysql_that_moves(first: Project) -> None:
    make_earlier_containers(first)
    live = first.containers()[first.container(first.live_set)]
    upgrade(first)

    first.succeed("up", "infra", "--recreate")

    assert first.containers()[first.container(first.live_set)] == live
    assert_moved(first)
    assert "networks of" not in first.succeed("status").text


def assert_moved(project: Project) -> None:
    assert networks(project, "mysql") == {f"{project.name}-data"}
    assert networks(project, "nginx") == {project.name}
    assert project.query("SELECT DISTINCT word FROM kept").split()[-1] == "safe"
    eventually(lambda: project.get("/products").status_code == 200)


def make_earlier_containers(project: Project) -> None:
    """Its containers as the Compose files of before make them; nginx's files stay as they are."""
    (project.folder / manifest.MANIFEST).unlink(missing_ok=True)
    for old in (OLD_TEXTS / "compose").iterdir():
        (project.folder / old.relative_to(OLD_TEXTS)).write_text(old.read_text())
    project.compose("up", "--detach", "--wait", "--force-recreate")
    docker("network", "rm", f"{project.name}-data")
    eventually(lambda: project.get("/products").status_code == 200)


def networks(project: Project, service: str) -> set[str]:
    form = "{{range $name, $_ := .NetworkSettings.Networks}}{{$name}} {{end}}"
    return set(docker("inspect", "--format", form, project.container(service)).split())
