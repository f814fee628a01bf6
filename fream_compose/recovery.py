"""Puts right what an interrupted run, a crash or a hand left out of order."""

from collections.abc import Callable
from datetime import UTC, datetime

from fream_compose import infra, web
from fream_compose.checks import Checks
from fream_compose.errors import (
    EngineError,
    ProxyError,
    UncertainError,
    UnhealthyError,
)
from fream_compose.history import history_of
from fream_compose.interruption import Interruption
from fream_compose.observe import Snapshot, observe, version_variable
from fream_compose.plan import Mend, diagnose, left_over, profiles
from fream_compose.project import Project
from fream_compose.proxy import Proxy
from fream_compose.release import Live, SetName, Version, new_switch_id
from fream_compose.report import Report
from fream_compose.state import Notes

_ROUNDS = len(Mend) + 2
_RESTART_SECONDS = 3.0  # Docker restarts a container that ended within a second or two
_SILENCE_SECONDS = 10.0  # a busy server may be slow; so long nobody is


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
        self._settings = project.settings.switch
        self._proxy = proxy
        self._report = report
        self._interruption = interruption
        self._clock = clock

    def put_right(self, despite: Mend | None = None, only: Mend | None = None) -> Snapshot:
        """Mend until nothing is out of order; returns what runs then.

        only: leave everything else as it is. despite: a mend that may fail with no more
        than a warning. Raises what another mend raises, and UncertainError when they do
        not come to an end.
        """
        given_up: set[Mend] = set()
        for _ in range(_ROUNDS):
            snapshot = observe(self._project, self._proxy)
            mends = [mend for mend in diagnose(snapshot) if mend not in given_up]
            mends = [mend for mend in mends if only in (None, mend)]
            if not mends:
                return snapshot
            self._interruption.check()
            try:
                with self._report.step(f"Put right: {mends[0].value}") as step:
                    step.detail = self._mend(mends[0], snapshot)
            except (EngineError, UnhealthyError) as error:
                if mends[0] is not despite:
                    raise
                given_up.add(mends[0])
                self._report.warn(f"{error}: {error.why}")
        raise UncertainError(
            f"This cannot be put right: {mends[0].value}", next_step="fream status; docker ps -a"
        )

    def _mend(self, mend: Mend, snapshot: Snapshot) -> str:
        return {
            Mend.NGINX_STOPPED: self._start_nginx,
            Mend.NGINX_SILENT: self._restart_nginx,
            Mend.INCLUDE: self._restore_include,
            Mend.MAINTENANCE: self._reread_maintenance,
            Mend.LIVE_SET: self._revive,
            Mend.LIVE_VERSION: self._adopt,
            Mend.IDLE_SET: self._clear_idle,
            Mend.ENV_FILE: self._write_env,
        }[mend](snapshot)

    def _start_nginx(self, snapshot: Snapshot) -> str:
        infra.start(self._project, snapshot.containers, self._interruption.check)
        return "started"

    def _restart_nginx(self, _: Snapshot) -> str:
        """Restart nginx only when it serves nobody, and will come back."""
        settings = self._project.settings
        if self._proxy.answers_within(_SILENCE_SECONDS, self._interruption.wait):
            return "it was only slow"
        if any(_serves(url) for url in settings.http_urls):
            raise ProxyError(
                "nginx serves, but its control port does not answer",
                next_step=f"Is CONTROL_PORT in {settings.env_path} right? "
                f"docker restart {settings.nginx_container} cuts open requests",
            )
        self._proxy.test_as_it_is()
        self._project.restart(settings.nginx_container)
        infra.start(self._project, self._project.containers(), self._interruption.check)
        return "restarted"

    def _restore_include(self, snapshot: Snapshot) -> str:
        self._proxy.go_back(snapshot.live, self._settings.cut_over.timeout.total_seconds())
        return f"nginx's answer holds: {_named(snapshot.live)}"

    def _reread_maintenance(self, _: Snapshot) -> str:
        """The files are what the operator asked for last."""
        wanted = self._proxy.maintenance()
        self._proxy.maintain(wanted, self._settings.cut_over.timeout.total_seconds())
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
        record(self._project, snapshot.live)
        self._project.up(self._project.settings.sets[snapshot.live.set].services)
        self._checks(snapshot.live.set).own_port()
        return f"{_named(snapshot.live)} was started again"

    def _comes_back(self, name: SetName) -> bool:
        """Whether a container that Docker is restarting runs again in a moment."""
        deadline = self._clock() + _RESTART_SECONDS
        while name in (seen := observe(self._project, self._proxy)).occupied:
            if name in seen.running and self._checks(name).now():
                return True
            if self._clock() > deadline:
                return False
            self._interruption.wait(0.2)
        return False

    def _checks(self, name: SetName) -> Checks:
        return Checks(self._project, self._proxy, name, self._clock, self._interruption.wait)

    def _healthy_other(self, snapshot: Snapshot) -> Live | None:
        assert snapshot.live  # noqa: S101 - diagnosed from it
        other = snapshot.live.set.other
        if other not in snapshot.running or not self._checks(other).now():
            return None
        # A release that never served may have been held back for a reason.
        served = {e.version for e in history_of(self._project.settings).entries() if e.done}
        if snapshot.versions[other] not in served:
            return None
        version = Version.parse(snapshot.versions[other])
        return Live(other, version, new_switch_id(datetime.now(UTC)))

    def _adopt(self, snapshot: Snapshot) -> str:
        """What runs is the truth: say so to nginx, so that everything names it."""
        assert snapshot.live and snapshot.running_version  # noqa: S101, PT018 - diagnosed from them
        live = Live(snapshot.live.set, snapshot.running_version, new_switch_id(datetime.now(UTC)))
        self._serve(live)
        return f"{_named(live)} is what runs"

    def _serve(self, live: Live) -> None:
        self._proxy.test(live)
        self._proxy.serve(live, self._settings.cut_over.timeout.total_seconds())

    def _clear_idle(self, snapshot: Snapshot) -> str:
        """Remove what is not live, once no old worker of nginx sends requests there."""
        leaving = tuple(pid for pid, accepts in self._proxy.workers().items() if not accepts)
        drain = self._settings.drain.timeout.total_seconds()
        self._proxy.drain(leaving, drain, self._interruption.wait)
        idle = left_over(snapshot)
        for name in sorted(idle):
            self._project.remove(name)
        Notes(self._project.settings.state_directory).cool()
        return f"{' and '.join(sorted(idle))} removed"

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


def _serves(url: str) -> bool:
    try:
        web.get(url, timeout=3.0)
    except web.Unreachable:
        return False
    return True


def _named(live: Live | None) -> str:
    return f"{live.version.short} in {live.set}" if live else "nothing"
