"""One look after a host, with a certbot that does as it is told."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import record
from wanted import Wanted

from tests.unit.acme.world import HOST, SERVER, World, real_now


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Nothing in place yet."""
    return World(tmp_path)


def test_there_is_something_in_place_before_anybody_is_asked(world: World) -> None:
    rounds = world.rounds

    rounds.begin()

    state = world.state()
    assert (state["source"], state["names"]) == ("self-signed", [HOST])
    assert state["tried"] is None
    assert world.runs == []


def test_the_real_certificate_follows(world: World) -> None:
    state = world.look()

    assert state["source"] == "acme"
    assert state["issuer"] == "Test R1"
    assert state["error"] == state["hint"] == ""
    assert state["failures"] == 0
    assert state["sha256"] == world.shown()
    assert state["not_before"] <= state["tried"] < state["next"]


def test_a_certificate_that_is_well_is_left_alone(world: World) -> None:
    first = world.look()

    assert world.look(due=False)["next"] == first["next"]
    assert len(world.runs) == 1
    assert world.look()["sha256"] == first["sha256"]
    assert len(world.runs) == 2


def test_it_is_asked_again_after_its_time(world: World) -> None:
    world.look()
    world.clock = real_now() + timedelta(hours=13)

    world.look(due=False)

    assert len(world.runs) == 2


def test_force_renews_what_is_well(world: World) -> None:
    first = world.look()

    assert world.look(force=True)["sha256"] not in ("", first["sha256"])
    assert "--force-renewal" in world.runs[-1]["arguments"]
    assert "--keep-until-expiring" not in world.runs[-1]["arguments"]


def test_failures_are_tried_again_later_and_later_and_change_nothing(world: World) -> None:
    first = world.look()
    world.certbot(says="nothing works today")
    waits = []
    for _ in range(9):
        world.clock = real_now()
        state = world.look()
        moment = record.moment(state["next"])
        assert moment
        waits.append((moment - world.clock).total_seconds())

    assert waits[:4] == [300, 600, 1200, 2400]
    assert waits[-1] == 43_200
    assert state["failures"] == 9
    assert state["error"] == "The ACME client failed: nothing works today"
    assert state["sha256"] == first["sha256"] == world.shown()


def test_the_next_good_try_forgets_the_failures(world: World) -> None:
    world.certbot(says="no")
    assert world.look()["source"] == "self-signed"
    world.certbot()

    state = world.look()

    assert (state["source"], state["failures"], state["error"]) == ("acme", 0, "")


def test_a_rate_limit_is_waited_for(world: World) -> None:
    later = (real_now() + timedelta(days=2)).strftime("%Y-%m-%d %H:%M:%S")
    world.certbot(says=f"too many certificates, retry after {later} UTC", kind="rateLimited")

    assert world.look()["next"] == later.replace(" ", "T") + "Z"


def test_no_try_is_spent_while_nginx_does_not_answer(world: World) -> None:
    world.nginx = False

    state = world.look()

    assert world.runs == []
    assert "nginx does not answer" in state["error"]
    assert (state["failures"], state["tried"]) == (0, None)
    moment = record.moment(state["next"])
    assert moment
    assert moment <= real_now() + timedelta(seconds=10)
    world.nginx = True
    assert world.look()["error"] == ""


def test_a_dns_challenge_needs_no_nginx(world: World) -> None:
    world.nginx = False
    world.wanted = Wanted(("*.example.com",), server=SERVER, challenge="dns-ovh")

    assert world.look()["names"] == ["*.example.com"]
    assert (world.place.tls / "live" / "_.example.com").is_symlink()


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        ({"names": ["www.example.com"]}, "not for shop.example.com"),
        ({"begins": 3600}, "clock"),
        ({"begins": -90 * 86_400}, "expired"),
    ],
)
def test_a_certificate_that_is_not_good_is_not_put_in_place(
    world: World, behaviour: dict[str, object], error: str
) -> None:
    first = world.look()
    world.certbot(**behaviour)

    state = world.look(force=True)

    assert error in state["error"]
    assert state["hint"]
    assert state["failures"] == 1
    assert state["sha256"] == first["sha256"] == world.shown()


def test_a_certificate_of_the_future_is_put_in_place_when_its_time_comes(world: World) -> None:
    world.certbot(begins=3600)
    world.look()
    world.clock = real_now() + timedelta(hours=2)

    assert world.look()["source"] == "acme"
    assert all("--force-renewal" not in run["arguments"] for run in world.runs)


def test_what_certbot_has_is_put_in_place_without_asking(world: World) -> None:
    world.look()
    world.client.obtain(HOST, force=True)  # and then the keeper was killed
    before, asked = world.shown(), len(world.runs)
    world.nginx = False

    state = world.look()

    assert len(world.runs) == asked
    assert state["sha256"] not in ("", before)


def test_what_is_in_place_is_not_put_there_again(world: World) -> None:
    world.look()
    links = (world.place.tls / "live").iterdir
    before = [link.readlink() for link in links()]

    world.look()

    assert [link.readlink() for link in links()] == before


def test_what_certbot_has_comes_back_when_the_shelf_is_lost(world: World) -> None:
    first = world.look()
    for path in (world.place.tls / "live").iterdir():
        path.unlink()

    world.rounds.begin()

    assert world.shown() == first["sha256"]


def test_an_older_certificate_does_not_replace_a_newer_one(world: World) -> None:
    first = world.look()
    world.certbot(begins=-3600)

    state = world.look(force=True)

    assert "older" in state["error"]
    assert world.shown() == first["sha256"]


@pytest.mark.parametrize("moment", ["archive", "links", "half"])
@pytest.mark.parametrize("renewal", [False, True], ids=["the first one", "a renewal"])
def test_a_certbot_that_is_killed_as_it_writes_is_mended(
    world: World, moment: str, renewal: bool
) -> None:
    if renewal:
        world.look()
    world.certbot(dies=moment)
    world.client.obtain(HOST, force=True)  # and the keeper is killed, too
    world.certbot()

    state = world.look()

    assert (state["source"], state["error"]) == ("acme", "")
    assert state["sha256"] == world.shown()
