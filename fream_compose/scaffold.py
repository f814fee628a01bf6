"""A new project for another app: fream's own Compose and nginx files, edited for it."""

import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from fnmatch import fnmatch
from importlib.resources import files
from pathlib import Path

from fream_compose import durable, tailor
from fream_compose.envfile import EnvFile
from fream_compose.errors import ConfigurationError
from fream_compose.newapp import App

FOLDERS = ("compose", "nginx")
# What a project writes for itself: never copied, and kept out of version control.
STATE = {
    "compose": (".env*", "app.env", ".fream/"),
    "nginx": ("service-url.inc", "maintenance*.inc", ".candidate/"),
}
_EXAMPLE = ".env.example"
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


def earlier_ports(target: Path) -> dict[str, str]:
    """The ports that the project which is in a folder has fixed; none where there is none."""
    env = EnvFile(target / "compose" / ".env")
    if not env.path.exists():
        return {}
    return {name: port for name in tailor.PORTS if (port := env.get(name))}


def render(app: App, source: Path, ports: Mapping[str, str]) -> dict[Path, str]:
    """Every file of the project, by its path. Raises UsageError for an unknown variable.

    ports: on 127.0.0.1, those that are fixed.
    """
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
