"""The status for people."""

from datetime import datetime

from fream_compose.nginx.maintenance import summary
from fream_compose.operations.outline import Outline
from fream_compose.operations.status import LiveStatus, Status
from fream_compose.release import SetName


def lines(found: Status, now: datetime) -> list[str]:
    """The status for people, a line for each thing."""
    rows = [("live", f"not known. {found.foreign}")] if found.foreign else []
    rows = rows or [_live_line(found.live, now)]
    if found.fault and (found.live is None or found.live.healthy):
        rows.insert(0, ("DOWN", found.not_served))
    if found.idle:
        kept = _kept_warm(found.warm_until, now) if found.warm_until else ""
        rows.append(("idle", f"{found.idle}  {_runs(found, SetName(found.idle))}{kept}"))
    for container in found.containers:
        if found.foreign or container.service not in set(SetName):
            rows.append((container.service, f"{container.status}  {container.image}"))
    rows.append(("proxy", f"nginx {found.nginx}"))
    rows += [("closed", summary(found.maintenance))] if found.maintenance else []
    rows += [("drift", drift.summary) for drift in found.drift]
    rows += [("notice", text) for text in found.notices]
    return [f"{label:<8} {text}" for label, text in rows]


def _kept_warm(until: str, now: datetime) -> str:
    overdue = ", which is over" if datetime.fromisoformat(until) < now else ""
    return f"  kept warm until {_local(until)}{overdue}"


def _live_line(live: LiveStatus | None, now: datetime) -> tuple[str, str]:
    if live is None:
        return ("live", "nothing")
    digest = f"  {live.digest[:19]}" if live.digest else ""
    mark = "healthy" if live.healthy else "NOT HEALTHY"
    return ("live", f"{live.set}  {live.version}{digest}  {_since(live, now)}{mark}: {live.health}")


def _since(live: LiveStatus, now: datetime) -> str:
    if not live.since:
        return ""
    since = datetime.fromisoformat(live.since)
    minutes = int((now - since).total_seconds() // 60)
    days, hours = divmod(minutes, 1440)[0], minutes % 1440 // 60
    age = f"{days} d {hours} h" if days else f"{hours} h {minutes % 60} min"
    return f"since {_local(live.since)} ({age})  "


def _local(moment: str) -> str:
    return f"{datetime.fromisoformat(moment).astimezone():%Y-%m-%d %H:%M:%S}"


def _runs(found: Status, name: SetName) -> str:
    mine = [c for c in found.containers if c.service == name]
    return f"{mine[0].status}  {mine[0].image}" if mine else "empty"


def outline_lines(seen: Outline) -> list[str]:
    """The outline for people, a line for each thing."""
    live, answered = seen.live, seen.nginx[:1].isdigit()
    told = f"{live.set}  {live.version.short}, as nginx says" if live else "nothing"
    rows = [("live", told if answered else "not known")]
    rows += [(c.service, f"{c.status}  {c.image}") for c in seen.containers]
    rows.append(("proxy", f"nginx {seen.nginx}"))
    return [f"{label:<8} {text}" for label, text in rows]
