"""nginx: what it serves, and how it is told to serve another set.

nginx's own answer on its control port is the truth about what is live. The include
`service-url.inc` is how it is told; a reload's exit code proves nothing, so a cut-over
is confirmed by the switch's own id and by the ids of nginx's workers.
"""

import json
import re
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from fream_compose import durable, maintenance, web
from fream_compose.errors import EngineError, FreamError, ProxyError, ProxySilentError
from fream_compose.maintenance import Maintenance
from fream_compose.release import Live, SetName, Version

_ANSWER_SECONDS = 3.0
_POLL_SECONDS = 0.05
_DRAIN_POLL_SECONDS = 0.3
_CANDIDATE = ".candidate"


class Engine(Protocol):
    """What nginx's container is asked for; `Project` in life, a fake in unit tests."""

    def control_port(self) -> int: ...
    def execute(self, container: str, command: list[str]) -> str: ...
    def signal(self, container: str, name: str) -> None: ...
    def processes(self, container: str) -> dict[int, str]: ...
    def logs(self, container: str, lines: int = ...) -> tuple[str, ...]: ...
    def try_out(self, container: str, command: list[str]) -> str: ...
    def started(self, pid: int) -> float | None: ...


@dataclass(frozen=True)
class ProxyState:
    """nginx's own answer: what is live (None before the first release) and its version.

    maintenance: the id of the maintenance that closes the app; empty when there is none.
    """

    live: Live | None
    nginx_version: str
    maintenance: str = ""


