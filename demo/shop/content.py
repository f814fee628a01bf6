"""Deterministic bytes that carry their own proof."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator


def stream_parts(chunks: int, size: int) -> Iterator[bytes]:
    """`chunks` lines of `size` bytes, then a line `sha256 <hex>` over all bytes before it."""
    digest = hashlib.sha256()
    for index in range(chunks):
        part = chunk(index, size)
        digest.update(part)
        yield part
    yield f"sha256 {digest.hexdigest()}\n".encode()


def chunk(index: int, size: int) -> bytes:
    """Line `index` of a stream: its number, again and again, and a newline."""
    pattern = f"{index:08d} ".encode()
    return (pattern * (size // len(pattern) + 1))[: size - 1] + b"\n"
