"""Endpoints that make the kinds of traffic a release must not disturb."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from shop.content import stream_parts
from shop.queries import number, whole_number

MAX_SLOW_SECONDS = 30.0
MAX_INTERVAL = 10.0


async def slow(request: Request) -> Response:
    """GET or POST /slow?seconds=1: answers after waiting."""
    seconds = number(request, "seconds", default=1.0, low=0.0, high=MAX_SLOW_SECONDS)
    await asyncio.sleep(seconds)
    return JSONResponse({"slept": seconds})


async def headers(request: Request) -> Response:
    """GET /headers: the headers as they arrived, for a look at what a proxy adds."""
    return JSONResponse(dict(request.headers))


async def stream(request: Request) -> Response:
    """GET /stream?chunks=20&interval=0.1&size=1024: chunks, then the sha256 of them all."""
    chunks = whole_number(request, "chunks", default=20, low=1, high=10_000)
    interval = number(request, "interval", default=0.1, low=0.0, high=MAX_INTERVAL)
    size = whole_number(request, "size", default=1024, low=1, high=1_048_576)
    paced = _paced(stream_parts(chunks, size), interval)
    return StreamingResponse(paced, media_type="text/plain; charset=utf-8")


async def echo(request: Request) -> Response:
    """POST /echo: the body, byte for byte."""
    media_type = request.headers.get("content-type", "application/octet-stream")
    return Response(await request.body(), media_type=media_type)


async def _paced(parts: Iterator[bytes], interval: float) -> AsyncIterator[bytes]:
    for number_sent, part in enumerate(parts):
        if number_sent and interval:
            await asyncio.sleep(interval)
        yield part