class Proxy:
    """The proxy of one project.

    directory: nginx's configuration on this server, mounted at /etc/nginx.
    clock: seconds that only go forward, for deadlines.
    """

    def __init__(
        self,
        engine: Engine,
        container: str,
        directory: Path,
        clock: Callable[[], float],
    ) -> None:
        self._engine = engine
        self._container = container
        self._directory = directory
        self._clock = clock
        self._include = directory / "service-url.inc"

    def state(self) -> ProxyState:
        """Ask nginx what it serves. Raises ProxySilentError, or ProxyError for nonsense."""
        return ask(self._control_url)

    @property
    def _control_url(self) -> str:
        return f"http://127.0.0.1:{self._engine.control_port()}"

    def answers_within(self, seconds: float, pause: Callable[[float], None]) -> bool:
        """Whether nginx gives an answer before the time is up."""
        deadline = self._clock() + seconds
        while self._clock() < deadline:
            try:
                self.state()
            except ProxySilentError:
                pause(_DRAIN_POLL_SECONDS)
            else:
                return True
        return False

    def test_as_it_is(self) -> None:
        """Check the configuration that a reload would read. Raises ProxyError."""
        self._nginx_test("/etc/nginx/nginx.conf")

    def test_beside(self) -> None:
        """Check the configuration that a restart would read, also while nginx does not run.

        Raises ProxyError, and EngineError where it cannot be tried.
        """
        try:
            self._nginx_test("/etc/nginx/nginx.conf", self._engine.try_out)
        except ProxyError as error:
            if isinstance(error.__cause__, EngineError) and "nginx:" not in error.why:
                raise error.__cause__ from None
            raise

    def read_at(self) -> float | None:
        """When nginx last read its files, in seconds since 1970; None if unknown."""
        accepting = [pid for pid, accepts in self.workers().items() if accepts]
        moments = [moment for pid in accepting if (moment := self._engine.started(pid))]
        # A worker that crashed was started again, but did not read the files.
        return min(moments, default=None)

    def included(self) -> Live | None:
        """What the include file names, which nginx serves from its next reload on."""
        try:
            return parse_include(self._include.read_text(encoding="utf-8", errors="replace"))
        except FileNotFoundError:
            return None

    def ask(
        self,
        name: SetName,
        path: str,
        timeout: float,
        headers: Mapping[str, str] | None = None,
    ) -> web.Answer:
        """GET a path from a set through nginx, live or not. Raises web.Unreachable."""
        return web.get(f"{self._control_url}/{name}{path}", timeout, headers)

    def introduce(self, name: SetName, path: str) -> None:
        """Have nginx find a set that has just become healthy, if it has not yet.

        nginx looks a name up every two seconds, and once more at a reload; until then it
        knows no address, or the one of an earlier container. Raises EngineError.
        """
        try:
            found = self.ask(name, path, _ANSWER_SECONDS).status not in (502, 504)
        except web.Unreachable:
            found = False
        if not found:
            self._engine.signal(self._container, "HUP")

    def workers(self) -> dict[int, bool]:
        """nginx's worker processes: id to whether it still takes new connections."""
        processes = self._engine.processes(self._container)
        return {
            pid: "shutting down" not in title
            for pid, title in processes.items()
            if "worker process" in title
        }

    def test(self, live: Live | None) -> None:
        """Check the configuration as it would be with this set live. Raises ProxyError."""
        self._test(lambda folder: self._put(folder / self._include.name, live))

    def _test(self, change: Callable[[Path], None]) -> None:
        """Check the configuration with a change that is made to the folder it is given.

        A copy of the whole folder is tested, because a reload would read all of it,
        and nothing that nginx reads may change before the test.
        """
        candidate = self._directory / _CANDIDATE
        try:
            shutil.rmtree(candidate, ignore_errors=True)
            shutil.copytree(self._directory, candidate, ignore=shutil.ignore_patterns(".*"))
            change(candidate)
            self._nginx_test(f"/etc/nginx/{_CANDIDATE}/nginx.conf")
        except OSError as error:
            raise ProxyError(
                "The new nginx configuration cannot be written", _reason(error)
            ) from error
        finally:
            shutil.rmtree(candidate, ignore_errors=True)

    def _nginx_test(
        self, configuration: str, run: Callable[[str, list[str]], str] | None = None
    ) -> None:
        try:
            command = ["nginx", "-t", "-q", "-c", configuration]
            (run or self._engine.execute)(self._container, command)
        except EngineError as error:
            raise ProxyError(
                "nginx refuses its configuration",
                error.why.replace(f"{_CANDIDATE}/", ""),
                next_step=f"Correct the files in {self._directory}, then run the command again",
            ) from error

    def serve(self, live: Live | None, timeout: float) -> tuple[int, ...]:
        """Write the include, reload, and confirm that every new request goes there.

        timeout: seconds until the reload must be confirmed. Returns the ids of the
        workers from before, which may still be answering. Raises ProxyError.
        """
        return self._reload(
            lambda: self._put(self._include, live), lambda state: state.live == live, timeout
        )

    def put(self, live: Live | None) -> None:
        """Write the include for an nginx that is about to start. Raises ConfigurationError."""
        self._put(self._include, live)

    def go_back(self, live: Live | None, timeout: float) -> tuple[int, ...]:
        """Serve again what was live before a cut-over that failed, or never took.

        nginx may have refused the reload and kept its workers; then it must still
        answer as before. Returns the ids of workers that may still answer otherwise.
        Raises ProxyError when nginx does not answer as before.
        """
        try:
            return self.serve(live, timeout)
        except ProxyError:
            if self.state().live != live:
                raise
            return ()

    def _put(self, include: Path, live: Live | None) -> None:
        if live is None:
            include.unlink(missing_ok=True)
            durable.sync_folder(include.parent)
        # Going back to what is there already must succeed on a disk that is full, too.
        elif not include.exists() or include.read_bytes() != render_include(live).encode():
            durable.write(include, render_include(live))

    def maintenance(self) -> Maintenance | None:
        """The maintenance that the files name, which nginx keeps from its next reload on."""
        paths = [self._directory / name for name in (maintenance.ALLOW_FILE, maintenance.FILE)]
        found = {path.name: path.read_text("utf-8", "replace") for path in paths if path.exists()}
        return maintenance.parse(found)

    def test_maintenance(self, wanted: Maintenance | None) -> None:
        """Check the configuration as it would be with this maintenance. Raises ProxyError."""
        self._test(lambda folder: _put_maintenance(folder, wanted))

    def maintain(self, wanted: Maintenance | None, timeout: float) -> tuple[int, ...]:
        """Close the app to all but the allow list, or open it with None; reload, confirm.

        timeout: seconds until the reload must be confirmed. Returns the ids of the
        workers from before, which may still be answering. Raises ProxyError.
        """
        identifier = wanted.id if wanted else ""
        return self._reload(
            lambda: _put_maintenance(self._directory, wanted),
            lambda state: state.maintenance == identifier,
            timeout,
        )

    def maintain_as_before(self, before: Maintenance | None, timeout: float) -> None:
        """Undo a maintain() that failed; fine when nginx never took it. Raises ProxyError."""
        try:
            self.maintain(before, timeout)
        except ProxyError:
            if self.state().maintenance != (before.id if before else ""):
                raise

    def _reload(
        self, put: Callable[[], None], taken: Callable[[ProxyState], bool], timeout: float
    ) -> tuple[int, ...]:
        """Change files, have nginx read them, and confirm; the workers from before."""
        old = tuple(self.workers())
        put()
        self._engine.signal(self._container, "HUP")
        self._confirm(taken, old, timeout)
        return old

    def _confirm(
        self, taken: Callable[[ProxyState], bool], old: tuple[int, ...], timeout: float
    ) -> None:
        """Wait until an answer shows the change and no old worker takes connections.

        An answer alone is not enough: for some 200 ms after a reload old workers take
        new connections too.
        """
        deadline = self._clock() + timeout
        while not (self._answers(taken) and self._only_new_workers(old)):
            if self._clock() > deadline:
                raise ProxyError(
                    f"nginx did not take its new configuration within {timeout:g} s",
                    logs=self._engine.logs(self._container),
                )
            time.sleep(_POLL_SECONDS)

    def _answers(self, taken: Callable[[ProxyState], bool]) -> bool:
        try:
            return taken(self.state())
        except ProxyError:
            return False

    def _only_new_workers(self, old: tuple[int, ...]) -> bool:
        accepting = {pid for pid, accepts in self.workers().items() if accepts}
        return bool(accepting) and accepting.isdisjoint(old)

    def drain(self, old: tuple[int, ...], timeout: float, pause: Callable[[float], None]) -> int:
        """Wait until the old workers are gone: then nothing is in flight to the old set.

        timeout: seconds. Returns how many workers were left when the time was up.
        """
        deadline = self._clock() + timeout
        while left := len(self.workers().keys() & set(old)):
            if self._clock() > deadline:
                return left
            pause(_DRAIN_POLL_SECONDS)
        return 0


