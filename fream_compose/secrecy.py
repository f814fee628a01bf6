"""What a project keeps secret, and text from outside without it.

Docker, Compose, hooks and apps say what they like, and may repeat a password. Their words are
hidden where they become ours: in an error, a log line, a hook's output, an app's answer, a
traceback and the log of --verbose. What fream prints by itself holds no secret.
"""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

SECRET = re.compile(
    r"pass|pwd|secret|token|credential|private|api_?key|(?:^|_)keys?(?:_|$)", re.IGNORECASE
)
_PLACE = re.compile(r"_(?:FILE|PATH|DIR)$", re.IGNORECASE)  # says where a secret is
_FILES = (".env", "app.env")
_SHORTEST = 4  # characters: what is shorter is in too many words
_INSTEAD = "***"
_ASSIGNMENT = re.compile(r"^([^=:]*)([=:]?)(.*)$", re.S)
_QUOTED = re.compile(r"""(["'])(.*?)(?<!\\)\1""")

_known: list[str] = []  # the longest first, as one may hold another


def learn(directory: Path) -> None:
    """Remember what the files of a project, in the folder of compose.yaml, keep secret."""
    found: set[str] = set()
    for name in _FILES:
        with suppress(OSError):
            text = (directory / name).read_bytes().decode("utf-8", "surrogateescape")
            found.update(form for value in _values(text) for form in _forms(value))
    _known[:] = sorted((form for form in found if len(form) >= _SHORTEST), key=len, reverse=True)


def hidden(text: str) -> str:
    """A text with *** for each secret."""
    for secret in _known:
        text = text.replace(secret, _INSTEAD)
    return text


def _values(text: str) -> Iterator[str]:
    """The value, line by line, where a name says that it is secret, however odd the line is."""
    quote = ""  # of a value that goes on
    for line in text.split("\n"):
        name, sign, value = _ASSIGNMENT.findall(line)[0]
        if quote:
            yield line.partition(quote)[0]
            quote = "" if quote in line else quote
        elif sign and SECRET.search(name) and not _PLACE.search(name.strip()):
            yield value
            first, rest = value.strip()[:1], value.strip()[1:]
            quote = first if first in ("'", '"') and first not in rest else ""


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
