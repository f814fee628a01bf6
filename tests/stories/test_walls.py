"""What a container cannot do: nginx to MySQL, an app to nginx's control port, root from outside."""

from __future__ import annotations

import json

import pytest

from fream_compose.nginx import key
from tests.stories import web
from tests.stories.docker import docker
from tests.stories.project import Project
from tests.stories.releases import Releases

ASK = """
import sys, urllib.error, urllib.request
request = urllib.request.Request(sys.argv[1], headers=dict([sys.argv[2:4]] if sys.argv[2:] else []))
try:
    print(urllib.request.urlopen(request, timeout=5).status)
except urllib.error.HTTPError as error:
    print(error.code)
"""
REACH = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=3)
    print("reached")
except OSError:
    print("not")
"""


def inside(project: Project, script: str, *arguments: str) -> str:
    """What a Python script prints in the live set's container."""
    container = project.container(project.live_set)
    return docker("exec", container, "python3", "-c", script, *arguments).strip()


def asked(project: Project, path: str, *header: str) -> int:
    """The status that nginx's control port answers the live set's container with."""
    return int(inside(project, ASK, f"http://fream-nginx:8090{path}", *header))


def address(project: Project, service: str) -> str:
    form = "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}"
    return docker("inspect", "--format", form, project.container(service)).split()[0]


def test_nginx_cannot_reach_mysql_and_the_app_can(released: Project) -> None:
    assert inside(released, REACH, "fream-mysql", "3306") == "reached"
    for host in ("fream-mysql", released.container("mysql"), address(released, "mysql")):
        told = docker(
            "exec",
            released.container("nginx"),
            *(
                "sh",
                "-c",
                f"curl --silent --connect-timeout 3 telnet://{host}:3306 </dev/null; echo $?",
            ),
        )
        assert told.split()[-1] in {"6", "28", "7"}, (host, told)


def test_root_of_mysql_is_let_in_from_its_own_container_only(released: Project) -> None:
    ask = 'MYSQL_PWD="$(cat /run/secrets/mysql_root_password)" mysql -u root {} -e "SELECT 7" 2>&1'
    from_outside = ("--rm", "--no-deps", "-T", "mysql", "sh", "-c")
    outside = released.compose("run", *from_outside, ask.format("-h fream-mysql") + " || :")
    assert "Access denied" in outside or "not allowed" in outside
    within = docker("exec", released.container("mysql"), "sh", "-c", ask.format(""))
    assert "7" in within.split()


@pytest.mark.parametrize("path", ["/set1/products", "/set2/products", "/busy/set1", "/maintenance"])
def test_a_container_reaches_nothing_by_the_control_port(released: Project, path: str) -> None:
    guesses = ["", "0" * 64, "../nginx.conf", "..%2fnginx.conf", "."]
    assert {asked(released, path, "X-Fream-Key", guess) for guess in guesses} == {403}
    assert asked(released, path) == 403
    assert asked(released, "/live") == 200


def test_a_maintenance_holds_for_containers_too(released: Project) -> None:
    released.succeed("maintenance", "on")
    try:
        live = released.live_set
        assert asked(released, f"/{live}/products") == 403
        assert int(inside(released, ASK, "http://fream-nginx/products")) == 503
        assert web.get(f"{released.control_url}/{live}/products").status_code == 403
    finally:
        released.succeed("maintenance", "off")


def test_the_key_stays_with_fream(released: Project) -> None:
    """Not in the configuration that nginx prints, and not sent on to the app."""
    (held,) = key.header(released.folder / "nginx").values()
    nginx = released.container("nginx")
    assert held not in docker("exec", nginx, "nginx", "-T")
    assert held not in docker("inspect", nginx)
    as_worker = ("exec", "--user", "nginx", nginx)
    listed = docker(*as_worker, "sh", "-c", "ls /etc/nginx/.key 2>&1 || :")
    assert "denied" in listed
    for name in released.running():
        assert held not in docker("logs", released.container(name))


def test_what_the_containers_are_kept_from(released: Project) -> None:
    hosts = {
        service: json.loads(docker("inspect", "-f", "{{json .HostConfig}}", found))
        for service, found in released.running().items()
    }
    nginx, app = hosts["nginx"], hosts[released.live_set]
    assert nginx["ReadonlyRootfs"]
    assert nginx["CapDrop"] == ["ALL"]
    for host in (nginx, app):
        assert "no-new-privileges:true" in host["SecurityOpt"]
    assert app["PidsLimit"] == 4096
    shell = ("exec", released.container("nginx"), "sh", "-c")
    assert "Read-only" in docker(*shell, "touch /etc/x /usr/x 2>&1 || :")
    assert "confinement" not in released.succeed("status").text


def test_an_app_may_be_confined_further(released: Project, releases: Releases) -> None:
    """By the lines of the Compose file that say how."""
    file = released.folder / "compose" / "app.yaml"
    before = file.read_text()
    file.write_text(
        before.replace("  # mem_limit", "  mem_limit").replace("  # cap_drop", "  cap_drop")
    )
    try:
        released.switch(releases.push("1.0.1"))
        form = "{{.HostConfig.Memory}} {{.HostConfig.CapDrop}}"
        shown = docker("inspect", "-f", form, released.container(released.live_set))
        assert shown.split() == ["2147483648", "[ALL]"]
        assert released.get("/products").status_code == 200
    finally:
        file.write_text(before)
