"""Watches a new release from its cut-over until the old set goes, ready to go back."""

from collections import deque
from collections.abc import Callable

from fream_compose.errors import EngineError, GuardError
from fream_compose.nginx.recorder import Recorder
from fream_compose.operations.checks import Checks
from fream_compose.project.x_fream import Guard as GuardSettings
from fream_compose.release import SetName
from fream_compose.report import Saw, unseen
from fream_compose.verdict import Share, Verdict, judge

_LOOK_SECONDS = 0.5  # between two looks
_CONTAINERS_SECONDS = 2.0  # between two looks at containers of a set that answers
_LONG_AGO = float("-inf")
_IN_A_ROW = 2  # looks that must fail before the release counts as failed
_UNREACHED_SHARE = 0.1  # of a look's requests, which nginx answered in the app's place
_FEWEST_UNREACHED = 3
_LOOKS_REMEMBERED = 12  # in which an error rate is looked for: the last six seconds


class Guard:
    """The guard of one release.

    checks: of the new set, with its containers remembered. recorder: of nginx's log.
    clock: in seconds. pause: sleeps for seconds.
    """

    def __init__(
        self,
        checks: Checks,
        recorder: Recorder,
        name: SetName,
        settings: GuardSettings,
        clock: Callable[[], float],
        pause: Callable[[float], None],
    ) -> None:
        self._checks = checks
        self._recorder = recorder
        self._name = name
        self._settings = settings
        self._clock = clock
        self._pause = pause
        self._until = clock() + settings.time.total_seconds()
        self._looked = self._containers_looked = clock()
        self._unhealthy = self._unreachable = 0
        self._unreached = Share()
        self._earlier = deque([Share()], maxlen=_LOOKS_REMEMBERED)

    def pause(self, seconds: float) -> None:
        """Sleep for seconds while others wait, and look meanwhile. Raises GuardError."""
        self.check()
        self._pause(seconds)

    def check(self) -> None:
        """Look if it is time for it. Raises GuardError when the release has failed."""
        if self._settings.time and self._clock() - self._looked >= _LOOK_SECONDS:
            fault = self._look()
            self._looked = self._clock()
            if fault:
                raise GuardError("The new release failed after the cut-over", fault)

    def renew(self) -> None:
        """Watch as long as from the cut-over on, from now on: something has just started."""
        self._until = self._clock() + self._settings.time.total_seconds()

    @property
    def left(self) -> float:
        """The seconds until the time is over."""
        return max(0.0, self._until - self._clock())

    def finish(self, saw: Saw = unseen) -> str:
        """Watch until the time is over; returns what was seen. Raises GuardError.

        saw: gets how its users fare so far.
        """
        while left := self.left:
            saw(f"{self._recorder.shares(self._name)[1]} since the cut-over")
            self.pause(min(left, _LOOK_SECONDS))
        self.confirm()
        return "it answers"

    def confirm(self) -> None:
        """Look at everything now; a look that is not good is followed by another.

        Raises GuardError. A guard that is turned off looks at nothing.
        """
        self._looked = self._containers_looked = _LONG_AGO
        self.check()
        while self._unhealthy or self._unreachable:
            self.pause(_LOOK_SECONDS)

    def _look(self) -> str:
        return self._health() or self._nginx() or self._errors()

    def _health(self) -> str:
        """Two bad answers in a row, or one container that is not what it was."""
        try:
            fault = self._checks.look(self._checks.patience)
        except EngineError:
            fault = ""  # as below
        self._unhealthy = self._unhealthy + 1 if fault else 0
        due = self._clock() - self._containers_looked >= _CONTAINERS_SECONDS
        if (fault or due) and (changed := self._changed()):
            return changed
        return f"Its health check: {fault}" if self._unhealthy >= _IN_A_ROW else ""

    def _changed(self) -> str:
        self._containers_looked = self._clock()
        try:
            return self._checks.changed()
        except EngineError:
            return ""  # an engine that does not answer says nothing about the release

    def _nginx(self) -> str:
        """Two looks in a row in which nginx had to answer for the release."""
        before, self._unreached = self._unreached, self._recorder.unreached(self._name)
        latest = self._unreached.since(before)
        bad = latest.failed > 0 and latest.rate >= _UNREACHED_SHARE
        self._unreachable = self._unreachable + 1 if bad else 0
        if self._unreachable < _IN_A_ROW or self._unreached.failed < _FEWEST_UNREACHED:
            return ""
        return f"nginx got no answer from it: {self._unreached}"

    def _errors(self) -> str:
        """A clear failure since any of the last looks: it may have been good at first."""
        old, new = self._recorder.shares(self._name)
        recent = [new.since(earlier) for earlier in self._earlier]
        self._earlier.append(new)
        failing = [share for share in recent if judge(old, share) is Verdict.FAILS]
        if self._settings.on_errors == "report" or not failing:
            return ""
        return f"Of its requests {failing[0]}; of the old release's before it, {old}"
