"""Workers, schedulers and importers of a release: who works when, on real containers."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from tests.stories.docker import docker, inspect
from tests.stories.fixtures import alone
from tests.stories.place import FIRST_PORT, NAME
from tests.stories.project import Project
from tests.stories.releases import GOOD, Releases
from tests.stories.test_hooks import kill_at
from tests.stories.waiting import eventually

SERVICE = """
  {place}-{role}:
    <<: *app
    profiles: [{place}]
    image: ${{IMAGE_REGISTRY}}/${{IMAGE_NAME:-fream}}:${{{variable}_VERSION:-none}}
    command: [python, /srv/worker.py, {role}, {place}]
    stop_grace_period: 60s
    volumes: [../work:/srv:ro, ../log:/log]
"""
SICK = """\
    healthcheck:
      test: [CMD, python, -c, "import os, sys; sys.exit('sick' in os.environ['DEMO_VERSION'])"]
      interval: 1s
      retries: 1
"""
LATE = "services:\n    worker: {after: cut_over}\n    scheduler: {alone: true}"


@dataclass(frozen=True)
class Event:
    """A line of what the workers did."""

    at: float
    place: str
    role: str
    release: str
    what: str


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory, releases: Releases) -> Iterator[Project]:
    """A project whose releases have a worker and a scheduler."""
    folder = tmp_path_factory.mktemp("team")
    with alone(folder, f"{NAME}-team", releases.registry, FIRST_PORT + 1100) as made:
        _employ(made)
        made.succeed("up", "infra")
        made.switch(GOOD)
        yield made


@pytest.fixture
def quiet(team: Project) -> Iterator[Project]:
    """The project with the good release live, nothing of another, and a new page of events."""
    (team.folder / "log" / "done").unlink(missing_ok=True)
    yield team
    (team.folder / "log" / "done").touch()


def _employ(project: Project) -> None:
    for name in ("work", "log"):
        (project.folder / name).mkdir()
    (project.folder / "log").chmod(0o777)
    shutil.copy(Path(__file__).with_name("worker.py"), project.folder / "work")
    app = project.folder / "compose" / "app.yaml"
    app.write_text(app.read_text(encoding="utf-8") + written("worker", "scheduler"))
    settings = project.folder / "compose" / "compose.yaml"
    text = settings.read_text(encoding="utf-8")
    assert "services: {}" in text
    settings.write_text(text.replace("services: {}", LATE), encoding="utf-8")


def written(*roles: str, more: str = "") -> str:
    """Services for app.yaml, each in both sets."""
    return "".join(
        SERVICE.format(place=place, role=role, variable=place.upper()) + more
        for place in ("set1", "set2")
        for role in roles
    )


@contextmanager
def edited(project: Project, edit: Callable[[str], str]) -> Iterator[None]:
    """Another text in app.yaml for the length of the block."""
    path = project.folder / "compose" / "app.yaml"
    before = path.read_text(encoding="utf-8")
    path.write_text(edit(before), encoding="utf-8")
    try:
        yield
    finally:
        path.write_text(before, encoding="utf-8")


def importing(text: str) -> str:
    """With an importer, which starts with its release."""
    return text + written("importer", more=SICK)


def events(project: Project) -> list[Event]:
    """All that the workers wrote down, in order."""
    lines = (project.folder / "log" / "events").read_text(encoding="utf-8").splitlines()
    cells = [line.split(maxsplit=4) for line in lines]
    return [Event(float(at), *rest) for at, *rest in cells]


def of(project: Project, role: str, what: str, place: str = "") -> list[Event]:
    """The events of one kind."""
    return [
        event
        for event in events(project)
        if event.role == role and event.what.startswith(what) and place in ("", event.place)
    ]


def at_work(project: Project) -> set[str]:
    """The services beside the apps that run."""
    return {name for name in project.running() if "-" in name}


def all_of(place: str) -> set[str]:
    """The services of a live set."""
    return {f"{place}-{role}" for role in ("worker", "scheduler")}


def never_two_schedulers(project: Project) -> None:
    """One after the other: each began when the one before had ended."""
    steps = [(event.what, event.place) for event in events(project) if event.role == "scheduler"]
    steps = [step for step in steps if step[0] in ("began", "ended")]
    for (what, place), (after, other) in pairwise(steps):
        assert what != after, f"{place} {what}, then {other} {after}: {steps}"


def takes_jobs(project: Project) -> None:
    """The live set's worker takes jobs now, and no other does."""
    before = len(events(project))
    eventually(lambda: [e for e in events(project)[before:] if e.what.startswith("took")][2:])
    places = {e.place for e in events(project)[before:] if e.what.startswith("took")}
    assert places == {project.live_set}


