"""How a switch ended that was done."""

from dataclasses import dataclass
from datetime import timedelta

from fream_compose.nginx.evidence import Evidence
from fream_compose.operations.journal import FARES_WORSE
from fream_compose.release import LiveRelease
from fream_compose.verdict import Verdict


@dataclass(frozen=True)
class Outcome:
    """A switch that was done: what serves, what it replaced, the proof, whether one can go back."""

    live: LiveRelease
    replaced: LiveRelease | None
    evidence: Evidence
    seconds: float
    kept_warm: timedelta | None = None
    no_way_back: str = ""

    @property
    def worse(self) -> bool:
        """Whether users fare worse on the new release."""
        return self.evidence.verdict in FARES_WORSE

    @property
    def doubtful(self) -> bool:
        """Whether some of the few requests of the new release failed: too few to judge by."""
        return self.evidence.verdict is Verdict.TOO_FEW and self.evidence.new.failed > 0
