"""Services that work for the live release only: who does not serve any more ends its work,
and who serves begins. Told from what runs, so that it may be done again at any time."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from fream_compose import times
from fream_compose.docker.facts import Condition
from fream_compose.docker.farewell import KILLED
from fream_compose.errors import ConfigurationError
from fream_compose.operations.context import Context
from fream_compose.operations.live_images import late_of
from fream_compose.operations.members import is_done
from fream_compose.operations.workers import astray
from fream_compose.project.finishing import Finishing
from fream_compose.release import LiveRelease, SetName
from fream_compose.report import Saw, unseen

_POLL_SECONDS = 0.3
_MARGIN = timedelta(seconds=10)  # after a grace, for the engine to kill what withstood
Pause = Callable[[float], None]


class HandOver:
    """Lets containers end their work in the background, and has others begin."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._project = context.project
        self._settings = context.settings
        self._note = context.settings.state.finishing
        self._unnoted: dict[str, Finishing] = {}

    def to(self, live: LiveRelease, pause: Pause, saw: Saw = unseen) -> str:
        """Have the services that start after a cut-over work for this release, and no other.

        Those of the other set are told to stop, and finish what they began while this goes on.
        A service waits for its own earlier container, and one that must be alone for its
        predecessor: at most as long as their graces. Returns what works, in a few words.
        pause: sleeps for seconds, and may raise. saw: gets who is waited for. Raises EngineError.
        """
        self.end(live.set.other)
        working, done = late_of(self._settings, live), self._done(live.set)
        waiting = {name: service for name, service in working.items() if service not in done}
        while waiting:
            still = self.clear()
            ready = [name for name in waiting if not self._waits(name, live.set, waiting, still)]
            if ready:
                services = [waiting.pop(name) for name in ready]
                self._project.start_set(live.set, live.version, services)
            else:
                self._say(still, saw)
                pause(_POLL_SECONDS)
        return ", ".join([*working.values(), *map(str, self.clear())])

    def _done(self, name: SetName) -> frozenset[str]:
        """The jobs of a set that have had their turn; not who ended because it was told to."""
        members = self._project.containers.members(name)
        told = {*(one.container for one in self._note.all()), *self._unnoted}
        return frozenset(one.service for one in members if is_done(one) and one.id not in told)

    def end(self, name: SetName) -> None:
        """Let go of the services in a set that work for a live release only. Raises EngineError."""
        if self._settings.late:
            self.let_go(name, astray(self._settings, name.other, self._project.inspected()[1]))

    def let_go(self, name: SetName, containers: Sequence[Condition]) -> None:
        """Tell containers to stop, with their full grace, and do not wait. Raises EngineError.

        What was told already is left alone, and what does not run is removed.
        """
        told = {one.container for one in self._note.all()}
        new = [one for one in containers if one.id not in told]
        self._project.containers.dispose([one.id for one in new if not one.alive])
        for one in new:
            if one.alive:
                # Told before it is noted: what is noted only would work on until it is killed.
                self._project.containers.let_go(one.id, one.grace)
                self._take_down(_finishing(one, name))

    def _take_down(self, one: Finishing) -> None:
        """Note it; without a note, as on a full disk, this run knows of it all the same."""
        try:
            self._note.add(one)
        except ConfigurationError as error:
            self._unnoted[one.container] = one
            self._context.report.warn(
                f"{one.service} was told to end, which cannot be noted: {error.why}; once that is "
                "mended: fream recover"
            )

    def clear(self) -> tuple[Finishing, ...]:
        """Remove what has ended of what was told to stop; returns what is still at work.

        What withstood until it was killed is told. Raises EngineError.
        """
        if not (noted := (*self._note.all(), *self._unnoted.values())):
            return ()
        found = {one.id: one for one in self._project.inspected()[1]}
        now, still = datetime.now(UTC), []
        for one in noted:
            seen = found.get(one.container)
            if seen and seen.alive and seen.started != one.started:
                # Started again since, as with the server: it knows nothing of its end.
                self._forget(one)
                self.let_go(one.set, [seen])
            elif seen and seen.alive and not one.over(now - _MARGIN):
                still.append(one)
            else:
                self._remove(one, seen)
        return tuple(still)

    def _forget(self, one: Finishing) -> None:
        if self._unnoted.pop(one.container, None) is None:
            self._note.forget([one.container])

    def wait_for(self, services: Sequence[str], pause: Pause, saw: Saw = unseen) -> None:
        """Wait until these services have finished their work, at most their graces.

        Raises EngineError, and what pause raises.
        """
        while still := [one for one in self.clear() if one.service in services]:
            self._say(still, saw)
            pause(_POLL_SECONDS)

    def _waits(
        self, name: str, live: SetName, waiting: dict[str, str], still: Sequence[Finishing]
    ) -> bool:
        """Whether a service must not start yet. still: what finishes its work."""
        own = self._settings.switch.services[name]
        at_work = {one.service for one in still}
        before = self._settings.sets[live.other].members[name]
        return own.after in waiting or waiting[name] in at_work or (own.alone and before in at_work)

    def _say(self, still: Sequence[Finishing], saw: Saw) -> None:
        saw("; ".join(map(str, still)))
        for one in still:
            self._context.report.note_once(f"Waiting: {one}")

    def _remove(self, one: Finishing, seen: Condition | None) -> None:
        if seen and (seen.alive or seen.exit_code == KILLED):
            report, containers = self._context.report, self._project.containers
            report.warn(
                f"{one.service} of an earlier release did not end within its "
                f"{times.limit(seen.grace)}, and was killed; what it was at is lost"
            )
            for line in containers.logs(seen.name):
                report.note(f"  log      {line}")
        self._project.containers.dispose([one.container])
        self._forget(one)


def _finishing(one: Condition, name: SetName) -> Finishing:
    until = datetime.now(UTC) + timedelta(seconds=one.grace)
    return Finishing(one.id, one.service, name, until.isoformat(timespec="seconds"), one.started)
