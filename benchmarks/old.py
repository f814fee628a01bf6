"""The old deploy script, step by step, on a proxy with its configuration."""

import shutil
import subprocess
import time
from pathlib import Path

from benchmarks import images, watch
from benchmarks.shell import ROOT, quietly, run
from benchmarks.stand import IMAGE, NAME, Stand

PORT = 30082
NGINX = f"{NAME}-old-nginx"
_SETS = {"set1": ("8081", 30281), "set2": ("8082", 30282)}
_TRIES = 10
_SECONDS_BETWEEN_TRIES = 10


class OldScript:
    """Runs beside the project, on the same network and with the same images."""

    def __init__(self, stand: Stand) -> None:
        source, self._folder = ROOT / "benchmarks" / "old", stand.folder / "old"
        (self._folder / "conf.d").mkdir(parents=True)
        shutil.copy(source / "nginx.conf", self._folder)
        shutil.copy(source / "default.conf", self._folder / "conf.d")

    def start(self, version: str) -> None:
        """A first release and the proxy in front of it."""
        self._run_app("set1", version)
        self._write_service_url("set1")
        watch.wait_for(_SETS["set1"][1], version)
        mounts = (f"{self._folder}/nginx.conf:/etc/nginx/nginx.conf:ro", self._mount("conf.d"))
        volumes = [part for mount in mounts for part in ("--volume", mount)]
        publish = ("--publish", f"127.0.0.1:{PORT}:80")
        command = ("docker", "run", "--detach", "--name", NGINX, "--network", NAME)
        run(*command, *publish, *volumes, images.chosen()["NGINX_IMAGE"])

    def stop(self) -> None:
        """Remove the proxy and the app."""
        for name in (NGINX, *(_container(name) for name in _SETS)):
            quietly("docker", "rm", "--force", "--volumes", name)

    def switch(self, version: str) -> float:
        """Deploy a version as the script did. Returns the seconds it took."""
        began = time.monotonic()
        running = run("docker", "ps", "--format", "{{.Names}}").split()
        old, new = ("set1", "set2") if _container("set1") in running else ("set2", "set1")
        self._run_app(new, version)
        _check_health(_SETS[new][1])
        self._write_service_url(new)
        run("docker", "exec", NGINX, "nginx", "-s", "reload")
        run("docker", "stop", _container(old))
        run("docker", "rm", _container(old))
        return time.monotonic() - began

    def _mount(self, folder: str) -> str:
        return f"{self._folder / folder}:/etc/nginx/{folder}:ro"

    def _run_app(self, name: str, version: str) -> None:
        port, published = _SETS[name]
        publish = f"127.0.0.1:{published}:{port}"
        command = ("docker", "run", "--detach", "--name", _container(name), "--network", NAME)
        variables = ("--env", f"SERVER_PORT={port}", "--env", "SPRING_PROFILES_ACTIVE=prod")
        run(*command, *variables, "--publish", publish, f"{IMAGE}:{version}")

    def _write_service_url(self, name: str) -> None:
        url = f"http://{_container(name)}:{_SETS[name][0]}"
        path: Path = self._folder / "conf.d" / "service-url.inc"
        path.write_text(f"set $service_url {url};\n", encoding="utf-8")


def _container(name: str) -> str:
    return f"{NAME}-old-{name}"


def _check_health(port: int) -> None:
    """Ten tries, ten seconds apart, the first at once."""
    url = f"http://localhost:{port}/products"
    command = ["curl", "--silent", "--fail", "--max-time", "5", "--output", "/dev/null", url]
    for _ in range(_TRIES):
        if subprocess.run(command, check=False).returncode == 0:
            return
        time.sleep(_SECONDS_BETWEEN_TRIES)
    raise RuntimeError(f"{url} never answered with a success")
