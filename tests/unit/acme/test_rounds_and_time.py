"""What changes around a host that is looked after: the server, the disk, the clock, its wishes."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pairs
import pytest
import record
from wanted import LETS_ENCRYPT, Wanted

from tests.unit.acme.world import HOST, SERVER, World, real_now


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Nothing in place yet."""
    return World(tmp_path)


def test_a_certificate_of_another_server_is_renewed_at_once(world: World) -> None:
    first = world.look()
    world.wanted = replace(world.wanted, server=LETS_ENCRYPT)

    assert world.look()["sha256"] != first["sha256"]
    assert world.look()["sha256"] == world.shown()
    assert ["--force-renewal" in run["arguments"] for run in world.runs] == [False, True, False]


def test_a_server_that_forgot_the_account_is_given_another(world: World) -> None:
    first = world.look()
    world.certbot(forgotten=True)

    state = world.look(force=True)

    assert state["error"] == ""
    assert state["sha256"] != first["sha256"]


def test_a_disk_that_is_full_is_said_and_the_state_still_written(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = world.look()
    rename = Path.rename

    def full(path: Path, target: Path) -> Path:
        if "pairs" in str(target):
            raise OSError(28, "No space left on device")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", full)
    state = world.look(force=True)

    assert state["error"] == "The disk with TLS_DIR is full"
    assert world.shown() == first["sha256"]
    monkeypatch.undo()
    assert world.look()["error"] == ""


def test_a_certbot_that_hangs_is_ended(world: World) -> None:
    world.limit = 5.0
    world.certbot(hangs=True)

    state = world.look()

    assert "did not come to an end" in state["error"]
    with pytest.raises(ProcessLookupError):
        os.kill(world.runs[-1]["pid"], 0)


def test_a_fault_of_ours_is_one_line_and_no_other_hosts_matter(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pairs, "checked", lambda *_: 1 / 0)

    state = world.look()

    assert state["error"] == "The keeper failed: ZeroDivisionError"
    assert state["source"] == "self-signed"


def test_a_self_signed_certificate_is_made_anew_before_it_ends(world: World) -> None:
    world.certbot(says="no")
    first = world.look()["sha256"]
    assert world.look()["sha256"] == first
    world.clock = real_now() + timedelta(days=84)

    assert world.look()["sha256"] != first


def test_an_expired_certificate_stays_when_there_is_no_other(world: World) -> None:
    first = world.look()
    world.certbot(says="no")
    world.clock = real_now() + timedelta(days=60)

    assert world.look(force=True)["sha256"] == first["sha256"]


def test_a_host_that_is_no_longer_wanted_is_forgotten_and_its_pair_stays(world: World) -> None:
    world.look()
    world.wanted = Wanted(("www.example.com",), server=SERVER)

    world.look()

    assert (world.place.tls / "live" / HOST).exists()
    with pytest.raises(KeyError):
        world.state(HOST)


def test_two_pauses_are_never_the_same_and_grow_to_half_a_day() -> None:
    least, most = (lambda low, _: low), (lambda _, high: high)

    assert record.pause(0, 43_200, least) < 43_200 < record.pause(0, 43_200, most)
    assert record.pause(1, 43_200, least) < 300 < record.pause(1, 43_200, most)
    assert record.pause(10_000, 43_200, most) <= 43_200 * 1.2


def test_another_authority_may_date_its_certificates_to_the_begin_of_the_day(world: World) -> None:
    world.certbot(begins=-3600)
    first = world.look()
    world.wanted = replace(world.wanted, server=LETS_ENCRYPT)
    world.certbot(begins=-36_000, issuer="Day CA")

    state = world.look()

    assert state["error"] == ""
    assert state["sha256"] == world.shown() != first["sha256"]


def test_a_clock_that_was_ahead_delays_nothing(world: World) -> None:
    world.clock = real_now() + timedelta(days=1500)
    world.certbot(says="no")
    world.look()
    world.clock = None
    world.certbot()

    assert world.look(due=False)["error"] == ""


def test_a_server_that_told_to_wait_is_obeyed_until_another_is_named(world: World) -> None:
    world.certbot(
        says="There were too many requests of a given type :: too many certificates, "
        "retry after 2099-01-01 00:00:00 UTC: see",
        kind="rateLimited",
    )
    assert world.look()["told_to_wait"] == "2099-01-01T00:00:00Z"

    def waits() -> bool:
        rounds = world.rounds
        rounds.begin()
        return rounds.must_wait(HOST)

    assert waits()
    world.wanted = replace(world.wanted, server=LETS_ENCRYPT)
    assert not waits()


def test_what_cannot_be_written_down_is_known_all_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds = world.rounds
    rounds.begin()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(record.Record, "save", full)
    world.certbot(says="no")
    for _ in range(3):
        rounds.tend(HOST, due=False)

    assert len(world.runs) == 1
    assert rounds.seconds_to_next() > 0
