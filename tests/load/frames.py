"""WebSocket by hand: the opening handshake and single frames."""

from __future__ import annotations

import base64
import hashlib
import os
from dataclasses import dataclass

from tests.load.failure import PROTOCOL, Failed, bad_status
from tests.load.http1 import Request, Response, read_response
from tests.load.wire import Wire

TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA
MAX_PAYLOAD = 1024 * 1024
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


@dataclass(frozen=True)
class Frame:
    """One whole message or control frame."""

    opcode: int
    payload: bytes

    @property
    def close_code(self) -> int:
        """Why the peer closes; 1005 when it gave no code."""
        return int.from_bytes(self.payload[:2], "big") if len(self.payload) >= 2 else 1005

    def encode(self) -> bytes:
        """The bytes to send, masked as a client must."""
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(self.payload))
        return bytes([0x80 | self.opcode]) + self._length() + mask + masked

    def _length(self) -> bytes:
        size = len(self.payload)
        if size < 126:
            return bytes([0x80 | size])
        return bytes([0x80 | 126]) + size.to_bytes(2, "big")


async def handshake(wire: Wire, path: str, host: str) -> Response:
    """Turn a new connection into a WebSocket."""
    key = base64.b64encode(os.urandom(16)).decode()
    await wire.send(Request(path, headers=_upgrade(key)).encode(host))
    response = await read_response(wire)
    if response.status != 101:
        raise bad_status(response.status, repr(response.body[:120]))
    if response.headers.get("sec-websocket-accept") != accept_key(key):
        raise Failed(PROTOCOL, "the handshake was answered with a wrong key")
    return response


async def read_frame(wire: Wire) -> Frame:
    """The next frame; fragments are not expected from an echo."""
    first, second = await wire.read_exactly(2)
    if not first & 0x80 or first & 0x70 or second & 0x80:
        raise Failed(PROTOCOL, f"unexpected frame {first:#04x} {second:#04x}")
    size = await _payload_size(wire, second)
    return Frame(first & 0x0F, await wire.read_exactly(size))


def accept_key(key: str) -> str:
    """What a server answers to `key`."""
    digest = hashlib.sha1(key.encode() + _GUID, usedforsecurity=False)
    return base64.b64encode(digest.digest()).decode()


def _upgrade(key: str) -> dict[str, str]:
    return {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": key,
    }


async def _payload_size(wire: Wire, size: int) -> int:
    if size < 126:
        return size
    size = int.from_bytes(await wire.read_exactly(2 if size == 126 else 8), "big")
    if size > MAX_PAYLOAD:
        raise Failed(PROTOCOL, f"a frame of {size} bytes")
    return size
