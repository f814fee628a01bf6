"""The name of an image, taken apart by Docker's rules (distribution/reference)."""

from dataclasses import dataclass

_HUB = ("docker.io", "index.docker.io")


@dataclass(frozen=True)
class ImageReference:
    """An image's name as it was written, its tag and its digest; each may be empty."""

    name: str
    tag: str = ""
    digest: str = ""

    @classmethod
    def parse(cls, text: str) -> "ImageReference":
        """Take apart `REGISTRY/NAME:TAG@DIGEST`, of which all but the name may be missing."""
        rest, _, digest = text.partition("@")
        name, colon, tag = rest.rpartition(":")
        # A colon before the last slash belongs to the registry's port.
        return cls(name, tag, digest) if colon and "/" not in tag else cls(rest, "", digest)

    @property
    def registry(self) -> str:
        """The host that holds it; empty for Docker Hub."""
        host = self._host
        return "" if host in _HUB else host

    @property
    def repository(self) -> str:
        """Its name in the registry."""
        rest = self.name.removeprefix(f"{self._host}/") if self._host else self.name
        return rest if self.registry else rest.removeprefix("library/")

    @property
    def familiar(self) -> str:
        """The name as Docker prints it: without Docker Hub's own parts."""
        return f"{self.registry}/{self.repository}" if self.registry else self.repository

    @property
    def _host(self) -> str:
        first, slash, _ = self.name.partition("/")
        named = slash and ("." in first or ":" in first or first == "localhost")
        return first if named else ""
