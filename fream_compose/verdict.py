"""Did users fare worse on the new release? One pure rule over counts of requests."""

from dataclasses import dataclass
from enum import StrEnum
from math import exp, lgamma, log, log1p

_FEWEST = 5  # requests of the new release, below which nothing good is said
_FEWEST_FAILED = 3
_CHANCE = 0.001  # at which more failures are no longer put down to bad luck
_TOLERATED = 0.001  # of the requests: fewer failures than this are not told apart

_CLEARLY = 10  # requests of the new release that a clear failure needs
_CLEARLY_SECONDS = 1.0
_CLEARLY_OLD = 5  # requests of the old release that show it was good
_NEARLY_ALL = 0.02  # of the old release's requests may have failed all the same


class Verdict(StrEnum):
    """How the new release fares beside the old one."""

    NO_WORSE = "no worse"
    TOO_FEW = "too few to tell"
    WORSE = "worse"
    FAILS = "fails"


@dataclass(frozen=True)
class Share:
    """The requests of one release, how many failed, and the seconds from the first to the last.

    Failed are answers of 500 and above, those that nginx made for a silent app, and requests
    whose client gave up on one after a second or more.
    """

    requests: int = 0
    failed: int = 0
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """The part that failed, from 0 to 1."""
        return self.failed / self.requests if self.requests else 0.0

    def since(self, earlier: "Share") -> "Share":
        """Those that came after an earlier look."""
        return Share(
            self.requests - earlier.requests,
            self.failed - earlier.failed,
            round(self.seconds - earlier.seconds, 3),
        )

    def __str__(self) -> str:
        if not self.requests:
            return "no requests"
        return f"{self.failed:,} of {self.requests:,} ({self.rate:.1%}) failed"


def judge(old: Share, new: Share) -> Verdict:
    """Compare the new release with the old one before it.

    It fails when more than half of at least ten requests over a second or more failed,
    while the old one's were nearly all good. It is worse when at least three failed, twice
    the old one's share and one in a thousand, and so many would come by chance less than
    once in a thousand times (the binomial tail, with the old share as p, smoothed by
    Laplace's rule because "none of few" is not "never").
    """
    if _clearly_fails(old, new):
        return Verdict.FAILS
    if _worse(old, new):
        return Verdict.WORSE
    return Verdict.TOO_FEW if new.requests < _FEWEST else Verdict.NO_WORSE


def _worse(old: Share, new: Share) -> bool:
    expected = (old.failed + 1) / (old.requests + 2)
    return (
        new.failed >= _FEWEST_FAILED
        and new.rate >= max(2 * old.rate, _TOLERATED)
        and _tail(new.requests, new.failed, expected) < _CHANCE
    )


def _clearly_fails(old: Share, new: Share) -> bool:
    return (
        new.requests >= _CLEARLY
        and new.seconds >= _CLEARLY_SECONDS
        and new.rate > 0.5
        and old.requests >= _CLEARLY_OLD
        and old.rate <= _NEARLY_ALL
    )


def _tail(count: int, at_least: int, chance: float) -> float:
    """How likely at least so many of `count` are, each with this chance."""
    if at_least <= count * chance:
        return 1.0  # at or below what is expected: likely, and the sum below needs the far side
    total = 0.0
    for number in range(at_least, count + 1):
        term = _exactly(count, number, chance)
        total += term
        if term < total * 1e-9:
            break
    return total


def _exactly(count: int, number: int, chance: float) -> float:
    ways = lgamma(count + 1) - lgamma(number + 1) - lgamma(count - number + 1)
    return exp(ways + number * log(chance) + (count - number) * log1p(-chance))
