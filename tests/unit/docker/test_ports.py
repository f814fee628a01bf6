"""A port in use is told before Docker is asked to take it."""

from __future__ import annotations

import socket

import pytest

from fream_compose.docker import ports
from fream_compose.errors import ConfigurationError
from fream_compose.project.layout import Address
from tests.ports import free_port


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])  # noqa: S104 - as nginx listens
def test_a_port_in_use_is_named_with_its_variable(address: str) -> None:
    with socket.create_server((address, 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError) as caught:
            ports.reject_taken(
                {"nginx": (Address("127.0.0.1", free_port(), 8090), Address("", port, 80))}
            )

    assert f"Port {port}, which nginx needs, is in use" in caught.value.what
    assert "HTTP_ALT_PORT" in caught.value.next_step
    assert f":{port}" in caught.value.next_step


@pytest.mark.parametrize(
    ("inner", "variable"), [(80, "HTTP_PORT"), (443, "HTTPS_PORT"), (8090, "CONTROL_PORT")]
)
def test_each_port_of_nginx_is_set_by_a_variable_of_its_own(inner: int, variable: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = Address("127.0.0.1", taken.getsockname()[1], inner)
        with pytest.raises(ConfigurationError) as caught:
            ports.reject_taken({"nginx": (address,)})

    assert f"set {variable} " in caught.value.next_step


def test_free_ports_pass() -> None:
    ports.reject_taken({"set1": (Address("127.0.0.1", free_port(), 8081),), "other": ()})


def test_a_port_that_docker_picks_is_never_in_use() -> None:
    ports.reject_taken({"set1": (Address("127.0.0.1", 0, 8081),)})


def test_a_port_that_was_used_a_moment_ago_is_free() -> None:
    """A connection in TIME_WAIT must not count as a listener."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()
        client = socket.create_connection(address)
        served, _ = server.accept()
        served.close()
        client.close()

    ports.reject_taken({"set1": (Address(address[0], address[1], 8081),)})


def test_a_service_of_the_owner_is_named_without_a_variable() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(ConfigurationError) as caught,
    ):
        ports.reject_taken({"cache": (Address("127.0.0.1", taken.getsockname()[1], 6379),)})

    assert "its port" in caught.value.next_step
