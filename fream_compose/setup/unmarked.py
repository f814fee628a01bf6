"""Projects from before fream noted what it wrote into them: what that was is found out."""

import re
from contextlib import suppress
from pathlib import Path

from fream_compose import foreign
from fream_compose.errors import ConfigurationError, UsageError
from fream_compose.project.manifest import Manifest, fingerprint
from fream_compose.setup import project_files
from fream_compose.setup.app import App

_TEXTS = Path(__file__).with_name("unmarked")
_IMAGE = r"^ +image: (?:\$\{IMAGE_REGISTRY:-([^}]*)\}/)?\$\{IMAGE_NAME:-([^}]+)\}:"
_NGINX_WROTE = ("service-url.inc", "maintenance*.inc", ".candidate/")
_USUAL_PORTS = ["8081", "8082"]


def manifest_of(root: Path) -> Manifest:
    """The manifest that a project would have. Raises ConfigurationError for what is no project."""
    app = _app_of(root)
    texts = written(app)
    known = foreign.of_json((_TEXTS / "hashes.json").read_bytes(), dict[str, str])
    hashes = {path: "" for path in known if Path(path) in texts}  # as if it were edited
    for path, text in texts.items():
        raw = fingerprint(_original(path).encode()) if path.as_posix() in known else ""
        if path.name == ".gitignore" or raw == known.get(path.as_posix()):
            hashes[path.as_posix()] = fingerprint(text.encode())
    return Manifest("", app.described() if app else {}, hashes)


def written(app: App | None) -> dict[Path, str]:
    """Every file for this app, as it was then where that is known."""
    texts = project_files.upgradable(app, project_files.template())
    if app:
        texts[Path("nginx/.gitignore")] = project_files.ignored(_NGINX_WROTE)
    for path in texts:
        if (_TEXTS / path).is_file():
            text = _original(path)
            edit = project_files.EDITS.get(path)
            # An edit of today that no longer fits: then the file counts as the user's.
            with suppress(LookupError):
                text = edit(text, app) if edit and app else text
            texts[path] = text
    return texts


def _original(path: Path) -> str:
    earlier = _TEXTS / path
    return (earlier if earlier.is_file() else project_files.template() / path).read_text("utf-8")


def _app_of(root: Path) -> App | None:
    """The app that the files are for; None for a copy of fream's own."""
    compose, sets, infra, example = (
        _text(root / "compose" / name)
        for name in ("compose.yaml", "app.yaml", "infra.yaml", ".env.example")
    )
    if "SPRING_PROFILES_ACTIVE=" in example:  # no other app's project has it
        return None
    name = re.search(r"^name: ([a-z0-9][a-z0-9_-]*)$", compose, re.M)
    image = re.search(_IMAGE, sets, re.M)
    if not name or not image:
        raise _untold(root, "it has no `name:` or no image as `fream init` writes them")
    ports = re.findall(r'SERVER_PORT: "(\d+)"', sets)
    health = re.search(r"^HEALTH_CHECK_POINT=(/\S*)$", example, re.M)
    try:
        return App(
            name=name[1],
            registry=image[1] or "",
            repository=image[2],
            port=0 if ports in ([], _USUAL_PORTS) else int(ports[0]),
            health_path=health[1] if health else "/",
            mysql=bool(re.search(r"^  mysql:", infra, re.M)),
            variables={"HTTP_ALT_PORT": ""} if "${HTTP_ALT_PORT" in infra else {},
        )
    except (ValueError, UsageError) as error:
        raise _untold(root, str(error)) from error


def _untold(root: Path, why: str) -> ConfigurationError:
    return ConfigurationError(
        "The files do not tell which app they were written for",
        f"{root / 'compose'}: {why}",
        next_step="Set up the same app in an empty folder, and compare the files",
    )


def _text(path: Path) -> str:
    return path.read_text("utf-8", "replace") if path.is_file() else ""
