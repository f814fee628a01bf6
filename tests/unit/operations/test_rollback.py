"""Which release is gone back to."""

from __future__ import annotations

import pytest

from fream_compose.errors import NothingToRollBackError
from fream_compose.operations.rollback import target
from fream_compose.project.history import Entry, Kind
from fream_compose.release import Version


def entry(version: str, result: str = "done", kind: Kind = Kind.SWITCH) -> Entry:
    started = "2026-01-01T00:00:00+00:00"
    return Entry("id", version, "set1", "", started, 1.0, result, "me", kind=kind)


def back(version: str, result: str = "done") -> Entry:
    return entry(version, result, Kind.ROLLBACK)


def pinned(tag: str, digit: str = "a") -> str:
    return f"{tag}@sha256:{digit * 64}"


def live(text: str) -> Version:
    return Version.parse(text)


def test_the_release_before_is_gone_back_to_with_its_digest() -> None:
    entries = (entry(pinned("1.0.0")), entry(pinned("1.0.1", "b")))

    assert str(target(entries, live(pinned("1.0.1", "b")))) == pinned("1.0.0")


def test_a_release_again_of_the_same_content_is_passed_over() -> None:
    entries = (entry("1.0.0"), entry("1.0.1"), entry("1.0.1"))

    assert str(target(entries, live("1.0.1"))) == "1.0.0"


def test_the_same_tag_with_other_content_is_another_release() -> None:
    entries = (entry(pinned("latest", "a")), entry(pinned("latest", "b")))

    assert str(target(entries, live(pinned("latest", "b")))) == pinned("latest", "a")


def test_a_release_that_never_served_is_passed_over() -> None:
    entries = (entry("1.0.0"), entry("1.0.1", "UnhealthyError"), entry("1.0.2"))

    assert str(target(entries, live("1.0.2"))) == "1.0.0"


@pytest.mark.parametrize("wanted", ["1.0.0", "sha256:" + "a" * 64, pinned("1.0.0")])
def test_a_version_can_be_named_as_it_was_released(wanted: str) -> None:
    entries = (entry(pinned("1.0.0")), entry("1.0.1"), entry("1.0.2"))

    assert str(target(entries, live("1.0.2"), wanted)) == pinned("1.0.0")


def test_a_tag_that_was_released_twice_means_its_last_content() -> None:
    entries = (entry(pinned("1.0.0", "a")), entry(pinned("1.0.0", "b")), entry("1.0.1"))

    assert str(target(entries, live("1.0.1"), "1.0.0")) == pinned("1.0.0", "b")


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
        ([entry("A"), entry("B"), entry("C"), back("B", "UnhealthyError")], "C", "B"),
        # What was released after it counts anew, and not what was rolled back from.
        ([entry("A"), entry("B"), back("A"), entry("C")], "C", "A"),
        ([entry("A"), entry("B"), entry("C"), back("B"), entry("D"), back("B")], "B", "A"),
        ([entry("A"), entry("B"), entry("A"), entry("C"), back("A")], "A", "B"),
        # Rolled back over several at once.
        ([entry("A"), entry("B"), entry("C"), entry("D"), back("B")], "B", "A"),
        # Gone back to what had been rolled back from: it was wanted after all.
        ([entry("A"), entry("B"), back("A"), back("B")], "B", "A"),
        # Released, and cut back by the guard: never live for long enough.
        ([entry("A"), entry("B"), entry("C", "RejectedError")], "B", "A"),
        # Users fared worse on it: it served, and is no place to go back to.
        ([entry("A"), entry("B", "worse")], "B", "A"),
        ([entry("A"), entry("B", "worse"), entry("C")], "C", "A"),
        ([entry("A"), entry("B"), entry("C"), back("B", "worse")], "B", "A"),
        ([entry("A"), entry("B", "worse"), entry("B"), entry("C")], "C", "B"),
        # What is live was started by hand.
        ([entry("A"), entry("B")], "X", "B"),
    ],
)
def test_each_rollback_goes_further_back(entries: list[Entry], now: str, before: str) -> None:
    assert str(target(tuple(entries), live(now))) == before


def test_three_releases_can_be_walked_back_to_the_first_and_no_further() -> None:
    entries = [entry("A"), entry("B"), entry("C")]
    for expected in ("B", "A"):
        now = Version.parse(entries[-1].version)
        assert str(target(tuple(entries), now)) == expected
        entries.append(back(expected))

    with pytest.raises(NothingToRollBackError):
        target(tuple(entries), live("A"))


def test_what_was_rolled_back_from_can_be_named_all_the_same() -> None:
    entries = (entry("A"), entry("B"), back("A"))

    assert str(target(entries, live("A"), "B")) == "B"
