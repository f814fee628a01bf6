"""httpx over HTTP/2: pages one after the other, four at once on one connection."""

import asyncio
import collections
import json
import os
import sys
import time

import httpx

URL, SECONDS = sys.argv[1], float(sys.argv[2])
PAUSE = 0.01


async def main() -> None:
    """Ask until the time is up, and print what became of it."""
    found: collections.Counter[str] = collections.Counter()
    limits = httpx.Limits(max_connections=1)
    verify = "SSL_CERT_FILE" in os.environ
    client = httpx.AsyncClient(http1=False, http2=True, verify=verify, limits=limits)
    ends = time.monotonic() + SECONDS

    async def ask() -> None:
        while time.monotonic() < ends:
            try:
                answer = await client.get(URL, timeout=10)
                right = answer.status_code == 200 and answer.http_version == "HTTP/2"
                found["ok" if right else f"{answer.http_version} {answer.status_code}"] += 1
            except httpx.HTTPError as error:
                found[repr(error)] += 1
            await asyncio.sleep(PAUSE)

    async with client:
        await asyncio.gather(*[ask() for _ in range(4)])
    print(json.dumps(found))


asyncio.run(main())
