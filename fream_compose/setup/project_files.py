"""A new project for another app: fream's own Compose and nginx files, edited for it."""

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from fnmatch import fnmatch
from importlib.resources import files
from pathlib import Path

from fream_compose.errors import ConfigurationError, reason
from fream_compose.project import durable, manifest
from fream_compose.project.envfile import EnvFile
from fream_compose.project.sharing import folder_mode, mode_in
from fream_compose.setup import template_edits
from fream_compose.setup.app import App

FOLDERS = ("compose", "nginx")
# What a project writes for itself: never copied, and kept out of version control.
STATE = {
    "compose": (".env*", "app.env", ".fream/"),
    "nginx": (
        "service-url.inc",
        "live",
        ".live/",
        "maintenance*.inc",
        ".closed/",
        ".candidate/",
        ".key/",
        "routes/*.inc",
        "routes/*.json",
        "routes/http.conf",
        "routes/control.conf",
    ),
}
_ENV, _EXAMPLE = Path("compose/.env"), ".env.example"
EDITS = {
    Path("compose/compose.yaml"): template_edits.compose,
    Path("compose/infra.yaml"): template_edits.infra,
    Path("compose/tls-on.yaml"): template_edits.https,
    Path("compose/app.yaml"): template_edits.sets,
    Path("compose/.env.example"): template_edits.env_example,
    Path("nginx/nginx.conf"): template_edits.nginx,
}
# What a project that is set up again must not forget.
_KEPT = ("COMPOSE_PROFILES", "SET1_VERSION", "SET2_VERSION", *template_edits.PASSWORDS)


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
    env = EnvFile(target / _ENV)
    if not env.path.exists():
        return {}
    return {name: port for name in template_edits.PORTS if (port := env.get(name))}


def render(app: App, source: Path, ports: Mapping[str, str]) -> dict[Path, str]:
    """Every file of the project, by its path. Raises UsageError for an unknown variable.

    ports: on 127.0.0.1, those that are fixed.
    """
    texts = upgradable(app, source)
    env = template_edits.env(texts[Path("compose", _EXAMPLE)], app, ports)
    return {
        **texts,
        manifest.MANIFEST: manifest.render(app.described(), texts),
        _ENV: env,  # the last one: until then the old one holds
    }


def upgradable(app: App | None, source: Path) -> dict[Path, str]:
    """What fream can write anew later, so all but `.env`. None: fream's own files as they are."""
    found = {path.relative_to(source): path.read_text("utf-8") for path in _files(app, source)}
    if app is None:
        return found
    edited = {path: edit(found[path], app) for path, edit in EDITS.items()}
    hidden = {Path(folder, ".gitignore"): ignored(names) for folder, names in STATE.items()}
    return {**found, **edited, **hidden}


def _files(app: App | None, source: Path) -> list[Path]:
    every = (path for folder in FOLDERS for path in sorted((source / folder).rglob("*")))
    return [path for path in every if path.is_file() and _wanted(path.relative_to(source), app)]


def _wanted(path: Path, app: App | None) -> bool:
    if path.name == _EXAMPLE:
        return True
    skipped = [*STATE[path.parts[0]], ".gitignore", manifest.MANIFEST.name, "__pycache__"]
    skipped += ["mysql"] if app and not app.mysql else []
    places = [*path.parts, "/".join(path.parts[1:])]
    return not any(fnmatch(place, name.rstrip("/")) for place in places for name in skipped)


def ignored(names: tuple[str, ...]) -> str:
    """The .gitignore of a folder that writes these for itself."""
    head = "# Secrets, and what fream keeps up to date on each server."
    exceptions = [f"!{_EXAMPLE}"] if fnmatch(_EXAMPLE, names[0]) else []
    return "\n".join([head, *names, *exceptions, ""])


def write(target: Path, texts: Mapping[Path, str]) -> None:
    """Write a project; an earlier `.env` is kept as `.env.TIME`.

    Passwords and what is live are taken over from it, byte for byte. Each file is the old
    one or the new one at every moment. Raises ConfigurationError when one cannot be written.
    """
    env = EnvFile(target / _ENV)
    if env.path.exists():
        texts = {**texts, _ENV: _taken_over(texts[_ENV], env)}
        aside = env.path.with_name(f".env.{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}")
        durable.write(aside, env.text(), mode=0o600)
        with suppress(PermissionError):  # of another user's: it stays as it is
            env.path.chmod(mode_in(env.path.parent, 0o600))
    put(target, texts)


def _taken_over(text: str, old: EnvFile) -> str:
    kept = {name: text for name, text in old.statements().items() if name in _KEPT}
    return re.sub(r"^#?(\w+)=.*$", lambda line: kept.get(line[1], line[0]), text, flags=re.M)


def put(target: Path, texts: Mapping[Path, str], private: bool = False) -> None:
    """Write files and their folders below a folder. Raises ConfigurationError.

    private: whether they are for this user alone.
    """
    for path, text in texts.items():
        _make_folder((target / path).parent, 0o700 if private else 0o755)
        closed = private or path.name == ".env"
        durable.write(target / path, text, mode=0o600 if closed else 0o644)


def _make_folder(folder: Path, mode: int) -> None:
    # Whatever the umask: nginx and MySQL read them as users of their own.
    try:
        for missing in reversed([p for p in (folder, *folder.parents) if not p.exists()]):
            missing.mkdir(mode=mode)
            missing.chmod(folder_mode(missing.parent, mode))
    except OSError as error:
        raise ConfigurationError(f"{folder} cannot be made", reason(error)) from error
