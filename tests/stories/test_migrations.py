"""Expand, move, contract: the example of docs/apps.md, with Alembic on MySQL, under load."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from load import Load, Mix
from tests.stories.docker import docker
from tests.stories.place import NAME
from tests.stories.project import Project
from tests.stories.releases import LABEL, ROOT, Releases, machine_images
from tests.stories.test_release_day import setting

EXAMPLE = ROOT / "docs" / "examples" / "expand-and-contract"
HOOK = """before_start:
      - {run: [alembic, upgrade, head], in: release, timeout: 5m}"""
WHY = "what 3.0.0 writes has no name for releases before it"
VERSIONS = {"1.0.0": "0001", "2.0.0": "0002", "3.0.0": "0003", "4.0.0": "0004"}


@pytest.fixture(scope="module")
def image(releases: Releases, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The four releases in the registry, each with the migrations up to its own."""
    name = f"{releases.registry}/people"
    for version, last in VERSIONS.items():
        context = tmp_path_factory.mktemp("people") / version
        shutil.copytree(EXAMPLE, context, ignore=shutil.ignore_patterns("releases"))
        shutil.copy(EXAMPLE / "releases" / f"{version}.py", context / "people.py")
        for path in (context / "migrations" / "versions").glob("0*.py"):
            if path.name[:4] > last:
                path.unlink()
        build(context, version, f"{name}:{version}")
        docker("push", "--quiet", f"{name}:{version}")
    return name


def build(context: Path, version: str, tag: str) -> None:
    """Build a release; what pip installs stays in Docker's build cache for the next run."""
    arguments = {"BASE_IMAGE": machine_images()["BASE_IMAGE"], "VERSION": version}
    options = [f"--build-arg={name}={value}" for name, value in arguments.items()]
    labels = [f"--label={LABEL}=1"]
    labels += [f"--label=fream.no-way-back={WHY}"] if version == "3.0.0" else []
    docker("build", "--quiet", "--network", "host", *options, *labels, "--tag", tag, str(context))


@pytest.fixture
def people(other_project: Project, image: str) -> Iterator[Project]:
    """A project of its own, whose hook migrates; nothing is released yet."""
    registry, _, name = image.rpartition("/")
    other_project.set_env(IMAGE_REGISTRY=registry, IMAGE_NAME=name, HEALTH_CHECK_POINT="/people")
    with setting(other_project, "before_start: []", HOOK):
        other_project.succeed("up", "infra")
        yield other_project


def answers(project: Project) -> str:
    """The release that answers users."""
    return project.get("/people").headers["X-App-Version"]


def revision(project: Project) -> str:
    """What Alembic has brought the database to."""
    return project.query("SELECT version_num FROM alembic_version")


def test_three_releases_expand_and_contract_forward_and_back_and_no_request_fails(
    people: Project,
) -> None:
    assert NAME in people.name
    people.switch("1.0.0")
    with Load(people.http_port, Mix.only(new=1, keepalive=1, post=1), paths=("/people",)) as load:
        load.wait_for(20)

        people.switch("2.0.0")
        assert revision(people) == "0002"
        load.wait_for(20)
        # Its own `alembic upgrade head` would not know the revision; it is not run.
        people.succeed("rollback")
        assert answers(people) == "1.0.0"
        load.wait_for(20)
        people.switch("2.0.0")
        load.wait_for(20)

        people.switch("3.0.0")
        load.wait_for(20)
        for command in (["rollback"], ["rollback", "--to", "1.0.0"]):
            refused = people.fream(*command)
            assert refused.code == 10, refused
            assert "There is no way back behind 3.0.0" in refused.err
            assert WHY in refused.err
        assert WHY in people.succeed("status").out

        people.switch("4.0.0")
        assert revision(people) == "0004"
        load.wait_for(20)
        people.succeed("rollback")
        assert answers(people) == "3.0.0"
        assert people.fream("rollback").code == 10
        load.wait_for(20)

    assert load.report.ok, "\n".join(load.report.lines())
    assert people.query("SELECT COUNT(*) FROM people WHERE full_name IS NULL") == "0"
    assert int(people.query("SELECT COUNT(*) FROM people")) > 0
