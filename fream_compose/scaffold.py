"""A new project for another app: fream's own Compose and nginx files, edited for it."""

import shutil
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from fnmatch import fnmatch
from importlib.resources import files
from itertools import count
from pathlib import Path

from fream_compose import durable, tailor
from fream_compose.edit import variable
from fream_compose.envfile import EnvFile
from fream_compose.errors import ConfigurationError
from fream_compose.newapp import App, port_of

FOLDERS = ("compose", "nginx")
# What a project writes for itself: never copied, and kept out of version control.
STATE = {
    "compose": (".env*", "app.env", ".fream/"),
    "nginx": ("service-url.inc", "maintenance*.inc", ".candidate/"),
}
_EXAMPLE = ".env.example"
# Ports on 127.0.0.1 that two projects on one server cannot share.
LOOPBACK_PORTS = ("HTTP_ALT_PORT", "MYSQL_PORT", "SET1_PORT", "SET2_PORT", "CONTROL_PORT")
# What a project that is set up again must not forget.
_KEPT = ("COMPOSE_PROFILES", "SET1_VERSION", "SET2_VERSION", *tailor.PASSWORDS)


def template() -> Path:
    """The folder of fream's own compose/ and nginx/: in the package, or in the source tree."""
    package = Path(str(files("fream_compose")))
    installed = package / "template"
    return installed if installed.is_dir() else package.parent


def in_the_way(target: Path) -> list[Path]:
    """What a new project would overwrite."""
    return [target] if target.is_file() else [p for f in FOLDERS if (p := target / f).exists()]


def free_ports(
    app: App, source: Path, is_free: Callable[[int], bool], earlier: Mapping[str, str]
) -> dict[str, str]:
    """The loopback ports that the app needs: the usual ones, or the next that are free.

    earlier: the ports of this project before it is set up again; they stay.
    """
    given = [app.http_port, *(app.variables.get(name, "") for name in LOOPBACK_PORTS)]
    taken = {port_of(value) for value in [*given, *earlier.values()]}
    found = dict(earlier)
    for name, usual in _usual_ports(source).items():
        if name in app.variables or (name == "MYSQL_PORT" and not app.mysql):
            found.pop(name, None)
        elif name not in found:
            port = next(p for p in count(usual) if p not in taken and is_free(p))
            taken.add(port)
            found[name] = f"127.0.0.1:{port}" if name == "HTTP_ALT_PORT" else str(port)
    return found


def earlier_ports(target: Path, source: Path) -> dict[str, str]:
    """The loopback ports of the project that is in a folder; none where there is none."""
    env = EnvFile(target / "compose" / ".env")
    if not env.path.exists():
        return {}
    return {name: env.get(name) or str(port) for name, port in _usual_ports(source).items()}


def _usual_ports(source: Path) -> dict[str, int]:
    text = (source / "compose" / _EXAMPLE).read_text(encoding="utf-8")
    return {name: int(variable(text, name)) for name in LOOPBACK_PORTS}


def render(app: App, source: Path, ports: Mapping[str, str]) -> dict[Path, str]:
    """Every file of the project, by its path. Raises UsageError for an unknown variable."""
    found = {path.relative_to(source): path.read_text("utf-8") for path in _files(app, source)}
    edits = {
        Path("compose/compose.yaml"): tailor.compose,
        Path("compose/infra.yaml"): tailor.infra,
        Path("compose/app.yaml"): tailor.sets,
        Path("compose/.env.example"): tailor.env_example,
        Path("nginx/nginx.conf"): tailor.nginx,
    }
    for path, edit in edits.items():
        found[path] = edit(found[path], app)
    found[Path("compose/.env")] = tailor.env(found[Path("compose/.env.example")], app, ports)
    for folder, names in STATE.items():
        found[Path(folder, ".gitignore")] = _ignored(names)
    return found


def _files(app: App, source: Path) -> list[Path]:
    every = (path for folder in FOLDERS for path in sorted((source / folder).rglob("*")))
    return [path for path in every if path.is_file() and _wanted(path.relative_to(source), app)]


def _wanted(path: Path, app: App) -> bool:
    if path.name == _EXAMPLE:
        return True
    skipped = [*STATE[path.parts[0]], ".gitignore", *([] if app.mysql else ["mysql"])]
    return not any(fnmatch(part, name.rstrip("/")) for part in path.parts for name in skipped)


def _ignored(names: tuple[str, ...]) -> str:
    head = "# Secrets, and what fream keeps up to date on each server."
    exceptions = [f"!{_EXAMPLE}"] if fnmatch(_EXAMPLE, names[0]) else []
    return "\n".join([head, *names, *exceptions, ""])


def write(target: Path, texts: Mapping[Path, str]) -> None:
    """Write a project; an earlier `.env` is set aside as `.env.TIME`.

    Passwords and what is live are taken over from it. Raises ConfigurationError when a
    file cannot be written.
    """
    old = _set_aside(target / "compose" / ".env")
    for path, text in texts.items():
        _make_folder((target / path).parent)
        durable.write(target / path, text, mode=0o600 if path.name == ".env" else 0o644)
    if old:
        env = EnvFile(target / "compose" / ".env")
        known = env.names() & old.names()
        env.update({name: old.get(name) for name in _KEPT if name in known})


def _set_aside(env: Path) -> EnvFile | None:
    if not env.exists():
        return None
    now = datetime.now(UTC)
    return EnvFile(Path(shutil.move(env, env.with_name(f".env.{now:%Y%m%dT%H%M%SZ}"))))


def _make_folder(folder: Path) -> None:
    # Whatever the umask: nginx and MySQL read them as users of their own.
    try:
        for missing in reversed([p for p in (folder, *folder.parents) if not p.exists()]):
            missing.mkdir(mode=0o755)
            missing.chmod(0o755)
    except OSError as error:
        raise ConfigurationError(
            f"{folder} cannot be made", error.strerror or str(error)
        ) from error
