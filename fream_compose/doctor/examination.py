"""The whole examination: gather what can be had, and check it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from fream_compose.docker.engine import Engine
from fream_compose.docker.project import Project
from fream_compose.doctor.finding import Finding, fails, ok, warning
from fream_compose.doctor.folder import folder_facts
from fream_compose.doctor.folder_checks import folder_findings
from fream_compose.doctor.project import ProjectFacts, project_facts
from fream_compose.doctor.project_checks import project_findings
from fream_compose.doctor.registry import registry_facts, registry_finding
from fream_compose.doctor.server import ServerFacts, server_facts
from fream_compose.doctor.server_checks import server_findings
from fream_compose.errors import FreamError
from fream_compose.nginx.proxy import Proxy
from fream_compose.project.settings import Settings

_LOOPBACK = ("127.0.0.0/8",)
Opened = Callable[[], AbstractContextManager[tuple[Project, Proxy]]]


def examine(find: Callable[[], Path], named: bool, opened: Opened) -> tuple[Finding, ...]:
    """Check the server, and the project where there is one.

    find: the folder of compose.yaml. named: whether the operator said where the project
    is. opened: reads the project's settings.
    """
    server = server_facts()
    try:
        directory = find()
    except FreamError as error:
        missing = (fails if named else warning)("project", error.what, error.next_step)
        return (*server_findings(server), missing)
    return _with_project(server, directory, opened)


def _with_project(server: ServerFacts, directory: Path, opened: Opened) -> tuple[Finding, ...]:
    if not server.installed or not server.compose:
        return (*server_findings(server), *folder_findings(folder_facts(directory), False))
    try:
        with opened() as (project, proxy):
            settings = project.settings
            facts = project_facts(project, proxy) if server.engine else None
            warned = [warning("compose", each.text, each.remedy) for each in project.warnings]
    except FreamError as error:
        return (*server_findings(server), *_unread(directory, error))
    switch = settings.switch
    elsewhere = frozenset(switch.required if switch.secrets.run else ())
    folder = folder_facts(directory, settings.nginx_directory, elsewhere)
    return (
        *server_findings(server, facts.image_bytes if facts else 0),
        *folder_findings(folder, True),
        ok("settings", f"The project {settings.project} can be read"),
        *warned,
        *_of_project(facts),
        _registry(settings, server.engine),
    )


def _unread(directory: Path, error: FreamError) -> tuple[Finding, ...]:
    folder = folder_facts(directory)
    findings = folder_findings(folder, False)
    if folder.env_error:
        return findings
    remedy = error.next_step or f"cd {directory}; docker compose config --quiet, until it is well"
    return (*findings, fails("settings", _on_one_line(error), remedy))


def _of_project(facts: ProjectFacts | None) -> tuple[Finding, ...]:
    return project_findings(facts) if facts else ()


def _registry(settings: Settings, engine: Engine | None) -> Finding:
    insecure, proxy = (engine.insecure, engine.proxy) if engine else (_LOOPBACK, "")
    needed = settings.switch.pull == "always"
    return registry_finding(registry_facts(settings.image, insecure, proxy, needed))


def _on_one_line(error: FreamError) -> str:
    return f"{error.what}: {' '.join(error.why.splitlines())}" if error.why else error.what
