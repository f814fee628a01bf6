"""A client that speaks HTTP/2 on one connection for as long as the server lets it."""

from __future__ import annotations

from typing import cast

from load.http1 import Request
from load.http_clients import KeepAlive, check_answer
from load.session import Session
from load.stage import Stage
from load.tls import HTTP2, TlsWire


class Http2(KeepAlive):
    """One request after the other; the connection stays until the server ends it."""

    kind = "http2"

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self._session: Session | None = None

    def drop(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None

    async def _exchange(self) -> str:
        request: Request = self.request()
        session = await self._ready_session()
        response = await session.exchange(request, self.stage.target.authority)
        check_answer(response)
        self.check(request, response)
        return response.version

    async def _ready_session(self) -> Session:
        if self._session is not None and (how := self._session.ended()):
            self.recorder.closed(how)
            self.drop()
        if self._session is None:
            wire = await self.stage.connect(HTTP2)
            self._session = Session(cast(TlsWire, wire))
            await self._session.open()
        return self._session
