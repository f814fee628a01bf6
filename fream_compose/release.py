"""Values that every module speaks of: a set, a version, what is live."""

import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from fream_compose.errors import UsageError

# Both from the grammar of image references (distribution/reference).
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class SetName(StrEnum):
    """One of the two places a release can run."""

    SET1 = "set1"
    SET2 = "set2"

    @property
    def other(self) -> "SetName":
        """The other place."""
        return SetName.SET2 if self is SetName.SET1 else SetName.SET1


# How an operator names the app's places.
PLACES = ("live", "idle", *SetName)


@dataclass(frozen=True)
class Version:
    """An image version: a tag, a digest, or a tag pinned to a digest.

    str() gives the form in which `.env` and nginx hold it, always usable after
    `IMAGE:`, so a bare digest gets a tag made of its first twelve digits (Docker
    ignores the tag where there is a digest).
    """

    tag: str
    digest: str = ""

    @classmethod
    def parse(cls, text: str) -> "Version":
        """Read `1.0.1`, `sha256:…` or `1.0.1@sha256:…`. Raises UsageError."""
        tag, _, digest = text.partition("@") if "@" in text else (text, "", "")
        if _DIGEST.fullmatch(tag) and not digest:
            tag, digest = f"sha256-{tag[7:19]}", tag
        if not _TAG.fullmatch(tag) or (digest and not _DIGEST.fullmatch(digest)) or text[-1] == "@":
            raise UsageError(
                f"{text!r} is not a version",
                "A version is an image tag (letters, digits, '.', '_', '-'; at most 128), "
                "a digest (sha256: and 64 hexadecimal digits), or TAG@DIGEST",
                next_step="fream switch --version 1.0.1",
            )
        return cls(tag, digest)

    def pinned(self, digest: str) -> "Version":
        """The same version, tied to this content."""
        return Version(self.tag, digest)

    def may_be(self, other: "Version") -> bool:
        """Whether it is another version, or names no content, and may be."""
        return self.tag == other.tag and self.digest in ("", other.digest)

    @property
    def short(self) -> str:
        """For people: the tag and the first digits of the digest."""
        return f"{self.tag} ({self.digest[7:19]})" if self.digest else self.tag

    def __str__(self) -> str:
        return f"{self.tag}@{self.digest}" if self.digest else self.tag


@dataclass(frozen=True)
class LiveRelease:
    """What nginx says it serves: the set, its version, and the switch that put it there."""

    set: SetName
    version: Version
    switch: str

    @property
    def since(self) -> datetime | None:
        """When the switch began, in UTC, as its id says; None for an id that is not ours."""
        return moment_of(self.switch)

    def __str__(self) -> str:
        return f"{self.version.short} in {self.set}"


def moment_of(identifier: str) -> datetime | None:
    """The moment, in UTC, that an id of new_switch_id() begins with; None for another id."""
    try:
        moment = datetime.strptime(identifier[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        return read_moment(moment.isoformat())
    except ValueError:
        return None


def read_moment(text: str) -> datetime:
    """A moment in ISO 8601 with its offset. Raises ValueError for anything else."""
    moment = datetime.fromisoformat(text)
    try:
        moment.astimezone()
    except OverflowError as error:
        raise ValueError(f"{text} is not in any clock's reach") from error
    if moment.tzinfo is None:
        raise ValueError(f"{text} has no offset")
    return moment


def new_switch_id(now: datetime) -> str:
    """An id that sorts by time and is unique to one switch, such as 20261123T160411Z-3f9a1c."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
