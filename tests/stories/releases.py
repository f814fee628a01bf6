"""Releases to switch to: the demo shop in a registry of our own.

A bad release is a bad image: one line on top of the good one makes it misbehave.
"""

from __future__ import annotations

from pathlib import Path

from tests.stories.docker import docker, inspect
from tests.stories.place import NAME
from tests.stories.waiting import eventually
from tests.stories.web import get

ROOT = Path(__file__).parents[2]
LABEL = NAME.replace("-", ".")
GOOD = "1.0.0"
# Not labelled: it stays, so that the next run finds it in Docker's build cache.
SHOP = f"{NAME}/shop:1.0.0"


def machine_images() -> dict[str, str]:
    """The images that script/bootstrap found for this machine, by role."""
    lines = (ROOT / ".cache" / "images.env").read_text(encoding="utf-8").split()
    return {name: image for name, _, image in (line.partition("=") for line in lines)}


class Releases:
    """The images of one registry, each built and pushed when it is first asked for."""

    def __init__(self, registry: str, name: str = NAME) -> None:
        self.registry = registry
        self.label = name.replace("-", ".")
        self._name = name
        self._image = f"{registry}/fream"
        self._pushed: dict[str, dict[str, str]] = {}

    def start(self) -> None:
        """Run the registry and put the good release into it."""
        image = machine_images()["REGISTRY_IMAGE"]
        container = ["--name", f"{self._name}-registry", "--label", self.label]
        command = ["run", "--detach", *container]
        docker(*command, "--publish", f"{self.registry}:5000", image)
        build_shop()
        eventually(lambda: get(f"http://{self.registry}/v2/").status_code == 200)
        self.push(GOOD)

    def push(self, tag: str, **knobs: str) -> str:
        """Make a release with these DEMO_… settings; returns its tag."""
        environment = {"VERSION": tag, **knobs}
        if self._pushed.get(tag) != environment:
            self.build(tag, **environment)
            docker("push", "--quiet", f"{self._image}:{tag}")
            self._pushed[tag] = environment
        return tag

    def build(self, tag: str, **knobs: str) -> None:
        """Make a release that is on this machine only."""
        environment = {"VERSION": tag, **knobs}
        lines = [f"ENV DEMO_{name}='{value}'" for name, value in environment.items()]
        recipe = "\n".join([f"FROM {SHOP}", f"LABEL {self.label}=1", *lines])
        docker("build", "--quiet", "--tag", f"{self._image}:{tag}", "-", stdin=recipe)

    def digest(self, tag: str) -> str:
        """The digest under which the registry holds a release."""
        # A switch may have removed it here, as that of a release long past.
        docker("pull", "--quiet", f"{self._image}:{tag}")
        known: list[str] = inspect(f"{self._image}:{tag}")["RepoDigests"]
        return next(name.partition("@")[2] for name in known if name.startswith(self._image))


def build_shop() -> None:
    """Make the image that every release is made from."""
    base = f"BASE_IMAGE={machine_images()['BASE_IMAGE']}"
    options = ["--network", "host", "--build-arg", base, "--build-arg", f"VERSION={GOOD}"]
    docker("build", "--quiet", *options, "--tag", SHOP, str(ROOT / "demo"))