def test_each_release_has_one_scheduler_and_one_worker(quiet: Project, releases: Releases) -> None:
    old = quiet.live_set
    quiet.switch(releases.push("2.0.0"))
    assert at_work(quiet) == all_of(quiet.live_set)
    assert quiet.live_set != old
    takes_jobs(quiet)

    quiet.succeed("switch", "--version", GOOD, "--keep-warm", "10m")
    warm = quiet.idle_set
    assert at_work(quiet) == all_of(quiet.live_set)
    takes_jobs(quiet)

    quiet.succeed("rollback")
    assert quiet.live_set == warm
    assert at_work(quiet) == all_of(warm)
    takes_jobs(quiet)
    never_two_schedulers(quiet)


def test_nothing_works_for_a_release_on_hold(quiet: Project, releases: Releases) -> None:
    idle = quiet.idle_set
    process = quiet.start("switch", "--version", releases.push("2.1.0"), "--hold")
    eventually(lambda: "is held since" in quiet.fream("status").out)
    takes_jobs(quiet)
    assert at_work(quiet) == all_of(quiet.live_set)

    quiet.succeed("promote")

    assert quiet.finish(process).code == 0
    assert at_work(quiet) == all_of(idle)
    takes_jobs(quiet)
    never_two_schedulers(quiet)


def test_a_job_under_way_is_finished_while_the_next_release_is_live(
    quiet: Project, releases: Releases
) -> None:
    quiet.switch(releases.push("2.2.0-long"))
    busy = quiet.live_set
    eventually(lambda: of(quiet, "worker", "took", busy)[-1].release == "2.2.0-long")

    quiet.switch(GOOD)

    assert at_work(quiet) == {*all_of(quiet.live_set), f"{busy}-worker"}
    assert busy not in quiet.running()
    told = quiet.succeed("status")
    assert f"{busy}-worker finishes its work, until " in told.out
    assert "notice" not in told.out
    shown = json.loads(quiet.succeed("status", "--output", "json").out)["result"]["finishing"]
    assert [one["service"] for one in shown] == [f"{busy}-worker"]
    assert "workers" not in quiet.succeed("doctor").out
    assert quiet.succeed("recover").seconds < 120
    takes_jobs_of = of(quiet, "worker", "finished", busy)
    assert all(event.release != "2.2.0-long" for event in takes_jobs_of)

    following = quiet.start("switch", "--version", releases.push("2.2.1"))
    eventually(lambda: f"Wait for {busy}-worker" in quiet.fream("status").out)
    (quiet.folder / "log" / "done").touch()

    assert quiet.finish(following).code == 0
    assert of(quiet, "worker", "finished", busy)[0].at < of(quiet, "worker", "began", busy)[-1].at
    assert [e.release for e in of(quiet, "worker", "finished job 1", busy)].count("2.2.0-long") == 1
    assert at_work(quiet) == all_of(busy)
    never_two_schedulers(quiet)


def test_a_worker_that_crashes_keeps_its_release_from_going_live(
    quiet: Project, releases: Releases
) -> None:
    before = quiet.live()

    with edited(quiet, importing):
        result = quiet.fream("switch", "--version", releases.push("2.3.0-importer-crashes"))

    assert result.code == 6, result
    assert f"The container of {quiet.idle_set}-importer ended" in result.err
    assert "importer lost its way" in result.err, "it is its own log that is shown"
    assert quiet.live() == before
    assert at_work(quiet) == all_of(quiet.live_set)