def ask(control_url: str) -> ProxyState:
    """Ask the nginx behind a control port what it serves. Raises as Proxy.state() does."""
    url = f"{control_url}/live"
    try:
        told = json.loads(web.get(url, _ANSWER_SECONDS).body)
        live = _live(told["set"], told["version"], told["switch"])
        return ProxyState(live, told["nginx"], told.get("maintenance", ""))
    except web.Unreachable as error:
        raise ProxySilentError(
            f"nginx does not answer at {url}", str(error), next_step="fream up infra"
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError, FreamError) as error:
        raise ProxyError(
            f"What answers at {url} does not say what is live",
            str(error),
            next_step=f"curl {url}; is CONTROL_PORT in .env nginx's own?",
        ) from error


def _put_maintenance(folder: Path, wanted: Maintenance | None) -> None:
    """Write or remove the files so that the one that closes the app never stands alone."""
    for name, text in (maintenance.render(wanted) if wanted else {}).items():
        durable.write(folder / name, text)
    if wanted is None:
        for name in (maintenance.FILE, maintenance.ALLOW_FILE):
            (folder / name).unlink(missing_ok=True)
        durable.sync_folder(folder)


def _reason(error: OSError) -> str:
    # shutil.Error holds (source, target, reason) for each file; the first tells enough.
    return str(error.args[0][0][2] if isinstance(error, shutil.Error) else error.strerror or error)


def render_include(live: Live) -> str:
    """The text of service-url.inc. Every value was validated when it was made."""
    return (
        "# Written by fream: which set nginx sends requests to.\n"
        f"set $service_url  fream_{live.set};\n"
        f"set $live_set     {live.set};\n"
        f'set $live_version "{live.version}";\n'
        f'set $live_switch  "{live.switch}";\n'
    )


def parse_include(text: str) -> Live | None:
    """Read service-url.inc back; None when it is empty or not ours."""
    values: Mapping[str, str] = dict(re.findall(r'set \$live_(\w+) +"?([^";]*)"?;', text))
    try:
        return _live(values["set"], values["version"], values["switch"])
    except (KeyError, ValueError, FreamError):
        return None


def _live(name: str, version: str, switch: str) -> Live | None:
    if not re.fullmatch(r"[A-Za-z0-9-]{0,64}", switch):
        raise ValueError(f"{switch!r} is not the id of a switch")
    return Live(SetName(name), Version.parse(version), switch) if name else None
