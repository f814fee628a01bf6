"""What each command's `result` is, for the schemas: the package's own types, or what it makes of
them where it prints something else."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, NotRequired, get_type_hints

from pydantic import create_model
from typing_extensions import TypedDict

from fream_compose.doctor.finding import Finding
from fream_compose.nginx.evidence import Evidence
from fream_compose.operations.certificates import HostCertificate
from fream_compose.operations.drift import Drift
from fream_compose.operations.outline import Outline
from fream_compose.operations.promotion import Decided
from fream_compose.operations.prune import Pruned
from fream_compose.operations.status import Status
from fream_compose.operations.watch import Frame
from fream_compose.project.entry import Entry
from fream_compose.release import SetName


class Release(TypedDict):
    """A release that serves: its set, its version with the digest, and the id of its switch."""

    set: SetName
    version: str
    switch: str


class Seen(TypedDict):
    """A release that nginx says it serves, where the settings cannot be read."""

    set: SetName
    version: str
    digest: str
    switch: str


def printed(name: str, kind: Any, **changed: Any) -> Any:
    """A dataclass as its command prints it; changed: the types of fields that are printed
    otherwise, None for one that is not."""
    hints = get_type_hints(kind)
    known = {field.name: hints[field.name] for field in fields(kind)} | changed
    given: dict[str, Any] = {
        field: (hint, ...) for field, hint in known.items() if hint is not None
    }
    return create_model(name, __doc__=kind.__doc__, **given)


if TYPE_CHECKING:
    PrintedEvidence = Evidence
else:
    PrintedEvidence = printed("Evidence", Evidence, series=None)


class Released(TypedDict):
    """A release that was made. seconds: of the whole run."""

    live: Release
    replaced: Release | None
    seconds: float
    evidence: PrintedEvidence
    no_way_back: str
    by: str
    note: str
    warnings: list[str]


class CutBack(TypedDict):
    """A release that was taken back after its cut-over."""

    evidence: PrintedEvidence


class PlannedStep(TypedDict):
    """A step that a switch would take."""

    id: str
    title: str
    cause: str


class DryRun(TypedDict):
    """What a switch would do, and the failures that it would end with."""

    steps: list[PlannedStep]
    obstacles: list[str]


class History(TypedDict):
    """The rows, the newest last, and how many lines could not be read."""

    entries: list[Entry]
    passed_over: int


class Recovered(TypedDict):
    """What serves, and what was repaired."""

    live: Release | None
    mended: list[str]


class Up(TypedDict):
    """What serves, where, and what is set and does not hold yet."""

    live: Release | None
    urls: list[str]
    drift: list[Drift]


class Down(TypedDict):
    """Whether the volumes were removed, too."""

    volumes_removed: bool


class Reloaded(TypedDict):
    """The live release, in words."""

    live: str


class Findings(TypedDict):
    """What the doctor found."""

    findings: list[Finding]


class Certificates(TypedDict):
    """How the certificate of each host fares."""

    certificates: list[HostCertificate]


class Maintenance(TypedDict):
    """Whether the app is closed, since when (ISO 8601 or empty), and who may pass."""

    changed: bool
    on: bool
    since: str
    id: NotRequired[str]
    message: NotRequired[str]
    allow: NotRequired[list[str]]


class Made(TypedDict):
    """Where a project was set up, and for which image."""

    directory: str
    image: str


Renewed = TypedDict(
    "Renewed",
    {
        "directory": str,
        "from": str,
        "to": str,
        "renewed": list[str],
        "added": list[str],
        "kept": list[str],
        "beside": list[str],
        "backup": str | None,
    },
)


class Plugin(TypedDict):
    """Where Docker finds fream."""

    path: str
    removed: NotRequired[bool]


class Completion(TypedDict):
    """What makes a shell complete fream."""

    shell: str
    script: str


class AdoptedBy(TypedDict):
    """The names of containers that were taken over, the folders they came from, what serves."""

    containers: list[str]
    folders: list[str]
    live: Release | None


_STATUS = printed("Status", Status, fault=None, not_served=str)

RESULTS: dict[str, Any] = {
    "switch": Released | DryRun | CutBack,
    "rollback": Released | CutBack,
    "promote": Decided,
    "abort": Decided,
    "recover": Recovered,
    "up": Up,
    "down": Down,
    "status": _STATUS
    | printed("WatchFrame", Frame, status=_STATUS | None)
    | printed("Outline", Outline, live=Seen | None),
    "history": History,
    "history show": Entry,
    "config": dict[str, Any],
    "reload": Reloaded,
    "doctor": Findings,
    "prune": Pruned,
    "init": Made | Renewed,
    "plugin install": Plugin,
    "plugin uninstall": Plugin,
    "completion": Completion,
    "maintenance": Maintenance,
    "certificates": Certificates,
    "adopt": AdoptedBy,
}
