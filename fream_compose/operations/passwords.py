"""Whether MySQL's data accepts the passwords that `.env` names.

MySQL takes them when it makes its data, and never again: what is changed in `.env` later
shows in the app only, as it is started.
"""

import re
import time
from collections.abc import Callable

from fream_compose.docker.project import Project
from fream_compose.errors import ConfigurationError, EngineError
from fream_compose.report import Report

SERVICE = "mysql"
_LOOK_SECONDS = 2.0
# Access denied, to the server or to the database; no such database; no login by password.
_REFUSED = re.compile(r"^ERROR (?:1044|1045|1049|1698)\b.*", re.MULTILINE)
_BETWEEN = "-- root --"
# In a new container, because one that runs keeps what it was made with. The passwords
# are read in there, so that they are in no argument and in nothing that is printed.
_QUESTION = f"""
secret() {{ eval "printf %s \\"\\${{$1:-}}\\""; eval "cat \\"\\${{$1_FILE:-/dev/null}}\\""; }}
ask() {{
    MYSQL_PWD="$(secret "$2" 2>/dev/null)"
    export MYSQL_PWD
    [ -z "$MYSQL_PWD" ] || mysql --host="$HOST" --connect-timeout=5 --user="$1" -e 'DO 0' $3 2>&1
}}
ask "${{MYSQL_USER:-}}" MYSQL_PASSWORD "${{MYSQL_DATABASE:-}}"
echo '{_BETWEEN}'
ask root MYSQL_ROOT_PASSWORD ""
exit 0
"""


def reject_refused(project: Project, report: Report, check: Callable[[], None]) -> None:
    """Ask MySQL, which runs, whether it lets the app in. Raises ConfigurationError.

    A root password that it does not accept is a warning: the app does not use it. Where
    MySQL cannot be asked, nothing is said.
    """
    name = _container(project)
    if not name:
        return
    try:
        question = ["sh", "-c", f"HOST='{name}'{_QUESTION}"]
        printed = project.compose.one_off(SERVICE, question, check)
    except EngineError:
        return
    of_app, _, of_root = printed.partition(_BETWEEN)
    if found := _REFUSED.search(of_app):
        raise refused(project, found[0])
    if found := _REFUSED.search(of_root):
        report.warn(f"MySQL does not accept MYSQL_ROOT_PASSWORD of .env: {found[0]}")


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
