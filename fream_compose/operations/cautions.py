"""What an operator is warned of before anything is changed: it may not be what was meant."""

from collections.abc import Iterator

from fream_compose.docker.project import Project
from fream_compose.operations.hooks import exposed


def cautions(project: Project) -> Iterator[str]:
    """What Compose warns of, names in `.env` that are none, hooks that show a secret."""
    if project.unreadable:
        return
    yield from map(str, project.warnings)
    for name, known in project.env.misspelt():
        yield f"{name} in .env is no setting, but {known} is"
    if project.env.get("TLS_HOSTS") and not project.settings.switch.tls.hosts:
        yield "TLS_HOSTS in .env is read by newer Compose files than these: fream init --upgrade"
    for hook in exposed(project.settings.switch.hooks):
        yield (
            f"The hook {hook} has a secret of .env on its command line, which everybody on this "
            "server may read: have it take the secret from its environment, as $$NAME"
        )
