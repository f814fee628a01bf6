"""The repair of each fault."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from fream_compose import http
from fream_compose.errors import KeptError, ProxyError
from fream_compose.operations import infra
from fream_compose.operations.checks import Checks
from fream_compose.operations.context import Context
from fream_compose.operations.diagnosis import Fault, left_over
from fream_compose.operations.hand_over import HandOver
from fream_compose.operations.live_images import name_again, ready, record
from fream_compose.operations.removal import booted, remove
from fream_compose.operations.rollback import is_past_no_return
from fream_compose.operations.snapshot import Snapshot, take_snapshot
from fream_compose.release import LiveRelease, SetName, Version, new_switch_id
from fream_compose.waiting import wait_until

_RESTART_SECONDS = 3.0  # Docker restarts a container that ended within a second or two
_POLL_SECONDS = 0.2
_SILENCE_SECONDS = 10.0  # a busy server may be slow; so long nobody is


class Repairs:
    """The repairs of one run. Each returns what was done, in a few words.

    for_release: a release follows, and takes the place of the idle set. everything: whether
    all faults are repaired, so that another set may be made live.
    """

    def __init__(self, context: Context, for_release: bool, everything: bool) -> None:
        self._context = context
        self._project = context.project
        self._proxy = context.proxy
        self._settings = context.settings
        self._pause = context.interruption.wait
        self._for_release, self._everything = for_release, everything
        self._restarted = False

    def repair(self, fault: Fault, snapshot: Snapshot) -> str:
        """Repair a fault of what was seen. Raises a FreamError when it cannot be repaired."""
        of_live: dict[Fault, Callable[[Snapshot, LiveRelease], str]] = {
            Fault.LOST: self._serve_again,
            Fault.LIVE_SET: self._revive,
            Fault.LIVE_VERSION: self._take_as_live,
            Fault.TAGS: self._name_again,
            Fault.WORKERS: self._hand_over,
        }
        if snapshot.live and fault in of_live:
            return of_live[fault](snapshot, snapshot.live)
        return {
            Fault.NGINX_STOPPED: self._start_nginx,
            Fault.NGINX_SILENT: self._restart_nginx,
            Fault.INCLUDE: self._restore_include,
            Fault.MAINTENANCE: self._reread_maintenance,
            Fault.UNNAMED: self._clear_idle,
            Fault.IDLE_SET: self._clear_idle,
            Fault.ENV_FILE: self._write_env,
        }[fault](snapshot)

    @property
    def _reload_seconds(self) -> float:
        return self._settings.switch.cut_over.timeout.total_seconds()

    def _start_nginx(self, snapshot: Snapshot) -> str:
        mine = [c for c in snapshot.containers if c.name == self._settings.nginx_container]
        # A run that was killed may have written a part of them.
        self._proxy.put_routes(tested=False)
        if mine:
            self._proxy.test_beside()
        if mine and mine[0].state == "restarting":
            # Docker waits longer after each crash, up to a minute.
            return self._restart_once()
        infra.start(self._context, snapshot.containers)
        return "started"

    def _restart_nginx(self, snapshot: Snapshot) -> str:
        """Restart nginx only when it serves nobody, and will come back."""
        settings = self._settings
        if self._proxy.answers_within(_SILENCE_SECONDS, self._pause):
            return "it was only slow"
        if any(_serves(url) for url in snapshot.http_urls or settings.http_urls):
            raise ProxyError(
                "nginx serves, but its control port does not answer",
                next_step=f"Is CONTROL_PORT in {settings.env_path} right? "
                f"docker restart {settings.nginx_container} cuts open requests",
            )
        self._proxy.test_beside()
        return self._restart_once()

    def _restart_once(self) -> str:
        """Restart nginx, and wait until it is healthy; a second time would not help."""
        nginx = self._settings.nginx_container
        if self._restarted:
            raise ProxyError(
                "nginx was restarted, and still does not answer",
                logs=self._project.containers.logs(nginx),
                next_step=f"docker logs {nginx}",
            )
        # Docker may have restarted it meanwhile, and then it serves.
        if self._proxy.answers_within(_POLL_SECONDS, self._pause):
            return "it came back by itself"
        self._restarted = True
        self._project.containers.restart(nginx)
        infra.start(self._context, self._project.containers.all())
        return "restarted"

    def _serve_again(self, snapshot: Snapshot, live: LiveRelease) -> str:
        """Serve what the other witnesses name, once it is healthy."""
        if live.set not in snapshot.healthy:
            self._start(live)
        self._serve(live if live.switch else replace(live, switch=new_switch_id(datetime.now(UTC))))
        return f"{live} serves again"

    def _restore_include(self, snapshot: Snapshot) -> str:
        self._proxy.go_back(snapshot.live, self._reload_seconds)
        return f"nginx's answer holds: {snapshot.live or 'nothing'}"

    def _reread_maintenance(self, _: Snapshot) -> str:
        """The files are what the operator asked for last."""
        wanted = self._proxy.maintenance()
        self._proxy.maintain(wanted, self._reload_seconds)
        return "it is on" if wanted else "it is off"

    def _revive(self, snapshot: Snapshot, live: LiveRelease) -> str:
        """Serve from the other set where it is healthy already, else start the live one again."""
        if self._comes_back(live.set):
            return "it came back by itself"
        if other := self._healthy_other(snapshot, live):
            self._serve(other)
            return f"{other} serves instead"
        self._start(live)
        return f"{live} was started again"

    def _start(self, live: LiveRelease) -> None:
        services = ready(self._context, live)
        record(self._project, live)
        self._project.start_set(live.set, live.version, services)
        checks = Checks(self._context, live.set)
        checks.leave_out_later()
        checks.own_port()
        checks.through_nginx()

    def _comes_back(self, name: SetName) -> bool:
        """Whether a container that Docker is restarting runs again in a moment."""

        def settled() -> Snapshot | None:
            seen = take_snapshot(self._project, self._proxy)
            return seen if name in seen.healthy or name not in seen.occupied else None

        clock = self._context.clock
        seen = wait_until(settled, clock() + _RESTART_SECONDS, clock, self._pause, _POLL_SECONDS)
        return seen is not None and name in seen.healthy

    def _healthy_other(self, snapshot: Snapshot, live: LiveRelease) -> LiveRelease | None:
        other = live.set.other
        if other not in snapshot.healthy:
            return None
        # A release that never served may have been held back for a reason.
        entries = self._context.history.entries()
        version = str(snapshot.holds.get(other) or snapshot.versions[other])
        served = [e for e in entries if e.served and e.version == version]
        if not served or (_is_kept(snapshot, other) and is_past_no_return(entries, served[-1])):
            return None
        return LiveRelease(other, Version.parse(version), new_switch_id(datetime.now(UTC)))

    def _instead(self, snapshot: Snapshot) -> LiveRelease | None:
        """What served before and is healthy, where the live set is not: as when a run was
        killed while it guarded a release that failed."""
        live = snapshot.live
        if live is None or live.set in snapshot.healthy or not self._everything:
            return None
        settled = booted(self._context, take_snapshot(self._project, self._proxy))
        unhealthy = settled.live == live and live.set not in settled.healthy
        return self._healthy_other(settled, live) if unhealthy else None

    def _take_as_live(self, snapshot: Snapshot, live: LiveRelease) -> str:
        """What runs is the truth: say so to nginx, so that everything names it."""
        version = snapshot.running_version or live.version
        runs = LiveRelease(live.set, version, new_switch_id(datetime.now(UTC)))
        self._serve(runs)
        return f"{runs} is what runs"

    def _serve(self, live: LiveRelease) -> None:
        self._proxy.test(live)
        self._proxy.serve(live, self._reload_seconds)

    def _clear_idle(self, snapshot: Snapshot) -> str:
        """Remove what is not live, once it has answered what it was given."""
        drain = self._settings.switch.drain.timeout.total_seconds()
        for name in left_over(snapshot):
            self._proxy.drain(name, drain, self._pause)
        if other := self._instead(snapshot):
            self._serve(other)
            return f"the live set is not healthy: {other} serves instead"
        idle = sorted(left_over(snapshot))
        kept: list[KeptError] = []
        for name in idle:
            try:
                remove(self._context, name, replaced=self._for_release)
            except KeptError as error:
                kept.append(error)
        if kept:
            raise kept[0]
        self._context.notes.cool()
        return f"{' and '.join(idle)} removed"

    def _hand_over(self, _: Snapshot, live: LiveRelease) -> str:
        return HandOver(self._context).to(live, self._pause)

    def _write_env(self, snapshot: Snapshot) -> str:
        record(self._project, snapshot.live)
        return f"it names {snapshot.live or 'nothing'}"

    def _name_again(self, snapshot: Snapshot, live: LiveRelease) -> str:
        name_again(self._project, live)
        return f"{', '.join(snapshot.misnamed)}: {live.version.short} again"


def _serves(url: str) -> bool:
    try:
        http.get(url, timeout=3.0)
    except http.Unreachable:
        return False
    return True


def _is_kept(snapshot: Snapshot, name: SetName) -> bool:
    """Whether a set waits for a rollback, so that the release after it was found good."""
    return any(kept and kept.set == name for kept in (snapshot.warm, snapshot.overdue))
