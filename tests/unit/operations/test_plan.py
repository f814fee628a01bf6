"""Decisions, from what was observed."""

from __future__ import annotations

from typing import Any

import pytest

from fream_compose.operations.diagnosis import Fault, diagnose, kept_because, trouble
from fream_compose.operations.plan import decide
from fream_compose.operations.set_health import SetHealth
from fream_compose.operations.snapshot import Snapshot
from fream_compose.project.live_record import profiles
from fream_compose.release import LiveRelease, SetName, Version

ONE = LiveRelease(SetName.SET1, Version("1.0"), "a")
TWO = LiveRelease(SetName.SET2, Version("2.0"), "b")
BOTH = frozenset(SetName)


def seen(
    live: LiveRelease | None, included: LiveRelease | None, *occupied: SetName, **other: Any
) -> Snapshot:
    """A project in which all is as it should be, but for what is said."""
    found: dict[str, Any] = {
        "nginx_version": "1.30.0",
        "occupied": frozenset(occupied),
        "running": frozenset(occupied),
        "holds": {live.set: live.version} if live else {},
        "profiles": f"infra,{live.set}" if live else "infra",
        "versions": {live.set: str(live.version)} if live else {},
    }
    return Snapshot(live, included, **{**found, **other})


@pytest.mark.parametrize(
    ("snapshot", "mends"),
    [
        (seen(None, None), ()),
        (seen(ONE, ONE, SetName.SET1), ()),
        (seen(TWO, TWO, SetName.SET2), ()),
        (seen(ONE, ONE, *BOTH), (Fault.IDLE_SET,)),
        (seen(None, None, SetName.SET2), (Fault.UNNAMED,)),
        (seen(None, None, *BOTH), (Fault.UNNAMED,)),
        (seen(ONE, None, SetName.SET1, lost=True), (Fault.LOST,)),
        (seen(ONE, TWO, lost=True), (Fault.LOST,)),
        (seen(ONE, None, *BOTH, lost=True), (Fault.LOST, Fault.IDLE_SET)),
        (seen(ONE, TWO, SetName.SET1), (Fault.INCLUDE,)),
        (seen(ONE, None, SetName.SET1), (Fault.INCLUDE,)),
        (seen(None, ONE), (Fault.INCLUDE,)),
        (seen(ONE, TWO, *BOTH), (Fault.INCLUDE, Fault.IDLE_SET)),
        (seen(ONE, ONE), (Fault.LIVE_SET,)),
        (seen(ONE, ONE, SetName.SET1, running=frozenset()), (Fault.LIVE_SET,)),
        (seen(ONE, ONE, SetName.SET1, holds={SetName.SET1: TWO.version}), (Fault.LIVE_VERSION,)),
        (seen(ONE, ONE, SetName.SET1, holds={SetName.SET1: None}), ()),
        (seen(ONE, ONE, SetName.SET1, profiles="infra"), (Fault.ENV_FILE,)),
        (seen(ONE, ONE, SetName.SET1, profiles="infra,set2"), (Fault.ENV_FILE,)),
        (seen(ONE, ONE, SetName.SET1, profiles="infra,debug,set1"), ()),
        (seen(ONE, ONE, SetName.SET1, profiles="'infra,set1'"), ()),
        (seen(ONE, ONE, SetName.SET1, versions={SetName.SET1: "0.9"}), (Fault.ENV_FILE,)),
        (seen(ONE, ONE, SetName.SET1, named="1.0-bare"), (Fault.ENV_FILE,)),
        (seen(ONE, ONE, SetName.SET1, misnamed=("r/app:1.0",)), (Fault.TAGS,)),
        (seen(None, None, profiles="infra,set1"), (Fault.ENV_FILE,)),
        (seen(ONE, TWO, *BOTH, silent="refused"), (Fault.NGINX_SILENT,)),
        (seen(ONE, TWO, *BOTH, silent="refused", nginx_runs=False), (Fault.NGINX_STOPPED,)),
    ],
)
def test_what_is_out_of_order_is_named(snapshot: Snapshot, mends: tuple[Fault, ...]) -> None:
    assert diagnose(snapshot) == mends


@pytest.mark.parametrize(("live", "target"), [(None, "set1"), (ONE, "set2"), (TWO, "set1")])
def test_a_release_goes_where_the_live_one_is_not(live: LiveRelease | None, target: str) -> None:
    plan = decide(seen(live, live))

    assert (plan.target, plan.replaces) == (target, live)


WELL, ILL = SetHealth(good=True, summary="/ HTTP 200"), SetHealth(good=False, summary="/ HTTP 500")


