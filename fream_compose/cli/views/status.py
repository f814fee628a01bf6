"""The status for people."""

from collections.abc import Iterator
from datetime import datetime

from fream_compose import times
from fream_compose.cli.colour import Tone
from fream_compose.cli.form import PIPE, Form
from fream_compose.cli.views.rows import Row, flowed, joined, lines_of, row
from fream_compose.docker.facts import Container
from fream_compose.nginx.maintenance import summary
from fream_compose.operations.certificates import HostCertificate
from fream_compose.operations.outline import Outline
from fream_compose.operations.overall import Level, Overall
from fream_compose.operations.status import LiveStatus, Status
from fream_compose.project.progress import Progress
from fream_compose.release import SetName

_DRIFTS = 6  # rows: a change of many files leaves room for what else there is
_TONES = {Level.WELL: Tone.GOOD, Level.DEGRADED: Tone.WARN, Level.DOWN: Tone.BAD}


def lines(found: Status, now: datetime, form: Form = PIPE) -> list[str]:
    """The status for people: the verdict, and a row for each thing."""
    rows = [*_release(found, now), *_beside(found), *work(found, now), *troubles(found)]
    rows.append(row("at", f"{times.moment(now)} {times.zone(now)}"))
    return [*verdict(found.verdict, found.project, form), *lines_of(rows, form)]


def verdict(found: Overall, project: str, form: Form = PIPE) -> Iterator[str]:
    """The first line: how it is, what users get, and what mends it."""
    level = found.level.upper()
    room = max(form.width - len(level) - 2, 1) if form.width else 0
    get = f"users get {found.users_get}" if found.users_get else ""
    what = f"{project}: {found.what}" if project else found.what
    parts = [f"{what},", get] if get else [what]
    *told, last = flowed((form.fit(joined(part)) for part in parts), room, " ")
    fix = [form.fit(joined(f"fix: {found.fix}"))] if found.fix else []
    told += flowed([last, *fix], room, "   ")
    head = f"{form.paint(level, _TONES[found.level])}  "
    for line in told:
        yield head + line
        head = " " * (len(level) + 2)


def _release(found: Status, now: datetime) -> Iterator[Row]:
    """What is live, what it is made of, and the other set."""
    if found.foreign:
        yield row("live", "not known")
    elif found.live is None:
        yield row("live", "nothing")
    else:
        yield _live(found.live, now)
        yield from _images(found.live)
    if found.idle:
        mine = [c for c in found.containers if c.service == found.idle]
        warm = _warm(found.warm_until, now) if found.warm_until else ""
        yield row("idle", found.idle, *(_how(mine[0]) if mine else ("empty",)), warm)


def _live(live: LiveStatus, now: datetime) -> Row:
    mark = "healthy" if live.healthy else "NOT HEALTHY"
    return row(
        "live",
        live.set,
        live.version,
        f"{mark}: {live.health}",
        f"since {times.moment(live.since)} ({times.ago(live.since, now)})" if live.since else "",
        live.digest[:19],
        tone=None if live.healthy else Tone.BAD,
    )


def _images(live: LiveStatus) -> Iterator[Row]:
    """The images of a release that has more than one."""
    for name, content in live.images.items() if len(live.images) > 1 else ():
        yield row("image", f"{name}  {content[:19]}")


def _warm(until: str, now: datetime) -> str:
    over = datetime.fromisoformat(until) < now
    return f"kept warm until {times.moment(until)} " + (
        f"({times.ago(until, now)}), which is over" if over else f"({times.ago(until, now)})"
    )


def _how(container: Container) -> tuple[str, str]:
    return container.status, container.image


def _beside(found: Status) -> Iterator[Row]:
    """What outlives releases, what works beside the app, and who may not be removed yet."""
    infra = [c for c in found.containers if c.service in found.infra]
    for one in sorted(infra, key=lambda c: found.infra.index(c.service)):
        said = f"nginx {found.nginx}" if one.service == "nginx" else one.service
        yield row("infra", said, *_how(one))
    if not any(c.service == "nginx" for c in infra):
        yield row("infra", f"nginx {found.nginx}")
    for one in found.containers:
        if one not in infra and (found.foreign or one.service not in set(SetName)):
            yield row("service", one.service, *_how(one))
    for ending in found.finishing:
        yield row("ending", str(ending))
    for host in found.certificates:
        yield https(host)


def https(host: HostCertificate) -> Row:
    """A host with its certificate."""
    return row("https", host.host, host.summary, tone=Tone.WARN if host.ails else None)


def work(found: Status, now: datetime) -> Iterator[Row]:
    """The run at work: who, since when, at which step, with which deadline; or what it holds."""
    if found.held:
        yield row("run", f"{found.held}: fream promote, or fream abort", tone=Tone.WARN)
    elif found.run:
        yield row("run", *_step(found.run, now))
    elif found.at_work:
        yield row("run", "another run is at work, and has not said which")


def _step(run: Progress, now: datetime) -> Iterator[str]:
    yield run.command
    yield run.at if run.step else "has just begun"
    if run.step_since:
        so_far = now - datetime.fromisoformat(run.step_since)
        spent = times.span(max(0.0, so_far.total_seconds()))
        yield f"{spent} of {times.span(run.limit)}" if run.limit else spent
    yield run.latest
    since = f" since {times.clock(run.since)} ({times.ago(run.since, now)})" if run.since else ""
    yield f"by {run.by}{since}" if run.by else since.strip()


def troubles(found: Status) -> Iterator[Row]:
    """What is closed, or out of order, or does not hold yet."""
    if found.maintenance:
        yield row("closed", summary(found.maintenance), tone=Tone.WARN)
    if found.no_way_back:
        yield row("way back", found.no_way_back)
    for drift in found.drift[:_DRIFTS]:
        yield row("drift", drift.summary, tone=Tone.WARN)
    if (more := len(found.drift) - _DRIFTS) > 0:
        yield row("drift", f"and {more:,} more; all of it: fream doctor", tone=Tone.WARN)
    for text in found.notices:
        yield row("notice", text, tone=Tone.WARN)


def outline_lines(seen: Outline, form: Form = PIPE) -> list[str]:
    """The outline for people, a row for each thing."""
    live, answered = seen.live, seen.nginx[:1].isdigit()
    told = f"{live.set}  {live.version.short}, as nginx says" if live else "nothing"
    rows = [
        row("live", told if answered else "not known"),
        *(row(c.service, *_how(c)) for c in seen.containers),
        row("proxy", f"nginx {seen.nginx}"),
    ]
    return [*verdict(seen.verdict, "", form), *lines_of(rows, form)]
