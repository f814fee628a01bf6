"""The releases that are switched between, built here and pushed to the run's own registry."""

from benchmarks.shell import ROOT, run

# What the demo app does on SIGTERM, by the version that does it.
ENDINGS = {"graceful": "graceful", "dies": "die"}
AT_ONCE = ("a", "b")
COLD = ("cold-a", "cold-b")
SLOW_FIRST = 50


def chosen() -> dict[str, str]:
    """The images that script/bootstrap pulled or built."""
    lines = (ROOT / ".cache" / "images.env").read_text(encoding="utf-8").splitlines()
    return {name: value for name, _, value in (line.partition("=") for line in lines) if value}


def build_at_once(image: str) -> None:
    """Two versions of an app that is ready at once."""
    base = f"NGINX_IMAGE={chosen()['NGINX_IMAGE']}"
    for version in AT_ONCE:
        arguments = ("--build-arg", base, "--build-arg", f"VERSION={version}")
        run("docker", "build", *arguments, "--tag", f"{image}:{version}", ROOT / "benchmarks/app")
        run("docker", "push", "--quiet", f"{image}:{version}")


def build_demo(image: str) -> None:
    """Two versions of the demo app: one finishes what it accepted, one dies on SIGTERM."""
    for version, ending in ENDINGS.items():
        _build_demo(f"{image}:{version}", version, f"DEMO_ON_SIGTERM={ending}")


def build_cold(image: str) -> None:
    """Two versions of the demo app whose first requests are slow."""
    for version in COLD:
        _build_demo(f"{image}:{version}", version, f"DEMO_SLOW_FIRST={SLOW_FIRST}")


def _build_demo(tag: str, version: str, knob: str) -> None:
    base = f"BASE_IMAGE={chosen()['BASE_IMAGE']}"
    arguments = ("--network", "host", "--build-arg", base, "--build-arg", f"VERSION={version}")
    run("docker", "build", *arguments, "--tag", tag, ROOT / "demo", limit=600)
    _change(tag, f"ENV DEMO_DB=off {knob}")
    run("docker", "push", "--quiet", tag)


def _change(tag: str, line: str) -> None:
    command = f"printf 'FROM {tag}\\n{line}\\n' | docker build --tag {tag} -"
    run("sh", "-c", command)
