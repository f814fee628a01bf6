"""Progress for whoever watches: a person at a terminal, a log, or nobody."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from fream_compose.errors import GuardError, InterruptedRun, RejectedError

_LONG = 600  # seconds, from which on they are told in minutes
Saw = Callable[[str], object]  # gets what was seen last while one waits


def unseen(_latest: str) -> None:
    """For whom it is no news what was seen last."""


@dataclass(frozen=True)
class Heading:
    """A run as it begins: its command, of which project on which server, by whom, and why."""

    command: str
    project: str
    server: str
    by: str
    note: str = ""

    def __str__(self) -> str:
        return f"{self.project} on {self.server}: {self.command}, by {self.by}"


@dataclass(frozen=True)
class Move:
    """What a release is about to do: from what to what, in words, and the id of its run."""

    was: str
    to: str
    run: str

    def __str__(self) -> str:
        return f"{self.was} → {self.to}, run {self.run}"


@dataclass(frozen=True)
class Place:
    """Where a step is in its run: its fixed id, its number from 1, and how many there are."""

    id: str
    number: int
    count: int

    def __str__(self) -> str:
        return f"[{self.number}/{self.count}]"


@dataclass
class Step:
    """A step under way; what is set as detail is shown when it is done.

    id: what stays the same whatever it is called. limit: the seconds that it may take; 0 without
    a limit. ended: how, where that was not well: failed, interrupted or cancelled. latest: what
    was seen last while it runs, such as the answer of a health check that was not good yet.
    tell: is told of that.
    """

    title: str
    detail: str = ""
    place: Place | None = None
    id: str = ""
    limit: float = 0.0
    latest: str = ""
    tell: "Callable[[Step], object]" = field(default=lambda _step: None, repr=False, compare=False)
    ended: str = ""

    @property
    def heading(self) -> str:
        """The title, behind its place where it has one."""
        return f"{self.place} {self.title}" if self.place else self.title

    def saw(self, latest: str) -> None:
        """Have it known what was seen last; may be called as often as one looks."""
        self.latest = latest
        self.tell(self)

    def so_far(self, seconds: float) -> str:
        """How long it has run, and how long it may, such as `34 s of 100 s`."""
        long = (self.limit or seconds) >= _LONG
        took = _span(int(seconds), long)
        return f"{took} of {_span(math.ceil(self.limit), long)}" if self.limit else took

    def __str__(self) -> str:
        return f"{self.heading}: {self.detail}" if self.detail else self.heading


def _span(seconds: int, long: bool) -> str:
    minutes, rest = divmod(seconds, 60)
    if not (long and minutes):
        return f"{seconds} s"
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


@dataclass(frozen=True)
class Taken:
    """A step that was taken, well or not.

    id: of one that was planned. began: Unix seconds. error: what it ended with.
    """

    title: str
    id: str
    began: float
    seconds: float
    error: BaseException | None = None


def how_ended(error: BaseException) -> str:
    """What a step that was left by an error is: failed, or what somebody wanted."""
    if isinstance(error, InterruptedRun | KeyboardInterrupt):
        return "interrupted"
    wanted = isinstance(error, RejectedError) and not isinstance(error, GuardError)
    return "cancelled" if wanted else "failed"


@dataclass
class Report:
    """Announces each step and says how long it took; also the silent kind for tests.

    heading, move: what is known of the run. run: its id, once it is its turn. seconds: the
    durations of the steps that are done, by title. ids: their fixed ids, by title. warnings: what
    was warned of. taken: every step that has ended. heard: told each step as it begins, and again
    when it saw something. clock: in seconds.
    """

    heading: Heading | None = None
    run: str = ""
    move: Move | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    taken: list[Taken] = field(default_factory=list)
    heard: Callable[[Step], object] = field(default=lambda _step: None, kw_only=True)
    clock: Callable[[], float] = field(default=time.monotonic, kw_only=True)
    _said: set[str] = field(default_factory=set)

    def begin(self, heading: Heading) -> None:
        """A run begins."""
        self.heading = heading

    def decided(self, move: Move) -> None:
        """The run knows what it will do."""
        self.move = move

    @contextmanager
    def step(
        self, title: str, place: Place | None = None, limit: float = 0.0, id: str = ""
    ) -> Iterator[Step]:
        """Announce a step for the length of the block.

        place: of one that was planned. id: of another one. limit: the seconds that it may take,
        0 without a limit.
        """
        known = place.id if place else id
        step = Step(title, place=place, id=known, limit=limit, tell=self.heard)
        self.heard(step)
        began, moment = self.clock(), time.time()
        try:
            with self._running(step):
                yield step
        except BaseException as error:
            seconds = self.clock() - began
            step.ended = how_ended(error)
            self.taken.append(Taken(title, known, moment, round(seconds, 3), error))
            self._failed(step, seconds)
            raise
        self.seconds[title] = round(self.clock() - began, 3)
        self.taken.append(Taken(title, known, moment, self.seconds[title]))
        if known:
            self.ids[title] = known
        self._done(step, self.seconds[title])

    def failed_step(self, error: BaseException | None) -> str:
        """The step that an error ended, or what it came from: its fixed id, else its title.

        Empty for one that came between two steps.
        """
        while error:
            if found := next((step for step in self.taken if step.error is error), None):
                return found.id or found.title
            error = error.__cause__ or error.__context__
        return ""

    def note(self, text: str) -> None:
        """Say something that is not a step."""

    def marked(self, mark: str, text: str) -> None:
        """Say how something was found to be: well (✓), doubtful (!) or bad (✗)."""
        self.note(f"{mark} {text}")

    def note_once(self, text: str) -> None:
        """Say something unless it was said before."""
        if text not in self._said:
            self._said.add(text)
            self.note(text)

    def warn(self, text: str) -> None:
        """Say something that the operator should look into."""
        self.warnings.append(text)
        self._warned(text)

    def _warned(self, text: str) -> None:
        pass

    @contextmanager
    def _running(self, _step: Step) -> Iterator[None]:
        yield

    def _done(self, step: Step, seconds: float) -> None:
        pass

    def _failed(self, step: Step, seconds: float) -> None:
        pass
