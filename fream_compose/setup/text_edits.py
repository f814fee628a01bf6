"""Edits of configuration as text, so that comments and order stay as a person wrote them.

An edit that finds nothing to change raises LookupError: then the text is not the one that
the edit was made for.
"""

import re


def replaced(text: str, old: str, new: str) -> str:
    """Put `new` wherever `old` is."""
    if old not in text:
        raise LookupError(f"{old!r} is not in the text")
    return text.replace(old, new)


def without_block(text: str, head: str) -> str:
    """Remove a YAML key with the comment right above it and all that is indented under it.

    head: how the key's line begins, with its indentation.
    """
    indent = len(head) - len(head.lstrip())
    comment = rf"(?: {{{indent}}}#.*\n)*"
    deeper = rf"(?:(?: {{{indent + 1},}}.*)?\n)*"
    return _removed(text, rf"^{comment}{re.escape(head)}.*\n{deeper}")


def without_lines(text: str, begin: str) -> str:
    """Remove every line that begins like this."""
    return _removed(text, rf"^{re.escape(begin)}.*\n")


def without_section(text: str, title: str) -> str:
    """Remove a section of an env file, from its `# --- title ---` to the next one."""
    return _removed(text, rf"^# --- {re.escape(title)} -+\n(?:(?!# --- ).*\n)*")


def without_variables(text: str, begin: str) -> str:
    """Remove variables of an env file whose names begin like this, with their comment."""
    return _removed(text, rf"^(?:# .*\n)*(?:#?{re.escape(begin)}\w*=.*\n)+")


def with_variable(text: str, name: str, value: str) -> str:
    """Set a variable of an env file in its place, where it may stand as a comment."""
    return _removed(text, rf"^#?{re.escape(name)}=.*$", f"{name}={value}")


def _removed(text: str, pattern: str, new: str = "") -> str:
    edited, count = re.subn(pattern, lambda _: new, text, flags=re.MULTILINE)
    if not count:
        raise LookupError(f"{pattern!r} is not in the text")
    return edited.rstrip("\n") + "\n"
