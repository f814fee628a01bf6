"""The images of what is live: what they are known by, in `.env`, here, and in the history."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress

from fream_compose.docker.facts import Condition
from fream_compose.docker.project import Project
from fream_compose.docker.release_images import ReleaseImages, lacking
from fream_compose.errors import ConfigurationError, UsageError
from fream_compose.operations.context import Context
from fream_compose.operations.members import is_done
from fream_compose.project.entry import Entry
from fream_compose.project.envfile import version_variable
from fream_compose.project.history import of_release
from fream_compose.project.live_record import checked_now, noted_services, profiles
from fream_compose.project.settings import Settings
from fream_compose.release import LiveRelease, SetName, Version

Claims = Callable[[], Iterable[Version]]


def record(project: Project, live: LiveRelease | None) -> None:
    """Have `.env` name what is live, so that a plain `docker compose up -d` starts just that.

    Notes how it was found good. Raises ConfigurationError and EngineError.
    """
    settings, env = project.settings, project.env
    name = live.set if live else None
    values = {"COMPOSE_PROFILES": profiles(env.get("COMPOSE_PROFILES"), name)}
    if live:
        values[version_variable(live.set)] = named(project, live)
    env.update(values)
    if live:
        # Without the note no more is lost than a hint.
        with suppress(ConfigurationError):
            settings.state.notes.check(checked_now(settings, live))


def named(project: Project, live: LiveRelease, said: str = "") -> str:
    """What `.env` should say of the live set's version. said: what it says. Raises EngineError."""
    spec = project.settings.sets[live.set]
    if said == str(live.version) and spec.pinned(live.version):
        return said
    return str(project.images.named(live.set, live.version))


def misnamed(
    project: Project, live: LiveRelease, conditions: Sequence[Condition]
) -> tuple[str, ...]:
    """The names of live images that mean another image here by now. Raises EngineError.

    None where they are for the user to give, as images are taken as they are here.
    """
    ids = _by_name(project.settings, live, conditions)
    return project.images.misnamed(ids) if ids else ()


def known_by_tags(project: Project, live: LiveRelease) -> bool:
    """Whether what is live is known here by tags that a pull may move. Raises EngineError."""
    return bool(_by_name(project.settings, live, project.containers.members(live.set)))


def name_again(project: Project, live: LiveRelease) -> None:
    """Have those names mean what is live. Raises EngineError."""
    ids = _by_name(project.settings, live, project.containers.members(live.set))
    project.images.name(ids)


def _by_name(
    settings: Settings, live: LiveRelease, conditions: Iterable[Condition]
) -> dict[str, str]:
    """The ids of the live images that Compose finds by a tag alone, which may move."""
    if settings.switch.pull != "always" or not live.version.digest:
        return {}
    mine = settings.sets[live.set].images
    return {
        c.reference: c.image for c in conditions if c.service in mine and "@" not in c.reference
    }


def ready(context: Context, live: LiveRelease) -> tuple[str, ...]:
    """Have the images that a release remembers be here, so that it can be started anew.

    Returns the services to start: without those that came after it, and jobs that are done.
    Raises EngineError.
    """
    images = ReleaseImages(live.version)
    entry = _entry(context.history.entries(), live)
    if contents := contents_of(context.settings, entry):
        check = context.interruption.check
        images = context.project.images.fetch(live.set, live.version, check, contents)
    members = context.project.containers.members(live.set)
    done = {one.service for one in members if is_done(one)}
    wanted = services_of(context.settings, live.set, images)
    return tuple(service for service in wanted if service not in done)


def contents_of(settings: Settings, entry: Entry | None) -> Mapping[str, str]:
    """The contents of a release's images, by reference; none where they are not known.

    An earlier fream remembered the digest of the only image that a release then had.
    """
    if entry is None or entry.images:
        return entry.images if entry else {}
    version = Version.parse(entry.version)
    app = settings.sets[SetName.SET1].app_image
    return {app.reference(version.tag): version.digest} if version.digest else {}


def consists_of(settings: Settings, live: LiveRelease) -> dict[str, str]:
    """What a live release consists of: Compose services by their names.

    One that was written down since it was released, or that has no image of it, came later: it
    waits for the next release. One that is to have no container now is left out.
    """
    spec, noted = settings.sets[live.set], noted_services(settings, live)
    noted = {name: service for name, service in noted.items() if _has_any(settings, service)}
    if len(spec.images) == 1:  # the app's, which every release has
        return noted
    contents: Mapping[str, str] = {}
    with suppress(ConfigurationError):  # without the history all of them should
        contents = contents_of(settings, _entry(settings.state.history.entries(), live))
    later = lacking(spec, live.version, contents)
    return {name: service for name, service in noted.items() if service not in later}


def _has_any(settings: Settings, service: str) -> bool:
    found = settings.services.get(service)
    return found is None or not found.none


def late_of(settings: Settings, live: LiveRelease) -> dict[str, str]:
    """What of it works while it is live, as late_services() tells it."""
    known = consists_of(settings, live) if settings.late else {}
    return {name: known[name] for name in settings.late if name in known}


def services_of(settings: Settings, name: SetName, images: ReleaseImages) -> tuple[str, ...]:
    """What starts with a set for a release that has these images."""
    return tuple(s for s in settings.early_services(name) if s not in images.lacking)


def remembered(entries: Sequence[Entry], live: LiveRelease) -> Mapping[str, str]:
    """The contents of a release's images, by reference; none where the history has none."""
    entry = _entry(entries, live)
    return entry.images if entry else {}


def _entry(entries: Sequence[Entry], live: LiveRelease) -> Entry | None:
    return of_release(entries, live.switch, str(live.version))


def version_of(
    project: Project, name: SetName, conditions: Sequence[Condition], claims: Claims
) -> Version | None:
    """The version that a set's container was made from; None where it is another image.

    claims: what may be live; one of them it is where a tag alone names that very content.
    """
    container, image = project.settings.sets[name].container, project.settings.sets[name].app_image
    app = next((c for c in conditions if c.name == container), Condition(""))
    try:
        version = Version.parse(image.version_in(app.reference))
    except UsageError:
        return None
    likely = () if version.digest else [c for c in claims() if c.digest and c.tag == version.tag]
    digests = project.images.digests(app.image) if likely else ()
    return next((claim for claim in likely if claim.digest in digests), version)
