"""Taking a project over from the folder that it was in before."""

import os
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from fream_compose.docker.facts import Origin
from fream_compose.docker.project import Project
from fream_compose.errors import ConfigurationError, ProxySilentError
from fream_compose.interruption import Interruption
from fream_compose.nginx.maintenance import id_of
from fream_compose.nginx.proxy import Proxy
from fream_compose.operations import infra, ownership
from fream_compose.operations.checks import Checks
from fream_compose.operations.context import Context
from fream_compose.operations.live_images import record
from fream_compose.project import lock
from fream_compose.project.state import state_of
from fream_compose.release import LiveRelease
from fream_compose.report import Report
from fream_compose.step_ids import StepId

_DATA = Path("/var/lib/mysql")
_CLOSING_SECONDS = 1  # that nginx gets to end its requests, while nobody else can connect


@dataclass(frozen=True)
class Adopted:
    """What was taken over: the names of containers, the folders they came from, what is live."""

    containers: tuple[str, ...]
    folders: tuple[str, ...]
    live: LiveRelease | None


def adopt(context: Context, given: Path | None = None) -> Adopted:
    """Have nginx and MySQL read this folder's files, and the rest count as this folder's.

    The live set runs on untouched. given: the folder to take over from although it still
    holds the project. Raises ConfigurationError where that would be needed, and
    for data that would be left behind; EngineError; ProxyError.
    """
    project, proxy = context.project, context.proxy
    home = ownership.home_of(project)
    foreign = ownership.strangers(project.containers.origins(), home)
    folders = tuple(sorted({origin.place for origin in foreign}))
    if not foreign:
        return Adopted((), (), proxy.included())
    reject_kept([folder for folder in folders if _holds_project(Path(folder))], given)
    reject_left_data(_data_of(project, foreign), project.settings.data_directory)
    with ExitStack() as others:
        for folder in folders:
            _hold_still(others, state_of(Path(folder)).path, context.interruption)
        live = _live(project, proxy, foreign)
        _bring_over(context, live)
        _note_the_rest(project, live, context.report)
    if live:
        checks = Checks(context, live.set)
        title, id = f"Check {live.set} through nginx", StepId.THROUGH_NGINX
        with context.report.step(title, limit=checks.left, id=id) as step:
            checks.through_nginx(step.saw)
    return Adopted(tuple(origin.container for origin in foreign), folders, live)


def reject_kept(kept: list[str], given: Path | None) -> None:
    """Raise ConfigurationError for a folder that holds the project still and was not named."""
    named = {os.path.realpath(place) for place in ((given, given / "compose") if given else ())}
    if others := [folder for folder in kept if os.path.realpath(folder) not in named]:
        raise ConfigurationError(
            f"{others[0]} still holds the project",
            "Two folders would then act on the same containers",
            next_step=f"fream -C {others[0]} status. Or, to take over from it: "
            f"fream adopt --from {others[0]}",
        )


def reject_left_data(now: Path | None, then: Path | None) -> None:
    """Raise ConfigurationError for data in a folder that MySQL would not find again.

    now: where it is. then: where this folder's MySQL would look for it; None for a volume.
    """
    if now and now != then and (_filled(now) or not (then and _filled(then))):
        raise ConfigurationError(
            f"MySQL's data is in {now}, and from here MySQL would read {then or 'a volume'}",
            next_step=f"Set MYSQL_DATA_DIR={now} in .env, or move it while MySQL is stopped",
        )


def _holds_project(folder: Path) -> bool:
    try:
        return not folder.is_absolute() or (folder / "compose.yaml").exists()
    except OSError:
        return True


def _filled(folder: Path) -> bool:
    try:
        return any(folder.iterdir())
    except FileNotFoundError:
        return False
    except OSError:
        return True


def _data_of(project: Project, foreign: tuple[Origin, ...]) -> Path | None:
    names = [origin.container for origin in foreign if origin.service == "mysql"]
    mounts = project.containers.mounts(names[0]) if names else ()
    return next((mount.source for mount in mounts if mount.target == _DATA), None)


def _hold_still(others: ExitStack, state: Path, interruption: Interruption) -> None:
    """Let no run begin in the other folder meanwhile. Raises LockedError while one is at work."""
    if state.exists():
        others.enter_context(lock.hold(state, "fream adopt", pause=interruption.wait))


def _live(project: Project, proxy: Proxy, foreign: tuple[Origin, ...]) -> LiveRelease | None:
    """What is to be served from here. Raises ConfigurationError where nobody knows."""
    included, closed = proxy.included(), proxy.maintenance()
    try:
        state = proxy.state()
    except ProxySilentError:
        if not included and any(project.settings.set_of(o.service) for o in foreign):
            raise
        return included
    if state.maintenance != id_of(closed):
        raise ConfigurationError(
            "nginx's maintenance is not the one that this folder's files name",
            next_step="Copy nginx/maintenance*.inc, nginx/.closed and nginx/.key from the other "
            "folder, or remove them here if they are not there",
        )
    return state.live


def _bring_over(context: Context, live: LiveRelease | None) -> None:
    project, settings, report = context.project, context.settings, context.report
    with report.step("Name what is live in this folder's files", id=StepId.NAME_LIVE):
        context.proxy.put(live)
        record(project, live)
    with report.step("Test this folder's nginx configuration", id=StepId.TEST_NGINX):
        project.compose.test_nginx(context.interruption.check)
    beside = tuple(name for name in settings.infra if name != "nginx")
    if beside:
        with report.step(f"Start {' and '.join(beside)} from here", id=StepId.START_INFRA):
            infra.start(context, project.containers.all(), recreate=True, services=beside)
    with report.step("Start nginx from here", id=StepId.START_NGINX):
        infra.start(context, project.containers.all(), recreate=True, stop_seconds=_CLOSING_SECONDS)


def _note_the_rest(project: Project, live: LiveRelease | None, report: Report) -> None:
    """What still runs from the other folder counts as ours until a release replaces it."""
    home = replace(ownership.home_of(project), adopted=frozenset())
    rest = ownership.strangers(project.containers.origins(), home)
    project.settings.state.notes.adopt(origin.id for origin in rest)
    for origin in rest:
        root = Path(origin.place).parent
        if [path for path in origin.mounts if Path(path).is_relative_to(root)]:
            version = live.version.tag if live else "VERSION"
            report.warn(
                f"{origin.container} reads files of {root}; release it anew from here: "
                f"fream switch --version {version}"
            )
