"""Puts right what an interrupted run, a crash or a hand left out of order."""

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from fream_compose import infra, web
from fream_compose.checks import Checks
from fream_compose.errors import (
    ConfigurationError,
    EngineError,
    ProxyError,
    UncertainError,
    UnhealthyError,
)
from fream_compose.history import history_of
from fream_compose.interruption import Interruption
from fream_compose.leftover import end_left_hook
from fream_compose.observe import Snapshot, observe, version_variable
from fream_compose.plan import (
    Mend,
    decide,
    diagnose,
    kept_because,
    left_over,
    profiles,
    trouble,
)
from fream_compose.project import Project
from fream_compose.proxy import Proxy
from fream_compose.release import Live, SetName, Version, new_switch_id
from fream_compose.report import Report
from fream_compose.state import Checked, Notes

_ROUNDS = len(Mend) + 2
_RESTART_SECONDS = 3.0  # Docker restarts a container that ended within a second or two
_POLL_SECONDS = 0.2
_SILENCE_SECONDS = 10.0  # a busy server may be slow; so long nobody is


class _Kept(UncertainError):
    """A set that should go must stay."""


class Recovery:
    """Mends one thing at a time, and looks again, because each changes what is seen next."""

    def __init__(
        self,
        project: Project,
        proxy: Proxy,
        report: Report,
        interruption: Interruption,
        clock: Callable[[], float],
    ) -> None:
        self._project = project
        self._settings = project.settings
        self._switch = project.settings.switch
        self._for_release, self._everything = False, True
        self._restarted = False
        self._proxy = proxy
        self._report = report
        self._interruption = interruption
        self._clock = clock

    def recover(self) -> Snapshot:
        """Put everything right, and wait for the live set while it boots.

        Raises what put_right() raises, and the reason why users are not served, if they
        are not.
        """
        snapshot = self._booted(self.put_right())
        if fault := trouble(snapshot):
            raise fault
        return snapshot

    def put_right(self, for_release: bool = False, only: Collection[Mend] = ()) -> Snapshot:
        """Mend until nothing is out of order; returns what runs then.

        only: leave everything but these as it is. for_release: a live set that cannot be mended
        is no more than a warning, because a release follows. Raises what another mend
        raises, and UncertainError when they do not come to an end, or when a release would
        take the place of a set that must stay.
        """
        self._for_release, self._everything = for_release, not only
        end_left_hook(self._project, self._report)
        given_up: set[Mend] = set()
        kept: _Kept | None = None
        for _ in range(_ROUNDS):
            snapshot = observe(self._project, self._proxy)
            mends = [mend for mend in diagnose(snapshot) if mend not in given_up]
            mends = [mend for mend in mends if not only or mend in only]
            if not mends:
                if kept and for_release and decide(snapshot).target in left_over(snapshot):
                    raise kept
                return snapshot
            self._interruption.check()
            try:
                with self._report.step(f"Put right: {mends[0].value}") as step:
                    step.detail = self._mend(mends[0], snapshot)
            except _Kept as error:
                kept = error
                given_up.add(mends[0])
                self._report.warn(f"{error}: {error.why}")
            except (EngineError, UnhealthyError) as error:
                if not for_release or mends[0] not in (Mend.LIVE_SET, Mend.LOST):
                    raise
                given_up.add(mends[0])
                self._report.warn(f"{error}: {error.why}")
        raise UncertainError(
            f"This cannot be put right: {mends[0].value}", next_step="fream status; docker ps -a"
        )

    def remove(self, name: SetName, replaced: bool = False) -> None:
        """Remove a set: every removal goes through here, but those of releases and `down`.

        replaced: a release takes its place. Raises UncertainError where it must stay.
        """
        snapshot = self._booted(observe(self._project, self._proxy))
        if name not in snapshot.healthy:
            # One late answer makes no set an ill one that anything may take the place of.
            snapshot = observe(self._project, self._proxy)
        if reason := kept_because(snapshot, name, replaced):
            compose = self._settings.compose_directory
            services = " ".join(self._settings.sets[name].services)
            raise _Kept(
                f"{name} stays",
                reason,
                next_step="fream status; to go back: fream rollback; if it is not needed: "
                f"cd {compose}; docker compose --profile '*' rm --stop {services}",
            )
        self._project.remove(name)

    def _booted(self, snapshot: Snapshot) -> Snapshot:
        """What is seen once the live set has had the time that a new release gets."""
        live, limit = snapshot.live, self._switch.health.timeout.total_seconds()
        deadline = self._clock() + limit
        while (
            live
            and live.set in snapshot.running - snapshot.healthy
            and _age(snapshot, self._settings.sets[live.set].container) < limit
            and self._clock() < deadline
        ):
            self._interruption.wait(_POLL_SECONDS)
            snapshot = observe(self._project, self._proxy)
        return snapshot

    def _mend(self, mend: Mend, snapshot: Snapshot) -> str:
        return {
            Mend.NGINX_STOPPED: self._start_nginx,
            Mend.NGINX_SILENT: self._restart_nginx,
            Mend.INCLUDE: self._restore_include,
            Mend.LOST: self._serve_again,
            Mend.MAINTENANCE: self._reread_maintenance,
            Mend.LIVE_SET: self._revive,
            Mend.LIVE_VERSION: self._adopt,
            Mend.UNNAMED: self._clear_idle,
            Mend.IDLE_SET: self._clear_idle,
            Mend.ENV_FILE: self._write_env,
        }[mend](snapshot)

    def _start_nginx(self, snapshot: Snapshot) -> str:
        mine = [c for c in snapshot.containers if c.name == self._settings.nginx_container]
        if mine:
            self._proxy.test_beside()
        if mine and mine[0].state == "restarting":
            # Docker waits longer after each crash, up to a minute.
            return self._restart_once()
        infra.start(self._project, snapshot.containers, self._interruption.check)
        return "started"

    def _restart_nginx(self, snapshot: Snapshot) -> str:
        """Restart nginx only when it serves nobody, and will come back."""
        settings = self._settings
        if self._proxy.answers_within(_SILENCE_SECONDS, self._interruption.wait):
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
                logs=self._project.logs(nginx),
                next_step=f"docker logs {nginx}",
            )
        # Docker may have restarted it meanwhile, and then it serves.
        if self._proxy.answers_within(_POLL_SECONDS, self._interruption.wait):
            return "it came back by itself"
        self._restarted = True
        self._project.restart(nginx)
        infra.start(self._project, self._project.containers(), self._interruption.check)
        return "restarted"

    def _serve_again(self, snapshot: Snapshot) -> str:
        """Serve what the other witnesses name, once it is healthy."""
        assert snapshot.live  # noqa: S101 - diagnosed from it
        live = snapshot.live
        if live.set not in snapshot.healthy:
            self._start(live)
        self._serve(live if live.switch else replace(live, switch=new_switch_id(datetime.now(UTC))))
        return f"{_named(live)} serves again"

    def _restore_include(self, snapshot: Snapshot) -> str:
        self._proxy.go_back(snapshot.live, self._switch.cut_over.timeout.total_seconds())
        return f"nginx's answer holds: {_named(snapshot.live)}"

    def _reread_maintenance(self, _: Snapshot) -> str:
        """The files are what the operator asked for last."""
        wanted = self._proxy.maintenance()
        self._proxy.maintain(wanted, self._switch.cut_over.timeout.total_seconds())
        return "it is on" if wanted else "it is off"

    def _revive(self, snapshot: Snapshot) -> str:
        """Serve from the other set where it is healthy already, else start the live one again."""
        assert snapshot.live  # noqa: S101 - diagnosed from it
        if self._comes_back(snapshot.live.set):
            return "it came back by itself"
        other = self._healthy_other(snapshot)
        if other:
            self._serve(other)
            return f"{_named(other)} serves instead"
        self._start(snapshot.live)
        return f"{_named(snapshot.live)} was started again"

    def _start(self, live: Live) -> None:
        record(self._project, live)
        self._project.up(self._settings.sets[live.set].services)
        Checks(
            self._project, self._proxy, live.set, self._clock, self._interruption.wait
        ).own_port()

    def _comes_back(self, name: SetName) -> bool:
        """Whether a container that Docker is restarting runs again in a moment."""
        deadline = self._clock() + _RESTART_SECONDS
        while name in (seen := observe(self._project, self._proxy)).occupied:
            if name in seen.healthy:
                return True
            if self._clock() > deadline:
                return False
            self._interruption.wait(_POLL_SECONDS)
        return False

    def _healthy_other(self, snapshot: Snapshot) -> Live | None:
        assert snapshot.live  # noqa: S101 - diagnosed from it
        other = snapshot.live.set.other
        if other not in snapshot.healthy:
            return None
        # A release that never served may have been held back for a reason.
        served = {e.version for e in history_of(self._settings).entries() if e.served}
        if snapshot.versions[other] not in served:
            return None
        version = Version.parse(snapshot.versions[other])
        return Live(other, version, new_switch_id(datetime.now(UTC)))

    def _instead(self, snapshot: Snapshot) -> Live | None:
        """What served before and is healthy, where the live set is not: as when a run was
        killed while it guarded a release that failed."""
        live = snapshot.live
        if live is None or live.set in snapshot.healthy or not self._everything:
            return None
        settled = self._booted(observe(self._project, self._proxy))
        ill = settled.live == live and live.set not in settled.healthy
        return self._healthy_other(settled) if ill else None

    def _adopt(self, snapshot: Snapshot) -> str:
        """What runs is the truth: say so to nginx, so that everything names it."""
        assert snapshot.live and snapshot.running_version  # noqa: S101, PT018 - diagnosed from them
        live = Live(snapshot.live.set, snapshot.running_version, new_switch_id(datetime.now(UTC)))
        self._serve(live)
        return f"{_named(live)} is what runs"

    def _serve(self, live: Live) -> None:
        self._proxy.test(live)
        self._proxy.serve(live, self._switch.cut_over.timeout.total_seconds())

    def _clear_idle(self, snapshot: Snapshot) -> str:
        """Remove what is not live, once no old worker of nginx sends requests there."""
        leaving = tuple(pid for pid, accepts in self._proxy.workers().items() if not accepts)
        drain = self._switch.drain.timeout.total_seconds()
        self._proxy.drain(leaving, drain, self._interruption.wait)
        if other := self._instead(snapshot):
            self._serve(other)
            return f"the live set is not healthy: {_named(other)} serves instead"
        idle = sorted(left_over(snapshot))
        kept: list[_Kept] = []
        for name in idle:
            try:
                self.remove(name, replaced=self._for_release)
            except _Kept as error:
                kept.append(error)
        if kept:
            raise kept[0]
        Notes(self._settings.state_directory).cool()
        return f"{' and '.join(idle)} removed"

    def _write_env(self, snapshot: Snapshot) -> str:
        record(self._project, snapshot.live)
        return f"it names {_named(snapshot.live)}"


def record(project: Project, live: Live | None) -> None:
    """Have `.env` name what is live, so that a plain `docker compose up -d` starts just that.

    Raises ConfigurationError.
    """
    env = project.env
    name = live.set if live else None
    values = {"COMPOSE_PROFILES": profiles(env.get("COMPOSE_PROFILES"), name)}
    if live:
        values[version_variable(live.set)] = str(live.version)
    env.update(values)
    if live:
        path = project.settings.switch.health.path
        # Without the note no more is lost than a hint.
        with suppress(ConfigurationError):
            Notes(project.settings.state_directory).check(
                Checked(live.set, str(live.version), path)
            )


def _age(snapshot: Snapshot, container: str) -> float:
    """The seconds since a container was started; 0 where that is not known."""
    started = next((c.started for c in snapshot.conditions if c.name == container), "")
    try:
        moment = datetime.fromisoformat(f"{started[:19]}+00:00")
    except ValueError:
        return 0.0
    return (datetime.now(UTC) - moment).total_seconds()


def _serves(url: str) -> bool:
    try:
        web.get(url, timeout=3.0)
    except web.Unreachable:
        return False
    return True


def _named(live: Live | None) -> str:
    return f"{live.version.short} in {live.set}" if live else "nothing"
