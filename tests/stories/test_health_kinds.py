"""Health on a management port, by TCP, and by Docker's own check: good and bad releases of each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stories import web
from tests.stories.own_app import fream, project, push, run
from tests.stories.place import FIRST_PORT, NAME
from tests.stories.releases import Releases

PROJECT = f"{NAME}-kinds"
PORT = FIRST_PORT + 985
SERVER = """
import http.server, os, threading

def serve(port, status, body):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body.encode())
    http.server.ThreadingHTTPServer(("", port), Handler).serve_forever()

ready = int(os.environ["READY"])
threading.Thread(target=serve, args=(9001, ready, "management")).start()
serve(int(os.environ["LISTENS"]), 200, os.environ["VERSION"])
"""
CHECK = "import urllib.request as r; r.urlopen('http://127.0.0.1:9001/', timeout=2)"
RECIPE = f"""
FROM {{base}}
RUN echo {SERVER.encode().hex()} | python -c "import sys; \\
    open('/srv/app.py', 'wb').write(bytes.fromhex(sys.stdin.read()))"
HEALTHCHECK --interval=1s --retries=2 CMD ["python", "-c", "{CHECK}"]
CMD ["python", "-u", "/srv/app.py"]
ENV VERSION="""
GOOD, UNREADY, DEAF = "1.0", "2.0-unready", "3.0-deaf"


@pytest.fixture
def place(releases: Releases, tmp_path: Path) -> Iterator[Path]:
    """The project with its nginx up, and a good release and two bad ones."""
    recipes = {
        version: f"{RECIPE}{version} READY={ready} LISTENS={port}\n"
        for version, ready, port in ((GOOD, 200, 8000), (UNREADY, 503, 8000), (DEAF, 200, 8001))
    }
    image = push(releases, "kinds", recipes)
    options = ["--image", image, "--app-port", "8000", "--http-port", f"127.0.0.1:{PORT}"]
    options += ["--set=GUARD=1s", "--set=HEALTH_CHECK_TIMEOUT=8s"]
    with project(tmp_path, PROJECT, *options) as made:
        fream(made, "up", "infra")
        yield made


def ask_by(place: Path, **settings: str) -> None:
    """Have these variables, and no other of the health check, in .env."""
    env = place / "compose" / ".env"
    lines = [
        line
        for line in env.read_text().splitlines()
        if not line.startswith(("HEALTH_CHECK_BY", "HEALTH_CHECK_PORT"))
    ]
    env.write_text("\n".join([*lines, *(f"{name}={text}" for name, text in settings.items())]))


@pytest.mark.parametrize(
    ("settings", "bad", "why"),
    [
        ({"HEALTH_CHECK_PORT": "9001"}, UNREADY, "HTTP 503: management"),
        ({"HEALTH_CHECK_BY": "tcp"}, DEAF, "the connection was closed at once"),
        ({"HEALTH_CHECK_BY": "docker"}, UNREADY, "unhealthy"),
    ],
    ids=["management port", "tcp", "docker"],
)
def test_a_good_release_serves_and_a_bad_one_never_does(
    place: Path, settings: dict[str, str], bad: str, why: str
) -> None:
    ask_by(place, **settings)
    fream(place, "switch", "--version", GOOD)
    fream(place, "status")

    refused = run(place, "switch", "--version", bad)

    assert refused.returncode == 6, refused.stdout + refused.stderr
    assert why in refused.stdout + refused.stderr
    assert web.get(f"http://127.0.0.1:{PORT}/").text == GOOD
