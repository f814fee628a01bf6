"""What the fakes say must be what the real Docker and nginx say."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from fream_compose import http
from fream_compose.errors import EngineError, ProxyError
from fream_compose.interruption import Interruption
from fream_compose.nginx.maintenance import Maintenance
from fream_compose.operations.ownership import home_of, strangers
from fream_compose.release import LiveRelease, SetName, Version
from tests.contract.worlds import GOOD, MISSING, World, in_set1

ONE = LiveRelease(SetName.SET1, Version("1.0.0"), "20260101T000000Z-aaaaaa")
TWO = LiveRelease(SetName.SET2, Version("1.0.1", "sha256:" + "ab" * 32), "20260101T000001Z-bbbbbb")


def until(condition: Callable[[], bool], seconds: float = 15) -> bool:
    """Poll for something that comes true."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def answers(world: World, name: SetName) -> int:
    """The status of a request to a set through nginx."""
    return world.proxy.ask(name, "/", 3).status


def own_answer(world: World) -> int:
    """The status of a request to set1 on its own port; 0 for none."""
    try:
        return http.get(
            f"http://127.0.0.1:{world.project.containers.port(SetName.SET1)}/", 1
        ).status
    except http.Unreachable:
        return 0


def test_the_containers_tell_service_state_and_image(world: World) -> None:
    in_set1(world)

    found = {container.service: container for container in world.project.containers.all()}

    assert set(found) == {"nginx", "set1"}
    settings = world.project.settings
    assert found["set1"].name == settings.sets[SetName.SET1].container
    assert found["set1"].image == f"{settings.image}:{GOOD}"
    assert {container.state for container in found.values()} == {"running"}
    assert all(container.status.startswith("Up") for container in found.values())
    assert all(container.id for container in found.values())


def test_a_container_that_runs_has_not_crashed(world: World) -> None:
    in_set1(world)

    condition = world.project.containers.condition(
        world.project.settings.sets[SetName.SET1].container
    )

    assert (condition.state, condition.exit_code, condition.restarts) == ("running", 0, 0)


def test_the_port_that_was_picked_is_known_as_long_as_the_container_runs(world: World) -> None:
    assert world.project.containers.port(SetName.SET1) == 0
    in_set1(world)
    port = world.project.containers.port(SetName.SET1)

    assert port
    assert until(lambda: own_answer(world) == 200)
    assert world.project.containers.port(SetName.SET1) == port
    assert world.project.containers.port(SetName.SET2) == 0
    spec = world.project.settings.sets[SetName.SET1]
    assert world.project.containers.published(spec.container, spec.inner_port) == port
    assert world.project.containers.published(spec.container, 1) == 0


def test_after_a_kill_there_is_no_port_and_after_a_start_it_is_found(world: World) -> None:
    in_set1(world)
    spec = world.project.settings.sets[SetName.SET1]
    assert world.project.containers.port(SetName.SET1)

    world.project.containers.signal(spec.container, "KILL")
    assert until(lambda: world.project.containers.condition(spec.container).state == "exited")
    assert until(lambda: world.project.containers.port(SetName.SET1) == 0)

    in_set1(world)
    assert until(lambda: own_answer(world) == 200)


def test_the_containers_tell_what_they_publish_and_where_it_is_found(world: World) -> None:
    in_set1(world)
    settings = world.project.settings

    conditions = world.project.containers.conditions([c.id for c in world.project.containers.all()])

    found = {condition.service: condition for condition in conditions}
    for service in ("nginx", "set1"):
        assert found[service].published == settings.services[service].published
        assert found[service].reference.startswith(settings.services[service].image[:10])
    assert (8081, "127.0.0.1", world.project.containers.port(SetName.SET1)) in found["set1"].reached
    assert (8090, "127.0.0.1", world.project.containers.control_port()) in found["nginx"].reached
    assert found["nginx"].networks == settings.services["nginx"].networks


def test_when_nginx_read_its_files_is_known(world: World) -> None:
    first = world.proxy.read_at()
    world.proxy.reload(10)
    second = world.proxy.read_at()

    assert first
    assert second
    assert first < second <= time.time() + 0.1


def test_files_are_tried_beside_an_nginx_that_does_not_run(world: World) -> None:
    world.proxy.test_beside()
    path = world.project.settings.nginx_directory / "site.d" / "limits.conf"
    path.write_text("broken;\n")

    with pytest.raises(ProxyError) as caught:
        world.proxy.test_beside()

    assert 'unknown directive "broken" in /etc/nginx/site.d/limits.conf:1' in caught.value.why


