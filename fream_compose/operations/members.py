"""Are the containers of a set still those that were checked? Pure."""

from collections.abc import Mapping, Sequence

from fream_compose.docker.facts import Condition
from fream_compose.image_reference import ImageReference
from fream_compose.release import SetName


def changed(first: Sequence[Condition], now: Sequence[Condition]) -> str:
    """Why a set is not what it was when it started; empty when it is.

    Each container must be the same, started once and never restarted, and run; one beside
    the app may be a job that is done.
    """
    current = {member.id: member for member in now}
    for member in first:
        seen = current.get(member.id)
        if seen is None:
            return f"The container of {member.service} is gone"
        if fault := _changed(member, seen):
            return f"The container of {member.service} {fault}"
    return ""


def _changed(first: Condition, now: Condition) -> str:
    if now.restarts:
        return f"{now.ending}, and Docker started it again"
    if is_done(now):
        return ""
    if now.state != "running":
        return now.ending if now.crashed else f"is {now.state}"
    return "was started again" if now.started != first.started else ""


def is_done(member: Condition) -> bool:
    """Whether it is a job beside the app that has had its turn."""
    return member.finished and member.service not in set(SetName)


def unhealthy(now: Sequence[Condition]) -> str:
    """Which container does not pass its own health check, or not yet; empty when all do."""
    return "; ".join(f"The health check of {m.service} says {m.health}" for m in _unhealthy(now))


def sick(now: Sequence[Condition]) -> str:
    """As unhealthy(), but of containers that may have just started: in words, or empty."""
    return unhealthy([m for m in now if m.health != "starting"])


def culprit(first: Sequence[Condition], now: Sequence[Condition]) -> str:
    """The container that changed() speaks of, else unhealthy(); empty where none is there."""
    current = {member.id: member for member in now}
    seen = [(member, current[member.id]) for member in first if member.id in current]
    bad = [now for member, now in seen if _changed(member, now)]
    return next((member.name for member in (*bad, *_unhealthy(now))), "")


def _unhealthy(now: Sequence[Condition]) -> list[Condition]:
    return [m for m in now if m.health not in ("", "healthy") and not is_done(m)]


def other_image(app: str, image: str, ids: Mapping[str, str], now: Sequence[Condition]) -> str:
    """Which container does not run the release's image; empty when all do.

    app: the service whose repository, the image, others may share. ids: of the release's
    images, by the service that must run them.
    """
    shared = {m.service: ids[app] for m in now if ImageReference.parse(m.reference).name == image}
    wanted = {**shared, **ids}
    wrong = [m for m in now if m.image != wanted.get(m.service, m.image)]
    return "; ".join(f"{m.service} runs {m.reference} ({m.image[7:19]})" for m in wrong)


def unfit(now: Sequence[Condition]) -> str:
    """Why a set that is kept warm is not fit to serve as it is; empty when it is."""
    return changed(now, now) or unhealthy(now)
