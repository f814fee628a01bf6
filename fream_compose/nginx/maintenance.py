"""Maintenance: nginx turns users away, except those on the allow list.

Without such a list it is a page, for which nginx looks at each request: one rename closes the
app, and its removal opens it. The list is two files that nginx has to read. All of it outlives
restarts of nginx and of the server, and `fream switch` leaves it alone.
"""

import html
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from fream_compose import foreign, times
from fream_compose.nginx import include
from fream_compose.project import durable
from fream_compose.release import moment_of

ALLOW_FILE, FILE = "maintenance-allow.inc", "maintenance.inc"
CLOSED = ".closed"
PAGE, _TOLD = Path(CLOSED, "page.html"), Path(CLOSED, "maintenance.json")
UNKNOWN = "unknown"
_TEMPLATE = Path("pages", "maintenance.html")
_MESSAGE = re.compile(r'<!--#\s*echo\s[^>]*?\bvar="maintenance_message"[^>]*-->')
# What means something to HTML, or between quotes to nginx.
_ESCAPED = {ord(character): f"&#{ord(character)};" for character in "&<>\"'\\$"}


@dataclass(frozen=True)
class Maintenance:
    """A maintenance: an id that nginx answers with, what users read, and who passes.

    allow: networks in CIDR notation.
    """

    id: str
    message: str
    allow: tuple[str, ...] = ()

    @property
    def since(self) -> datetime | None:
        """When it began, in UTC; None for an id that is not ours."""
        return moment_of(self.id)

    def same_as(self, other: "Maintenance | None") -> bool:
        """Whether users would see no difference."""
        return other is not None and replace(other, id=self.id) == self


def render(maintenance: Maintenance) -> dict[str, str]:
    """The files of an allow list by name, in the order in which to write them.

    The last one closes the app.
    """
    passes = "".join(f"    {network} 0;\n" for network in maintenance.allow)
    return {
        ALLOW_FILE: "# Written by fream.\n"
        f"geo $maintenance_closed {{\n    default 1;\n{passes}}}\n",
        FILE: "# Written by fream: users are turned away, except those on the allow list.\n"
        f'set $maintenance         "{maintenance.id}";\n'
        f'set $maintenance_message "{_escaped(maintenance)}";\n'
        "set $closed              $maintenance_closed;\n",
    }


def parse(files: Mapping[str, str]) -> Maintenance | None:
    """Read the files back; None when there is no maintenance."""
    values = dict(re.findall(r'set \$maintenance(\w*) +"([^"]*)";', files.get(FILE, "")))
    if not values.get(""):
        return None
    allow = re.findall(r"^ +(\S+) 0;$", files.get(ALLOW_FILE, ""), re.MULTILINE)
    message = values.get("_message", "")
    with suppress(ValueError):  # a number of more digits than Python reads
        message = html.unescape(message)
    return Maintenance(values[""], message, tuple(allow))


def put_list(folder: Path, maintenance: Maintenance | None) -> None:
    """Write or remove an allow list so that the file that closes the app never stands alone.

    nginx has to read it. Raises ConfigurationError.
    """
    for name, text in (render(maintenance) if maintenance else {}).items():
        durable.write(folder / name, text)
    if maintenance is None:
        for name in (FILE, ALLOW_FILE):
            durable.remove(folder / name)


def put_page(folder: Path, maintenance: Maintenance | None) -> None:
    """Close the app to everybody, or to nobody, from one moment to the next.

    The page is made from pages/maintenance.html. Raises ConfigurationError.
    """
    if maintenance is None:
        durable.remove(folder / PAGE)
        return
    include.make_readable(folder / CLOSED)
    durable.write(folder / _TOLD, json.dumps(asdict(maintenance)) + "\n")
    durable.write(folder / PAGE, _page(folder, maintenance))


def _page(folder: Path, maintenance: Maintenance) -> str:
    text = _escaped(maintenance)
    with suppress(OSError):
        template = (folder / _TEMPLATE).read_text("utf-8", "replace")
        return _MESSAGE.sub(lambda _: text, template)
    return text


def _escaped(maintenance: Maintenance) -> str:
    return maintenance.message.translate(_ESCAPED)


def listed(folder: Path) -> bool:
    """Whether there is an allow list for nginx to read."""
    return (folder / FILE).exists()


def read(folder: Path) -> Maintenance | None:
    """What the files of a configuration ask for; None when there is no maintenance."""
    if (folder / PAGE).exists():
        return _told(folder / _TOLD)
    paths = [folder / name for name in (ALLOW_FILE, FILE)]
    return parse({p.name: p.read_text("utf-8", "replace") for p in paths if p.exists()})


def _told(path: Path) -> Maintenance:
    """Of a page whose id and message nobody knows, it is known that it closes the app."""
    with suppress(OSError, ValueError):
        text = path.read_text("utf-8", "replace")
        return foreign.of_json(text, lambda n: Maintenance(str(n["id"]), str(n["message"])))
    return Maintenance(UNKNOWN, "")


def id_of(found: Maintenance | None) -> str:
    """Its id, as nginx answers with it; empty where there is none."""
    return found.id if found else ""


def to_json(found: Maintenance | None) -> dict[str, Any]:
    """As plain values."""
    since = found.since.isoformat() if found and found.since else ""
    return {"on": found is not None, "since": since, **(asdict(found) if found else {})}


def summary(found: Maintenance | None) -> str:
    """For people, in one line."""
    if found is None:
        return "Maintenance is off: the app is open to everybody"
    since = f" since {times.since(found.since)}" if found.since else ""
    passes = f"; {', '.join(found.allow)} may pass" if found.allow else ""
    return f'Maintenance is on{since}: "{found.message}"{passes}'
