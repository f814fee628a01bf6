"""Errors whole, as an operator reads them: at a terminal of 60, 80 and 120 columns, in a pipe."""

from __future__ import annotations

import io
import os
import termios
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fream_compose import times
from fream_compose.cli import project
from fream_compose.cli.form import columns_of
from fream_compose.cli.views.errors import explained
from fream_compose.docker import refusals
from fream_compose.docker.facts import Condition, Origin
from fream_compose.docker.made_with import MadeWith
from fream_compose.errors import EngineError, FreamError
from fream_compose.interruption import Interruption
from fream_compose.operations import health, lost_env, ownership, promotion, rollback
from fream_compose.operations.outline import Outline
from fream_compose.operations.overall import Level, Overall
from fream_compose.project import durable
from fream_compose.project.health_settings import Health
from fream_compose.release import LiveRelease, SetName, Version
from fream_compose.report import Report
from tests.golden import WIDTHS, holds

IMAGE = "registry.example.com/shop/web:2.0"
LOG = (
    "2026-01-02T09:08:07Z Traceback (most recent call last):",
    '2026-01-02T09:08:07Z   File "/app/shop.py", line 12, in connect',
    "2026-01-02T09:08:08Z ConnectionError: no database at fream-mysql:3306, which was tried five "
    "times in a row",
    "… 3 more like it",
)


def raised(deed: Callable[[], object]) -> FreamError:
    with pytest.raises(FreamError) as caught:
        deed()
    return caught.value


def crash(starved: bool = False) -> FreamError:
    ended = Condition("running", 137 if starved else 1, 3, name="shop-app-set2", starved=starved)
    probe = health.Probe("GET /", lambda: health.Seen(fault="refused"), lambda: ended)
    moments = iter(range(100))
    error = raised(
        lambda: health.wait_until_healthy(
            probe, Health(), 50.0, lambda: float(next(moments)), lambda _: None
        )
    )
    error.logs, error.serving = LOG, "1.0.0 in set1 serves as before"
    return error


def image(said: str, *released: str) -> FreamError:
    error = refusals.explain(EngineError(f"{IMAGE} could not be pulled", said), IMAGE, released)
    error.serving = "1.0.0 in set1 serves as before"
    return error


def lost() -> FreamError:
    live = LiveRelease(SetName.SET1, Version("1.0.0"), "")
    return lost_env._lost(
        Path("/srv/shop/compose/.env"), Outline(live, "1.30", (), Overall(Level.WELL, "", ""))
    )


def not_ours() -> FreamError:
    origin = Origin("1", "shop-nginx", "nginx", "/srv/shop/compose", (), ())
    home = ownership.Home("shop", Path("/home/kim/shop/compose"), Path("/home/kim/shop/nginx"))
    error = ownership.not_ours([origin], home)
    assert error
    return error


ERRORS: dict[str, Callable[[], FreamError]] = {
    "crash": crash,
    "crash-for-memory": lambda: crash(starved=True),
    "image-missing": lambda: image("manifest unknown", "0.9", "1.0.0"),
    "image-login": lambda: image("Error response from daemon: no basic auth credentials"),
    "registry-down": lambda: image("dial tcp 10.0.0.7:443: connect: connection refused"),
    "registry-unknown": lambda: image("dial tcp: lookup registry.example.com: no such host"),
    "not-ours": not_ours,
    "no-project": lambda: raised(lambda: project.find(Path("/nowhere"))),
    "not-released": lambda: raised(lambda: rollback.target((), None)),
    "not-held": lambda: raised(
        lambda: promotion.promote(Path("/nowhere"), Report(), Interruption())
    ),
    "not-allowed": lambda: durable.unusable(
        Path("/nowhere/.fream"), PermissionError(13, "Permission denied")
    ),
    "env-lost": lost,
}


@pytest.fixture(autouse=True)
def _in_utc() -> Iterator[None]:
    times.use_utc(True)
    yield
    times.use_utc(False)


@pytest.mark.parametrize("name", ERRORS)
@pytest.mark.parametrize("columns", [*WIDTHS, 0])
def test_an_error_reads_well(name: str, columns: int) -> None:
    lines = explained(ERRORS[name](), columns)

    holds(f"errors/{name}-{columns or 'pipe'}.txt", "\n".join(lines) + "\n")
    folded = [line for line in lines if not line.startswith("  log ")]
    assert not columns or all(len(line) <= columns or " " not in line.strip() for line in folded)


def test_words_are_not_cut_and_a_narrow_terminal_folds_nothing() -> None:
    path = "/srv/" + "a" * 90
    error = FreamError("It failed", f"{path} is there", next_step="again")

    assert explained(error, 60)[1:3] == [f"  why      {path}", "           is there"]
    assert explained(error, 30) == explained(error)


def test_a_pipe_has_no_width() -> None:
    assert columns_of(io.StringIO()) == 0


def test_a_terminal_has_its_own() -> None:
    leader, follower = os.openpty()
    termios.tcsetwinsize(follower, (24, 72))
    with os.fdopen(follower, "w") as terminal:
        assert columns_of(terminal) == 72
    os.close(leader)


ASKED = {
    "services": {
        "nginx": {
            "image": "${NGINX_IMAGE:-nginx:1.30}",
            "container_name": "${COMPOSE_PROJECT_NAME}-nginx",
            "ports": ["${HTTP_PORT:-80}:80", "${HTTP_ALT_PORT:-18080}:80", "127.0.0.1:8090:8090"],
            "environment": {"TZ": "${TZ:-Asia/Seoul}"},
        },
        "set1": {
            "image": "${IMAGE_REGISTRY:-127.0.0.1:5000}/${IMAGE_NAME:-fream}:${SET1_VERSION:-none}",
            "environment": {
                "DB": "${MYSQL_DATABASE:?set it}",
                "DB_PASSWORD": "${MYSQL_PASSWORD:?set it}",
                "BOTH": "${TZ:-}-${TZ:-}",
                "NESTED": "${A:-${B}}",
                "GREETING": "${GREETING:-hi}",
            },
        },
    }
}


def test_the_lines_of_a_lost_env_are_read_from_what_was_made_with_it() -> None:
    made = [
        MadeWith(
            "nginx",
            "shop-nginx",
            "nginx:1.30",
            {"TZ": "Europe/Berlin"},
            {"80": ["127.0.0.1:8080", "18080"], "8090": ["127.0.0.1:8090"]},
        ),
        MadeWith(
            "set1",
            "shop-app-set1",
            f"registry:5000/acme/shop:1.0@sha256:{'a' * 64}",
            {
                "DB": "shopdb",
                "DB_PASSWORD": "hunter2hunter2",
                "BOTH": "Europe/Berlin-Europe/Berlin",
                "NESTED": "x",
                "GREETING": "hello, $you",
            },
            {},
        ),
        MadeWith("other", "other", "other", {}, {}),
    ]

    assert lost_env.lines_of(ASKED, made) == {
        "COMPOSE_PROJECT_NAME": "shop",
        "HTTP_PORT": "127.0.0.1:8080",
        "TZ": "Europe/Berlin",
        "IMAGE_REGISTRY": "registry:5000",
        "IMAGE_NAME": "acme/shop",
        "SET1_VERSION": f"1.0@sha256:{'a' * 64}",
        "MYSQL_DATABASE": "shopdb",
    }
