"""Decisions, from what was observed."""

from __future__ import annotations

from typing import Any

import pytest

from fream_compose.observe import Snapshot
from fream_compose.plan import Mend, decide, diagnose, profiles
from fream_compose.release import Live, SetName, Version

ONE = Live(SetName.SET1, Version("1.0"), "a")
TWO = Live(SetName.SET2, Version("2.0"), "b")
BOTH = frozenset(SetName)


def seen(live: Live | None, included: Live | None, *occupied: SetName, **other: Any) -> Snapshot:
    """A project in which all is as it should be, but for what is said."""
    found: dict[str, Any] = {
        "nginx_version": "1.30.0",
        "occupied": frozenset(occupied),
        "running": frozenset(occupied),
        "running_version": live.version if live else None,
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
        (seen(ONE, ONE, *BOTH), (Mend.IDLE_SET,)),
        (seen(None, None, SetName.SET2), (Mend.IDLE_SET,)),
        (seen(None, None, *BOTH), (Mend.IDLE_SET,)),
        (seen(ONE, TWO, SetName.SET1), (Mend.INCLUDE,)),
        (seen(ONE, None, SetName.SET1), (Mend.INCLUDE,)),
        (seen(None, ONE), (Mend.INCLUDE,)),
        (seen(ONE, TWO, *BOTH), (Mend.INCLUDE, Mend.IDLE_SET)),
        (seen(ONE, ONE), (Mend.LIVE_SET,)),
        (seen(ONE, ONE, SetName.SET1, running=frozenset()), (Mend.LIVE_SET,)),
        (seen(ONE, ONE, SetName.SET1, running_version=TWO.version), (Mend.LIVE_VERSION,)),
        (seen(ONE, ONE, SetName.SET1, running_version=None), ()),
        (seen(ONE, ONE, SetName.SET1, profiles="infra"), (Mend.ENV_FILE,)),
        (seen(ONE, ONE, SetName.SET1, profiles="infra,set2"), (Mend.ENV_FILE,)),
        (seen(ONE, ONE, SetName.SET1, profiles="infra,debug,set1"), ()),
        (seen(ONE, ONE, SetName.SET1, profiles="'infra,set1'"), ()),
        (seen(ONE, ONE, SetName.SET1, versions={SetName.SET1: "0.9"}), (Mend.ENV_FILE,)),
        (seen(None, None, profiles="infra,set1"), (Mend.ENV_FILE,)),
        (seen(ONE, TWO, *BOTH, silent="refused"), (Mend.NGINX_SILENT,)),
        (seen(ONE, TWO, *BOTH, silent="refused", nginx_runs=False), (Mend.NGINX_STOPPED,)),
    ],
)
def test_what_is_out_of_order_is_named(snapshot: Snapshot, mends: tuple[Mend, ...]) -> None:
    assert diagnose(snapshot) == mends


@pytest.mark.parametrize(("live", "target"), [(None, "set1"), (ONE, "set2"), (TWO, "set1")])
def test_a_release_goes_where_the_live_one_is_not(live: Live | None, target: str) -> None:
    plan = decide(seen(live, live))

    assert (plan.target, plan.replaces) == (target, live)


def test_another_release_in_the_same_set_is_a_disagreement() -> None:
    again = Live(ONE.set, ONE.version, "another switch")

    assert diagnose(seen(ONE, again, SetName.SET1)) == (Mend.INCLUDE,)


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
    assert diagnose(Snapshot(None, None, profiles="infra", closing="m1")) == (Mend.MAINTENANCE,)
