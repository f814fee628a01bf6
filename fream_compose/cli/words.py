"""What may stand at the cursor of a command line: quick, silent whatever fails, and only words.

A shell asks for it with each TAB, so nothing is imported here that takes long, the project's
settings are not read, and the names of commands and options come from a file that is made from
the commands: words.json, by script/reference.
"""

import os
import sys

from fream_compose import foreign
from fream_compose.cli import lookups

TYPE_CHECKING = False  # typing itself takes longer than a folder is read
if TYPE_CHECKING:
    from typing import Any

SHELL_KNOWS = {"DIR": "/", "FILE": "."}  # told instead of words that a shell knows best
_PROJECT = ("-C", "--project-directory")
_TABLE = os.path.join(os.path.dirname(__file__), "words.json")  # noqa: PTH118, PTH120
_BREAKS = "=:@"  # where bash begins a word anew


def answer(how: str, asked: list[str]) -> None:
    """Print the words that fit, a line for each, with a TAB and what it means.

    how: `words` for a command line's words behind `fream`, the last as far as it is typed;
    `line` for it as one text, and the part of the last word that the shell will replace.
    """
    with lookups.silently():
        if how == "words":
            lines = ["\t".join(filter(None, found)) for found in complete(asked or [""])]
        elif how == "line":
            words, replaced = split(asked[0]), asked[1]
            cut = len(words[-1]) - len(replaced) if words[-1].endswith(replaced) else 0
            lines = [
                w if w in SHELL_KNOWS.values() else w[cut:] for w, _ in complete(words[1:] or [""])
            ]
        else:
            lines = []  # a script that an earlier fream printed
        text = "".join(f"{line}\n" for line in lines)
        sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))
        sys.stdout.flush()


def split(line: str) -> list[str]:
    """The words of a command line up to the cursor; the last is empty after a blank."""
    words, word, quote, rest = [], "", "", iter(line)
    for sign in rest:
        if sign == "\\" and quote != "'":
            word += next(rest, "")
        elif quote and sign == quote:
            quote = ""
        elif not quote and sign in "'\"":
            quote = sign
        elif not quote and sign in " \t":
            words += [word] if word else []
            word = ""
        else:
            word += sign
    return [*words, word]


def complete(words: list[str]) -> "list[tuple[str, str]]":
    """The words that fit in place of the last one, each with what it means, or an empty text."""
    with open(_TABLE, "rb") as file:  # noqa: PTH123
        place: Any = foreign.of_json(file.read(), lambda table: table)
    *before, typed = words
    folder, taken, value, named, given = "", 0, None, False, set()
    for number, word in enumerate(before):
        if value is not None:
            folder = word if named else folder
            value = None
        elif word == "--":
            return _fitting(_argument(place, taken + len(before) - number - 1), typed, folder)
        elif word.startswith("-"):
            option, equals, told = word.partition("=")
            takes = _options(place).get(option, ("", None))[1]
            named = option in _PROJECT
            folder = told if named and equals else folder
            value = None if equals else takes
            given.add(option)
        elif word in place.get("commands", ()):
            place, given = place["commands"][word], set()
        else:
            taken += 1
    if value is not None:
        return _fitting(value, typed, folder)
    option, equals, told = typed.partition("=")
    if typed.startswith("--") and equals:
        takes = _options(place).get(option, ("", None))[1]
        return [(f"{option}={w}", means) for w, means in _fitting(takes, told, folder)]
    if typed.startswith("-"):
        known = {name: means for name, (means, _) in _options(place).items() if name not in given}
        return _beginning(known.items(), typed)
    if "commands" in place and not taken:
        return _beginning(((n, c["help"]) for n, c in place["commands"].items()), typed)
    return _fitting(_argument(place, taken), typed, folder)


def _options(place: "Any") -> "dict[str, tuple[str, Any]]":
    return {
        name: (means, takes)
        for names, (means, takes) in place["options"].items()
        for name in names.split()
    }


def _argument(place: "Any", number: int) -> "Any":
    """What the argument at a place is; the last may be given again and again."""
    known = place["arguments"]
    if number < len(known):
        return known[number][0]
    return known[-1][0] if known and known[-1][1] else ""


def _fitting(kind: "Any", typed: str, folder: str) -> "list[tuple[str, str]]":
    """The values of a kind: choices, or what its name in the help says."""
    if isinstance(kind, list):
        return _beginning(((word, "") for word in kind), typed)
    if kind in SHELL_KNOWS:
        return [(SHELL_KNOWS[kind], "")]
    if kind not in _KINDS:
        return []
    found = getattr(lookups, _KINDS[kind])(lookups.project(folder), typed)
    return _beginning(found, typed)


_KINDS = {"VERSION": "versions", "ID": "ids", "SET": "sets", "SERVICE": "services"}
_KINDS |= {"HOST": "hosts", "PROFILE": "profiles"}


def _beginning(found: "Any", typed: str) -> "list[tuple[str, str]]":
    return [(word, means) for word, means in found if word.startswith(typed)]
