"""Checks of a project's files. Pure."""

from collections.abc import Iterator
from pathlib import Path

from fream_compose import __version__
from fream_compose.doctor.finding import Finding, fails, ok, warning
from fream_compose.doctor.folder import FolderFacts
from fream_compose.doctor.server_checks import number


def folder_findings(facts: FolderFacts, settings_read: bool) -> tuple[Finding, ...]:
    """Every check of a project's files. settings_read: whether the project could be opened."""
    return tuple(_findings(facts, settings_read))


def _findings(facts: FolderFacts, settings_read: bool) -> Iterator[Finding]:
    yield permissions(facts)
    if facts.written_by is not None:
        yield version(facts.written_by, facts.unmerged)
    yield own_locations(facts)
    yield complete(facts, settings_read)
    if not facts.env_error:
        yield secrets(facts)


def permissions(facts: FolderFacts) -> Finding:
    """This user may write where fream keeps what is live."""
    if facts.unwritable:
        named = " and ".join(map(str, facts.unwritable))
        remedy = facts.way_in or f"ls -ld {' '.join(map(str, facts.unwritable))}"
        return fails("permissions", f"This user may not write to {named}", remedy)
    return ok("permissions", f"This user may write to {facts.directory}")


def version(written_by: str, unmerged: tuple[Path, ...]) -> Finding:
    """The files were written by this fream, and what it could not renew is merged."""
    by = f"fream {written_by}" if written_by else "an older fream, which did not note its version"
    text = f"The files were written by {by}; this is fream {__version__}"
    if number(written_by) > number(__version__):
        return warning("version", text, f"Upgrade fream to {written_by} or later")
    if number(written_by) < number(__version__):
        return warning("version", text, "fream init --upgrade")
    if unmerged:
        named = " and ".join(map(str, unmerged))
        remedy = "Merge it into the file of the same name without .new, then remove it"
        return warning("version", f"New text waits in {named}", remedy)
    return ok("version", f"The files were written by fream {written_by}")


def own_locations(facts: FolderFacts) -> Finding:
    """Locations of the user's own do for the app what nginx/app.conf does."""
    if facts.outside_net:
        text = f"No other set answers where the app does not: {', '.join(facts.outside_net)}"
        return warning("locations", text, "Put include net.inc; beside proxy_pass there")
    if facts.uncounted:
        text = f"A release does not wait for requests of {', '.join(facts.uncounted)}"
        return warning("locations", text, "Put limit_conn fream_busy 65535; beside its own there")
    return ok("locations", "Every location that passes requests to the app is like the app's own")


def complete(facts: FolderFacts, settings_read: bool) -> Finding:
    """`.env` sets all that `.env.example` sets."""
    if facts.env_error:
        return fails(".env", facts.env_error, facts.env_remedy)
    if facts.misspelt and not facts.unset:
        text = "; ".join(f"{name} is no setting, but {known} is" for name, known in facts.misspelt)
        return warning(".env", text, f"Correct its name in {facts.directory / '.env'}")
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