def test_a_worker_that_is_not_healthy_keeps_its_release_from_going_live(
    quiet: Project, releases: Releases
) -> None:
    before = quiet.live()

    with edited(quiet, importing), quiet.changed_env(HEALTH_CHECK_TIMEOUT="6s"):
        result = quiet.fream("switch", "--version", releases.push("2.3.1-sick"))

    assert result.code == 6, result
    assert f"The health check of {quiet.idle_set}-importer says unhealthy" in result.err
    assert "importer began" in result.err
    assert quiet.live() == before


def test_a_worker_that_crashes_once_it_is_live_takes_the_release_back(
    quiet: Project, releases: Releases
) -> None:
    before = quiet.live()

    with quiet.changed_env(GUARD="4s"):
        result = quiet.fream("switch", "--version", releases.push("2.4.0-worker-crashes"))

    assert result.code == 8, result
    # A busy engine soon forgets how a container ended that it started again.
    ended = "ended(,)? with (an )?exit code"
    assert re.search(f"The container of {quiet.idle_set}-worker {ended}", result.err), result
    assert "worker lost its way" in result.err
    live = quiet.live()
    assert (live or {})["set"] == (before or {})["set"]
    assert at_work(quiet) == all_of(quiet.live_set)
    takes_jobs(quiet)
    never_two_schedulers(quiet)


def test_a_run_that_was_killed_after_the_cut_over_is_brought_to_its_end(
    quiet: Project, releases: Releases
) -> None:
    quiet.switch(releases.push("2.5.0-scheduler-slow"))
    place = quiet.idle_set
    kill_at(quiet, GOOD, f"Hand over to {place}-scheduler, {place}-worker")
    assert quiet.live_set == place
    assert f"{place}-scheduler does not run" in quiet.succeed("status").out

    process = quiet.start("recover")
    (quiet.folder / "log" / "done").touch()

    assert quiet.finish(process).code == 0
    assert at_work(quiet) == all_of(place)
    assert "notice" not in quiet.succeed("status").out
    takes_jobs(quiet)
    never_two_schedulers(quiet)


def test_a_worker_that_never_stops_is_killed_at_the_end_of_its_grace(
    quiet: Project, releases: Releases
) -> None:
    with edited(
        quiet, lambda text: text.replace("stop_grace_period: 60s", "stop_grace_period: 2s")
    ):
        quiet.switch(releases.push("2.6.0-worker-stubborn"))
    place = quiet.live_set
    assert inspect(f"{quiet.name}-{place}-worker-1")["Config"]["StopTimeout"] == 2

    result = quiet.switch(GOOD)

    if "was killed" not in result.text:
        eventually(lambda: f"{place}-worker" not in quiet.running())
        result = quiet.succeed("recover")
    assert f"{place}-worker of an earlier release did not end within its 2 s" in result.text
    assert at_work(quiet) == all_of(quiet.live_set)


def test_what_is_in_the_files_no_more_goes_with_its_set_or_at_the_end(
    quiet: Project, releases: Releases
) -> None:
    with edited(quiet, importing):
        quiet.switch(releases.push("2.7.0"))
    place = quiet.live_set
    told = f"{place}-importer is in the Compose files no more"
    assert told in quiet.succeed("status").out
    assert told in quiet.succeed("doctor").out

    quiet.switch(releases.push("2.2.0-long"))

    eventually(lambda: f"{place}-importer" not in docker("ps", "--format", "{{.Names}}"))
    assert "no more" not in quiet.succeed("status").out
    busy = quiet.live_set
    eventually(lambda: of(quiet, "worker", "took", busy)[-1].release == "2.2.0-long")
    quiet.switch(GOOD)
    _leave_behind(quiet, "mailer")
    assert "mailer is in the Compose files no more: fream down" in quiet.succeed("status").out

    process = quiet.start("down")
    (quiet.folder / "log" / "done").touch()

    assert quiet.finish(process).code == 0
    assert quiet.containers() == {}


def _leave_behind(project: Project, service: str) -> None:
    """A container of a service that is in the Compose files no more."""
    like = inspect(project.container(project.live_set))
    labels = {**like["Config"]["Labels"], "com.docker.compose.service": service}
    options = [word for name, value in labels.items() for word in ("--label", f"{name}={value}")]
    docker("run", "--detach", "--init", *options, like["Image"], "sleep", "600")
