"""The life common to all clients: one request after the other, none of them twice."""

from __future__ import annotations

import asyncio
import random
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import ClassVar

from load.failure import TIMEOUT, Failed
from load.stage import Stage


class Client(ABC):
    """A user of the app who never retries."""

    kind: ClassVar[str]

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.recorder = stage.recorder

    async def run(self) -> None:
        """Ask until the load is over."""
        try:
            while not self.stage.over():
                await (self.rest() if await self.turn() else self.calm_down())
            await self.leave()
        finally:
            self.drop()

    @abstractmethod
    async def turn(self) -> bool:
        """One request; False when it failed."""

    @abstractmethod
    def drop(self) -> None:
        """Close the connection, if one is open."""

    async def rest(self) -> None:
        """The time between two requests."""
        await self.stage.pause(self.think())

    async def calm_down(self) -> None:
        """The time after a failure: the next request comes soon, but the client does not spin."""
        await self.stage.pause(self.stage.pace.after_failure)

    async def leave(self) -> None:  # noqa: B027
        """What is polite to say at the end; most say nothing."""

    def think(self) -> float:
        """Seconds until the next request."""
        mean: float = getattr(self.stage.pace, self.kind)
        return mean * random.uniform(0.5, 1.5)

    async def attempt(self, act: Callable[[], Awaitable[str | None]]) -> bool:
        """Do `act` within the time limit and record how it went.

        `act` returns the version that answered, or None when nothing is to be counted.
        """
        attempt = self.recorder.begin(self.kind)
        try:
            async with asyncio.timeout(self.stage.limits.request_seconds):
                version = await act()
        except (Failed, TimeoutError) as error:
            failed = error if isinstance(error, Failed) else Failed(TIMEOUT, "no complete answer")
            self.recorder.fail(attempt, failed.kind, failed.detail)
            self.drop()
            return False
        if version is not None:
            self.recorder.answered(attempt, version)
        return True
