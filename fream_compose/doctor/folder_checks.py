"""Checks of a project's files. Pure."""

from collections.abc import Iterator

from fream_compose.doctor.finding import Finding, fails, ok, warning
from fream_compose.doctor.folder import FolderFacts


def folder_findings(facts: FolderFacts, settings_read: bool) -> tuple[Finding, ...]:
    """Every check of a project's files. settings_read: whether the project could be opened."""
    return tuple(_findings(facts, settings_read))


def _findings(facts: FolderFacts, settings_read: bool) -> Iterator[Finding]:
    yield permissions(facts)
    yield complete(facts, settings_read)
    if not facts.env_error:
        yield secrets(facts)


def permissions(facts: FolderFacts) -> Finding:
    """This user may write where fream keeps what is live."""
    if facts.unwritable:
        named = " and ".join(map(str, facts.unwritable))
        remedy = f"sudo chown -R $USER {' '.join(map(str, facts.unwritable))}"
        return fails("permissions", f"This user may not write to {named}", remedy)
    return ok("permissions", f"This user may write to {facts.directory}")


def complete(facts: FolderFacts, settings_read: bool) -> Finding:
    """`.env` sets all that `.env.example` sets."""
    if facts.env_error:
        return fails(".env", facts.env_error, facts.env_remedy)
    if not facts.unset:
        return ok(".env", "It sets every variable that it must")
    text = f"It leaves {', '.join(facts.unset)} empty"
    remedy = f"Set them in {facts.directory / '.env'}; .env.example says what they mean"
    # A project that Compose can read has its own defaults for them.
    return (warning if settings_read else fails)(".env", text, remedy)


def secrets(facts: FolderFacts) -> Finding:
    """Nobody but this user reads the passwords."""
    if facts.open_files:
        named = " and ".join(f"{path.name} (mode {mode:o})" for path, mode in facts.open_files)
        paths = " ".join(str(path) for path, _ in facts.open_files)
        text = f"Others on this server may read {named}"
        return warning("secrets", text, f"chmod 600 {paths}")
    return ok("secrets", "Nobody but their owner may read the passwords")