def test_a_container_that_was_killed_tells_its_exit_code(world: World) -> None:
    in_set1(world)
    container = world.project.settings.sets[SetName.SET1].container

    world.project.containers.signal(container, "KILL")

    assert until(lambda: world.project.containers.condition(container).state == "exited")
    condition = world.project.containers.condition(container)
    assert condition.exit_code == 137
    assert condition.crashed


def test_a_container_that_is_not_there_is_an_engine_error(world: World) -> None:
    container = world.project.settings.sets[SetName.SET1].container

    for ask in (
        lambda: world.project.containers.condition(container),
        lambda: world.project.containers.signal(container, "HUP"),
        lambda: world.project.containers.processes(container),
        lambda: world.project.containers.execute(container, ["true"]),
    ):
        with pytest.raises(EngineError):
            ask()
    assert world.project.containers.logs(container) == ()
    assert world.project.containers.connections(container, 8081) in (0, None)


def test_a_container_that_is_not_there_has_no_log_to_keep(world: World) -> None:
    with pytest.raises(EngineError, match="The log of none could not be read"):
        world.project.containers.end_of_log("none", 1000, 30.0)


def test_an_image_that_is_here_is_fetched_as_it_is(world: World) -> None:
    fetched = world.project.images.fetch(SetName.SET1, Version(GOOD), lambda: None)

    assert fetched.version == Version(GOOD)
    assert fetched.ids.keys() == {"set1"}


def test_an_image_that_is_nowhere_is_an_engine_error(world: World) -> None:
    with pytest.raises(EngineError) as caught:
        world.project.images.fetch(SetName.SET1, Version(MISSING), lambda: None)

    assert f"{world.project.settings.image}:{MISSING} could not be pulled" in caught.value.what
    assert caught.value.why


def test_starting_twice_is_starting_once(world: World) -> None:
    in_set1(world)
    before = world.project.containers.all()

    in_set1(world)

    assert {c.id for c in world.project.containers.all()} == {c.id for c in before}


def test_a_set_that_is_not_there_can_be_removed(world: World) -> None:
    world.project.compose.remove(SetName.SET1)
    in_set1(world)
    world.project.compose.remove(SetName.SET1)
    world.project.compose.remove(SetName.SET1)

    assert [container.service for container in world.project.containers.all()] == ["nginx"]


def test_removing_a_set_leaves_the_other(world: World) -> None:
    in_set1(world)

    world.project.compose.remove(SetName.SET2)

    assert {c.service for c in world.project.containers.all()} == {"nginx", "set1"}


def test_nothing_is_live_before_the_first_release(world: World) -> None:
    state = world.proxy.state()

    assert state.live is None
    assert state.nginx_version.count(".") == 2
    assert world.proxy.included() is None


def test_the_processes_are_a_master_and_workers_that_accept(world: World) -> None:
    container = world.project.settings.nginx_container

    titles = world.project.containers.processes(container).values()

    assert any("master process" in title for title in titles)
    assert world.proxy.workers()
    assert all(world.proxy.workers().values())


def test_a_reload_replaces_every_worker(world: World) -> None:
    old = set(world.proxy.workers())

    world.project.containers.signal(world.project.settings.nginx_container, "HUP")

    assert until(lambda: bool(world.proxy.workers()) and old.isdisjoint(world.proxy.workers()))


def test_replaced_workers_are_seen_to_shut_down_while_clients_stay(world: World) -> None:
    world.lingers()
    old = set(world.proxy.workers())
    world.proxy.reload(10)

    left = {pid: accepts for pid, accepts in world.proxy.workers().items() if pid in old}

    assert left
    assert not any(left.values())


def test_a_cut_over_is_confirmed_and_told_as_it_was_asked_for(world: World) -> None:
    workers = world.proxy.workers()
    world.proxy.serve(ONE, 10)
    assert world.proxy.state().live == world.proxy.included() == ONE

    world.proxy.serve(TWO, 10)
    assert world.proxy.state().live == world.proxy.included() == TWO
    assert world.proxy.workers() == workers, "nothing was reloaded"


def test_going_back_to_nothing_removes_the_include(world: World) -> None:
    world.proxy.serve(ONE, 10)

    world.proxy.go_back(None, 10)

    assert world.proxy.state().live is None
    assert world.proxy.included() is None


def test_a_set_that_was_given_nothing_is_drained_at_once(world: World) -> None:
    world.proxy.serve(ONE, 10)

    assert not world.proxy.busy(SetName.SET1)
    assert world.proxy.drain(SetName.SET1, 1, Interruption().wait)


