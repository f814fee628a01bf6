"""Undo that is registered before the deed and always runs."""

from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType

from fream_compose.errors import UncertainError, reason
from fream_compose.interruption import LeaveNow
from fream_compose.report import Report
from fream_compose.step_ids import StepId


@dataclass(frozen=True)
class _Deed:
    title: str
    by_hand: str
    action: Callable[[], None]


class Undo:
    """Runs what was registered, the last first, when its block fails; forget() commits."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._deeds: list[_Deed] = []

    def add(self, title: str, by_hand: str, action: Callable[[], None]) -> None:
        """Register an undo: it must be fine to run when the deed never happened.

        by_hand: the command to type should the undo fail.
        """
        self._deeds.append(_Deed(title, by_hand, action))

    def forget(self) -> None:
        """The deeds stay: nothing is undone any more."""
        self._deeds.clear()

    def __enter__(self) -> "Undo":
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if error is None or not self._deeds:
            return
        if isinstance(error, LeaveNow):
            self._leave()
        else:
            self._run(error)

    def _run(self, cause: BaseException) -> None:
        while self._deeds:
            deed = self._deeds[-1]
            try:
                with self._report.step(deed.title, id=StepId.UNDO):
                    deed.action()
            except Exception as error:
                raise UncertainError(
                    f"{cause}; and then this undo failed: {deed.title}",
                    f"{reason(error)}: {getattr(error, 'why', '')}".removesuffix(": "),
                    logs=getattr(error, "logs", ()),
                    next_step=self._commands(),
                ) from cause
            except LeaveNow:
                self._leave()
                raise
            self._deeds.pop()

    def _leave(self) -> None:
        self._report.warn(f"left as it is; to put it right: {self._commands()}")

    def _commands(self) -> str:
        return "; ".join(dict.fromkeys(deed.by_hand for deed in reversed(self._deeds)))
