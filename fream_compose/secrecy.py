"""What a project keeps secret, and text from outside without it.

Docker, Compose, hooks and apps say what they like, and may repeat a password. Their words are
hidden where they become ours: in an error, a log line, a hook's output, an app's answer, a
traceback and the log of --verbose. What fream prints by itself holds no secret.
"""

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

_SECRET = re.compile(
    r"pass|pwd|secret|token|credential|private|api_?key|(?:^|_)keys?(?:_|$)", re.IGNORECASE
)
# What says where a secret is.
_PLACE = re.compile(r"_(?:FILE|PATH|DIR)$|\b(?:TLS_KEY|ACME_DNS_CREDENTIALS)$", re.IGNORECASE)
_FILES = (".env", "app.env")
_SHORTEST = 4  # characters: what is shorter is in too many words
# What a setting says that only has such a name; a port would hide half of an address.
_PLAIN = re.compile(r"\d{1,5}|true|false|none|null|info|debug|warning|error", re.IGNORECASE)
_INSTEAD = "***"
_ASSIGNMENT = re.compile(r"^([^=:]*)([=:]?)(.*)$", re.S)
# A password within an address or a list of settings, as libraries for databases take them.
_INSIDE = re.compile(
    r"://(?P<user>[^\s/:@]*):(?P<one>[^\s/@]+)@|:(?P<two>[^\s/:@]+)@\w*\("
    r"|(?:password|passwd|pwd|secret|token)=(?P<other>[^\s&;'\"]+)",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"""(["'])(.*?)(?<!\\)\1""")

_known: list[str] = []  # the longest first, as one may hold another


def learn(directory: Path) -> None:
    """Remember what the files of a project, in the folder of compose.yaml, keep secret."""
    _known.clear()
    for name in _FILES:
        with suppress(OSError):
            text = (directory / name).read_bytes().decode("utf-8", "surrogateescape")
            add(_values(text))


def add(values: Iterable[str]) -> None:
    """Remember more values that are secret."""
    texts = (text for value in values for text in (value, *_inside(value)))
    found = {form for text in texts for form in _forms(text) if _is_long(form)}
    _known[:] = sorted(found.union(_known), key=len, reverse=True)


def _is_long(form: str) -> bool:
    return len(form) >= _SHORTEST and not _PLAIN.fullmatch(form)


def is_secret(name: str) -> bool:
    """Whether a variable or a setting of this name holds a secret, and not where it is."""
    return bool(_SECRET.search(name)) and not _PLACE.search(name.strip())


def hidden(text: str) -> str:
    """A text with *** for each secret."""
    for secret in _known:
        text = text.replace(secret, _INSTEAD)
    return text


def hidden_ends(head: str, tail: str) -> tuple[str, str]:
    """The two ends of a text whose middle is gone, also without what is left of a secret there."""
    head, tail = hidden(head), hidden(tail)
    for secret in _known:
        parts = range(len(secret) - 1, _SHORTEST - 1, -1)
        if size := next((n for n in parts if head.endswith(secret[:n])), 0):
            head = head[:-size] + _INSTEAD
        if size := next((n for n in parts if tail.startswith(secret[-n:])), 0):
            tail = _INSTEAD + tail[size:]
    return head, tail


def _values(text: str) -> Iterator[str]:
    """The value, line by line, where a name says that it is secret, however odd the line is."""
    quote = ""  # of a value that goes on
    for line in text.split("\n"):
        name, sign, value = _ASSIGNMENT.findall(line)[0]
        if quote:
            yield line.partition(quote)[0]
            quote = "" if quote in line else quote
        elif sign and is_secret(name):
            yield value
            first, rest = value.strip()[:1], value.strip()[1:]
            quote = first if first in ("'", '"') and first not in rest else ""
        elif sign:
            yield from _inside(value.strip())


def _inside(value: str) -> Iterator[str]:
    """The passwords in a value. One that is the user's name, too, is in too many words."""
    from urllib.parse import unquote

    for found in _INSIDE.finditer(value):
        if (secret := found["one"] or found["two"] or found["other"]) != found["user"]:
            yield secret
            yield unquote(secret)


def _forms(value: str) -> Iterator[str]:
    """A value as it may be repeated: without quotes and remark, and as other languages write it."""
    from urllib.parse import quote  # for which those who read no project need not wait

    whole = value.strip()
    quoted = _QUOTED.match(whole)
    inside = quoted[2] if quoted else re.sub(r"\s+#.*", "", whole).strip("'\"")
    for text in (whole, inside, inside.replace("$$", "$"), inside.replace("\\", "")):
        yield text
        yield text.replace("$", "$$")
        yield json.dumps(text)[1:-1]
        yield json.dumps(text, ensure_ascii=False)[1:-1]
        yield repr(text)[1:-1]
        yield quote(text, safe="", errors="surrogateescape")
