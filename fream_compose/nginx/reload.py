"""How traffic is moved: a link is renamed; and how nginx reads its files again.

Neither a rename nor a reload's exit code proves anything, so a cut-over is confirmed by the
switch's own id and by where nginx's workers send a request, a reload by the workers' ids.
"""

import time
from collections.abc import Callable

from fream_compose.errors import FreamError, ProxyError
from fream_compose.nginx import include, key, maintenance
from fream_compose.nginx.control import Control, ProxyState
from fream_compose.nginx.maintenance import Maintenance, id_of
from fream_compose.release import LiveRelease, SetName
from fream_compose.waiting import wait_until

_POLL_SECONDS = 0.05
_LOOK_AGAIN_SECONDS = 0.002
_AT_ONCE_SECONDS = 2.0  # in which a rename has shown
_DRAIN_POLL_SECONDS = 0.1
_ANSWERS = 20  # right ones in a row, where the workers do not all come forward


class Reload(Control):
    """Moves the traffic of a running nginx."""

    def serve(self, live: LiveRelease | None, timeout: float) -> None:
        """Name the set behind the link, and confirm that every new request goes there.

        timeout: seconds until it must be confirmed. Raises ProxyError.
        """
        workers = len(self._accepting())
        include.put(self._directory, live, self._services(live))
        if self._comes_true(live, workers, min(timeout, _AT_ONCE_SECONDS)):
            return
        # An nginx that was started while the link was lost does not look for it.
        self._hup()
        if not self._comes_true(live, workers, timeout):
            raise ProxyError(
                f"nginx did not turn to {live or 'nothing'} within {timeout:g} s",
                "It does not see what the link nginx/live leads to, or goes by something else",
                next_step=f"docker exec {self._name} ls -lL /etc/nginx/live; then fream recover",
                logs=self._container.logs(self._name),
            )

    def _comes_true(self, live: LiveRelease | None, workers: int, seconds: float) -> bool:
        deadline = self._clock() + seconds
        return bool(
            wait_until(
                lambda: self._is_confirmed(live, workers),
                deadline,
                self._clock,
                time.sleep,
                _LOOK_AGAIN_SECONDS,
            )
        )

    def _is_confirmed(self, live: LiveRelease | None, workers: int) -> bool:
        """Whether each worker, or each of many answers, says so."""
        seen: set[str] = set()
        for _ in range(_ANSWERS if workers else 0):
            if not self._answers(lambda state: self._is(live, state, seen)):
                return False
            if len(seen) >= workers:
                break
        return bool(seen)

    def _is(self, live: LiveRelease | None, state: ProxyState, seen: set[str]) -> bool:
        """Whether an answer is as it should be. seen: takes the worker that gave it."""
        seen.add(state.worker)
        return state.live == live and state.routed == (live.set if live else "")

    def go_back(self, live: LiveRelease | None, timeout: float) -> None:
        """Serve again what was live before a cut-over that failed, or never took.

        Fine on a disk that cannot be written, where nothing had changed. Raises a FreamError
        when nginx does not answer as before.
        """
        try:
            self.serve(live, timeout)
        except FreamError:
            if self.state().live != live:
                raise

    def reload(self, timeout: float) -> None:
        """Have nginx read its files again, and confirm it.

        timeout: seconds until the new workers must be alone. Raises ProxyError.
        """
        wanted = self.routes.mark
        self._reload(lambda: None, lambda now: now.looks and now.routes == wanted, timeout)
        key.renew(self._directory)

    def maintain(self, wanted: Maintenance | None, timeout: float) -> None:
        """Close the app to all but the allow list, or open it with None, and confirm.

        Only an allow list, or the end of one, takes a reload; the app is closed all the while.
        timeout: seconds until it must be confirmed. Raises ProxyError and ConfigurationError.
        """
        allowing = wanted if wanted and wanted.allow else None
        if allowing or self.state().allows or maintenance.listed(self._directory):
            if wanted and not allowing:
                maintenance.put_page(self._directory, wanted)
            self._reload(
                lambda: maintenance.put_list(self._directory, allowing),
                lambda state: state.allows == id_of(allowing),
                timeout,
            )
        maintenance.put_page(self._directory, None if allowing else wanted)
        self._confirm(lambda state: state.maintenance == id_of(wanted), timeout)

    def maintain_as_before(self, before: Maintenance | None, timeout: float) -> None:
        """Undo a maintain() that failed; fine when nginx never took it. Raises a FreamError."""
        try:
            self.maintain(before, timeout)
        except FreamError:
            if self.state().maintenance != id_of(before):
                raise

    def drain(self, name: SetName, timeout: float, pause: Callable[[float], None]) -> bool:
        """Wait until no request that was given to a set is in flight.

        timeout: seconds. Returns whether there is none. Raises ProxySilentError.
        """
        deadline = self._clock() + timeout
        done = wait_until(
            lambda: not self.busy(name), deadline, self._clock, pause, _DRAIN_POLL_SECONDS
        )
        return bool(done)

    def _reload(
        self, put: Callable[[], None], taken: Callable[[ProxyState], bool], timeout: float
    ) -> None:
        """Change files, have nginx read them, and confirm."""
        old = tuple(self.workers())
        put()
        self._hup()
        # An answer alone is not enough: for some 200 ms after a reload old workers take
        # new connections too.
        self._confirm(taken, timeout, lambda: self._only_new_workers(old))

    def _confirm(
        self,
        taken: Callable[[ProxyState], bool],
        timeout: float,
        also: Callable[[], bool] = lambda: True,
    ) -> None:
        """Wait until nginx's answer is as it should be. Raises ProxyError."""
        confirmed = wait_until(
            lambda: self._answers(taken) and also(),
            self._clock() + timeout,
            self._clock,
            time.sleep,
            _POLL_SECONDS,
        )
        if not confirmed:
            raise ProxyError(
                f"nginx did not take its new configuration within {timeout:g} s",
                "It refuses its files, or does not see the folder nginx/",
                next_step=f"docker exec {self._name} nginx -t; then fream recover",
                logs=self._container.logs(self._name),
            )

    def _answers(self, taken: Callable[[ProxyState], bool]) -> bool:
        try:
            return taken(self.state())
        except ProxyError:
            return False

    def _only_new_workers(self, old: tuple[int, ...]) -> bool:
        accepting = self._accepting()
        return bool(accepting) and accepting.isdisjoint(old)
