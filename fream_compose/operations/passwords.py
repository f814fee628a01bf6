"""Whether MySQL's data accepts the passwords that `.env` names.

MySQL takes them when it makes its data, and never again: what is changed in `.env` later
shows in the app only, as it is started.
"""

import re
import time
from collections.abc import Callable
from contextlib import suppress

from fream_compose.docker.project import Project
from fream_compose.errors import ConfigurationError, EngineError
from fream_compose.report import Report

SERVICE = "mysql"
_LOOK_SECONDS = 2.0
# Access denied, to the server or to the database; no such database; no login by password.
_REFUSED = re.compile(r"^ERROR (?:1044|1045|1049|1698)\b.*", re.MULTILINE)
# The password is read in the container, so that it is in no argument and in nothing that is
# printed. Arguments: user, the variable of the password, database, then mysql's own.
_ASK = """
user=$1 variable=$2 database=$3
shift 3
MYSQL_PWD="$({
    eval "printf %s \\"\\${$variable:-}\\""
    eval "cat \\"\\${${variable}_FILE:-/dev/null}\\""
} 2>/dev/null)"
export MYSQL_PWD
[ -z "$MYSQL_PWD" ] || mysql "$@" --connect-timeout=5 --user="$user" -e 'DO 0' $database 2>&1
exit 0
"""


def _of_app(host: str) -> list[str]:
    who = f'set -- "${{MYSQL_USER:-}}" MYSQL_PASSWORD "${{MYSQL_DATABASE:-}}" --host={host}'
    return ["sh", "-c", who + _ASK]


def _of_root() -> list[str]:
    return ["sh", "-c", "set -- root MYSQL_ROOT_PASSWORD ''" + _ASK]


def reject_refused(project: Project, report: Report, check: Callable[[], None]) -> None:
    """Ask MySQL as the app and as root. Raises ConfigurationError if the app is not let in.

    The app's password is tried in a new container, because one that runs keeps what it was
    made with; root is let in from inside the container only, where it has that one's. That
    root is not let in is a warning: fream does not need it, people do. Where MySQL cannot be
    asked, nothing is said.
    """
    name = _container(project)
    if not name:
        return
    with suppress(EngineError):
        answer = project.compose.one_off(SERVICE, _of_app(name), check)
        if found := _REFUSED.search(answer):
            raise refused(project, found[0])
        answer = project.containers.execute(name, _of_root())
        if found := _REFUSED.search(answer):
            report.warn(f"MySQL does not accept its container's MYSQL_ROOT_PASSWORD: {found[0]}")


class Refusal:
    """Looks, while MySQL starts, whether its health check is not let in."""

    def __init__(self, project: Project, clock: Callable[[], float] = time.monotonic) -> None:
        self._project = project
        self._clock = clock
        self._next = clock() + _LOOK_SECONDS

    def check(self) -> None:
        """Look, if it is time. Raises ConfigurationError."""
        if self._clock() < self._next:
            return
        self._next = self._clock() + _LOOK_SECONDS
        try:
            name = _container(self._project)
            printed = self._project.containers.last_health_check(name) if name else ""
        except EngineError:
            return
        if found := _REFUSED.search(printed):
            raise refused(self._project, found[0])


def refused(project: Project, answer: str) -> ConfigurationError:
    """What to tell when MySQL does not let the app in. answer: MySQL's."""
    container = _container(project)
    return ConfigurationError(
        "MySQL's data does not accept the user, password or database of .env",
        f"{answer}\nMySQL takes them from .env only when it makes its data",
        next_step=f"Put the earlier MYSQL_PASSWORD back in {project.settings.env_path}, or change "
        f"it in MySQL (docker exec -it {container} mysql -u root -p; ALTER USER …) and make its "
        "container anew: docker compose up -d --force-recreate mysql",
    )


def _container(project: Project) -> str:
    found = (c.name for c in project.containers.all() if c.service == SERVICE)
    return next(found, "")
