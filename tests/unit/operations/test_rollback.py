"""Which release is gone back to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fream_compose.errors import NothingToRollBackError, NoWayBackError
from fream_compose.operations.rollback import leaving, no_way_back, target
from fream_compose.project.entry import Entry, Kind, Result
from fream_compose.release import Version


def entry(
    version: str, result: Result = Result.DONE, kind: Kind = Kind.SWITCH, no_way_back: str = ""
) -> Entry:
    made = Entry("id", version, "set1", "", "2026-01-01T00:00:00+00:00", 1.0, result, "me")
    return replace(made, kind=kind, no_way_back=no_way_back)


def back(version: str, result: Result = Result.DONE) -> Entry:
    return entry(version, result, Kind.ROLLBACK)


def pinned(tag: str, digit: str = "a") -> str:
    return f"{tag}@sha256:{digit * 64}"


def live(text: str) -> Version:
    return Version.parse(text)


def test_the_release_before_is_gone_back_to_with_its_digest() -> None:
    entries = (entry(pinned("1.0.0")), entry(pinned("1.0.1", "b")))

    assert target(entries, live(pinned("1.0.1", "b"))).version == pinned("1.0.0")


def test_a_release_again_of_the_same_content_is_passed_over() -> None:
    entries = (entry("1.0.0"), entry("1.0.1"), entry("1.0.1"))

    assert target(entries, live("1.0.1")).version == "1.0.0"


def test_the_same_tag_with_other_content_is_another_release() -> None:
    entries = (entry(pinned("latest", "a")), entry(pinned("latest", "b")))

    assert target(entries, live(pinned("latest", "b"))).version == pinned("latest", "a")


def test_a_release_that_never_served_is_passed_over() -> None:
    entries = (entry("1.0.0"), entry("1.0.1", Result.FAILED), entry("1.0.2"))

    assert target(entries, live("1.0.2")).version == "1.0.0"


@pytest.mark.parametrize("wanted", ["1.0.0", "sha256:" + "a" * 64, pinned("1.0.0")])
def test_a_version_can_be_named_as_it_was_released(wanted: str) -> None:
    entries = (entry(pinned("1.0.0")), entry("1.0.1"), entry("1.0.2"))

    assert target(entries, live("1.0.2"), wanted).version == pinned("1.0.0")


def test_a_tag_that_was_released_twice_means_its_last_content() -> None:
    entries = (entry(pinned("1.0.0", "a")), entry(pinned("1.0.0", "b")), entry("1.0.1"))

    assert target(entries, live("1.0.1"), "1.0.0").version == pinned("1.0.0", "b")


def test_nothing_to_go_back_to_is_exit_10() -> None:
    with pytest.raises(NothingToRollBackError) as error:
        target((entry("1.0.0"),), live("1.0.0"))

    assert error.value.exit_code == 10


def test_a_version_that_was_never_live_is_exit_10_and_names_it() -> None:
    with pytest.raises(NothingToRollBackError, match=r"9\.9 was never live"):
        target((entry("1.0.0"), entry("1.0.1")), live("1.0.1"), "9.9")


@pytest.mark.parametrize(
    ("entries", "now", "before"),
    [
        ([entry("A"), entry("B"), entry("C"), back("B")], "B", "A"),
        # A rollback that failed took nobody anywhere.
        ([entry("A"), entry("B"), entry("C"), back("B", Result.FAILED)], "C", "B"),
        # What was released after it counts anew, and not what was rolled back from.
        ([entry("A"), entry("B"), back("A"), entry("C")], "C", "A"),
        ([entry("A"), entry("B"), entry("C"), back("B"), entry("D"), back("B")], "B", "A"),
        ([entry("A"), entry("B"), entry("A"), entry("C"), back("A")], "A", "B"),
        # Rolled back over several at once.
        ([entry("A"), entry("B"), entry("C"), entry("D"), back("B")], "B", "A"),
        # Gone back to what had been rolled back from: it was wanted after all.
        ([entry("A"), entry("B"), back("A"), back("B")], "B", "A"),
        # Released, and cut back by the guard: never live for long enough.
        ([entry("A"), entry("B"), entry("C", Result.CANCELLED)], "B", "A"),
        # Users fared worse on it: it served, and is no place to go back to.
        ([entry("A"), entry("B", Result.FAILING)], "B", "A"),
        ([entry("A"), entry("B", Result.FAILING), entry("C")], "C", "A"),
        ([entry("A"), entry("B"), entry("C"), back("B", Result.FAILING)], "B", "A"),
        ([entry("A"), entry("B", Result.FAILING), entry("B"), entry("C")], "C", "B"),
        # What is live was started by hand.
        ([entry("A"), entry("B")], "X", "B"),
    ],
)
def test_each_rollback_goes_further_back(entries: list[Entry], now: str, before: str) -> None:
    assert target(tuple(entries), live(now)).version == before


def test_three_releases_can_be_walked_back_to_the_first_and_no_further() -> None:
    entries = [entry("A"), entry("B"), entry("C")]
    for expected in ("B", "A"):
        now = Version.parse(entries[-1].version)
        assert target(tuple(entries), now).version == expected
        entries.append(back(expected))

    with pytest.raises(NothingToRollBackError):
        target(tuple(entries), live("A"))


def test_what_was_rolled_back_from_can_be_named_all_the_same() -> None:
    entries = (entry("A"), entry("B"), back("A"))

    assert target(entries, live("A"), "B").version == "B"


def last(version: str, result: Result = Result.DONE) -> Entry:
    """A release that no earlier one can live with."""
    return entry(version, result, no_way_back="the column name is dropped")


@pytest.mark.parametrize(
    ("entries", "now", "wanted"),
    [
        ([entry("A"), last("B")], "B", ""),
        ([entry("A"), last("B")], "B", "A"),
        ([entry("A"), entry("B"), last("C"), entry("D")], "D", "A"),
        # One step to C is a way; from there none.
        ([entry("A"), last("B"), entry("C"), back("B")], "B", ""),
        ([entry("A"), last("B"), last("B")], "B", ""),
        # It failed after its migrations ran: A, on which they are not tried, is no way any more.
        ([entry("A"), entry("B"), last("C", Result.CUT_BACK)], "B", ""),
    ],
)
def test_what_was_before_a_release_without_a_way_back_is_refused_unless_forced(
    entries: list[Entry], now: str, wanted: str
) -> None:
    with pytest.raises(NoWayBackError, match=r"no way back behind [BC]") as caught:
        target(tuple(entries), live(now), wanted)

    assert caught.value.exit_code == 10
    assert caught.value.why == "the column name is dropped"
    assert "fream rollback --to A --force" in caught.value.next_step
    assert target(tuple(entries), live(now), wanted, forced=True).version == "A"


@pytest.mark.parametrize(
    ("entries", "now", "wanted", "found"),
    [
        ([entry("A"), last("B"), entry("C")], "C", "", "B"),
        ([entry("A"), last("B"), entry("C")], "C", "B", "B"),
        # A was forced, and serves: what was before B is known to live with what B did.
        ([entry("A"), last("B"), back("A"), entry("C")], "C", "", "A"),
        ([entry("A"), last("B"), back("A")], "A", "B", "B"),
        # What serves now has outlived it.
        ([entry("A"), entry("B"), last("C", Result.CUT_BACK)], "B", "B", "B"),
    ],
)
def test_a_way_that_crosses_no_such_release_is_open(
    entries: list[Entry], now: str, wanted: str, found: str
) -> None:
    assert target(tuple(entries), live(now), wanted).version == found


def test_whether_there_is_a_way_back_can_be_asked() -> None:
    assert "dropped" in no_way_back((entry("A"), last("B")), live("B"))
    assert no_way_back((entry("A"), entry("B")), live("B")) == ""
    assert no_way_back((last("A"),), live("A")) == ""


def test_a_live_release_is_left_by_a_rollback_where_there_is_one() -> None:
    first, second = entry("1.0.0"), entry("1.0.1")
    last = entry("1.0.2", no_way_back="drops a column")

    assert leaving((first, second), live("1.0.1")) == "fream rollback"
    assert leaving((first,), live("1.0.0")) == "fream switch VERSION"
    assert leaving((first, second, last), live("1.0.2")) == "fream switch VERSION"


def test_what_a_repair_went_back_from_is_no_way_back() -> None:
    first, dead = entry("1.0.0"), replace(entry("1.0.1"), replaced="1.0.0")
    later = replace(entry("1.0.2"), replaced="1.0.0")

    with pytest.raises(NothingToRollBackError):
        target((first, dead), live("1.0.0"))
    assert target((first, dead, later), live("1.0.2")).version == "1.0.0"
    assert target((first, dead, later), live("1.0.2"), "1.0.1").version == "1.0.1"


def test_a_release_that_serves_though_its_run_failed_is_gone_back_to() -> None:
    second = replace(entry("1.0.1", Result.FAILED), replaced="1.0.0", released=True)
    entries = (entry("1.0.0"), second, replace(entry("1.0.2"), replaced="1.0.1"))

    assert target(entries, live("1.0.2")).version == "1.0.1"
    assert target((entries[0], replace(second, released=False), entries[2]), live("1.0.2"))
