"""The engine is really restarted: between two commands, as at a reboot, and inside a switch.

It is an engine of our own, so that nobody else's containers stop with it.
"""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.engine import Engine, engine_allowed, network_of_its_own
from tests.faults.fixtures import MINE, PORT, used
from tests.faults.site import VERSIONS, Site
from tests.faults.steps import ENV_FILE, PULL, THROUGH_NGINX, Moment, Step
from tests.faults.table import NEW, OLD, Matrix
from tests.stories.docker import docker
from tests.stories.project import Project
from tests.stories.releases import SHOP, Releases, build_shop, machine_images
from tests.stories.waiting import eventually

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not engine_allowed(), reason="no second Docker engine can be started here"),
]

MANY = 2000  # stated, not promised: while the engine is away nothing runs
# Answers to the health check of Compose, and ends when it is told to.
MYSQL = """\
FROM {base}
RUN ln -s /bin/true /usr/local/bin/mysql
CMD ["sh", "-c", "trap exit TERM; sleep infinity & wait"]
"""


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """A second engine, in whose network this thread now works. Its socket's path must be short."""
    build_shop()
    with tempfile.TemporaryDirectory(prefix="engine", ignore_cleanup_errors=True) as folder:
        made, images = Engine(Path(folder)), machine_images()
        with network_of_its_own():
            try:
                made.start()
                made.load(SHOP, images["NGINX_IMAGE"], images["BASE_IMAGE"])
                yield made
            finally:
                made.clean_up()


@pytest.fixture(scope="module")
def apart(
    engine: Engine, tmp_path_factory: pytest.TempPathFactory, matrix: Matrix
) -> Iterator[Site]:
    """A project of the second engine. Its images are here: it needs no registry."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", engine.host)
        releases = Releases("127.0.0.1:5000", f"{MINE}-apart")
        for tag in VERSIONS:
            releases.build(tag, DB="off")
        recipe = MYSQL.format(base=machine_images()["BASE_IMAGE"])
        docker("build", "--quiet", "--tag", "mysql:none", "-", stdin=recipe)
        project = Project(tmp_path_factory.mktemp("apart"), MINE, releases.registry, PORT)
        project.set_env(PULL_POLICY="missing", MYSQL_IMAGE="mysql:none")
        made = Site(project, releases, matrix)
        with used(project) as made.load:
            yield made


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGKILL], ids=lambda s: s.name)
def test_after_an_engine_restart_the_same_release_is_live_without_any_command(
    engine: Engine, apart: Site, signum: signal.Signals
) -> None:
    before = apart.project.live()
    how = "reboot: engine stopped" if signum is signal.SIGTERM else "engine killed (SIGKILL)"
    with apart.case(how, "between two switches", MANY) as case:
        engine.end(signum)
        engine.start()
        eventually(lambda: apart.project.live() == before)
        eventually(lambda: apart.serves(case) == OLD)
        assert apart.notices() == []
        case.exit, case.serves = "", OLD


@pytest.mark.parametrize(
    ("step", "codes"),
    [
        (PULL, (0, 5, 6, 7)),
        (THROUGH_NGINX, (0, 5, 6, 7)),
        # The guard sees both releases end with their engine: it goes back, or keeps both.
        (ENV_FILE, (0, 8, 9)),
    ],
    ids=["pull", "health", "env"],
)
def test_an_engine_restart_inside_a_switch_ends_in_one_release_or_the_other(
    engine: Engine, apart: Site, step: Step, codes: tuple[int, ...]
) -> None:
    with apart.case("engine restarted", f"before {step.name}", MANY) as case:
        result = apart.hit(step, Moment.BEFORE, engine.restart_command, case.new)
        assert result.code in codes, result
        case.exit = str(result.code)
        apart.await_release(case, NEW if result.code in (0, 9) else OLD)
