"""nginx/routes/ on the disk: written when the settings ask for something else."""

from contextlib import suppress
from pathlib import Path

from fream_compose.errors import ConfigurationError
from fream_compose.nginx import include
from fream_compose.nginx.routes import FOLDER, PLAIN, Routes
from fream_compose.project import durable

# Which file reads each, and how one of today's says so; the keeper reads certificates.json.
_READ_IN = {
    "http.conf": ("nginx.conf", f"{FOLDER}/http.con[f]"),
    "app.conf": ("app.conf", f"{FOLDER}/app.conf"),
    "control.conf": ("control.conf", f"{FOLDER}/control.con[f]"),
    "challenge.inc": ("live.inc", f"{FOLDER}/challenge.in[c]"),
    "redirect.inc": ("app.conf", f"{FOLDER}/redirect.in[c]"),
}


def differ(folder: Path, routes: Routes) -> bool:
    """Whether put() would change anything, or be refused."""
    if routes == PLAIN and not _reads(folder, "app.conf"):
        return False  # an earlier fream's files: the app's location is in app.conf
    place = folder / FOLDER
    found = {path.name for path in place.iterdir()} if place.is_dir() else set()
    texts = routes.files.items()
    return found != set(routes.files) or any(_text(place / n) != text for n, text in texts)


def _reads(folder: Path, name: str) -> bool:
    reader, how = _READ_IN[name]
    return how in _text(folder / reader)


def put(folder: Path, routes: Routes) -> None:
    """Write the files into a folder of nginx's configuration; nginx reads them at its next reload.

    Raises ConfigurationError, also for files of nginx that would not read them.
    """
    wanted = [name for name in _READ_IN if name in routes.files]
    if unread := [name for name in wanted if not _reads(folder, name)]:
        reader, how = _READ_IN[unread[0]]
        raise ConfigurationError(
            f"nginx/{reader} does not read what x-fream.services, assets and tls need",
            f"It lacks `include {how};`",
            next_step="fream init --upgrade, or add that line yourself (in app.conf after "
            "live.inc, and `location /` is taken away; in live.inc at the end); then: fream reload",
        )
    place = folder / FOLDER
    try:
        include.make_readable(place)
        for name, text in routes.files.items():
            if _text(place / name) != text:
                durable.write(place / name, text)
        for path in place.iterdir():
            if path.name not in routes.files:
                durable.remove(path)
    except OSError as error:
        raise durable.unwritable(place, error) from error


def _text(path: Path) -> str:
    with suppress(OSError):
        return path.read_text("utf-8", "replace")
    return ""
