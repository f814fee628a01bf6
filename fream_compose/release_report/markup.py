"""Markup in which nothing but what is written here is markup."""

from html import escape

from fream_compose.text import clean


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def tag(name: str, *content: str, **attributes: object) -> Markup:
    """An element. content: each a text, or Markup. attributes: `class_` is class, `_` is `-`.

    One that is None is left out.
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_escaped(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{given}>{joined(*content)}</{name}>")


def joined(*content: str) -> Markup:
    """Several pieces as one."""
    return Markup("".join(c if isinstance(c, Markup) else _escaped(c) for c in content))


def _escaped(text: str) -> str:
    return escape(clean(text))
