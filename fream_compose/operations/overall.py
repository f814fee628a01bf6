"""How it is, in one line: are users served, what is wrong first of all, and what mends it. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from fream_compose.errors import ConfigurationError, FreamError
from fream_compose.nginx.certificates import Verdict
from fream_compose.operations.as_user import UsersGet
from fream_compose.operations.certificates import HostCertificate
from fream_compose.operations.drift import Drift
from fream_compose.operations.workers import Ailing

NOT_SERVED = "Users are not served: "
_TRUSTED = {
    Verdict.EXPIRED: "has expired",
    Verdict.MISSING: "is missing",
    Verdict.SELF_SIGNED: "is self-signed",
    Verdict.EXPIRES: "expires soon",
    Verdict.FAILED: "could not be renewed",
}


class Level(StrEnum):
    """Users are served and all is well; they are, and something is not; they are not."""

    WELL = "well"
    DEGRADED = "degraded"
    DOWN = "down"

    @property
    def exit_code(self) -> int:
        """With which `fream status --exit-code` ends."""
        return [*Level].index(self)


@dataclass(frozen=True)
class Overall:
    """The verdict on all that was seen. users_get: through nginx; empty where it was not asked.

    what: the worst that is wrong, or what serves. fix: what to type or to do; may be empty.
    """

    level: Level
    what: str
    users_get: str
    fix: str = ""


@dataclass(frozen=True)
class Facts:
    """What the verdict is made of; what is empty is well.

    users: what they get; None where it was not asked. live: the live release, in words. silent:
    why nginx gives no answer. stopped: it does not run, and empty: nothing does. closed: since
    when, on purpose, as told to people. fault: what keeps users from being served by what
    should serve. at_work: a run is, and disorder is no news. released: whether anything ever
    was. foreign: why nothing here is this folder's. infra, ailing, disorder, unsure: what is
    wrong with infra and with the containers of the live release, what recover repairs, what
    could not be looked at. failing: the release on which users fare worse, and the way back.
    """

    users: UsersGet | None
    live: str = ""
    silent: str = ""
    stopped: bool = False
    empty: bool = False
    closed: str = ""
    fault: FreamError | None = None
    at_work: bool = False
    released: bool = True
    foreign: ConfigurationError | None = None
    infra: tuple[str, ...] = ()
    certificates: tuple[HostCertificate, ...] = ()
    failing: tuple[str, str] | None = None
    ailing: tuple[Ailing, ...] = ()
    disorder: tuple[str, ...] = ()
    unreadable: FreamError | None = None
    drift: tuple[Drift, ...] = ()
    unsure: tuple[str, ...] = ()


def judge(facts: Facts) -> Overall:
    """The first that is true, the worst first."""
    level, what, fix = next(_rows(facts))
    return Overall(level, what, facts.users.text if facts.users else "", fix)


_Row = tuple[Level, str, str]


def _rows(facts: Facts) -> Iterator[_Row]:
    if facts.foreign:
        yield Level.DEGRADED, facts.foreign.what, facts.foreign.next_step
    for what, fix in _outages(facts):
        yield Level.DOWN, what, fix
    for what, fix in _troubles(facts):
        yield Level.DEGRADED, what, fix
    yield Level.WELL, f"{facts.live} serves", ""


def _outages(facts: Facts) -> Iterator[tuple[str, str]]:
    """Why users are not served, and what mends it."""
    users, refused = facts.users or UsersGet(""), [d for d in facts.drift if d.stops_a_release]
    fault = facts.fault
    if facts.silent and refused:
        yield f"nginx does not start, as it refuses {refused[0].what}", refused[0].takes_effect
    if facts.silent and facts.empty:
        yield "nothing runs", "fream up"
    if facts.silent and facts.stopped:
        yield "nginx is stopped", "fream up"
    if facts.silent:
        yield f"nginx does not answer ({facts.silent})", "fream recover"
    if facts.closed:
        yield f"closed on purpose {facts.closed}", "fream maintenance off"
    if fault and not users.good:
        yield fault.what.removeprefix(NOT_SERVED), fault.next_step
    if not (facts.live or fault) and facts.at_work:
        yield "nothing is live yet, and a run is at work", ""
    if not (facts.live or fault):
        what = "nothing is live" if facts.released else "nothing was released yet"
        yield what, "fream switch VERSION"
    if facts.users and not users.served:
        ports = (d.takes_effect for d in facts.drift if d.what == "ports of nginx")
        fix = "fream logs live" if users.status else next(ports, "fream doctor")
        yield f"{facts.live} is healthy, and nginx does not bring users to it", fix
    if facts.certificates and all(c.verdict is Verdict.EXPIRED for c in facts.certificates):
        yield "browsers let nobody in, as each certificate has expired", "fream certificates"


def _troubles(facts: Facts) -> Iterator[tuple[str, str]]:
    """What is wrong while users are served, and what mends it."""
    if facts.fault:
        yield facts.fault.what.removeprefix(NOT_SERVED), facts.fault.next_step
    for what in facts.infra:
        yield what, "fream up infra"
    for verdict, says in _TRUSTED.items():
        for one in facts.certificates:
            if one.verdict is verdict:
                yield f"the certificate of {one.host} {says}", "fream certificates"
    if facts.failing:
        version, way_back = facts.failing
        yield f"users fare worse on {version} than before", way_back
    for ailing in facts.ailing:
        yield ailing.what, ailing.fix
    for what in () if facts.at_work else facts.disorder:
        yield what, "fream recover"
    if facts.unreadable:
        yield facts.unreadable.what, facts.unreadable.next_step
    for drift in facts.drift:
        what = f"nginx refuses {drift.what}" if drift.stops_a_release else f"{drift.what} changed"
        yield f"{what}, and what is set does not hold yet", drift.takes_effect
    for what in facts.unsure:
        yield what, "fream doctor"
