"""fream's own files, edited for another app; each file's edits in one function.

What the user named is put in last: no later edit may find its words in there.
"""

import re
import secrets
from collections.abc import Mapping

from fream_compose.errors import UsageError
from fream_compose.setup.app import App
from fream_compose.setup.text_edits import (
    replaced,
    with_variable,
    without_block,
    without_lines,
    without_section,
    without_variables,
)

_ALTERNATIVE = "HTTP_ALT_PORT"  # a second port for users, which the old scripts had
# On 127.0.0.1, as fream's own project has them; Docker picks those of others.
PORTS = {"MYSQL_PORT": 3306, "SET1_PORT": 8081, "SET2_PORT": 8082, "CONTROL_PORT": 18090}
PASSWORDS = ("MYSQL_PASSWORD", "MYSQL_ROOT_PASSWORD")
_MYSQLS_OWN = ("root", "mysql", "sys", "information_schema", "performance_schema")
_SPECIAL = re.compile(r"""^'|[\s#$"\\`]""")  # what Compose reads as no sign of a value
_IN_QUOTES = re.compile(r"""'[^']*'|"[^"]*\"""")


def compose(text: str, app: App) -> str:
    """compose.yaml: the project's name, and what must be set."""
    text = replaced(text, "name: fream\n", f"name: {app.name}\n")
    text = replaced(text, "HEALTH_CHECK_POINT:-/products", "HEALTH_CHECK_POINT:-/")
    if not app.mysql:
        text = replaced(text, "infra (MySQL, nginx)", "infra (nginx)")
        text = _without_data_network(without_block(text, "  required:"))
    return text


def _without_data_network(text: str) -> str:
    """Without MySQL's network, which the files of an earlier fream do not have."""
    text = text.replace("; the sets reach MySQL, and nginx does not.", ".")
    return re.sub(r"^ +data:\n(?: +name: .*-data\n)?", "", text, flags=re.MULTILINE)


def infra(text: str, app: App) -> str:
    """infra.yaml: with or without MySQL, and no port that another project may have."""
    text = replaced(text, "Asia/Seoul", "UTC")
    text = replaced(replaced(text, "{CONTROL_PORT:-18090", "{CONTROL_PORT:-"), ":-3306", ":-")
    if _ALTERNATIVE not in app.variables:
        text = without_lines(text, f"      - ${{{_ALTERNATIVE}")
    if not app.mysql:
        text = replaced(text, "the database and the proxy", "the proxy")
        for block in ("  mysql:", "secrets:", "volumes:"):
            text = without_block(text, block)
    return _with_app_name(text, app)


def https(text: str, app: App) -> str:
    """tls-on.yaml: the name that nginx has."""
    return _with_app_name(replaced(text, "Asia/Seoul", "UTC"), app)


def sets(text: str, app: App) -> str:
    """app.yaml: the image, the app's environment and its port."""
    text = _with_app_name(replaced(text, "Asia/Seoul", "UTC"), app)
    registry = f"${{IMAGE_REGISTRY:-{app.registry}}}/" if app.registry else ""
    text = replaced(text, "${IMAGE_REGISTRY:-127.0.0.1:5000}/", registry)
    text = replaced(text, "IMAGE_NAME:-fream", f"IMAGE_NAME:-{app.repository}")
    text = without_lines(text, "  SPRING_PROFILES_ACTIVE:")
    if not app.mysql:
        text = _without_data_network(without_lines(text, "  FREAM_DB_"))
        text = re.sub(
            r"^(  secrets: \[mysql_password\]|  # An app that can read .*)\n", "", text, flags=re.M
        )
    for usual in ("8081", "8082") if app.port else ():
        text = replaced(text, f'SERVER_PORT: "{usual}"', f'SERVER_PORT: "{app.port}"')
        text = replaced(text, f"}}:{usual}\n", f"}}:{app.port}\n")
    return text


def nginx(text: str, app: App) -> str:
    """nginx.conf: where the two sets are."""
    text = _with_app_name(text, app)
    for name, usual in (("set1", "8081"), ("set2", "8082")) if app.port else ():
        text = replaced(text, f"app-{name}:{usual} ", f"app-{name}:{app.port} ")
    return text


def _with_app_name(text: str, app: App) -> str:
    """Containers of two projects that share a network must not answer to the same name."""
    return replaced(text, "fream-", f"{app.name}-")


def env_example(text: str, app: App) -> str:
    """.env.example: the variables that the project has, and their defaults."""
    text = replaced(text, "Asia/Seoul", "UTC")
    text = _without_ports(without_variables(text, "SPRING_PROFILES_ACTIVE"), app)
    if app.mysql:
        text = replaced(text, "fream-mysql", f"{app.name}-mysql")
    else:
        text = text.replace(" MySQL's is this one with -data.", "")
        text = without_variables(without_section(text, "MySQL"), "FREAM_DB_")
    text = replaced(text, "FREAM_NETWORK_NAME=fream", f"FREAM_NETWORK_NAME={app.name}")
    if not app.registry:
        text = replaced(text, "IMAGE_REGISTRY/IMAGE_NAME", "IMAGE_NAME")
        text = without_lines(text, "IMAGE_REGISTRY=")
    named = {"IMAGE_NAME": app.repository, "HEALTH_CHECK_POINT": app.health_path}
    named |= {"IMAGE_REGISTRY": app.registry} if app.registry else {}
    database = app.name.replace("-", "_")[:32]
    database = f"{database}_app" if database in _MYSQLS_OWN else database
    named |= dict.fromkeys(("MYSQL_DATABASE", "MYSQL_USER"), database) if app.mysql else {}
    for name, value in named.items():
        text = with_variable(text, name, value)
    return text


def _without_ports(text: str, app: App) -> str:
    for name, usual in PORTS.items():
        text = re.sub(rf"^#?{name}={usual}$", f"#{name}=", text, flags=re.MULTILINE)
    remark = "Ports on 127.0.0.1; where one is empty, Docker picks a free one at each start."
    text = replaced(text, "nginx's control port, on 127.0.0.1.", remark)
    text = without_lines(text, "# Each set's port")
    if _ALTERNATIVE not in app.variables:
        text = replaced(without_lines(text, f"#{_ALTERNATIVE}="), "Both serve the app. ", "")
    return text


def env(example: str, app: App, ports: Mapping[str, str]) -> str:
    """.env: the example with new passwords, the given variables, and ports that are fixed.

    Raises UsageError for a given variable that the example does not have.
    """
    text = replaced(example, "# Copy to .env (mode 600) beside this file. ", "# ")
    passwords = {name: secrets.token_urlsafe(24) for name in PASSWORDS if app.mysql}
    given = {"HTTP_PORT": app.http_port, **ports, **passwords, **_quoted(app.variables)}
    for name, value in given.items():
        try:
            text = with_variable(text, name, value)
        except LookupError as error:
            raise UsageError(
                f"--set {name}: there is no such variable",
                "compose/.env.example lists the variables of the project; those of the app "
                "itself go to compose/app.env",
            ) from error
    return text


def _quoted(given: Mapping[str, str]) -> dict[str, str]:
    """Values as Compose reads them from `.env`: as they were given. Raises UsageError.

    Between single quotes each sign stands for itself, but for a single quote.
    """
    told = {}
    for name, value in given.items():
        plain = not _SPECIAL.search(value) or _IN_QUOTES.fullmatch(value)
        if not plain and "'" in value:
            why = "It has a single quote and another sign that Compose reads as no value's own"
            raise UsageError(f"--set {name} is not valid", why, next_step="Set it in .env by hand")
        told[name] = value if plain else f"'{value}'"
    return told
