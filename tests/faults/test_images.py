"""Images that cannot be had, or cannot run here."""

from __future__ import annotations

import io
import platform
import tarfile

import pytest
import requests

from tests.faults.site import Site
from tests.faults.table import OLD
from tests.stories import web
from tests.stories.docker import docker, inspect
from tests.stories.waiting import eventually

pytestmark = pytest.mark.e2e

LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
FOREIGN = "arm64" if platform.machine() == "x86_64" else "amd64"
MACHINES = {"arm64": b"\xb7\x00", "amd64": b"\x3e\x00"}  # e_machine of an ELF file


def test_a_registry_that_does_not_answer(site: Site) -> None:
    registry = f"{site.releases.label.replace('.', '-')}-registry"
    with site.case("registry unreachable", "pull") as case:
        docker("stop", "--time", "1", registry)
        try:
            result = site.project.fream("switch", "--version", case.new)
        finally:
            docker("start", registry)
            eventually(lambda: web.get(f"http://{site.releases.registry}/v2/").ok)
        assert result.code == 5, result
        case.exit = "5"
        site.await_release(case, OLD)


def test_an_image_made_for_another_processor(site: Site) -> None:
    push_foreign(site, "foreign")
    with site.case("image for another processor", "start") as case:
        result = site.project.fream("switch", "--version", "foreign")
        assert result.code in (5, 6), result
        case.exit = str(result.code)
        site.await_release(case, OLD)


def test_an_image_list_without_this_processor(site: Site) -> None:
    push_list(site, "elsewhere", push_foreign(site, "foreign"))
    with site.case("image list without this processor", "pull") as case:
        result = site.project.fream("switch", "--version", "elsewhere")
        assert result.code == 5, result
        assert "no matching manifest" in result.err
        case.exit = "5"
        site.await_release(case, OLD)


def push_foreign(site: Site, tag: str) -> str:
    """Put an image with a program for another processor into the registry; returns its digest."""
    image = f"{site.releases.registry}/fream:{tag}"
    options = ["--platform", f"linux/{FOREIGN}", "--change", 'CMD ["/shop"]']
    options += ["--change", f"LABEL {site.releases.label}=1"]
    archive = site.project.folder / "foreign.tar"
    archive.write_bytes(program_archive())
    docker("import", *options, str(archive), image)
    docker("push", "--quiet", image)
    digests: list[str] = inspect(image)["RepoDigests"]
    return digests[0].partition("@")[2]


def program_archive() -> bytes:
    """A layer with one executable: the header of a 64-bit ELF file for another processor."""
    header = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00" + MACHINES[FOREIGN] + bytes(44)
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        program = tarfile.TarInfo("shop")
        program.mode, program.size = 0o755, len(header)
        tar.addfile(program, io.BytesIO(header))
    return archive.getvalue()


def push_list(site: Site, tag: str, digest: str) -> None:
    """Put a list that holds this one image under a tag."""
    manifests = f"http://{site.releases.registry}/v2/fream/manifests"
    with requests.Session() as session:
        session.trust_env = False
        found = session.get(f"{manifests}/{digest}", headers={"Accept": MANIFEST}, timeout=10)
        entry = {
            "mediaType": MANIFEST,
            "digest": digest,
            "size": len(found.content),
            "platform": {"os": "linux", "architecture": FOREIGN},
        }
        listed = {"schemaVersion": 2, "mediaType": LIST, "manifests": [entry]}
        answer = session.put(
            f"{manifests}/{tag}", json=listed, headers={"Content-Type": LIST}, timeout=10
        )
        answer.raise_for_status()