@pytest.mark.parametrize(
    ("occupied", "well", "target"),
    [
        ((), (), "set1"),
        ((SetName.SET1,), (SetName.SET1,), "set2"),
        (tuple(BOTH), (SetName.SET1,), "set2"),
        (tuple(BOTH), (SetName.SET2,), "set1"),
    ],
)
def test_where_nothing_is_live_a_release_leaves_alone_what_runs(
    occupied: tuple[SetName, ...], well: tuple[SetName, ...], target: str
) -> None:
    snapshot = seen(None, None, *occupied, health=dict.fromkeys(well, WELL))

    assert decide(snapshot).target == target


@pytest.mark.parametrize(
    ("snapshot", "stays"),
    [
        (seen(ONE, ONE, *BOTH, health={SetName.SET1: WELL}), ""),
        (seen(ONE, ONE, *BOTH, health={SetName.SET1: ILL}), "is not healthy: / HTTP 500"),
        (seen(ONE, ONE, SetName.SET2), "is not healthy: it does not run"),
        (seen(None, None, *BOTH, health={SetName.SET1: WELL}), "nothing else is live"),
        (seen(TWO, TWO, *BOTH, health={SetName.SET2: WELL}), "set2 is live"),
        (seen(TWO, TWO, *BOTH, health=dict.fromkeys(BOTH, WELL)), "set2 is live"),
        (seen(ONE, ONE, *BOTH, health={SetName.SET1: WELL}, silent="refused"), "not healthy"),
    ],
)
def test_a_set_goes_only_where_another_is_live_and_healthy(snapshot: Snapshot, stays: str) -> None:
    reason = kept_because(snapshot, SetName.SET2)

    assert (stays in reason) if stays else (reason == "")


@pytest.mark.parametrize(
    ("snapshot", "goes"),
    [
        (seen(ONE, ONE, *BOTH, health={SetName.SET2: ILL}), True),
        (seen(None, None, *BOTH, health={SetName.SET2: ILL}), True),
        (seen(ONE, ONE, *BOTH, health={SetName.SET2: WELL}), False),
        (seen(None, None, *BOTH, health={SetName.SET2: WELL}), False),
        (seen(TWO, TWO, *BOTH, health={SetName.SET2: ILL}), False),
    ],
)
def test_a_release_takes_the_place_of_nothing_that_is_good(snapshot: Snapshot, goes: bool) -> None:
    assert (kept_because(snapshot, SetName.SET2, replaced=True) == "") is goes


@pytest.mark.parametrize(
    ("snapshot", "code"),
    [
        (seen(ONE, ONE, SetName.SET1, health={SetName.SET1: WELL}), 0),
        (seen(None, None), 0),
        (seen(ONE, ONE, SetName.SET1, health={SetName.SET1: WELL}, silent="refused"), 7),
        (seen(ONE, None, SetName.SET1, health={SetName.SET1: WELL}, lost=True), 7),
        (seen(ONE, ONE, SetName.SET1, health={SetName.SET1: ILL}), 6),
        (seen(ONE, ONE), 6),
        (seen(None, None, SetName.SET2), 9),
    ],
)
def test_whether_users_are_served_has_a_code(snapshot: Snapshot, code: int) -> None:
    fault = trouble(snapshot)

    assert (fault.exit_code if fault else 0) == code


def test_another_release_in_the_same_set_is_a_disagreement() -> None:
    again = LiveRelease(ONE.set, ONE.version, "another switch")

    assert diagnose(seen(ONE, again, SetName.SET1)) == (Fault.INCLUDE,)


@pytest.mark.parametrize(
    ("current", "live", "expected"),
    [
        ("infra", "set1", "infra,set1"),
        ("infra,set1", "set2", "infra,set2"),
        ("infra,set1,set2", "set2", "infra,set2"),
        ("", "set1", "infra,set1"),
        ("set1", "set2", "infra,set2"),
        ("infra,debug,set1", "set2", "infra,debug,set2"),
        (" infra , set1 ", "set2", "infra,set2"),
        ("'infra,set1'", "set2", "infra,set2"),
        ('"infra"', "set1", "infra,set1"),
        ("infra,set1", None, "infra"),
        ("infra # the owner's note", "set1", "infra,set1"),
    ],
)
def test_the_profiles_name_the_live_set_and_keep_the_owners(
    current: str, live: str | None, expected: str
) -> None:
    assert profiles(current, SetName(live) if live else None) == expected


def test_a_maintenance_that_nginx_has_not_read_is_put_right() -> None:
    assert diagnose(Snapshot(None, None, profiles="infra", closing="m1")) == (Fault.MAINTENANCE,)
