"""A PHP-FPM application, Adminer from Debian: health by a command, released twice under load."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fream_compose.docker.project import open_project
from fream_compose.operations import inside
from tests.stories.docker import docker
from tests.stories.own_app import fream, project, push, run
from tests.stories.place import FIRST_PORT, NAME
from tests.stories.releases import Releases
from tests.stories.visitors import Visit, Visitors
from tests.stories.waiting import eventually

PROJECT = f"{NAME}-php"
PORT = FIRST_PORT + 980
RECIPE = r"""
FROM {base}
RUN apt-get update \
    && apt-get install --yes --no-install-recommends php-fpm adminer libfcgi-bin \
    && apt-get clean && ln -s /usr/sbin/php-fpm* /usr/sbin/php-fpm
RUN printf '%s\n' '[global]' 'error_log = /dev/stderr' 'process_control_timeout = 30' \
        '[www]' 'user = www-data' 'listen = 9000' 'clear_env = no' 'ping.path = /ping' \
        'pm = static' 'pm.max_children = 4' > /etc/php-fpm.conf \
    && printf '%s\n' '<?php register_shutdown_function(' \
        'fn() => print("<!-- release " . getenv("APP_VERSION") . " -->"));' \
        'chdir("/usr/share/adminer/adminer"); require "index.php";' > /srv/index.php \
    && printf '%s\n' '#!/bin/sh' 'SCRIPT_NAME=/ping SCRIPT_FILENAME=/ping REQUEST_METHOD=GET \' \
        '    cgi-fcgi -bind -connect 127.0.0.1:9000 | grep pong' > /usr/local/bin/ping-fpm \
    && chmod +x /usr/local/bin/ping-fpm
# Which lets it finish the requests that it has.
STOPSIGNAL SIGQUIT
CMD ["php-fpm", "--nodaemonize", "--force-stderr", "--fpm-config", "/etc/php-fpm.conf"]
ENV APP_VERSION="""
BROKEN = "RUN printf '%s\\n' '#!/bin/sh' 'echo the cache is cold; exit 3' > /usr/local/bin/ping-fpm"
SITE = """\
location ~ / {
    fastcgi_pass   fream_$live_set;
    include        fastcgi_params;
    fastcgi_param  SCRIPT_FILENAME  /srv/index.php;
}
"""
VERSION = r"<!-- release (\S+) -->"


@pytest.fixture
def place(releases: Releases, tmp_path: Path) -> Iterator[Path]:
    """The project, its nginx up, with three releases in the registry of which the last is bad."""
    recipes = {version: RECIPE + version + "\n" for version in ("1.0", "1.1", "1.2")}
    recipes["1.2"] += BROKEN
    image = push(releases, "php/adminer", recipes)
    options = ["--image", image, "--app-port", "9000", "--http-port", f"127.0.0.1:{PORT}"]
    settings = ["GUARD=1s", "HEALTH_CHECK_BY=command", "HEALTH_CHECK_COMMAND=ping-fpm"]
    options += [f"--set={each}" for each in (*settings, "HEALTH_CHECK_TIMEOUT=5s")]
    with project(tmp_path, PROJECT, *options) as made:
        (made / "nginx" / "site.d" / "php.conf").write_text(SITE)
        fream(made, "up", "infra")
        yield made


def test_a_php_fpm_application_is_released_twice_under_load_and_a_bad_release_is_refused(
    place: Path,
) -> None:
    said = fream(place, "switch", "--version", "1.0")
    assert "ping-fpm exit code 0" in said
    visitors = Visitors(PORT, Visit("/", VERSION), Visit("/?new", VERSION, keep=False))
    with visitors.at_work():
        eventually(lambda: visitors.all_served(more=5))
        evidence = fream(place, "switch", "--version", "1.1")
        fream(place, "rollback")
        refused = run(place, "switch", "--version", "1.2")

    assert visitors.failed == []
    for versions in visitors.served.values():
        assert {*versions} == {"1.0", "1.1"}
        assert versions[0] == versions[-1] == "1.0"
    assert "0 failed" in evidence
    assert refused.returncode == 6
    assert "exit code 3: the cache is cold" in refused.stdout + refused.stderr
    assert "healthy: ping-fpm exit code 0" in fream(place, "status")
    fream(place, "doctor")
    _nothing_hangs(place)

    # A GET over HTTP is the wrong question, and fream says so.
    env = place / "compose" / ".env"
    env.write_text(env.read_text().replace("BY=command", "BY=http").replace("=ping-fpm", "="))
    wrong = run(place, "switch", "--version", "1.1")
    assert wrong.returncode == 6
    assert "port 9000 speaks no HTTP/1.1" in wrong.stdout + wrong.stderr


def _nothing_hangs(place: Path) -> None:
    """A command that does not end is ended, and leaves nothing in the container."""
    opened = open_project(place / "compose")
    app = f"{PROJECT}-app-set1"

    code, _ = inside.run(opened, app, ("sh", "-c", "sleep 771 & sleep 772"), 1.0, lambda: None)

    assert code is None
    assert "sleep 77" not in docker("top", app, "-eo", "pid,args")