def test_a_good_configuration_passes_and_leaves_the_folder_as_it_was(world: World) -> None:
    folder = world.project.settings.nginx_directory
    before = sorted(folder.rglob("*"))

    world.proxy.test(ONE)
    world.proxy.test(None)

    assert sorted(folder.rglob("*")) == before


def test_a_broken_configuration_is_refused_and_leaves_the_folder_as_it_was(world: World) -> None:
    folder = world.project.settings.nginx_directory
    (folder / "site.d" / "limits.conf").write_text("broken;\n")
    before = sorted(folder.rglob("*"))

    with pytest.raises(ProxyError) as caught:
        world.proxy.test(ONE)

    assert 'unknown directive "broken" in /etc/nginx/site.d/limits.conf:1' in caught.value.why
    assert sorted(folder.rglob("*")) == before
    assert world.proxy.state().live is None


def test_a_reload_of_a_broken_configuration_keeps_what_is_live(world: World) -> None:
    world.proxy.serve(ONE, 10)
    path = world.project.settings.nginx_directory / "site.d" / "limits.conf"
    path.write_text("broken;\n")

    with pytest.raises(ProxyError) as caught:
        world.proxy.reload(1)

    assert "did not take its new configuration" in caught.value.what
    assert world.proxy.state().live == ONE
    world.proxy.serve(TWO, 1)
    assert world.proxy.state().live == TWO, "a cut-over needs no reload"


CLOSED = Maintenance("20260101T000002Z-cccccc", 'Back at 5; "$x"')
ALLOWING = Maintenance("20260101T000003Z-dddddd", "Back at 6", ("192.0.2.0/24",))


def is_closed_by(world: World, wanted: Maintenance | None) -> bool:
    state = world.proxy.state()
    assert state.live == ONE
    return (world.proxy.maintenance(), state.maintenance) == (wanted, wanted.id if wanted else "")


def test_maintenance_is_confirmed_without_a_reload_and_leaves_what_is_live(world: World) -> None:
    world.proxy.serve(ONE, 10)
    workers = world.proxy.workers()

    for wanted in (CLOSED, replace(CLOSED, id=ALLOWING.id, message="later"), None, CLOSED, None):
        world.proxy.maintain(wanted, 10)
        assert is_closed_by(world, wanted)

    assert world.proxy.workers() == workers


def test_an_allow_list_is_read_by_nginx_and_forgotten(world: World) -> None:
    world.proxy.serve(ONE, 10)

    for wanted in (ALLOWING, CLOSED, ALLOWING, None, CLOSED):
        world.proxy.test_maintenance(wanted)
        world.proxy.maintain(wanted, 10)
        assert is_closed_by(world, wanted)
        assert world.proxy.state().allows == (ALLOWING.id if wanted is ALLOWING else "")


def test_a_set_that_does_not_run_answers_502_and_names_no_address(world: World) -> None:
    assert until(lambda: answers(world, SetName.SET1) == 502)
    assert world.proxy.ask(SetName.SET1, "/", 3).upstream == "fream_set1"


def test_a_set_becomes_known_and_answers_through_nginx(world: World) -> None:
    in_set1(world)

    assert until(lambda: own_answer(world) == 200)
    assert until(lambda: answers(world, SetName.SET1) == 200, 5)
    assert world.proxy.ask(SetName.SET1, "/", 3).upstream.partition(":")[2]


def test_a_command_that_fails_in_a_container_is_an_engine_error(world: World) -> None:
    (world.project.settings.nginx_directory / "site.d" / "limits.conf").write_text("broken;\n")

    with pytest.raises(EngineError) as caught:
        world.project.containers.execute(
            world.project.settings.nginx_container,
            ["nginx", "-t", "-q", "-c", "/etc/nginx/nginx.conf"],
        )

    assert "broken" in caught.value.why


def test_each_container_says_that_it_was_made_here(world: World) -> None:
    settings = world.project.settings

    found = world.project.containers.origins()

    assert {origin.service for origin in found} >= {"nginx"}
    assert not strangers(found, home_of(world.project))
    nginx = next(origin for origin in found if origin.service == "nginx")
    assert nginx.place == nginx.folder == str(settings.compose_directory)
    assert str(settings.nginx_directory) in nginx.mounts


def test_nginx_that_is_stopped_does_not_answer(world: World) -> None:
    """The last one here: the real nginx starts again for nobody else."""
    world.project.compose.down(volumes=False)

    with pytest.raises(EngineError):
        world.proxy.test_beside()
    with pytest.raises(ProxyError) as caught:
        world.proxy.state()
    assert caught.value.next_step == "fream up"
    assert world.project.containers.all() == ()

    world.project.compose.up_healthy(("nginx",), 60, lambda: None)
    assert world.proxy.state().live is None
