"""Are the containers of a set still those that were checked? Pure."""

from collections.abc import Sequence

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
        return f"ended and was restarted {now.restarts} times; exit code {now.exit_code}"
    if _done(now):
        return ""
    if now.state != "running":
        return f"is {now.state}; exit code {now.exit_code}"
    return "was started again" if now.started != first.started else ""


def _done(member: Condition) -> bool:
    return member.finished and member.service not in set(SetName)


def unhealthy(now: Sequence[Condition]) -> str:
    """Which container does not pass its own health check, or not yet; empty when all do."""
    bad = [m for m in now if m.health not in ("", "healthy") and not _done(m)]
    return "; ".join(f"The health check of {m.service} says {m.health}" for m in bad)


def other_image(app: str, image: str, expected: str, now: Sequence[Condition]) -> str:
    """Which container does not run the release's image; empty when all do.

    app: the service that must. image: the release's repository, which others may share.
    expected: the id of the release's image.
    """
    wrong = [
        m
        for m in now
        if (m.service == app or ImageReference.parse(m.reference).name == image)
        and m.image != expected
    ]
    return "; ".join(f"{m.service} runs {m.reference} ({m.image[7:19]})" for m in wrong)


def unfit(now: Sequence[Condition]) -> str:
    """Why a set that is kept warm is not fit to serve as it is; empty when it is."""
    return changed(now, now) or unhealthy(now)
